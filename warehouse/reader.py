"""What is inside a source file: its columns, its rows, and the rows that cannot be read, none of them lost.

DuckDB is the one reader for everything. Where the rows go does not belong here; that is `warehouse.raw`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from warehouse.csv_file import look_at_csv, prove_count, stage_csv
from warehouse.errors import Unreadable
from warehouse.layout import Layout, Reading, Staged
from warehouse.ndjson_file import look_at_ndjson, stage_ndjson
from warehouse.query import literal
from warehouse.raw import OWN


def look(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, *, sample_rows: int) -> Layout:
    """Find out the columns of a file and their types, from `sample_rows` rows or from all (`WHOLE_FILE`).

    Raises:
        Unreadable: It is empty, not of its format, or has a column of a name that Gristmill uses.
    """
    layout = _looked(connection, path, reading, sample_rows)
    own = {*OWN, *(("file_row_number",) if reading.format == "parquet" else ())}
    if taken := [name for name in layout.columns if name.lower() in own]:
        found = f"it has a column {taken[0]!r}, a name that Gristmill uses for where a row comes from"
        raise Unreadable(path, found, f"rename it where the file is made, to {taken[0].strip('_')!r} say")
    return layout


def _looked(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, sample_rows: int) -> Layout:
    kind = reading.format or "csv"
    try:
        if kind == "parquet":
            return Layout(columns=_described(connection, f"read_parquet({literal(str(path))})"))
        if kind == "ndjson":
            return _typed(look_at_ndjson(connection, path, sample_rows), reading)
        return _typed(look_at_csv(connection, path, reading, sample_rows), reading)
    except duckdb.Error as error:
        raise Unreadable(
            path,
            f"it is not {kind} ({str(error).splitlines()[0]})",
            "say what it is: `format`, `delimiter`, `quote`, `encoding`",
        ) from error


def _described(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}


def _typed(layout: Layout, reading: Reading) -> Layout:
    columns = {name: reading.types.get(name, kind) for name, kind in layout.columns.items()}
    return replace(layout, columns=columns)


def stage(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, layout: Layout) -> Staged:
    """Read a file's rows; what the select needs stands in temporary tables of `connection`.

    Raises:
        Unreadable: The rows of the file are not those that were read plus those that were not.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE unread (_record BIGINT, line BIGINT, raw VARCHAR, reason VARCHAR)")
    kind = reading.format or "csv"
    if kind == "parquet":
        select = (
            "SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS _record"
            f" FROM read_parquet({literal(str(path))}, file_row_number=true)"
        )
        return Staged(select=select, n_rows=_count(connection, f"read_parquet({literal(str(path))})"), n_unread=0)
    if kind == "ndjson":
        select = stage_ndjson(connection, path, layout)
    else:
        select = stage_csv(connection, path, reading, layout)
    n_rows, n_unread = _count(connection, "temp.staged"), _count(connection, "temp.unread")
    if kind == "csv":
        prove_count(path, layout, n_rows + n_unread, has_header=not reading.names)
    return Staged(select=select, n_rows=n_rows, n_unread=n_unread)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
