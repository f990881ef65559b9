"""CSV files: their dialect, their rows, and exactly where the rows stand that are none.

What is done with the rows does not belong here.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import duckdb

from warehouse.errors import Unreadable
from warehouse.files import CHUNK
from warehouse.layout import WHOLE_FILE, Layout, Reading
from warehouse.query import literal, quoted

MAX_FIELD = 1 << 27
LENIENT = "strict_mode=false"
BLANK = re.compile(rb"(?<=\n)\r?\n")


def look_at_csv(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, sample_rows: int) -> Layout:
    """Find out a file's dialect and columns.

    Raises:
        Unreadable: It is empty, or has other columns than `names` says.
    """
    if path.stat().st_size == 0:
        raise Unreadable(path, "it is empty", "give a file with a header, or `names`")
    # The first row is the header unless `names` says otherwise: in a table of texts alone nobody could tell.
    options = [
        f"sample_size={sample_rows}",
        "ignore_errors=true",
        f"header={not reading.names}".lower(),
        *_shared(reading),
    ]
    row, has_mixed_ends = _sniffed(connection, path, options)
    if row is None:
        raise Unreadable(path, "DuckDB found no dialect", "say `delimiter` and `quote`")
    columns = {column["name"]: column["type"] for column in row[2]}
    if reading.names:
        if len(reading.names) != len(columns):
            raise Unreadable(
                path, f"it has {len(columns)} columns and `names` has {len(reading.names)}", "name each column"
            )
        columns = dict(zip(reading.names, columns.values(), strict=True))
    layout = Layout(
        columns=columns,
        delimiter=reading.delimiter or row[0],
        quote=reading.quote or ('"' if row[1] in {"(empty)", "", "\0"} else row[1]),
        date_format=row[3] or None,
        timestamp_format=row[4] or None,
        has_mixed_ends=has_mixed_ends,
    )
    long = _long_integers(connection, path, reading, layout) if sample_rows == WHOLE_FILE else set()
    return replace(layout, columns={name: "VARCHAR" if name in long else kind for name, kind in columns.items()})


def _sniffed(
    connection: duckdb.DuckDBPyConnection, path: Path, options: Sequence[str]
) -> tuple[tuple[Any, ...] | None, bool]:
    """What DuckDB finds, and whether it had to be lenient because lines end in two ways (a file that two wrote)."""
    select = "SELECT Delimiter, Quote, Columns, DateFormat, TimestampFormat"
    try:
        return connection.execute(
            f"{select} FROM sniff_csv({literal(str(path))}, {', '.join(options)})"
        ).fetchone(), False
    except duckdb.InvalidInputException:
        if not _has_mixed_ends(path):
            raise
    lenient = ", ".join([*options, LENIENT])
    return connection.execute(f"{select} FROM sniff_csv({literal(str(path))}, {lenient})").fetchone(), True


def _has_mixed_ends(path: Path) -> bool:
    n_lines = n_windows = 0
    with path.open("rb") as file:
        for line in file:
            n_lines += line.endswith(b"\n")
            n_windows += line.endswith(b"\r\n")
    return 0 < n_windows < n_lines


def _long_integers(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, layout: Layout) -> set[str]:
    """The columns of floats with whole numbers of 16 digits or more: ids, which as floats would become one value."""
    floats = [name for name, kind in layout.columns.items() if kind == "DOUBLE"]
    if not floats:
        return set()
    told = ", ".join(
        f"coalesce(bool_or(regexp_full_match({quoted(name)}, '-?[0-9]{{16,}}')), false)" for name in floats
    )
    options = [*_options(reading, layout, dict.fromkeys(layout.columns, "VARCHAR")), "ignore_errors=true"]
    row = connection.execute(f"SELECT {told} FROM read_csv({literal(str(path))}, {', '.join(options)})").fetchone()
    return {name for name, is_long in zip(floats, row or (), strict=True) if is_long}


def _shared(reading: Reading) -> list[str]:
    options = [f"nullstr=[{', '.join(literal(text) for text in ('', *reading.nulls))}]"]
    options += [f"delim={literal(reading.delimiter)}"] if reading.delimiter else []
    options += [f"quote={literal(reading.quote)}"] if reading.quote else []
    return options + ([f"encoding={literal(reading.encoding)}"] if reading.encoding else [])


def _options(reading: Reading, layout: Layout, columns: Mapping[str, str]) -> list[str]:
    """What `read_csv` is told once the file is known."""
    listed = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())
    options = [
        "auto_detect=false",
        f"columns={{{listed}}}",
        f"header={not reading.names}".lower(),
        f"delim={literal(layout.delimiter)}",
        f"quote={literal(layout.quote)}",
        f"escape={literal(layout.quote)}",
        f"nullstr=[{', '.join(literal(text) for text in ('', *reading.nulls))}]",
    ]
    options += [f"encoding={literal(reading.encoding)}"] if reading.encoding else []
    options += [LENIENT] if layout.has_mixed_ends else []
    options += [f"dateformat={literal(layout.date_format)}"] if layout.date_format else []
    return options + ([f"timestampformat={literal(layout.timestamp_format)}"] if layout.timestamp_format else [])


def stage_csv(connection: duckdb.DuckDBPyConnection, path: Path, reading: Reading, layout: Layout) -> str:
    """Read a file into `staged` and `unread`; SQL for the rows with their `_record`.

    Raises:
        Unreadable: DuckDB cannot read it.
    """
    options = [
        *_options(reading, layout, layout.columns),
        "store_rejects=true, rejects_table='csv_rejects', rejects_scan='csv_scans', rejects_limit=0",
    ]
    for table in ("csv_rejects", "csv_scans"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM read_csv({literal(str(path))}, {', '.join(options)})"
        )
    except duckdb.Error as error:
        raise Unreadable(path, str(error).splitlines()[0], "check `delimiter`, `quote` and `encoding`") from error
    rejects = connection.execute(
        # A row of too few fields has an error for each that it lacks: the first says it all.
        "SELECT line, line_byte_position, any_value(csv_line), concat_ws('; ',"
        " arg_min(error_message, column_idx) FILTER (error_type LIKE '% COLUMNS'),"
        " string_agg(error_message, '; ' ORDER BY column_idx) FILTER (error_type NOT LIKE '% COLUMNS'))"
        " FROM temp.csv_rejects GROUP BY ALL ORDER BY line"
    ).fetchall()
    places = _places(path, [(row[1], row[2]) for row in rejects], layout)
    records = _records(
        [row[0] - int(not reading.names) - blank for row, (_, blank) in zip(rejects, places, strict=True)]
    )
    rows = [
        # Byte positions are those of UTF-8: of another encoding no line is certain.
        (record, None if reading.encoding else line, raw.lstrip("\r\n"), reason.split("\n")[0])
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


def _places(path: Path, rejects: Sequence[tuple[int, str]], layout: Layout) -> list[tuple[int, int]]:
    """For each reject (byte position, text; ascending) its physical line, from 1, and the blank lines before it.

    DuckDB itself counts records, blank lines among them; a reject's text may begin with the blank lines before it, and
    its position then lies one byte into them.
    """
    places: list[tuple[int, int]] = []
    with path.open("rb") as file:
        line, blank = 1, 0
        for position, raw in rejects:
            text = raw.lstrip("\r\n")
            start = position + max(len(raw) - len(text) - 1, 0)
            n_lines, n_blank = _passed(file, start, layout)
            line, blank = line + n_lines, blank + n_blank
            places.append((line, blank))
            line += file.read(len(text.encode())).count(b"\n")
    return places


def _passed(file: IO[bytes], end: int, layout: Layout) -> tuple[int, int]:
    """The line ends, and the blank lines outside quotes, between where a file stands (at a row's end) and `end`."""
    n_lines = n_blank = 0
    last, is_quoted, quote = b"\n" if file.tell() == 0 else b"", False, layout.quote.encode()
    while (at := file.tell()) < end and (chunk := file.read(min(CHUNK, end - at))):
        n_lines += chunk.count(b"\n")
        parts = chunk.split(quote)
        # Every other part lies inside quotes; a doubled quote opens and closes again.
        outside = [part if (i % 2 == 1) == is_quoted else b"" for i, part in enumerate(parts)]
        n_blank += len(BLANK.findall(last + quote.join(outside)))
        is_quoted ^= len(parts) % 2 == 0
        last = b"" if is_quoted else chunk[-1:]
    # In a file of one column a blank line is a row.
    return n_lines, 0 if len(layout.columns) == 1 else n_blank


def prove_count(path: Path, layout: Layout, n_found: int, *, has_header: bool) -> None:
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
