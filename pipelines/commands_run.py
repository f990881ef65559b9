"""Commands that work: `run`, `status`.

What a run does is `assets.run`.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import click

from assets.project import Project
from assets.result import RunReport
from assets.run import chosen, execute
from assets.run import plan as plan_of
from assets.step import Run
from pipelines import messages, views
from pipelines.author import author
from warehouse.client import Warehouse
from warehouse.meta import Meta
from warehouse.settings import find_project


def run_project(
    root: Path,
    names: tuple[str, ...] = (),
    *,
    is_forced: bool = False,
    with_upstream: bool = False,
    has_new_policy: bool = False,
    is_quiet: bool = False,
) -> RunReport:
    """Run what is due of a project, with progress on a terminal.

    Raises:
        NotFound: A name is no dataset's.
        SpecError: A dataset that was named cannot be understood.
    """
    project = Project.open(root)
    order = chosen(project, names, with_upstream=with_upstream)
    with Warehouse(project.settings) as warehouse, messages.progress(is_quiet=is_quiet) as listen:
        run = Run(project=project, warehouse=warehouse, author=author(), listen=listen, has_new_policy=has_new_policy)
        report = execute(run, order, is_forced=is_forced, is_whole=not names)
        write_reports(project, warehouse.meta, report)
        return report


def write_reports(project: Project, meta: Meta, report: RunReport) -> None:
    """Leave a page of every dataset that something was done for. The run that finds nothing due imports no pages."""
    worked = [one for one in report.datasets if one.steps or one.status != "unchanged"]
    if not worked:
        return
    from pipelines.web.site import write_report

    for one in worked:
        path = write_report(project, meta, one.name)
        root = project.settings.root
        one.report = str(path.relative_to(root) if path.is_relative_to(root) else path)


@click.command(name="run")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--force", is_flag=True, help="Build, audit and publish even what is up to date.")
@click.option("--dry-run", is_flag=True, help="Show what is due and why, and do nothing.")
@click.option("--with-upstream", is_flag=True, help="Also run the datasets that the named ones read.")
@click.option("--new-policy", is_flag=True, help="Allow another salt: every row may change its split.")
@click.option("--model", help="Only fit and judge this model again, and say whether its figures are the same.")
@click.option("--version", type=click.IntRange(min=1), help="With --model: on this version. Default: the latest.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run_command(  # noqa: PLR0913 - one argument an option
    names: tuple[str, ...],
    *,
    force: bool,
    dry_run: bool,
    with_upstream: bool,
    new_policy: bool,
    model: str | None,
    version: int | None,
    as_json: bool,
) -> int:
    """Run what is due of all datasets, or of those named.

    \b
    Example: gristmill run
             gristmill run flights --with-upstream
             gristmill run flights --model baseline --version 1
    """
    root = find_project()
    if model is not None:
        from pipelines.commands_diagnose import run_model

        return run_model(root, names, model, version, author=author(), as_json=as_json)
    if version is not None:
        raise click.UsageError("--version goes with --model: a version never changes, only a model is judged again")
    if dry_run:
        return _dry_run(root, names, is_forced=force, with_upstream=with_upstream, as_json=as_json)
    report = run_project(
        root, names, is_forced=force, with_upstream=with_upstream, has_new_policy=new_policy, is_quiet=as_json
    )
    for one in report.datasets:
        if one.fault and "--debug" in sys.argv:
            traceback.print_exception(one.fault)
    if as_json:
        messages.say_json({"run_id": report.run_id, "datasets": [one.to_json() for one in report.datasets]})
    else:
        messages.run_report(report)
    return report.exit_code


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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(*, as_json: bool) -> int:
    """How the newest work on each dataset ended. Exit code 1 when something is blocked, failed or broken.

    \b
    Example: gristmill status
    """
    project = Project.open(find_project())
    with Warehouse(project.settings) as warehouse:
        rows = views.status(project, warehouse.meta)
    if as_json:
        messages.say_json({"datasets": rows})
    else:
        messages.table(
            rows,
            {
                "name": "dataset",
                "status": "status",
                "version": "readers have",
                "last_run_at": "at",
                "why": "why",
            },
        )
    return int(any(row["status"] in {"blocked", "broken", "failed", "skipped"} for row in rows))


COMMANDS = {"run": run_command, "status": status}
