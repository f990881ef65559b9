"""Which tables can be compared, whatever made them, and what does not change an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import gristmill as gm
import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from checks.errors import CheckError

N = 300


def made(seed: int, n: int = N) -> pl.DataFrame:
    drawn = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": np.round(drawn.normal(size=n), 1),
            "n": drawn.integers(0, 60, n),
            "level": drawn.choice(["a", "b"], n),
            "gap": [None if u < 0.2 else u for u in drawn.random(n).tolist()],
        }
    )


A, B = made(0), made(1)


def answer(reference: Any, current: Any) -> list[tuple[Any, ...]]:
    report = gm.compare(reference, current)
    assert report.columns
    return sorted((c.column, c.verdict, c.p_value, c.p_corrected, c.effect) for c in report.columns)


def engine() -> Any:
    connection = duckdb.connect()
    connection.register("one", A.to_arrow())
    connection.register("two", B.to_arrow())
    connection.execute("CREATE TYPE levels AS ENUM ('a', 'b')")
    connection.execute("CREATE TABLE listed AS SELECT * REPLACE (level::levels AS level) FROM one")
    return ibis.duckdb.from_connection(connection)


def test_any_frame_of_the_same_rows_gets_the_same_answer() -> None:
    backend = engine()
    expected = answer(A, B)
    for reference, current in (
        (A.lazy(), B.to_arrow().to_batches()[0]),
        (A.to_arrow().to_reader(), backend.con.table("two")),
        (ibis.memtable(A), ibis.memtable(B).mutate(level=ibis._.level)),
        (ibis.memtable(A), backend.table("two")),
        (backend.table("listed"), backend.table("two")),
    ):
        assert answer(reference, current) == expected


def test_neither_width_nor_kind_of_a_number_nor_the_order_of_columns_changes_an_answer() -> None:
    expected = answer(A, B)
    narrow = A.with_columns(pl.col("n").cast(pl.Int8), pl.col("level").cast(pl.Categorical))
    wide = B.with_columns(pl.col("gap").fill_null(float("nan"))).select(sorted(B.columns, reverse=True))
    assert answer(narrow, wide) == expected
    assert answer(narrow, B.with_columns(pl.col("n").cast(pl.Int8))) == expected
    assert answer(A.with_columns(pl.col("n").cast(pl.Float64)), B) == expected
    assert answer(A.with_columns(pl.col("n").cast(pl.Int128)), B) == expected


def test_floats_of_32_bits_against_64_are_no_shift() -> None:
    """As 64 bits every one of them has more decimal places, and lies beside the edge of its cell."""
    frame = pl.concat([A, B])
    report = gm.compare(frame.with_columns(pl.col("x").cast(pl.Float32)), frame)
    x = next(c for c in report.columns if c.column == "x")
    assert x.p_corrected == 1


def test_moments_meet_whatever_their_precision_and_durations_are_numbers() -> None:
    start = datetime(2024, 1, 1)
    moments = pl.Series([start + timedelta(hours=i) for i in range(N)])
    columns = {"at": moments.cast(pl.Datetime("ms")), "took": moments - start, "clock": moments.dt.time()}
    report = gm.compare(A.with_columns(**columns), A.with_columns(**columns | {"at": moments.cast(pl.Datetime("ns"))}))
    assert {c.p_corrected for c in report.columns if c.column in columns} == {1}
    zoned = A.with_columns(at=moments.dt.replace_time_zone("UTC"))
    told = next(c for c in gm.compare(zoned, A.with_columns(at=moments)).columns if c.column == "at")
    assert told.why.endswith("give both a time zone, or neither")
    assert gm.compare(zoned, A.with_columns(at=pl.lit(datetime.now(UTC)))).shifted[0].column == "at"


def test_types_that_no_engine_reads_are_read_as_the_nearest() -> None:
    table = pa.table(
        {
            "wide": pa.array([Decimal(i % 7) for i in range(N)], pa.decimal256(60, 2)),
            "half": pa.array(np.arange(N, dtype="float16")),
            "none": pa.nulls(N),
            "map": pa.array([[("a", i)] for i in range(N)], pa.map_(pa.string(), pa.int64())),
        }
    )
    report = gm.compare(table, table.set_column(2, "none", pa.array(["a", "b", None] * (N // 3))))
    verdicts = {c.column: c.verdict for c in report.columns}
    assert verdicts == {"wide": "cannot_tell", "half": "cannot_tell", "none": "shifted", "map": "not_applicable"}


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pa.table([[1], [2]], names=["x", "x"]), "its columns 'x' and 'x' have one name (capitals do not count)"),
        (pl.DataFrame({"x": [1], "X": [2]}), "its columns 'x' and 'X' have one name (capitals do not count)"),
        (pl.DataFrame({"x\0": [1]}), "its column 'x\\x00' has a NUL in its name"),
        (pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)}), "its column 'x' holds Python objects"),
        (pl.DataFrame, "it is of type type, which is no table"),
        (A.to_arrow()["x"], "it is of type ChunkedArray, which is no table"),
        (ibis.memtable(A)["x"], "it is of type FloatingColumn, which is no table"),
        (A.group_by("level"), "it is of type GroupBy, which is no table"),
    ],
)
def test_a_side_that_is_no_table_says_what_it_is(frame: Any, words: str) -> None:
    with pytest.raises(CheckError) as caught:
        gm.compare(frame, B)
    assert str(caught.value).startswith(f"The reference side of a comparison: {words}")
    assert caught.value.__notes__[0].startswith("Hint: ")


def test_columns_that_cannot_be_compared_are_named() -> None:
    extra = {"__index_level_0__": pl.Series(range(N)), "": pl.Series(range(N)), "_Part": pl.Series(range(N))}
    report = gm.compare(A.with_columns(**extra, was=1), B.with_columns(**extra, **{c: pl.lit(1) for c in "pqrst"}))
    assert sorted(c.column for c in report.columns) == sorted(A.columns)
    assert report.note == (
        "not compared: _Part, a name of Gristmill's own; not compared: a column without a name;"
        " not compared: __index_level_0__, an index of pandas; only in reference: was;"
        " only in current: p, q, r and 2 more"
    )
    assert gm.compare(A.with_columns(**extra), B.with_columns(**extra), entity="__index_level_0__").unit.startswith(
        "__"
    )


def test_tables_without_columns_or_rows_have_nothing_to_compare() -> None:
    assert gm.compare(pl.DataFrame(), A).note == "no column is on both sides; only in current: x, n, level and 1 more"
    assert gm.compare(pl.DataFrame(), pl.DataFrame(), classifier=True).note == "no column is on both sides"
    assert gm.compare(A.clear(), A, classifier=True).note == "the reference side has no row"


def test_a_stream_that_is_given_twice_is_read_once() -> None:
    stream = A.to_arrow().to_reader()
    assert (gm.compare(stream, stream).n_reference, gm.compare(stream, A).n_reference) == (N, 0)


def test_columns_of_any_name_are_compared_in_a_line_each() -> None:
    names = ['a"b', "a'b", "a\nb", "🐟", " ", "count", "n_rows", "level: length"]
    one, two = (f.with_columns(**{name: pl.col("n") for name in names}) for f in (A, B))
    report = gm.compare(one, two, target="a\nb")
    assert set(names) < {c.column for c in report.columns}
    assert [line[:5].strip() for line in report.lines()].count("a\\nb") == 1


def test_one_group_is_one_group() -> None:
    assert gm.compare(A.head(1), B).note == "only 1 group of whole entities on one side, and 5 are needed"


def test_the_least_and_the_largest_numbers_are_compared_without_a_warning() -> None:
    columns = [pl.col("x").cast(pl.Float64) * scale for scale in (1e-310, 1e149, 1.7e307)]
    one, two = (f.select("n", *(c.alias(str(i)) for i, c in enumerate(columns))) for f in (A, B))
    told = {c.column: c.why for c in gm.compare(one, two).columns}
    assert told["2"] == "it has values beyond 1e+150, whose squares no number holds"
    assert "would be seen" in told["0"]
