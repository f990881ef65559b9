"""Commands that work: `run`, `status`.

What a run does is `assets.run`.
"""

from __future__ import annotations

import getpass
import os
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
from warehouse.client import Warehouse
from warehouse.settings import find_project


def _author() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return str(os.getuid())


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
        run = Run(project=project, warehouse=warehouse, author=_author(), listen=listen, has_new_policy=has_new_policy)
        return _executed(run, order, is_forced=is_forced, is_whole=not names)


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
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def run_command(
    names: tuple[str, ...], *, force: bool, dry_run: bool, with_upstream: bool, new_policy: bool, as_json: bool
) -> int:
    """Run what is due of all datasets, or of those named.

    \b
    Example: gristmill run
             gristmill run flights --with-upstream
    """
    root = find_project()
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
