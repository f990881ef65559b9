"""A look every day: few false alarms in a year, and how soon a shift is found.

`python -m pytest -m slow -s tests/checks/test_watching.py` prints the table of docs/explanation/shift.md.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy import special, stats

from checks.bins import ordered_cells
from checks.watching import ALARM_AT, YEAR, Judged, Places, advanced, evidence, judge_days, places, value_of

N_COLUMNS = 20
N_BEFORE = 30
NEVER = 10**6


def exact(n_found: int, n: int) -> str:
    """A share with its exact 95 % interval."""
    low = stats.beta.ppf(0.025, n_found, n - n_found + 1) if n_found else 0.0
    high = stats.beta.ppf(0.975, n_found + 1, n - n_found) if n_found < n else 1.0
    return f"{n_found / n:.3f} ({low:.3f}-{high:.3f})"


def first_alarms(p: np.ndarray) -> np.ndarray:
    """By year, the day (from 0) of the first alarm; p values by year, day and column."""
    state, first = np.zeros((len(p), p.shape[2])), np.full(len(p), NEVER)
    for day in range(YEAR):
        state = advanced(state, p[:, day])
        first = np.where((value_of(state, day + 1) >= ALARM_AT) & (first == NEVER), day, first)
    return first


def years_of_p(n: int, shift: float, seed: int) -> np.ndarray:
    """Two-sided p values of normal statistics; the first column is shifted, from the first day on."""
    z = np.random.default_rng(seed).standard_normal((n, YEAR, N_COLUMNS))
    z[:, :, 0] += shift
    return 2 * special.ndtr(-np.abs(z))


def first_alarms_by_rank(n: int, shift: float, onset: int, seed: int) -> np.ndarray:
    """By year, the day of the first alarm when days are ranked; the first column shifts by so many sd of days."""
    drawn, found = np.random.default_rng(seed), np.full(n, NEVER)
    for year in range(n):
        at = drawn.standard_normal((N_BEFORE + YEAR, N_COLUMNS))
        at[N_BEFORE + onset :, 0] += shift
        placed = Places(at=at, floors=np.zeros_like(at), weights=np.ones(N_COLUMNS), starts=np.arange(N_COLUMNS))
        state = np.zeros(N_COLUMNS)
        for day in range(YEAR):
            state = advanced(state, placed.ranks(N_BEFORE + day + 1))
            if value_of(state, day + 1) >= ALARM_AT:
                found[year] = day
                break
    return found


def test_evidence_is_worth_1_on_average_where_nothing_changed() -> None:
    p = np.geomspace(1e-200, 1, 200_000)
    assert np.trapezoid(evidence(p), p) == pytest.approx(1, abs=1e-4)
    assert (np.diff(evidence(p)) < 0).all()


def test_ranks_are_uniform_and_treat_every_day_alike() -> None:
    drawn = np.random.default_rng(3)
    ranks = []
    for _ in range(400):
        at = drawn.standard_cauchy((40, 2))
        placed = Places(at=at, floors=np.zeros_like(at), weights=np.ones(2), starts=np.array([0]))
        ranks.append(placed.ranks(40)[0])
    assert stats.kstest(ranks, "uniform").pvalue > 0.001
    assert min(ranks) >= 1 / 40


def test_days_that_are_alike_tie_and_are_no_alarm() -> None:
    placed = Places(at=np.full((50, 3), 0.7), floors=np.full((50, 3), 0.1), weights=np.ones(3), starts=np.arange(3))
    assert placed.ranks(50).tolist() == [1.0, 1.0, 1.0]


def test_a_quick_year_is_quiet_and_a_shift_is_found_within_days() -> None:
    assert (first_alarms(years_of_p(100, 0.0, 1)) < NEVER).sum() <= 5
    assert np.median(first_alarms(years_of_p(30, 3.0, 2))) <= 5


def test_evidence_is_bounded_whatever_happens() -> None:
    state = np.zeros(1)
    for _ in range(YEAR):
        state = advanced(state, np.array([1e-4]))
    assert np.isfinite(state).all()


def test_a_year_of_watching_ends_and_the_next_begins_with_nothing() -> None:
    drawn = np.random.default_rng(5)
    cells = [ordered_cells("x", "float64", "numeric", drawn.normal(size=500), has_precision=False)]
    counts = {"x": drawn.multinomial(100, np.full(cells[0].n_cells, 1 / cells[0].n_cells), 500).astype(float)}
    days = [date(2024, 1, 1) + timedelta(i) for i in range(500)]
    judged = judge_days(days, counts, cells, first=0)
    assert [one.number for one in judged] == [*range(1, 366), *range(1, 106)]
    again = judge_days(days, counts, cells, first=450, last=judged[419])
    assert [(one.day, one.number, one.state) for one in again] == [
        (one.day, one.number, one.state) for one in judged[420:]
    ]


def test_the_leading_columns_are_as_few_as_hold_the_evidence() -> None:
    one = Judged(day=date(2024, 1, 1), number=1, value=30, state={"a": 1.0, "b": 500.0, "c": 90.0})
    assert one.leading(3) == ["b", "c"]
    assert one.leading(1) == ["b"]


@pytest.mark.parametrize(("column", "change"), [("spread", 1.6), ("place", 0.5), ("missing", 0.1)])
def test_a_day_that_differs_lies_far_out(column: str, change: float) -> None:
    drawn = np.random.default_rng(7)
    values = drawn.normal(size=(60, 400))
    if column == "spread":
        values[-1] *= change
    if column == "place":
        values[-1] += change
    cells = ordered_cells("x", "float64", "numeric", values.ravel(), has_precision=False)
    counts = np.array([np.append(np.histogram(v, [-np.inf, *cells.edges])[0], 0) for v in values]).astype(float)
    if column == "missing":
        counts[-1, -1] = change * 400
    assert places({"x": counts}, [cells]).ranks(60)[0] == 1 / 60


@pytest.mark.slow
def test_false_alarms_are_rare_in_a_thousand_years_and_delays_are_those_of_the_docs() -> None:
    print("\nsd of days | alarms in a year, median day | Bonferroni | by rank (shift from day 183)")
    for shift in (0, 1, 2, 3, 5):
        p = years_of_p(1_000, shift, 10 + shift)
        found = first_alarms(p)
        daily = p.min(axis=2) <= 0.05 / (YEAR * N_COLUMNS)
        bonferroni = np.where(daily.any(axis=1), daily.argmax(axis=1), NEVER)
        ranked = first_alarms_by_rank(300, shift, 183, 20 + shift)
        after = ranked - 183 * (shift > 0)
        n_found = int(((after >= 0) & (ranked < NEVER)).sum())
        print(
            f"{shift} | {exact(int((found < NEVER).sum()), 1_000)}, {np.median(found):g}"
            f" | {exact(int((bonferroni < NEVER).sum()), 1_000)}, {np.median(bonferroni):g}"
            f" | {exact(n_found, 300)}, {np.median(after[after >= 0]) if n_found else NEVER:g}",
            flush=True,
        )
        if not shift:
            for alarms, n in ((found, 1_000), (ranked, 300)):
                assert stats.binomtest(int((alarms < NEVER).sum()), n, 0.05, alternative="greater").pvalue > 0.01
                assert (alarms < NEVER).mean() <= 0.05
        if shift >= 2:
            assert np.median(found) < min(np.median(bonferroni) + 2, 12)


@pytest.mark.slow
def test_a_thousand_looks_keep_the_rate_of_one_year() -> None:
    n, looks = 1_000, 1_000
    drawn, state = np.random.default_rng(40), np.zeros((n, N_COLUMNS))
    has_alarmed = np.zeros(n, dtype=bool)
    for look in range(looks):
        number = look % YEAR + 1
        if number == 1:
            state[:] = 0
        state = advanced(state, 2 * special.ndtr(-np.abs(drawn.standard_normal((n, N_COLUMNS)))))
        has_alarmed |= value_of(state, number) >= ALARM_AT
    print(f"\n{looks} looks: {exact(int(has_alarmed.sum()), n)} of {n} alarm", flush=True)
    assert has_alarmed.mean() <= 0.05
