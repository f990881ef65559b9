"""Null pairs: two sides of one process, so every alarm is false. And power: one column or pair that did change.

`python -m pytest -m slow -s -p no:xdist tests/checks/test_shift_validity.py` prints the tables of
docs/explanation/shift.md; GRISTMILL_PAIRS says how many pairs a cell (1,000; a fifth where a side has 30,000 rows). CI
draws few of one cell.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from checks.report import ShiftReport
from checks.shift import compare_sides
from checks.shift_question import Question

TABLES = runpy.run_path(str(Path(__file__).with_name("shift_tables.py")))
SIDES = runpy.run_path(str(Path(__file__).with_name("sides.py")))
draw, scored, by_rows = (TABLES[n] for n in ("draw", "scored", "by_rows"))
cells_for, side_of = SIDES["cells_for"], SIDES["side_of"]
TARGET = TABLES["TARGET"]
N_PAIRS = int(os.environ.get("GRISTMILL_PAIRS", "1000"))
SEED = 20_261_128
N_ASSIGNMENTS = 199
# What the upper bound of the alarms at .05 may be.
MOST = 0.08
N_LARGE = 30_000  # pairs of tables above it are drawn less often


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A kind of null pair.

    Attributes:
        n: Entities of each side.
        each: Rows of each entity, by side.
        icc: The share of the variance that is an entity's own.
        shared: The share of entities that are on both sides.
        zipf: Entities have from 1 to `each` rows, few have many.
    """

    n: tuple[int, int]
    each: tuple[int, int] = (1, 1)
    icc: float = 0.0
    shared: float = 0.0
    zipf: bool = False

    @property
    def n_rows(self) -> int:
        """About how many rows the larger side has."""
        return max(n * each for n, each in zip(self.n, self.each, strict=True))


CELLS = {
    "rows, 1,000 a side": Cell(n=(1_000, 1_000)),
    "rows, 10,000 a side": Cell(n=(10_000, 10_000)),
    "200 entities x 50 rows, ICC .5": Cell(n=(200, 200), each=(50, 50), icc=0.5),
    "200 entities x 50 rows, ICC .1": Cell(n=(200, 200), each=(50, 50), icc=0.1),
    "200 entities x 50 rows, ICC 1": Cell(n=(200, 200), each=(50, 50), icc=1.0),
    "300 entities of Zipf sizes, ICC .5": Cell(n=(300, 300), each=(100, 100), icc=0.5, zipf=True),
    "5 entities a side": Cell(n=(5, 5), each=(50, 50), icc=0.5),
    "10 entities a side": Cell(n=(10, 10), each=(50, 50), icc=0.5),
    "20 entities a side": Cell(n=(20, 20), each=(50, 50), icc=0.5),
    "100 entities a side": Cell(n=(100, 100), each=(20, 20), icc=0.5),
    "2,800 against 200 entities, ICC .5": Cell(n=(2_800, 200), each=(5, 5), icc=0.5),
    "280 against 20 entities": Cell(n=(280, 20), each=(10, 10), icc=0.5),
    "14,000 against 1,000 rows": Cell(n=(14_000, 1_000)),
    "120 against 6 entities": Cell(n=(120, 6), each=(20, 20), icc=0.5),
    "10 against 40 rows an entity": Cell(n=(150, 150), each=(10, 40), icc=0.5),
    "2,800 x 4 against 200 x 16 rows": Cell(n=(2_800, 200), each=(4, 16), icc=0.5),
    "2,800 x 16 against 200 x 4 rows": Cell(n=(2_800, 200), each=(16, 4), icc=0.5),
    "paired, the same entities": Cell(n=(200, 200), each=(20, 20), icc=0.5, shared=1.0),
    "paired, half of the entities": Cell(n=(200, 200), each=(20, 20), icc=0.5, shared=0.5),
    "2,800 x 4 against 200 x 1 rows": Cell(n=(2_800, 200), each=(4, 1)),
    "2,800 x 4 against 200 x 1, ICC .5": Cell(n=(2_800, 200), each=(4, 1), icc=0.5),
    "1,000 x 4 against 1,000 x 1, ICC .5": Cell(n=(1_000, 1_000), each=(4, 1), icc=0.5),
}


def null_pair(cell: Cell, number: int) -> tuple[Any, Any, list[np.ndarray]]:
    """Two tables of one process, their entities and their buckets."""
    drawn = np.random.default_rng([SEED, list(CELLS.values()).index(cell), number])
    n_common = round(cell.shared * min(cell.n))
    n_all = sum(cell.n) - n_common
    sizes = [np.full(n, each) for n, each in zip(cell.n, cell.each, strict=True)]
    if cell.zipf:
        sizes = [np.maximum(1, cell.each[0] // drawn.permutation(np.arange(1, n + 1))) for n in cell.n]
    who = [np.arange(cell.n[0]), np.arange(n_all - cell.n[1], n_all)]
    entities = [np.repeat(w, size) for w, size in zip(who, sizes, strict=True)]
    bucket = drawn.integers(0, 256, n_all)
    rows = draw(drawn, n_all, np.bincount(np.concatenate(entities), minlength=n_all), cell.icc)
    owner = np.repeat(np.arange(n_all), np.bincount(np.concatenate(entities), minlength=n_all))
    is_first = _first_rows(owner, np.bincount(entities[0], minlength=n_all))
    tables = [{name: values[of] for name, values in rows.items()} for of in (is_first, ~is_first)]
    return tables, [owner[is_first], owner[~is_first]], [bucket[owner[is_first]], bucket[owner[~is_first]]]


def _first_rows(owner: np.ndarray, n_first: np.ndarray) -> np.ndarray:
    """The first rows of each entity go to the first side: as many as it has there."""
    nth = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return np.asarray(nth < n_first[owner])


def asked(tables: Any, entities: Any, buckets: Any, *, seed: str, in_time: bool = False, **of: Any) -> ShiftReport:
    cells = cells_for(*tables, has_precision=True)
    sides = [side_of(str(i), tables[i], entities[i], buckets[i], cells) for i in range(2)]
    question = Question(
        unit="entity",
        seed=seed,
        n_assignments=N_ASSIGNMENTS,
        target=TARGET,
        n_common_entities=len(np.intersect1d(*entities)),
    )
    is_paired = bool(np.intersect1d(*entities).size)
    scores = partial(scored, tables, buckets, cells, sides, in_time=in_time, is_paired=is_paired)
    return compare_sides(*sides, cells, replace(question, **of), scores)


def least_p(report: ShiftReport) -> float:
    told = [c.p_corrected for c in report.columns if c.p_corrected is not None]
    return min([1.0, *told, *(pair.p_corrected for pair in report.pairs)])


def interval(found: int, n: int) -> tuple[float, float]:
    exact = stats.binomtest(found, n).proportion_ci()
    return float(exact.low), float(exact.high)


def shown(found: int, n: int) -> str:
    low, high = interval(found, n)
    return f"{found / n:.3f} ({low:.3f}-{high:.3f})"


def test_two_sides_of_one_process_alarm_no_more_often_than_they_may() -> None:
    """25 pairs: it fails from 5 alarms on, which a rate of .365 (F4 without its remedy) gives in 98 of 100 tests."""
    n, cell = 25, CELLS["20 entities a side"]
    p = [least_p(asked(*null_pair(cell, i), seed=str(i), n_assignments=99)) for i in range(n)]
    alarms = sum(value <= 0.05 for value in p)
    assert stats.binomtest(alarms, n, 0.05, alternative="greater").pvalue > 0.01


@pytest.mark.slow
def test_null_pairs_of_every_kind_hold_the_nominal_level() -> None:
    pooled = np.zeros(2)
    print(f"\n{'null pair':<38} {'pairs':>6}  at .05                  at .03    shifted  by rows")
    for name, cell in CELLS.items():
        n = N_PAIRS if cell.n_rows < N_LARGE else max(N_PAIRS // 5, 1)
        p, n_shifted, n_by_rows, n_asked = [], 0, 0, min(n, 100)
        for i in range(n):
            tables, entities, buckets = null_pair(cell, i)
            report = asked(tables, entities, buckets, seed=f"{name} {i}")
            p.append(least_p(report))
            n_shifted += report.is_shifted
            n_by_rows += i < n_asked and by_rows(*tables)
        at_05, at_03 = (sum(value <= alpha for value in p) for alpha in (0.05, 0.03))
        pooled += (at_05, n)
        rows = f"{n_by_rows} of {n_asked}"
        print(f"{name:<38} {n:>6}  {shown(at_05, n):<22}  {at_03 / n:.3f}  {n_shifted:>7}  {rows}", flush=True)
        assert interval(at_05, n)[0] <= 0.05, name
        if n >= 1_000:
            assert interval(at_05, n)[1] <= MOST, name
        # Of 200 pairs the upper bound says little: no more alarms than the rate of a cell that holds gives by chance.
        assert stats.binomtest(at_05, n, MOST - 0.02, alternative="greater").pvalue > 1e-3, name
    print(f"{'pooled':<38} {int(pooled[1]):>6}  {shown(int(pooled[0]), int(pooled[1]))}")
    if pooled[1] >= 10_000:
        assert interval(int(pooled[0]), int(pooled[1]))[1] <= 0.055


# What became of the second table: one thing, the rest is drawn anew.
Change = Callable[[np.random.Generator, dict[str, np.ndarray]], dict[str, np.ndarray]]


def _some(drawn: np.random.Generator, table: dict[str, np.ndarray], share: float) -> np.ndarray:
    return drawn.random(len(table[TARGET])) < share


def _levels(drawn: np.random.Generator, table: dict[str, np.ndarray], name: str, points: float) -> np.ndarray:
    """Five points of the commonest level become the second."""
    values = table[name].copy()
    first = np.flatnonzero(values == 0)
    values[drawn.choice(first, min(len(first), round(points * len(values))), replace=False)] = 1
    return values


MARGINS: dict[str, Change] = {
    "mean + .1 sd": lambda _, t: {"plain": t["plain"] + 0.1},
    "sd x 1.2": lambda _, t: {"plain": t["plain"] * 1.2},
    "5 points of 10 levels": lambda d, t: {"c10": _levels(d, t, "c10", 0.05)},
    "label 30 -> 35 %": lambda d, t: {TARGET: np.where((t[TARGET] == 0) & _some(d, t, 0.0714), 1, t[TARGET])},
    "new level 1 %": lambda d, t: {"c10": np.where(_some(d, t, 0.01), 10, t["c10"])},
    "nulls 5 -> 10 %": lambda d, t: {"gaps": np.where(_some(d, t, 0.0526), np.nan, t["gaps"])},
}
TREND = "a trend within the window, .1"
OTHERS: dict[str, Change] = {
    "correlation .8 -> 0": lambda d, t: {"twin": d.permutation(t["twin"])},
    "target decoupled": lambda d, t: {TARGET: d.permutation(t[TARGET])},
    "rounded to .1": lambda _, t: {"plain": np.round(t["plain"], 1)},
    "miles to km in 10 %": lambda d, t: {"age": np.where(_some(d, t, 0.1), 1.609 * t["age"], t["age"])},
    "1 % x 60": lambda d, t: {"plain": np.where(_some(d, t, 0.01), 60 * t["plain"], t["plain"])},
    "two columns swapped in 3 %": lambda d, t: _swapped(t, _some(d, t, 0.03)),
    TREND: lambda _, t: {"plain": _rising(t["plain"], 0.1)},
}


def _rising(values: np.ndarray, r: float) -> np.ndarray:
    """Values of the same distribution that have the correlation `r` with the order of the rows."""
    order = ndtri((np.arange(len(values)) + 0.5) / len(values))
    return np.asarray(np.sqrt(1 - r**2) * values + r * order)


def _swapped(table: dict[str, np.ndarray], these: np.ndarray) -> dict[str, np.ndarray]:
    one, two = table["age"], table["uniform"]
    return {"age": np.where(these, two, one), "uniform": np.where(these, one, two)}


def changed_pair(change: Change, n: int, number: int) -> tuple[Any, Any, Any]:
    drawn = np.random.default_rng([SEED, 1_000, n, number])
    tables = [draw(drawn, n, 1, 0.0) for _ in range(2)]
    tables[1] |= change(drawn, tables[1])
    buckets = [drawn.integers(0, 256, n) for _ in range(2)]
    return tables, [np.arange(n), n + np.arange(n)], buckets


def _found(change: Change, n: int, n_pairs: int) -> np.ndarray:
    """Of each pair whether we alarm, whether tests of rows do."""
    found, in_time = [], change is OTHERS[TREND]
    for i in range(n_pairs):
        tables, entities, buckets = changed_pair(change, n, i)
        told = asked(tables, entities, buckets, seed=str(i), n_assignments=399, in_time=in_time)
        found.append((least_p(told) <= 0.05, by_rows(*tables)))
    return np.array(found)


@pytest.mark.parametrize("name", OTHERS)
def test_of_ten_thousand_rows_each_change_is_found(name: str) -> None:
    assert _found(OTHERS[name], 10_000, 1)[0, 0]


@pytest.mark.slow
def test_power_on_the_ground_of_row_tests_is_theirs_at_a_thousand_rows() -> None:
    n = min(N_PAIRS, 400)
    print(f"\n{'n = 1,000':<28} {'ours':>6} {'by rows':>8}   ours alone : rows alone")
    for name, change in MARGINS.items():
        found = _found(change, 1_000, n)
        ours, rows = (int((found[:, i] & ~found[:, 1 - i]).sum()) for i in (0, 1))
        print(f"{name:<28} {found[:, 0].mean():>6.3f} {found[:, 1].mean():>8.3f}   {ours} : {rows}", flush=True)
        assert stats.binomtest(rows, max(ours + rows, 1), 0.5, alternative="greater").pvalue > 0.01, name


@pytest.mark.slow
def test_of_ten_thousand_rows_at_least_95_percent_of_changes_are_found() -> None:
    n = max(N_PAIRS // 10, 20)
    print(f"\n{'n = 10,000':<28} {'ours':>6} {'by rows':>8}")
    for name, change in (MARGINS | OTHERS).items():
        found = _found(change, 10_000, n)
        print(f"{name:<28} {found[:, 0].mean():>6.3f} {found[:, 1].mean():>8.3f}", flush=True)
        assert found[:, 0].mean() >= 0.95, name
