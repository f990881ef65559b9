"""Rows of each split over time: by the length of time that there is room for."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import ibis
import polars as pl
import pytest

from checks.timeline import MOST_BINS, timeline


def bound(columns: dict[str, Any], select: str = "*") -> Any:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("_frame", pl.DataFrame(columns).to_arrow())
    con.execute(f"CREATE TABLE frame AS SELECT {select} FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def told(days: list[Any], splits: list[str | None] | None = None) -> dict[str, Any]:
    found = timeline(bound({"day": days, "_split": splits or ["train"] * len(days)}), "day", title="t")
    assert found
    return found


@pytest.mark.parametrize(
    ("last", "unit", "x"),
    [
        (date(2013, 1, 30), "day", ["2013-01-01", "2013-01-30"]),
        (date(2013, 3, 31), "week", ["2012-12-31", "2013-03-25"]),
        (date(2013, 12, 31), "month", ["2013-01", "2013-12"]),
        (date(2018, 12, 31), "quarter", ["2013 Q1", "2018 Q4"]),
        (date(2033, 12, 31), "year", ["2013", "2033"]),
        (date(2113, 12, 31), "5 years", ["2010-2014", "2110-2114"]),
        (date(9999, 12, 31), "1,000 years", ["2000-2999", "9000-9999"]),
    ],
)
def test_the_bins_are_as_fine_as_there_is_room_for(last: date, unit: str, x: list[str]) -> None:
    found = told([date(2013, 1, 1), last])
    assert (found["unit"], [found["x"][0], found["x"][-1]]) == (unit, x)
    assert len(found["x"]) <= MOST_BINS
    assert sum(found["series"]["train"]) == 2
    assert found["series"]["train"][-1] == 1


def test_rows_are_counted_by_split_with_unused_ones_last_and_empty_bins_between() -> None:
    days = [date(2013, 1, 1), date(2013, 1, 1), date(2013, 1, 3), date(2013, 1, 3), None]
    found = told(days, ["test", "train", None, "train", "train"])
    assert list(found["series"].items()) == [("train", [1, 0, 1]), ("test", [1, 0, 0]), ("unused", [0, 0, 1])]
    assert found["n_without"] == 1


@pytest.mark.parametrize("zone", [None, UTC])
def test_a_moment_counts_on_its_day_in_utc(zone: Any) -> None:
    found = told([datetime(2013, 1, 1, 23, 59, tzinfo=zone), datetime(2013, 1, 2, 0, 1, tzinfo=zone)])
    assert found["series"] == {"train": [1, 1]}


def test_dates_that_no_calendar_of_ours_has_are_without_time() -> None:
    table = bound({"d": ["2013-01-01", "infinity", "20000-01-01"], "_split": ["train"] * 3}, "d::DATE AS d, _split")
    found = timeline(table, "d", title="t")
    assert found
    assert (found["series"], found["n_without"]) == ({"train": [1]}, 2)


def test_without_time_there_is_no_picture() -> None:
    table = bound({"n": [1, 2], "d": [None, None], "_split": ["train"] * 2}, "n, d::DATE AS d, _split")
    assert timeline(table, None, title="t") is None
    assert timeline(table, "n", title="t") is None
    assert timeline(table, "d", title="t") is None


def test_the_picture_stays_under_two_kilobytes() -> None:
    days = [date(2013, 1, 1) + timedelta(days=i) for i in range(MOST_BINS)] * 5
    splits = [split for split in ("train", "train_dev", "dev", "test", None) for _ in range(MOST_BINS)]
    found = told(days, splits)
    assert len(found["x"]) == MOST_BINS
    found["series"] = {name: [123_456] * MOST_BINS for name in found["series"]}
    assert len(json.dumps(found, separators=(",", ":"))) < 2048
