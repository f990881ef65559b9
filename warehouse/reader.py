"""What is inside a source file: its columns, its rows, and the rows that cannot be read, none of them lost.

DuckDB is the one reader for everything. Where the rows go does not belong here; that is `warehouse.raw`.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from warehouse.errors import Unreadable
from warehouse.files import CHUNK
from warehouse.query import literal, quoted

WHOLE_FILE = -1
MAX_FIELD = 1 << 27
BLANK = re.compile(rb"(?<=\n)\r?\n")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source's files are read; None is found out from the file."""

    format: str | None = None
    names: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a file was found to be.

    Attributes:
        columns: Its columns in order and their DuckDB types.
        delimiter: Between fields, for CSV.
        quote: Around fields, for CSV.
    """

    columns: Mapping[str, str]
    delimiter: str = ","
    quote: str = '"'


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A file's rows, and its unreadable ones.

    Attributes:
        select: SQL for the rows: the file's columns and `_record`, the ordinal among all rows of the file, from 1.
        n_rows: How many these are.
        n_unread: How many rows the temporary table `unread` has: `_record`, `line` (NULL where it is not certain),
            `raw` (the text) and `reason`.
    """

    select: str
    n_rows: int
    n_unread: int


def look(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, *, sample_rows: int) -> Layout:
    """Find out the columns of a file and their types, from `sample_rows` rows or from all (`WHOLE_FILE`).

    Raises:
        Unreadable: It is empty or not of its format.
    """
    kind = reading.format or "csv"
    try:
        if kind == "parquet":
            return Layout(columns=_described(connection, f"read_parquet({literal(str(path))})"))
        if kind == "ndjson":
            return _typed(_look_at_ndjson(connection, path, sample_rows), reading)
        return _typed(_look_at_csv(connection, path, reading, sample_rows), reading)
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
    return Layout(columns=columns, delimiter=layout.delimiter, quote=layout.quote)


def _look_at_csv(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, sample_rows: int) -> Layout:
    if path.stat().st_size == 0:
        raise Unreadable(path, "it is empty", "give a file with a header, or `names`")
    # The first row is the header unless `names` says otherwise: in a table of texts alone nobody could tell.
    options = [
        f"sample_size={sample_rows}",
        "ignore_errors=true",
        f"header={not reading.names}".lower(),
        *_shared(reading),
    ]
    row = connection.execute(
        f"SELECT Delimiter, Quote, Columns FROM sniff_csv({literal(str(path))}, {', '.join(options)})"
    ).fetchone()
    if row is None:
        raise Unreadable(path, "DuckDB found no dialect", "say `delimiter` and `quote`")
    columns = {column["name"]: column["type"] for column in row[2]}
    if reading.names:
        if len(reading.names) != len(columns):
            raise Unreadable(
                path, f"it has {len(columns)} columns and `names` has {len(reading.names)}", "name each column"
            )
        columns = dict(zip(reading.names, columns.values(), strict=True))
    return Layout(
        columns=columns,
        delimiter=reading.delimiter or row[0],
        quote=reading.quote or ('"' if row[1] in {"(empty)", "", "\0"} else row[1]),
    )


def _shared(reading: Reading) -> list[str]:
    options = [f"nullstr=[{', '.join(literal(text) for text in ('', *reading.nulls))}]"]
    options += [f"delim={literal(reading.delimiter)}"] if reading.delimiter else []
    options += [f"quote={literal(reading.quote)}"] if reading.quote else []
    return options + ([f"encoding={literal(reading.encoding)}"] if reading.encoding else [])


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
        select = _stage_ndjson(connection, path, layout)
    else:
        select = _stage_csv(connection, path, reading, layout)
    n_rows, n_unread = _count(connection, "temp.staged"), _count(connection, "temp.unread")
    if kind == "csv":
        _prove_count(path, layout, n_rows + n_unread, has_header=not reading.names)
    return Staged(select=select, n_rows=n_rows, n_unread=n_unread)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def _stage_csv(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, layout: Layout) -> str:
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in layout.columns.items())
    options = [
        "auto_detect=false",
        f"columns={{{columns}}}",
        f"header={not reading.names}".lower(),
        f"delim={literal(layout.delimiter)}",
        f"quote={literal(layout.quote)}",
        f"escape={literal(layout.quote)}",
        f"nullstr=[{', '.join(literal(text) for text in ('', *reading.nulls))}]",
        "store_rejects=true, rejects_table='csv_rejects', rejects_scan='csv_scans', rejects_limit=0",
    ]
    options += [f"encoding={literal(reading.encoding)}"] if reading.encoding else []
    for table in ("csv_rejects", "csv_scans"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM read_csv({literal(str(path))}, {', '.join(options)})"
        )
    except duckdb.Error as error:
        raise Unreadable(path, str(error).splitlines()[0], "check `delimiter`, `quote` and `encoding`") from error
    rejects = connection.execute(
        "SELECT line, line_byte_position, any_value(csv_line), string_agg(error_message, '; ' ORDER BY column_idx)"
        " FROM temp.csv_rejects GROUP BY ALL ORDER BY line"
    ).fetchall()
    places = _places(path, [row[1] for row in rejects])
    records = _records(
        [row[0] - int(not reading.names) - blank for row, (_, blank) in zip(rejects, places, strict=True)]
    )
    rows = [
        # Byte positions are those of UTF-8: of another encoding no line is certain.
        (record, None if reading.encoding else line, raw, reason.split("\n")[0])
        for record, (line, _), (_, _, raw, reason) in zip(records, places, rejects, strict=True)
    ]
    if rows:
        connection.executemany("INSERT INTO unread VALUES (?, ?, ?, ?)", rows)
    return _numbered(len(rows))


def _records(ordinals: Sequence[int]) -> list[int]:
    """The ordinals, each made later than the one before."""
    records: list[int] = []
    for ordinal in ordinals:
        records.append(max(ordinal, records[-1] + 1 if records else 1))
    return records


def _numbered(n_unread: int) -> str:
    """`staged` with, in order, the ordinals that no unread row has."""
    if not n_unread:
        return "SELECT *, rowid + 1 AS _record FROM temp.staged"
    return (
        "SELECT s.* EXCLUDE (_row), s._row + 1 + coalesce(u.before, 0) AS _record"
        " FROM (SELECT *, rowid AS _row FROM temp.staged) s ASOF LEFT JOIN (SELECT start, max(n) AS before FROM"
        " (SELECT row_number() OVER (ORDER BY _record) AS n, _record - n AS start FROM temp.unread) GROUP BY start) u"
        " ON s._row >= u.start ORDER BY s._row"
    )


def _places(path: Path, positions: Sequence[int]) -> list[tuple[int, int]]:
    """For each byte position (ascending) its physical line, from 1, and how many blank lines stand before it.

    DuckDB itself counts records, blank lines among them.
    """
    places: list[tuple[int, int]] = []
    with path.open("rb") as file:
        line, blank, at, last = 1, 0, 0, b"\n"
        for position in positions:
            while at < position and (chunk := file.read(min(CHUNK, position - at))):
                line, at = line + chunk.count(b"\n"), at + len(chunk)
                blank, last = blank + len(BLANK.findall(last + chunk)), chunk[-1:]
            places.append((line, blank))
    return places


def _json_lines(path: Path) -> str:
    return (
        f"(SELECT line, row_number() OVER () AS n FROM read_csv({literal(str(path))}, auto_detect=false, header=false,"
        " columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', nullstr='', max_line_size=100000000))"
    )


def _look_at_ndjson(connection: duckdb.DuckDBPyConnection, path: Path, sample_rows: int) -> Layout:
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


def _stage_ndjson(connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> str:
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


def _prove_count(path: Path, layout: Layout, n_found: int, *, has_header: bool) -> None:
    """Count the rows a second way. Lines first, which is fast; records by another parser where fields hold newlines."""
    n_lines, n_blank = _count_lines(path)
    expected = {n_lines - n_blank, n_lines} if len(layout.columns) == 1 else {n_lines - n_blank}
    if n_found + int(has_header) in expected:
        return
    n_records = _count_records(path, layout) - int(has_header)
    if n_records != n_found:
        raise Unreadable(
            path,
            f"it has {n_records:,} rows and {n_found:,} of them could be accounted for",
            "a quote is probably not closed: mend it, or set `quote`",
        )


def _count_lines(path: Path) -> tuple[int, int]:
    n_lines = n_blank = 0
    last = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            n_lines += chunk.count(b"\n")
            n_blank += len(BLANK.findall(last + chunk))
            last = chunk[-1:]
    return (n_lines, n_blank) if last == b"\n" else (n_lines + 1, n_blank)


def _count_records(path: Path, layout: Layout) -> int:
    csv.field_size_limit(MAX_FIELD)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        return sum(1 for row in csv.reader(file, delimiter=layout.delimiter, quotechar=layout.quote) if row)
