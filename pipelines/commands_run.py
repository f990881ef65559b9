"""The command that works: `run`.

What a run does is `assets.run`.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from assets.project import Project
from assets.result import RunReport
from assets.run import chosen, due, execute
from assets.run import plan as plan_of
from assets.step import Run
from pipelines import messages, views
from pipelines.author import author
from pipelines.incidents import keep_incidents
from pipelines.occasions import due_now, remember_due_call, remember_runs, said_of
from pipelines.reports import write_reports
from warehouse.client import Warehouse
from warehouse.records import now
from warehouse.settings import find_project, read_settings


def run_project(
    root: Path,
    names: tuple[str, ...] = (),
    *,
    is_forced: bool = False,
    with_upstream: bool = False,
    has_new_policy: bool = False,
    is_quiet: bool = False,
    is_due_alone: bool = False,
) -> RunReport:
    """Run what is due of a project, with progress on a terminal.

    Args:
        root: The project's folder.
        names: Datasets; none means all.
        is_forced: Build even what is up to date.
        with_upstream: Also run what the named ones read.
        has_new_policy: Allow another salt.
        is_quiet: Show no progress.
        is_due_alone: Run those whose schedule came round since they ran, and those that watch and have something new.

    Raises:
        NotFound: A name is no dataset's.
        SpecError: A dataset that was named cannot be understood.
    """
    project = Project.open(root)
    order, begun_at = chosen(project, names, with_upstream=with_upstream), now()
    with Warehouse(project.settings) as warehouse, messages.progress(is_quiet=is_quiet) as listen:
        if is_due_alone:
            order = due_now(project, warehouse)
            remember_due_call(project.settings, begun_at)
        run = Run(project=project, warehouse=warehouse, author=author(), listen=listen, has_new_policy=has_new_policy)
        report = _executed(run, order, is_forced=is_forced, is_whole=not names and not is_due_alone)
        done = [result.name for result in report.datasets if not result.is_busy]
        write_reports(project, warehouse.meta, report.datasets)
        remember_runs(project, warehouse.meta, done, begun_at)
        keep_incidents(run, report.datasets)
        return report


def _executed(run: Run, order: Sequence[str], *, is_forced: bool, is_whole: bool) -> RunReport:
    """Through Dagster, where something is due; else without it, for importing it takes longer than the whole run."""
    if due(run, order, is_forced=is_forced):
        from pipelines import dagster_run

        return dagster_run.execute(run, order, is_forced=is_forced, is_whole=is_whole)
    return execute(run, order, is_forced=is_forced, is_whole=is_whole)


@click.command(name="run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--force", is_flag=True, help="Build, audit and publish even what is up to date.")
@click.option("--dry-run", is_flag=True, help="Show what is due and why, and do nothing.")
@click.option("--with-upstream", is_flag=True, help="Also run the datasets that the named ones read.")
@click.option("--new-policy", is_flag=True, help="Allow another salt: every row may change its split.")
@click.option("--model", help="Only fit and judge this model again, and say whether its figures are the same.")
@click.option("--version", type=click.IntRange(min=1), help="With --model: on this version. Default: the latest.")
@click.option("--due", "is_due", is_flag=True, help="Run what `schedule` and `watch` say is due: for cron to call.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run_command(  # noqa: PLR0913 - one argument an option
    names: tuple[str, ...],
    *,
    force: bool,
    dry_run: bool,
    with_upstream: bool,
    new_policy: bool,
    is_due: bool,
    model: str | None,
    version: int | None,
    as_json: bool,
) -> int:
    """Run what is due of all datasets, or of those named.

    \b
    Example: gristmill run
             gristmill run flights --with-upstream
             gristmill run flights --model baseline --version 1
             */5 * * * * cd my-project && gristmill run --due
    """
    root = find_project()
    if is_due and (names or dry_run or with_upstream or model):
        raise click.UsageError("`--due` chooses the datasets by itself: it stands alone.")
    if model is not None:
        from pipelines.commands_diagnose import run_model

        return run_model(root, names, model, version, author=author(), as_json=as_json)
    if version is not None:
        raise click.UsageError("--version goes with --model: a version never changes, only a model is judged again")
    if dry_run:
        return _dry_run(root, names, is_forced=force, with_upstream=with_upstream, as_json=as_json)
    report = run_project(
        root,
        names,
        is_forced=force,
        with_upstream=with_upstream,
        has_new_policy=new_policy,
        is_quiet=as_json,
        is_due_alone=is_due,
    )
    _say(root, report, is_due=is_due, as_json=as_json)
    return report.exit_code


def _say(root: Path, report: RunReport, *, is_due: bool, as_json: bool) -> None:
    """How a run ended, and what is not as it should be."""
    for one in report.datasets:
        if one.fault and "--debug" in sys.argv:
            traceback.print_exception(one.fault)
    if as_json:
        messages.say_json({"run_id": report.run_id, "datasets": [one.to_json() for one in report.datasets]})
    else:
        messages.run_report(report)
        if is_due and not report.datasets:
            messages.note("Nothing is due.")
        with Warehouse(read_settings(root)) as warehouse:
            messages.warnings(said_of(Project.open(root), warehouse))


def _dry_run(root: Path, names: tuple[str, ...], *, is_forced: bool, with_upstream: bool, as_json: bool) -> int:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse)
        planned = plan_of(project, run, chosen(project, names, with_upstream=with_upstream), is_forced=is_forced)
        rows = [one.to_json() | {"n_rows": (views.last_rows(warehouse.meta, one.dataset))} for one in planned]
    if as_json:
        messages.say_json({"plan": rows})
        return 0
    shown = [row | {"steps": " → ".join(row["steps"]) or "up to date"} for row in rows]
    messages.table(
        shown, {"name": "dataset", "version": "version", "n_rows": "rows", "steps": "due", "reasons": "because"}
    )
    return 0


COMMANDS = {"run": run_command}
