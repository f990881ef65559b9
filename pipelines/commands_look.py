"""Commands that look: `list`, `show`, `history`, `rejected`, `sql`.

What they show is `pipelines.views`; what SQL may name is `warehouse.names`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from assets.project import Project
from pipelines import messages, views
from pipelines.occasions import said_of
from warehouse.client import Warehouse
from warehouse.settings import find_project

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
MOST_SHOWN = 40


@contextmanager
def opened() -> Iterator[tuple[Project, Warehouse]]:
    """The project that the user stands in, and its warehouse."""
    project = Project.open(find_project())
    with Warehouse(project.settings) as warehouse:
        yield project, warehouse


@click.command(name="list")
@as_json_option
def list_command(*, as_json: bool) -> None:
    """Datasets, their versions and how they stand.

    \b
    Example: gristmill list
    """
    with opened() as (project, warehouse):
        rows, said = views.list_datasets(project, warehouse.meta), said_of(project, warehouse)
    if as_json:
        messages.say_json({"datasets": rows})
        return
    messages.warnings(said)
    if not rows:
        messages.note("No datasets yet. `gristmill add your.csv` makes one.")
    else:
        headings = {
            "name": "dataset",
            "version": "version",
            "n_rows": "rows",
            "updated_at": "updated",
            "owners": "owners",
            "status": "status",
        }
        messages.table([row | {"updated_at": messages.when(row["updated_at"])} for row in rows], headings)


@click.command()
@click.argument("name")
@as_json_option
def show(name: str, *, as_json: bool) -> None:
    """All that is known of one dataset.

    \b
    Example: gristmill show flights
    """
    with opened() as (project, warehouse):
        facts = views.show(project, warehouse.meta, name)
    if as_json:
        messages.say_json(facts)
        return
    version = (
        f"version {facts['version']}, {facts['n_rows']:,} rows, {messages.when(facts['updated_at'])}"
        if facts["version"]
        else "no version yet"
    )
    messages.say(f"{facts['name']}  {version}  ({facts['status']})")
    for key in ("description", "owners", "tags", "file", "key", "target"):
        if facts[key]:
            messages.say(f"  {key:<12} {messages.cell(facts[key])}")
    if facts["inputs"]:
        messages.say(f"  {'reads':<12} {', '.join(f'{name} v{n}' for name, n in facts['inputs'].items())}")
    if facts["columns"]:
        features = set(facts["features"])
        rows = [{"column": c, "type": kind, "feature": c in features} for c, kind in facts["columns"].items()]
        messages.table(rows, {"column": "column", "type": "type", "feature": "feature"})
    messages.findings(facts["findings"])


@click.command()
@click.argument("name")
@as_json_option
def history(name: str, *, as_json: bool) -> None:
    """The versions of a dataset and what changed.

    \b
    Example: gristmill history flights
    """
    with opened() as (project, warehouse):
        rows = views.history(project, warehouse.meta, name)
    if as_json:
        messages.say_json({"versions": rows})
    elif not rows:
        messages.note(f"{name} has no version yet. `gristmill run {name}` makes one.")
    else:
        messages.table(
            [row | {"created_at": messages.when(row["created_at"])} for row in rows],
            {"version": "version", "n_rows": "rows", "created_at": "created", "author": "by", "changed": "changed"},
        )


@click.command()
@click.argument("name")
@click.option("--rule", help="Only rows that broke this rule.")
@click.option("--limit", type=click.IntRange(min=0), default=10, show_default=True, help="How many rows to show.")
@as_json_option
def rejected(name: str, *, rule: str | None, limit: int, as_json: bool) -> None:
    """The rows that broke a rule, by rule, of the newest build.

    \b
    Example: gristmill rejected weather --rule wind_speed.max
    """
    from warehouse.names import rejected_rows_sql

    with opened() as (project, warehouse):
        if name not in project.names:
            project.dataset(name)
        select = rejected_rows_sql(warehouse, name)
        execute = warehouse.lake.execute
        counted = execute(
            f"SELECT rule, count(*) FROM (SELECT unnest(rules) AS rule FROM ({select})) GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        where = "WHERE list_contains(rules, ?)" if rule else ""
        found = (
            execute(f"SELECT * FROM ({select}) {where} LIMIT {int(limit)}", [rule] if rule else None).pl().to_dicts()
        )
        n_rows = execute(f"SELECT count(*) FROM ({select})").fetchone()
    rules = [{"rule": rule_name, "n_rows": n} for rule_name, n in counted]
    if as_json:
        messages.say_json({"dataset": name, "n_rows": n_rows[0] if n_rows else 0, "rules": rules, "rows": found})
        return
    messages.say(f"{name}  {n_rows[0] if n_rows else 0:,} rejected rows in its newest build")
    if rules:
        messages.table(rules, {"rule": "rule", "n_rows": "rows"})
    for row in found:
        place = ":".join(str(part) for part in (row["file"], row["line"]) if part is not None)
        record = f" record {row['record']}" if row["record"] is not None and row["line"] is None else ""
        reason = f": {row['reason']}" if row["reason"] else ""
        messages.say(f"  {place}{record} {', '.join(row['rules'])}{reason}")
        messages.say(f"    {row['raw']}")


@click.command()
@click.argument("query")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "parquet", "arrow"]),
    default=None,
    help="Default: table.",
)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file instead of stdout."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def sql(query: str, *, form: str | None, output: Path | None, as_json: bool) -> None:
    """Query the warehouse: flights, flights.train, flights_v1, flights_v1.train, rejected.flights, meta.findings.

    \b
    Example: gristmill sql "select split, count(*) from flights group by all"
             gristmill sql "from flights.train" --format parquet -o train.parquet
    """
    from pipelines.results import write
    from warehouse.names import run_query

    form = form or ("json" if as_json else "table")
    if output is not None and not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(output.parent)!r}", param_hint="--output")
    with opened() as (_, warehouse), warehouse.lake.workspace():
        result = run_query(warehouse, query)
        if form == "table" and output is None:
            _print_table(result)
        elif output is not None:
            with output.open("wb") as file:
                write(result, "csv" if form == "table" else form, file)
        else:
            sys.stdout.flush()
            write(result, form, sys.stdout.buffer)


def _print_table(result: Any) -> None:
    headings = [column[0] for column in result.description]
    rows = result.fetchmany(MOST_SHOWN + 1)
    shown = [dict(zip(map(str, range(len(headings))), row, strict=True)) for row in rows[:MOST_SHOWN]]
    messages.table(shown, {str(i): heading for i, heading in enumerate(headings)}, words=("true", "false"))
    if len(rows) > MOST_SHOWN:
        messages.note(f"The first {MOST_SHOWN} rows; `--format csv` gives all.")


COMMANDS = {"list": list_command, "show": show, "history": history, "rejected": rejected, "sql": sql}
