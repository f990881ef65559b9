"""What is remembered of splits that the digest alone does not decide: table `placements.<dataset>` of the lake.

Rows are only ever added, in the transaction of the build that they belong to, and carry its step: those of a build
that was never published do not count. What is remembered, and why, is decided by `assets.placing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from warehouse.identity import other_text_sql
from warehouse.lake import Lake
from warehouse.query import literal, quoted

# kind: `split` (name is an entity, value its split), `trained` (an entity that was in train under an earlier policy),
# `trained row` (the same of a row, where entities cannot be told by the columns of old versions),
# `cluster` (a node, value its cluster), `spread` (a column, value its standard deviation as it was when
# clusters were first found).
COLUMNS = {
    "kind": "VARCHAR",
    "name": "VARCHAR",
    "pool": "BOOLEAN",
    "value": "VARCHAR",
    "stratum": "VARCHAR",
    "policy": "BIGINT",
    "step_id": "VARCHAR",
}
NOBODY_SQL = "SELECT NULL::VARCHAR AS name WHERE false"


def remember(lake: Lake, dataset: str, selects: Iterable[str], *, policy: int, step_id: str) -> None:
    """Add what `selects` give (kind, name, pool, value, stratum). Inside the transaction of the build `step_id`."""
    listed = list(selects)
    if not listed:
        return
    declared = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    lake.execute(f"CREATE TABLE IF NOT EXISTS lake.placements.{quoted(dataset)} ({declared})")
    for select in listed:
        lake.execute(
            f"INSERT INTO lake.placements.{quoted(dataset)} BY NAME"
            f" SELECT *, {policy} AS policy, {literal(step_id)} AS step_id FROM ({select})"
        )


def remembered_sql(lake: Lake, dataset: str, kind: str, *, steps: Sequence[str], policy: int | None = None) -> str:
    """SELECT of what is remembered of one kind: name, pool, value, stratum.

    Args:
        lake: Where it is kept.
        dataset: Whose.
        kind: `split`, `trained`, `cluster` or `spread`.
        steps: The builds that count: the published ones.
        policy: Only under this policy; None for all.
    """
    if not steps or not _is_there(lake, dataset):
        nulls = ", ".join(f"NULL::{COLUMNS[name]} AS {name}" for name in ("name", "pool", "value", "stratum"))
        return f"SELECT {nulls} WHERE false"
    where = f"kind = {literal(kind)} AND step_id IN ({', '.join(map(literal, steps))})"
    where += f" AND policy = {policy}" if policy is not None else ""
    return f"SELECT name, pool, value, stratum FROM lake.placements.{quoted(dataset)} WHERE {where}"


def _is_there(lake: Lake, dataset: str) -> bool:
    sql = (
        "SELECT count(*) FROM duckdb_tables()"
        " WHERE database_name = 'lake' AND schema_name = 'placements' AND table_name = ?"
    )
    return lake.execute(sql, [dataset]).fetchone() == (1,)


def placed_entities_sql(remembered: str) -> str:
    """SELECT of remembered splits as `warehouse.strata` takes them: `_entity`, `_pool`, `_stratum`, `_placed`."""
    return f"SELECT name AS _entity, pool AS _pool, stratum AS _stratum, value AS _placed FROM ({remembered})"


def trained_sql(
    dataset: str, snapshot: int, name: str, condition: str | None = None, *, casts: Mapping[str, str] | None = None
) -> str:
    """SELECT of the texts `name` of the rows that were in train of a version.

    Args:
        dataset: Whose version.
        snapshot: Where it lies.
        name: SQL for the text.
        condition: SQL; only rows that meet it.
        casts: By column, another type that it is read as: so that texts are those of today.
    """
    where = "_split = 'train'" + (f" AND ({condition}\n)" if condition else "")
    read = ", ".join(f"TRY_CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in (casts or {}).items())
    rows = f"SELECT *{f' REPLACE ({read})' if read else ''} FROM lake.datasets.{quoted(dataset)}"
    rows += f" AT (VERSION => {snapshot}) WHERE {where}"
    return f"SELECT DISTINCT name FROM (SELECT {name} AS name FROM ({rows})) WHERE name IS NOT NULL"


def retyped_sql(dataset: str, snapshot: int, column: str, before: str, now: str) -> str:
    """SELECT of one row: how many values of a version's column are of type `now`, and how many of them read otherwise.

    Args:
        dataset: Whose version.
        snapshot: Where it lies.
        column: The column.
        before: Its type in that version.
        now: Another type.
    """
    other, rows = other_text_sql(column, before, now), f"lake.datasets.{quoted(dataset)} AT (VERSION => {snapshot})"
    return f"SELECT count(other), count(*) FILTER (WHERE other) FROM (SELECT {other} AS other FROM {rows})"


def who_sql(dataset: str, snapshot: int, who: str) -> str:
    """SELECT of a build's rows as `_who`, the text that SQL `who` gives, and `_split`."""
    return f"SELECT {who} AS _who, _split FROM lake.datasets.{quoted(dataset)} AT (VERSION => {snapshot})"


def since_sql(column: str, moment: datetime) -> str:
    """The condition that a row's time is `moment` or later; both are in UTC."""
    return f"CAST({quoted(column)} AS TIMESTAMP) >= TIMESTAMP {literal(moment.isoformat(' '))}"


def names_sql(remembered: str) -> str:
    """SELECT of the names of what is remembered."""
    return f"SELECT name FROM ({remembered})"


def all_names_sql(tables: Sequence[str], selects: Sequence[str]) -> str:
    """SELECT of every name once that stands in one of the `tables` of the workspace or is given by one of `selects`."""
    return " UNION ".join([*(f'SELECT name FROM "{table}"' for table in tables), *selects])
