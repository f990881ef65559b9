"""Commands for who keeps a project running: `status`, `up`.

What they show is `pipelines.views_status`; how processes are kept is `pipelines.supervise`.
"""

from __future__ import annotations

from typing import Any

import click

from pipelines import messages
from warehouse.settings import find_project

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command()
@as_json_option
def status(*, as_json: bool) -> int:
    """How the newest work on each dataset ended, and what to do. Exit code 1 when something failed or is late.

    \b
    Example: gristmill status
    """
    from pipelines.commands_look import opened
    from pipelines.occasions import said_of
    from pipelines.views_status import is_bad, status_rows

    with opened() as (project, warehouse):
        rows, said = status_rows(project, warehouse), said_of(project, warehouse)
    if as_json:
        messages.say_json({"datasets": rows})
    else:
        headings = {"name": "dataset", "status": "status", "version": "readers have", "last_run_at": "at"}
        if any(row["schedule"] or row["watch"] for row in rows):
            headings |= {"occasion": "runs at", "run_by": "run by"}
        shown = [row | {"occasion": _occasion(row), "last_run_at": messages.when(row["last_run_at"])} for row in rows]
        messages.table(shown, headings)
        for row in rows:
            if row["why"]:
                _stopped(row)
            for model in row["failed_models"]:
                bold = click.style(f"{row['name']}.{model['model']}", bold=True)
                messages.say(f"{bold}  {messages.colored('failed', 'fail')}: {model['error']}")
                messages.say(f"  hint     {model['hint']}")
        messages.warnings(said)
    return int(any(is_bad(row) for row in rows))


def _occasion(row: dict[str, Any]) -> str | None:
    told = [f"{row['schedule']} UTC"] if row["schedule"] else []
    if row["watch"]:
        told.append("and on news" if told else "on news")
    return ", ".join(told) or None


def _stopped(row: dict[str, Any]) -> None:
    """Where a dataset stopped, what its readers have, whether a retry helps, what to type next."""
    where = f" at {row['step']}" if row["step"] else ""
    messages.say(f"{click.style(row['name'], bold=True)}  {messages.colored(row['status'], 'fail')}{where}")
    facts = {
        "why": row["why"],
        "hint": row["hint"] if row["status"] != "broken" else None,  # `why` has it
        "file": row["file"],
        "rejected": f"{row['n_rejected']:,} rows" if row["n_rejected"] else None,
        "readers": f"still have version {row['version']}" if row["version"] else "have no version yet",
        "retry": "may help as it is" if row["retry"] else "helps once that is mended",
        "since": messages.when(row["failed_since"]),
        "told": messages.when(row["told_at"]),
        "next": " · ".join(row["next"]),
    }
    for name, value in facts.items():
        if value:
            messages.say(f"  {name:<9}{value}")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The catalog's. Default: 8321, or the next that is free.")
@click.option(
    "--dagster-port", type=click.IntRange(1, 65535), help="Dagster's pages'. Default: 3000, or the next that is free."
)
def up(*, port: int | None, dagster_port: int | None) -> int:
    """Run schedules and sensors, the catalog and Dagster's pages, on this machine alone, until Ctrl-C.

    \b
    Example: gristmill up
    """
    from pipelines.up import bring_up

    return bring_up(find_project(), port=port, dagster_port=dagster_port)


COMMANDS = {"status": status, "up": up}
