"""Rows without an entity or a day: told, and a shift where there are more of them than before."""

from __future__ import annotations

from datetime import date, timedelta

import gristmill as gm
import numpy as np
import polars as pl
import pytest

from checks.without_unit import difference


def made(seed: int, share: float, n: int = 900, first_day: int = 0) -> pl.DataFrame:
    drawn = np.random.default_rng(seed)
    days = [date(2024, 1, 1) + timedelta(days=int(d) + first_day) for d in drawn.integers(0, 60, n)]
    lost = drawn.random(n) < share
    return pl.DataFrame(
        {
            "x": drawn.normal(size=n),
            "who": [None if is_lost else float(w) for is_lost, w in zip(lost, drawn.integers(0, 90, n), strict=True)],
            "day": [None if is_lost else d for is_lost, d in zip(lost, days, strict=True)],
        }
    )


@pytest.mark.parametrize("unit", [{"entity": "who"}, {"time": "day"}])
def test_rows_without_a_unit_are_told(unit: dict[str, str]) -> None:
    (name,) = unit.values()
    one, two = made(1, 0.02), made(2, 0.02)
    lost = [frame[name].null_count() for frame in (one, two)]
    report = gm.compare(one, two, **unit)
    assert not report.is_shifted
    assert (report.n_reference, report.n_current) == (900 - lost[0], 900 - lost[1])
    assert report.note == (
        f"no {name} in {lost[0]} of 900 rows of reference and {lost[1]} of 900 rows of current:"
        " they are of no unit and were not compared"
    )
    assert report.findings[0].seen.endswith(report.note)
    assert gm.compare(made(1, 0.0), made(2, 0.0), **unit).note == ""


@pytest.mark.parametrize("unit", [{"entity": "who"}, {"time": "day"}])
def test_more_rows_without_a_unit_than_before_are_a_shift(unit: dict[str, str]) -> None:
    (name,) = unit.values()
    one, two = made(1, 0.02), made(2, 0.2)
    forth, back = gm.compare(one, two, **unit), gm.compare(two, one, **unit)
    for report, sign in ((forth, 1), (back, -1)):
        (finding,) = report.findings
        assert (finding.outcome, finding.column) == ("warn", name)
        (found,) = report.shifted
        assert (found.statistic, found.unit) == ("missing", "row")
        assert found.changes[0].value == pytest.approx(sign * (two[name].null_count() - one[name].null_count()) / 900)
    assert forth.shifted[0].p_corrected == back.shifted[0].p_corrected
    assert len([c for c in forth.columns if c.column == name]) == 1


def test_nan_is_no_entity_and_of_several_columns_all_must_lack() -> None:
    frame = made(1, 0.1).with_columns(pl.col("who").fill_null(float("nan")), shop=pl.lit(None, pl.Int64))
    assert "no who in" in gm.compare(frame, frame, entity="who").note
    lost = int(frame["who"].is_nan().sum())
    assert f"{lost} of 900 rows of reference" in gm.compare(frame, frame, entity=["who", "shop"]).note
    assert gm.compare(frame, frame.with_columns(shop=1), entity=["who", "shop"]).note.startswith(
        f"no who, shop in {lost} of"
    )


def test_a_side_whose_rows_all_lack_the_entity_is_said_to() -> None:
    report = gm.compare(made(1, 0.0), made(2, 1.0), entity="who")
    assert report.note.startswith("the current side has no row; no who in 900 of 900 rows of current")
    assert [c.column for c in report.shifted] == ["who"]


def test_rows_without_a_day_are_told_where_the_entity_is_the_unit() -> None:
    one, two = made(1, 0.0), made(2, 0.05, first_day=100).with_columns(who=pl.col("who").fill_null(5.0) + 1_000)
    report = gm.compare(one, two, entity="who", time="day")
    assert report.n_current == 900
    assert "rows of current: they may be of any day" in report.note


def test_the_interval_of_a_difference_holds_the_truth() -> None:
    """Exactly, over all outcomes of 60 and 40 rows of which 10 % and 30 % lack it."""
    from scipy.stats import binom

    held = 0.0
    for k in range(20):
        for m in range(31):
            found = difference((k, m), (60, 40))
            weight = binom.pmf(k, 60, 0.1) * binom.pmf(m, 40, 0.3)
            held += weight * (found.low <= 0.2 <= found.high)
    assert held >= 0.95
    assert difference((0, 5), (20, 20)).p_value == pytest.approx(0.0471, abs=1e-3)
