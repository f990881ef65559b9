"""NDJSON files: one object a line, and the lines that are none.

What is done with the rows does not belong here.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from warehouse.errors import Unreadable
from warehouse.layout import WHOLE_FILE, Layout
from warehouse.query import literal, quoted


def _json_lines(path: Path) -> str:
    return (
        f"(SELECT line, row_number() OVER () AS n FROM read_csv({literal(str(path))}, auto_detect=false, header=false,"
        " columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', nullstr='', max_line_size=100000000))"
    )


def look_at_ndjson(connection: duckdb.DuckDBPyConnection, path: Path, sample_rows: int) -> Layout:
    """Find out a file's columns.

    Raises:
        Unreadable: It has no object.
    """
    limit = "" if sample_rows == WHOLE_FILE else f"LIMIT {sample_rows}"
    row = connection.execute(
        f"SELECT json_group_structure(line::JSON) FROM (FROM {_json_lines(path)} {limit})"
        " WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
    ).fetchone()
    if row is None or row[0] is None:
        raise Unreadable(
            path, "no line of it is a JSON object", "NDJSON has one object a line; say `format` if it is not"
        )
    return Layout(columns={name: _json_type(kind) for name, kind in json.loads(row[0]).items()})


def _json_path(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _json_type(kind: object) -> str:
    """The DuckDB type of a part of a JSON structure.

    >>> _json_type({"a": ["UBIGINT"]})
    'STRUCT("a" BIGINT[])'
    """
    if isinstance(kind, dict):
        return f"STRUCT({', '.join(f'{quoted(name)} {_json_type(part)}' for name, part in kind.items())})"
    if isinstance(kind, list):
        return f"{_json_type(kind[0])}[]"
    return {"UBIGINT": "BIGINT", "HUGEINT": "DOUBLE", "JSON": "VARCHAR", "NULL": "VARCHAR"}.get(str(kind), str(kind))


def stage_ndjson(connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> str:
    """Read a file into `staged` and `unread`; SQL for the rows with their `_record`."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE json_lines AS SELECT line, n, row_number() OVER (ORDER BY n) AS _record"
        f" FROM {_json_lines(path)} WHERE trim(line) <> ''"
    )
    shape = literal(json.dumps(dict(layout.columns)))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT line, n, _record, json_valid(line) AS is_json,"
        f" CASE WHEN is_json AND json_type(line) = 'OBJECT' THEN json_transform(line, {shape}) END AS row"
        " FROM temp.json_lines"
    )
    lost = " OR ".join(
        f"(row.{quoted(name)} IS NULL AND json_type(line, {literal(_json_path(name))}) <> 'NULL')"
        for name in layout.columns
    )
    is_unread = f"(row IS NULL OR coalesce({lost}, false))"
    connection.execute(
        "INSERT INTO temp.unread SELECT _record, n, line, CASE WHEN NOT is_json THEN 'it is not JSON' WHEN"
        " json_type(line) <> 'OBJECT' THEN 'it is not an object' ELSE 'its types are not those of the file' END"
        f" FROM temp.staged WHERE {is_unread}"
    )
    connection.execute(f"DELETE FROM temp.staged WHERE {is_unread}")
    fields = ", ".join(f"row.{quoted(name)} AS {quoted(name)}" for name in layout.columns)
    return f"SELECT {fields}, _record FROM temp.staged"
