"""LEAK6 and SPLIT8: overlap in time to the microsecond, and rows that come back as train."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import ibis
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.time_overlap import no_time_overlap, rolled_rows, time_overlap

NOON = datetime(2024, 5, 1, 12)
SPLITS = ("train", "train_dev", "dev", "test")
SECOND, TICK = timedelta(seconds=1), timedelta(microseconds=1)


def table(**times: list[datetime | None]) -> ibis.Table:
    """Rows of each split at these times; `unused` is no split."""
    rows = [{"_split": split if split != "unused" else None, "at": at} for split, ats in times.items() for at in ats]
    return bound(pl.DataFrame(rows, schema={"_split": pl.String, "at": pl.Datetime("us")}))


def bound(frame: pl.DataFrame) -> ibis.Table:
    backend = ibis.duckdb.connect()
    backend.con.register("t", frame.to_arrow())
    return backend.table("t")


def test_splits_one_after_another_do_not_overlap_though_unused_rows_lie_anywhere() -> None:
    rows = table(train=[NOON], train_dev=[NOON - SECOND], dev=[NOON + TICK], test=[NOON + SECOND], unused=[NOON, None])
    found = time_overlap(rows, "at", gap=timedelta(0))
    assert found.outcome == "pass"
    ends = "train to 2024-05-01 12:00:00, train_dev to 2024-05-01 11:59:59, dev to 2024-05-01 12:00:00.000001"
    assert found.seen == f"each split begins after the ones before it end: {ends}, test to 2024-05-01 12:00:01"


def test_one_microsecond_too_early_is_an_overlap() -> None:
    rows = table(train=[NOON], dev=[NOON + SECOND + TICK, NOON + SECOND], test=[NOON + 3 * SECOND])
    assert time_overlap(rows, "at", gap=SECOND - TICK).outcome == "pass"
    found = time_overlap(rows, "at", gap=SECOND)
    assert (found.outcome, found.column) == ("fail", "at")
    assert found.seen == "not after the splits before them and the gap of 0:00:01: 1 row of dev"


def test_test_may_overlap_train_where_there_is_no_dev_and_train_dev_counts_as_train() -> None:
    assert time_overlap(table(train_dev=[NOON], test=[NOON - TICK]), "at", gap=timedelta(0)).outcome == "fail"


def test_days_and_zoned_moments_are_compared_as_moments() -> None:
    days = pl.DataFrame({"_split": ["train", "dev"], "at": [date(2024, 5, 1), date(2024, 5, 3)]})
    assert time_overlap(bound(days), "at", gap=timedelta(days=1)).outcome == "pass"
    assert time_overlap(bound(days), "at", gap=timedelta(days=2)).outcome == "fail"
    zoned = days.with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
    assert time_overlap(bound(zoned), "at", gap=timedelta(days=2)).outcome == "fail"


def test_splits_that_are_not_by_time_are_told_as_such() -> None:
    assert no_time_overlap(None, []).seen == "the dataset has no time"
    found = no_time_overlap("at", [{"split": "train", "first_time": "2024-05-01", "last_time": "2024-05-02"}])
    assert (found.outcome, found.column) == ("not_applicable", "at")
    assert found.seen == "rows are not split by time, so that splits share it: train 2024-05-01 to 2024-05-02"


def test_rows_that_come_back_as_train_are_counted_and_the_others_named() -> None:
    rows = table(train=[NOON, NOON - SECOND], train_dev=[NOON + SECOND], dev=[NOON + 9 * SECOND], unused=[NOON])
    tested = [(NOON, NOON + SECOND), (NOON + 5 * SECOND, NOON + 9 * SECOND)]
    found = rolled_rows(rows, "at", tested, n_held=0, is_released=True)
    assert (found.outcome, found.seen) == (
        "warn", "2 rows of times that were dev or test in an earlier version are in train, as `release: true` says",
    )  # fmt: skip
    found = rolled_rows(rows, "at", tested, n_held=0, is_released=False)
    assert (found.outcome, found.seen.rpartition(", ")[2]) == ("fail", "and nothing released them")
    found = rolled_rows(rows, "at", tested[1:], n_held=1, is_released=False)
    assert (found.outcome, found.seen.rpartition("; ")[2]) == (
        "pass", "1 row of times that were dev or test in an earlier version is unused",
    )  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SPLITS), st.integers(0, 40)), min_size=1, max_size=12), st.integers(0, 5))
def test_every_row_that_overlaps_is_counted_and_no_other(rows: list[tuple[str, int]], gap: int) -> None:
    times = {split: [NOON + n * TICK for name, n in rows if name == split] for split in SPLITS}
    found = time_overlap(table(**times), "at", gap=gap * TICK)
    ends = {split: [n for name, n in rows if name == split] for split in SPLITS}
    before = {"dev": ends["train"] + ends["train_dev"], "test": ends["train"] + ends["train_dev"] + ends["dev"]}
    expected = {split: sum(n <= max(before[split], default=-9) + gap for n in ends[split]) for split in before}
    told = {split: int(n) for n, split in re.findall(r"(\d+) rows? of (dev|test)", found.seen)}
    assert told == {split: n for split, n in expected.items() if n}
    assert found.outcome == ("fail" if any(expected.values()) else "pass")
