"""How large the change is that an alarm of the watch speaks of, and what is said of a small one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from checks.bins import level_cells
from checks.column_shift import ColumnShift
from checks.day_counts import DayCounts
from checks.finding import Finding
from checks.report import ShiftReport
from checks.watch_report import continuing, with_days_to_come
from checks.watch_size import Size, size_of
from checks.watching import Judged, judge_days

CELLS = [level_cells("kind", "string", "category", {"a": 9, "b": 1}), level_cells("c", "string", "category", {"x": 1})]
N_BEFORE = 60


def watched(shares: list[float], n_rows: int, spread: float = 0.0) -> tuple[DayCounts, list[Judged]]:
    """Days of which the first 60 are like each other, with such shares of `b` on the days after them."""
    drawn = np.random.default_rng(3)
    share = np.array([0.1] * N_BEFORE + shares) + drawn.normal(0, spread, N_BEFORE + len(shares))
    b = drawn.binomial(n_rows, np.clip(share, 0.01, 0.99))
    days = tuple(date(2024, 1, 1) + timedelta(days=i) for i in range(len(share)))
    none = np.zeros(len(b))
    counts = {"kind": np.column_stack([n_rows - b, b, none, none]), "c": np.column_stack([none + n_rows, none, none])}
    counted = DayCounts(days=days, rows=np.full(len(days), float(n_rows)), counts=counts)
    return counted, judge_days(days, counts, CELLS, first=30)


def said(counted: DayCounts, judged: list[Judged]) -> tuple[Size | None, Finding]:
    size = size_of(counted, CELLS, judged)
    return size, continuing(judged, judged[-1:], late=(), window=None, size=size, tolerance=0.02)


def test_an_alarm_of_a_change_below_the_tolerance_is_told_and_passes() -> None:
    size, finding = said(*watched([0.105] * 25, n_rows=200_000))
    assert size is not None
    assert 0.004 < size.at_most < 0.008
    assert finding.outcome == "pass"
    assert finding.seen.startswith("alarm since 2024-")
    assert "the change is at most 0.007, below the tolerance of 0.02" in finding.seen


def test_a_small_change_warns_all_the_same_where_the_last_weeks_are_far_from_the_reference() -> None:
    counted, judged = watched([0.105] * 25, n_rows=200_000)
    column = ColumnShift(column="kind", verdict="shifted", effect=0.1, low=0.05, high=0.15, excesses=(), changes=())
    window = ShiftReport(
        reference="before",
        current="the last 28 days",
        declared=False,
        unit="day",
        n_reference=9,
        n_current=9,
        columns=(column,),
    )
    size = size_of(counted, CELLS, judged)
    finding = continuing(judged, judged[-1:], late=(), window=window, size=size, tolerance=0.02)
    assert finding.outcome == "warn"
    assert "the last 28 days against before: shifted: kind" in finding.seen


def test_a_break_has_its_whole_size() -> None:
    size, finding = said(*watched([0.4] * 14, n_rows=20_000))
    assert size is not None
    assert size.column == "kind"
    assert size.at_least == pytest.approx(0.3, abs=0.02)
    assert size.at_most == pytest.approx(0.3, abs=0.01)
    assert finding.outcome == "warn"


def test_what_earlier_weeks_had_too_is_surely_nothing() -> None:
    counted, judged = watched([0.4] * 10 + [0.1] * 30 + [0.4] * 10, n_rows=20_000)
    since = [one if i < len(judged) - 10 else replace(one, value=30.0) for i, one in enumerate(judged)]
    size = size_of(counted, CELLS, since)
    assert size is not None
    assert size.at_least < 0.02
    assert size.at_most > 0.2


def test_days_without_an_alarm_have_no_size() -> None:
    counted, judged = watched([0.1] * 20, n_rows=20_000)
    assert size_of(counted, CELLS, judged) is None
    assert size_of(counted, CELLS, []) is None


def test_a_break_that_is_over_keeps_its_size() -> None:
    counted, judged = watched([0.4] * 12 + [0.1] * 20, n_rows=20_000)
    size = size_of(counted, CELLS, judged)
    assert size is not None
    assert size.at_least > 0.25
    assert size.at_most > 0.29


def test_fewer_rows_a_day_are_no_change() -> None:
    for seed in range(3):
        drawn = np.random.default_rng(seed)
        n_rows = np.array([2_000] * 80 + [40] * 60)
        b = drawn.binomial(n_rows, 0.1)
        none = np.zeros(len(b))
        counts = {"kind": np.column_stack([n_rows - b, b, none, none]), "c": np.column_stack([n_rows, none, none])}
        days = tuple(date(2024, 1, 1) + timedelta(days=i) for i in range(len(b)))
        judged = judge_days(days, counts, CELLS, first=30)
        assert not any(one.is_alarm for one in judged)


def test_a_column_of_which_most_is_gone_warns_before_ranks_can() -> None:
    column = ColumnShift(column="kind", verdict="shifted", effect=1.0, low=0.9, high=1.0)
    sides = {"reference": "before", "current": "the last 28 days", "n_reference": 9, "n_current": 9}
    window = ShiftReport(declared=False, unit="day", columns=(column,), **sides)
    _counted, judged = watched([0.1] * 20, n_rows=20_000)
    finding = continuing(judged, judged[-1:], late=(), window=window, size=None, tolerance=0.02)
    assert finding.outcome == "warn"
    milder = replace(window, columns=(replace(column, effect=0.4, low=0.3),))
    assert continuing(judged, judged[-1:], late=(), window=milder, size=None, tolerance=0.02).outcome == "pass"


def test_a_day_that_is_still_to_come_warns_as_no_day_before_it_is_judged() -> None:
    quiet = Finding(code="WATCH1", outcome="pass", seen="no new day")
    today = date(2026, 11, 28)
    assert with_days_to_come(quiet, date(2026, 11, 29), today) == quiet
    warned = with_days_to_come(quiet, date(2125, 6, 1), today)
    assert warned.outcome == "warn"
    assert "the last day is 2125-06-01, still to come" in warned.seen
    assert "Correct such days at the source" in warned.advice
