"""The raw tables: what every source delivered, append-only, with the rows that could not be read.

Which files are due is decided by `assets.ingest`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from warehouse.lake import Lake
from warehouse.layout import Staged
from warehouse.query import literal, quoted
from warehouse.records import Ingestion

OWN = {"_ingestion": "INTEGER", "_record": "BIGINT", "_file": "VARCHAR"}
UNREAD = {
    "_ingestion": "INTEGER",
    "source": "VARCHAR",
    "file": "VARCHAR",
    "record": "BIGINT",
    "line": "BIGINT",
    "reason": "VARCHAR",
    "raw": "VARCHAR",
}


def raw_name(dataset: str, source: str) -> str:
    """The table of a source, inside the schema `raw` and, for its unreadable rows, `rejected`."""
    return quoted(f"{dataset}__{source}")


def raw_columns(lake: Lake, dataset: str, source: str) -> dict[str, str]:
    """The columns that a source has delivered so far and their types; empty before its first ingestion."""
    rows = lake.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = 'raw'"
        " AND table_name = ? AND column_name NOT IN ('_ingestion', '_record', '_file') ORDER BY column_index",
        [f"{dataset}__{source}"],
    ).fetchall()
    return dict(rows)


def ensure_raw(lake: Lake, dataset: str, source: str, columns: Mapping[str, str]) -> None:
    """Make the tables of a source, or add the columns that are new. Inside a transaction."""
    table, known = raw_name(dataset, source), raw_columns(lake, dataset, source)
    if not known:
        lake.execute(f"CREATE TABLE lake.raw.{table} ({_declared(OWN | dict(columns))})")
        lake.execute(f"CREATE TABLE lake.rejected.{table} ({_declared(UNREAD)})")
        return
    for name, kind in columns.items():
        if name not in known:
            lake.execute(f"ALTER TABLE lake.raw.{table} ADD COLUMN {quoted(name)} {kind}")


def drop_raw(lake: Lake, dataset: str, source: str) -> None:
    """Forget the tables of a source, to be made anew in the same transaction; older snapshots keep what they had."""
    for schema in ("raw", "rejected"):
        lake.execute(f"DROP TABLE lake.{schema}.{raw_name(dataset, source)}")


def _declared(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())


def append_raw(lake: Lake, ingestion: Ingestion, staged: Staged, columns: Iterable[str]) -> None:
    """Write one file's rows, read and unread, as one ingestion. Inside a transaction."""
    table, names = raw_name(ingestion.dataset, ingestion.source), [quoted(column) for column in columns]
    number, file, listed = ingestion.ingestion, literal(ingestion.path), ", ".join([*map(quoted, OWN), *names])
    lake.execute(
        f"INSERT INTO lake.raw.{table} ({listed}) SELECT {number}, _record, {file}, {', '.join(names)}"
        f" FROM ({staged.select})"
    )
    if staged.n_unread:
        lake.execute(
            f"INSERT INTO lake.rejected.{table} SELECT {number}, {literal(ingestion.source)}, {file}, _record, line,"
            " reason, raw FROM temp.unread ORDER BY _record"
        )


def active_sql(dataset: str, source: str, snapshot: int, ingestions: Sequence[int], *, with_hidden: bool) -> str:
    """SELECT of a source's current rows at `snapshot`; `_file` and `_record` only where a query names them."""
    left_out = "_ingestion" if with_hidden else "_ingestion, _record, _file"
    return f"SELECT * EXCLUDE ({left_out}) FROM {_active(f'raw.{raw_name(dataset, source)}', snapshot, ingestions)}"


def unread_sql(dataset: str, source: str, snapshot: int, ingestions: Sequence[int]) -> str:
    """SELECT of a source's current unreadable rows at `snapshot`."""
    return (
        f"SELECT * EXCLUDE (_ingestion) FROM {_active(f'rejected.{raw_name(dataset, source)}', snapshot, ingestions)}"
    )


def _active(table: str, snapshot: int, ingestions: Sequence[int]) -> str:
    numbers = ", ".join(map(str, ingestions)) or "NULL"
    return f"lake.{table} AT (VERSION => {snapshot}) WHERE _ingestion IN ({numbers})"
