"""Rows of a file, read and unread: none is lost, none is doubled, each knows its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.errors import Unreadable
from warehouse.lake import connect
from warehouse.layout import WHOLE_FILE, Layout, Reading
from warehouse.reader import look, stage

ABC = {"a": "BIGINT", "b": "VARCHAR", "c": "BIGINT"}


@dataclass(frozen=True, kw_only=True)
class Read:
    """What came of a file: rows as (record, values), unread ones as (record, line, text, reason)."""

    rows: list[tuple[int, tuple[Any, ...]]]
    unread: list[tuple[int, int | None, str, str]]

    @property
    def places(self) -> list[tuple[int, int | None]]:
        return [(record, line) for record, line, _, _ in self.unread]

    @property
    def records(self) -> list[int]:
        return sorted([record for record, _ in self.rows] + [row[0] for row in self.unread])


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with connect() as connection:
        yield connection


def read(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    content: str | bytes,
    types: Mapping[str, str] | None = None,
    **how: Any,
) -> Read:
    """Write `content` to `path` and read it, held to `types` as a later file of a source is."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    reading = Reading(**how)
    layout = look(connection, path, reading, sample_rows=WHOLE_FILE)
    if types is not None:
        layout = Layout(columns=types, delimiter=layout.delimiter, quote=layout.quote)
    staged = stage(connection, path, reading, layout)
    rows = [(row[-1], row[:-1]) for row in connection.execute(staged.select).fetchall()]
    unread = connection.execute("SELECT _record, line, raw, reason FROM temp.unread ORDER BY _record").fetchall()
    found = Read(rows=rows, unread=unread)
    assert (staged.n_rows, staged.n_unread) == (len(rows), len(unread))
    assert [record for record, _ in rows] == sorted(record for record, _ in rows)
    assert found.records == list(range(1, len(rows) + len(unread) + 1))
    return found


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "f.csv"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("2,y", "Expected Number of Columns: 3 Found: 2"),
        ("2,y,2,2", "Expected Number of Columns: 3 Found: 4"),
        ("two,y,2", 'Error when converting column "a"'),
        ('2,"y"y,2', "quote"),
    ],
    ids=["missing column", "too many columns", "cast", "bad quote"],
)
def test_a_broken_row_is_kept_with_its_place_and_reason(
    connection: duckdb.DuckDBPyConnection, csv: Path, broken: str, reason: str
) -> None:
    found = read(connection, csv, f"a,b,c\n1,x,1\n{broken}\n3,z,3\n", ABC)
    assert found.rows == [(1, (1, "x", 1)), (3, (3, "z", 3))]
    assert found.places == [(2, 3)]
    assert found.unread[0][2] == broken
    assert reason in found.unread[0][3]


def test_a_row_with_two_mistakes_is_one_row_with_both(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, "a,b,c\n1,x,1\nq,y,r\n3,z,3\n", ABC)
    ((record, line, raw, reason),) = found.unread
    assert (record, line, raw) == (2, 3, "q,y,r")
    assert '"q"' in reason
    assert '"r"' in reason


def test_broken_rows_first_last_and_in_a_row_leave_the_others_in_order(
    connection: duckdb.DuckDBPyConnection, csv: Path
) -> None:
    found = read(connection, csv, "a,b,c\nq,x,1\n2,x,2\n3\n4,x\n5,x,5\n6,x,6\n7,x,q", ABC)
    assert found.rows == [(2, (2, "x", 2)), (5, (5, "x", 5)), (6, (6, "x", 6))]
    assert found.places == [(1, 2), (3, 4), (4, 5), (7, 8)]


def test_a_newline_inside_quotes_counts_as_a_line_and_not_as_a_row(
    connection: duckdb.DuckDBPyConnection, csv: Path
) -> None:
    found = read(connection, csv, 'a,b,c\n1,"x\n\nx",1\n2,y\n3,z,3\nw,z,3\n', ABC)
    assert found.rows == [(1, (1, "x\n\nx", 1)), (3, (3, "z", 3))]
    assert found.places == [(2, 5), (4, 7)]


def test_lines_that_end_in_windows_style_are_counted_alike(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, 'a,b,c\r\n1,"x\r\nx",1\r\n2,y\r\n3,z,3\r\nw,z,3\r\n', ABC)
    assert found.places == [(2, 4), (4, 6)]
    assert [row[2] for row in found.unread] == ["2,y", "w,z,3"]


def test_blank_lines_between_good_rows_are_no_rows(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, "a,b,c\n\n1,x,1\n\n\n2,y,2\n\n", ABC)
    assert found.rows == [(1, (1, "x", 1)), (2, (2, "y", 2))]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_blank_lines_before_a_broken_row_move_its_line_and_not_its_record(
    connection: duckdb.DuckDBPyConnection, csv: Path, newline: str
) -> None:
    lines = ["a,b,c", "1,x,1", "", "", "2,y", "", "3,z,3", "w,z,3", ""]
    found = read(connection, csv, newline.join(lines), ABC)
    assert found.rows == [(1, (1, "x", 1)), (3, (3, "z", 3))]
    assert found.places == [(2, 5), (4, 8)]
    assert [row[2] for row in found.unread] == ["2,y", "w,z,3"]


def test_in_a_file_of_one_column_a_blank_line_is_a_row(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, "a\n1\n\n3\nx\n5\n", {"a": "BIGINT"})
    assert found.rows == [(1, (1,)), (2, (None,)), (3, (3,)), (5, (5,))]
    assert found.places == [(4, 5)]


def test_a_quote_that_is_never_closed_loses_no_row_silently(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, 'a,b,c\n1,x,1\n2,"y,2\n3,z,3\n', ABC)
    assert found.rows == [(1, (1, "x", 1))]
    assert found.unread[0][:2] == (2, 3)
    assert "3,z,3" in found.unread[0][2]


def test_bytes_that_are_not_utf8_are_an_unread_row(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, b"a,b,c\n1,x,1\n2,\xff,2\n3,z,3\n", ABC)
    assert [record for record, _ in found.rows] == [1, 3]
    assert found.places == [(2, 3)]


def test_of_another_encoding_no_line_is_claimed(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    content = "a;b\n1;é\n2;ÿ\n3\n".encode("latin-1")
    found = read(connection, csv, content, {"a": "BIGINT", "b": "VARCHAR"}, encoding="latin-1")
    assert found.rows == [(1, (1, "é")), (2, (2, "ÿ"))]
    assert found.places == [(3, None)]


def test_a_file_without_a_header_is_named_by_the_source(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, "1,x\n2\n3,z\n", {"n": "BIGINT", "t": "VARCHAR"}, names=("n", "t"))
    assert found.rows == [(1, (1, "x")), (3, (3, "z"))]
    assert found.places == [(2, 2)]


def test_nulls_are_what_the_source_says_and_the_empty_field(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    found = read(connection, csv, "a,b\n1,NA\nNA,x\n3,\n", nulls=("NA",))
    assert found.rows == [(1, (1, None)), (2, (None, "x")), (3, (3, None))]


def test_types_are_sniffed_over_the_whole_file(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    csv.write_text("a,b\n" + "1,2013-01-01\n" * 30_000 + "x,2013-01-01\n")
    assert look(connection, csv, Reading(), sample_rows=WHOLE_FILE).columns == {"a": "VARCHAR", "b": "DATE"}


def test_a_file_of_a_header_alone_has_no_rows(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    assert read(connection, csv, "a,b,c\n", ABC) == Read(rows=[], unread=[])
    assert read(connection, csv, "a,b,c", ABC) == Read(rows=[], unread=[])


def test_an_empty_file_is_unreadable(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    with pytest.raises(Unreadable, match="it is empty"):
        read(connection, csv, "")


def test_a_file_that_is_not_parquet_is_unreadable(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="it is not parquet"):
        read(connection, tmp_path / "f.parquet", "a,b\n1,2\n", format="parquet")


def test_the_next_file_starts_afresh(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    assert read(connection, csv, "a,b,c\n1,x\n", ABC).places == [(1, 2)]
    assert read(connection, csv, "a,b,c\n1,x,1\n", ABC) == Read(rows=[(1, (1, "x", 1))], unread=[])


def test_bad_lines_of_ndjson_are_unread_rows(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = '{"a":1,"b":"x"}\nnope\n[1]\n\n{"a":"q","b":"y"}\n{"a":3}\n{"a":null,"b":"z","more":1}\n'
    types = {"a": "BIGINT", "b": "VARCHAR"}
    found = read(connection, tmp_path / "f.ndjson", content, types, format="ndjson")
    assert found.rows == [(1, (1, "x")), (5, (3, None)), (6, (None, "z"))]
    assert found.unread == [
        (2, 2, "nope", "it is not JSON"),
        (3, 3, "[1]", "it is not an object"),
        (4, 5, '{"a":"q","b":"y"}', "its types are not those of the file"),
    ]


def test_columns_of_ndjson_are_those_of_all_its_objects(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    path.write_text('{"a":1}\n{"b":{"c":[1.5]}}\n{"a":2,"odd \\"name\\"":"x"}\n')
    layout = look(connection, path, Reading(format="ndjson"), sample_rows=WHOLE_FILE)
    assert layout.columns == {"a": "BIGINT", "b": 'STRUCT("c" DOUBLE[])', 'odd "name"': "VARCHAR"}
    assert read(connection, path, path.read_text(), format="ndjson").rows[1] == (2, (None, {"c": [1.5]}, None))


def test_ndjson_without_an_object_is_unreadable(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no line of it is a JSON object"):
        read(connection, tmp_path / "f.ndjson", "1\n2\n", format="ndjson")


def test_rows_of_parquet_are_numbered_in_the_order_of_the_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = tmp_path / "f.parquet"
    connection.execute(f"COPY (SELECT 10 - range AS a FROM range(5)) TO '{path}' (FORMAT parquet)")
    found = read(connection, path, path.read_bytes(), format="parquet")
    assert found.rows == [(1, (10,)), (2, (9,)), (3, (8,)), (4, (7,)), (5, (6,))]


GOOD = st.tuples(st.integers(-9, 9), st.sampled_from(["x", "é\U0001f986", "", '"q,u"', '"li\nne"', '"a""b"']))
good_row = GOOD.map(lambda row: (f"{row[0]},{row[1]},1", True))
broken_row = st.sampled_from(["1", "1,x", "1,x,1,1", "q,x,1", "1,x,q", 'q,"li\nne",1']).map(lambda row: (row, False))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.one_of(good_row, broken_row), max_size=40), newline=st.booleans())
def test_every_row_of_any_file_is_read_or_unread_exactly_once(
    connection: duckdb.DuckDBPyConnection, csv: Path, rows: list[tuple[str, bool]], newline: bool
) -> None:
    content = "\n".join(["a,b,c", *(text for text, _ in rows)]) + ("\n" if newline else "")
    found = read(connection, csv, content, ABC, delimiter=",", quote='"')
    assert [record for record, _ in found.rows] == [i for i, (_, good) in enumerate(rows, 1) if good]
    lines, at = [], 2
    for i, (text, good) in enumerate(rows, 1):
        lines += [] if good else [(i, at)]
        at += 1 + text.count("\n")
    assert found.places == lines


json_line = st.sampled_from([({"a": 1}, True), ({"a": "q"}, False), ([1], False), ("{", False), ({"a": None}, True)])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(json_line, max_size=30))
def test_every_line_of_any_ndjson_is_read_or_unread_exactly_once(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, lines: list[tuple[Any, bool]]
) -> None:
    lines = [({"a": 0}, True), *lines]
    content = "".join((value if value == "{" else json.dumps(value)) + "\n" for value, _ in lines)
    found = read(connection, tmp_path / "f.ndjson", content, {"a": "BIGINT"}, format="ndjson")
    assert [record for record, _ in found.rows] == [i for i, (_, good) in enumerate(lines, 1) if good]
    assert found.places == [(i, i) for i, (_, good) in enumerate(lines, 1) if not good]


def test_a_file_whose_lines_end_in_two_ways_is_read_whole(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    lines = b"a,b,c\r\n" + b"".join(b"%d,x,%d\r\n" % (i, i) for i in range(50)) + b"50,y,5\n51,z\n52,z,6\n"
    found = read(connection, csv, lines)
    assert (len(found.rows), found.places) == (52, [(52, 53)])
    assert found.rows[-1][1] == (52, "z", 6)


def test_a_row_of_too_few_fields_has_one_reason(connection: duckdb.DuckDBPyConnection, csv: Path) -> None:
    names = [f"c{i}" for i in range(9)]
    row = ",".join(["1"] * 9)
    found = read(connection, csv, "\n".join([",".join(names), *[row] * 20, "1,2", row]) + "\n")
    assert found.unread[0][3].count("Expected Number of Columns") == 1


@pytest.mark.parametrize("name", ["_file", "_Record", "_ingestion"])
def test_a_column_of_a_name_of_ours_is_refused(connection: duckdb.DuckDBPyConnection, csv: Path, name: str) -> None:
    with pytest.raises(Unreadable, match=f"it has a column '{name}', a name that Gristmill uses"):
        read(connection, csv, f"a,{name}\n1,2\n")
