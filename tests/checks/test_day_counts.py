"""Rows by day and cell: what is counted, and that days add up."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest

from checks.bins import Cells
from checks.day_counts import HASHES, NAMES_A_TIME, NAMES_THE_DAY, DayCounts, count_days, day_cells, told_by_days

COLUMNS = ["kind", "part", "amount", "number"]
FIRST = date(2024, 1, 20)


def sales(n_days: int = 40) -> pl.DataFrame:
    drawn = np.random.default_rng(1)
    rows = n_days * 20
    at = drawn.integers(0, n_days, rows)
    days = [None if i % 50 == 0 else FIRST + timedelta(int(n)) for i, n in enumerate(at)]
    return pl.DataFrame(
        {
            "day": days,
            "number": [day and day.day for day in days],
            "kind": drawn.choice(["x", "y", None], rows),
            "part": [f"p{i}" for i in drawn.integers(0, 60, rows)],
            "amount": [None if i % 7 == 0 else float(x) for i, x in enumerate(drawn.normal(size=rows))],
            "_bucket": np.arange(rows) % 256,
        }
    )


def table(frame: pl.DataFrame):
    connection = duckdb.connect()
    connection.register("t", frame.to_arrow())
    return ibis.duckdb.from_connection(connection).table("t")


@pytest.fixture(scope="module")
def cells() -> tuple[Cells, ...]:
    frame = sales()
    return day_cells(table(frame), COLUMNS, n_rows=len(frame))


def counted(frame: pl.DataFrame, cells: tuple[Cells, ...]) -> DayCounts:
    return count_days(table(frame), "day", cells)


def assert_same(one: DayCounts, two: DayCounts) -> None:
    assert one.days == two.days
    assert one.rows.tolist() == two.rows.tolist()
    assert all((one.counts[c] == two.counts[c]).all() for c in COLUMNS)
    assert all(np.allclose(one.moments[c], two.moments[c]) for c in ("amount", "number"))


def test_counts_are_those_of_the_rows_and_rows_without_a_day_are_in_none(cells: tuple[Cells, ...]) -> None:
    frame = sales()
    found = counted(frame, cells)
    kept = frame.filter(pl.col("day").is_not_null())
    assert found.n_rows == len(kept)
    labels = cells[0].labels
    for i, day in enumerate(found.days):
        of_day = kept.filter(pl.col("day") == day)
        assert found.counts["kind"][i, labels.index("x")] == (of_day["kind"] == "x").sum()
        assert found.counts["kind"][i, -1] == of_day["kind"].null_count()
        assert found.counts["amount"][i, -1] == of_day["amount"].null_count()
        assert found.moments["amount"][i, 0] == of_day["amount"].count()


def test_days_that_came_in_parts_are_those_counted_at_once(cells: tuple[Cells, ...]) -> None:
    frame = sales()
    parts = [counted(frame.filter(pl.int_range(pl.len()) % 3 == i), cells) for i in range(3)]
    total = DayCounts()
    for part in parts:
        total += part
    assert_same(total, counted(frame, cells))


def test_many_levels_are_counted_by_hash_and_a_new_level_has_its_place_already(cells: tuple[Cells, ...]) -> None:
    assert cells[1].labels == HASHES
    new = sales().with_columns(part=pl.lit("never seen"))
    found = counted(new, cells).counts["part"].sum(axis=0)
    assert (found > 0).sum() == 1
    assert found[-2:].tolist() == [0, 0]  # neither another level nor missing


def test_a_new_level_of_few_is_another_level(cells: tuple[Cells, ...]) -> None:
    found = counted(sales().with_columns(kind=pl.lit("z")), cells)
    assert (found.counts["kind"][:, -2] == found.rows).all()


def test_a_column_that_names_the_day_is_not_watched(cells: tuple[Cells, ...]) -> None:
    told = {c.column: c.why for c in told_by_days(cells, counted(sales(), cells))}
    assert told == {"kind": "", "part": "", "amount": "", "number": NAMES_THE_DAY}


@pytest.mark.parametrize(
    ("values", "why"),
    [("11122333", NAMES_A_TIME), ("12121212", ""), ("11111111", ""), ("11221122", "")],
)
def test_a_column_whose_values_come_one_after_another_says_when_and_is_not_watched(values: str, why: str) -> None:
    frame = pl.DataFrame({"day": [FIRST + timedelta(i) for i in range(8)], "v": list(values), "_bucket": range(8)})
    cells = day_cells(table(frame), ["v"], n_rows=8)
    (told,) = told_by_days(cells, count_days(table(frame), "day", cells))
    assert told.why == why


def test_days_are_the_units_of_a_side(cells: tuple[Cells, ...]) -> None:
    found = counted(sales(), cells)
    side = found.side("early", found.days[0], found.days[9])
    assert (side.n_entities, side.n_rows) == (10, int(found.rows[:10].sum()))
    assert side.counts["amount"].sum() == side.n_rows
