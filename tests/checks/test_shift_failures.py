"""Where a test of shift breaks, and what mends it: each failure is drawn without its remedy and with it.

`python -m pytest -m slow -s -n0 tests/checks/test_shift_failures.py` prints the table of docs/explanation/shift.md;
GRISTMILL_PAIRS says how many pairs each (300). A remedy is taken away by the constant that makes it; that is all that
differs, so the same pairs are drawn twice.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from checks import family, statistics, units
from checks.domain import N_FOLDS, cross_fitted
from checks.effect import effect_of, total_variation
from checks.report import ShiftReport
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.statistics import studentised
from checks.two_sample_classifier import told_apart
from checks.units import N_BUCKETS, form_units
from checks.watching import ALARM_AT, YEAR, advanced, value_of

TABLES, SIDES, CLASSIFIER = (
    runpy.run_path(str(Path(__file__).with_name(f"{name}.py")))
    for name in ("shift_tables", "sides", "test_two_sample_classifier")
)
draw, cells_for, side_of = TABLES["draw"], SIDES["cells_for"], SIDES["side_of"]
N_PAIRS = int(os.environ.get("GRISTMILL_PAIRS", "300"))
SEED = 20_261_129
QUICK = Question(unit="entity", n_assignments=199)
INFINITE = float("inf")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two sides: tables of arrays, and each row's entity; `dictionary` says which tables the cells come from."""

    tables: tuple[Any, Any]
    entities: tuple[np.ndarray, np.ndarray]
    is_shared: bool = False
    one_dictionary: bool = False


def generator(of: str, number: int) -> np.random.Generator:
    return np.random.default_rng([SEED, *of.encode(), number])


def asked(pair: Pair, drawn: np.random.Generator, seed: str) -> ShiftReport:
    cells = cells_for(*(pair.tables[:1] if pair.one_dictionary else pair.tables))
    n_entities = max(int(e.max()) for e in pair.entities) + 1
    buckets = [drawn.integers(0, N_BUCKETS, n_entities) for _ in range(2)]
    if pair.is_shared:
        buckets[1] = buckets[0]
    sides = [
        side_of(str(i), table, entity, bucket[entity], cells)
        for i, (table, entity, bucket) in enumerate(zip(pair.tables, pair.entities, buckets, strict=True))
    ]
    common = n_entities if pair.is_shared else 0
    return compare_sides(*sides, cells, replace(QUICK, seed=seed, n_common_entities=common))


def is_alarm(report: ShiftReport) -> bool:
    return any(c.p_corrected is not None and c.p_corrected <= 0.05 for c in report.columns)


def two(drawn: np.random.Generator, n: tuple[int, int], each: tuple[int, int], icc: tuple[float, float]) -> Pair:
    tables = tuple(draw(drawn, n[i], each[i], icc[i]) for i in range(2))
    return Pair(tables=tables, entities=(np.repeat(np.arange(n[0]), each[0]), np.repeat(np.arange(n[1]), each[1])))


def shared(drawn: np.random.Generator, each: tuple[int, int], move: float = 0.0) -> Pair:
    """The same 200 entities twice, each with a level of its own in five columns; on the second side all move."""
    level = drawn.normal(0, 3, (200, 5))
    entities = [np.repeat(np.arange(200), k) for k in each]
    moved = [level[of] + drawn.normal(0, 0.3, (len(of), 5)) + i * move for i, of in enumerate(entities)]
    tables = [{f"x{k}": x[:, k] for k in range(5)} for x in moved]
    return Pair(tables=(tables[0], tables[1]), entities=(entities[0], entities[1]), is_shared=True)


def twice(drawn: np.random.Generator, each: tuple[int, int]) -> Pair:
    """200 entities on both sides, so many rows each."""
    table, entity = draw(drawn, 200, sum(each), 0.5), np.repeat(np.arange(200), sum(each))
    is_first = np.tile(np.arange(sum(each)) < each[0], 200)
    tables = [{name: values[of] for name, values in table.items()} for of in (is_first, ~is_first)]
    return Pair(tables=(tables[0], tables[1]), entities=(entity[is_first], entity[~is_first]), is_shared=True)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A way to be wrong.

    Attributes:
        what: In words.
        pair: Draws two sides.
        without: The same two sides without the remedy.
        off: The constants that take the remedy away.
        always: Constants that keep another rule from answering first.
        told: What counts.
        worst: With the remedy the share of `told` is at most that.
        least: Without it, it is at least that.
    """

    what: str
    pair: Callable[[np.random.Generator], Pair]
    without: Callable[[Pair], Pair] = lambda pair: pair
    off: tuple[tuple[Any, str, float], ...] = ()
    always: tuple[tuple[Any, str, float], ...] = ()
    told: Callable[[ShiftReport], bool] = is_alarm
    told_without: Callable[[ShiftReport], bool] = is_alarm
    worst: float = 0.08
    least: float = 0.08


def _days(drawn: np.random.Generator) -> Pair:
    """Random halves of 120 days with a weather of their own."""
    n_days, n_rows = 120, 6_000
    weather = drawn.normal(size=(n_days, 4))
    day = drawn.integers(0, n_days, n_rows)
    x = weather[day] + drawn.normal(size=(n_rows, 4))
    is_first = drawn.permutation(n_days)[day] < n_days // 2
    tables = tuple({f"x{k}": x[of, k] for k in range(4)} for of in (is_first, ~is_first))
    return Pair(tables=(tables[0], tables[1]), entities=(day[is_first], day[~is_first]))


def _by_aircraft(pair: Pair) -> Pair:
    """Each of 900 aircraft flies on any day, and none on both sides."""
    of = [2 * np.random.default_rng(i).integers(0, 450, len(e)) + i for i, e in enumerate(pair.entities)]
    return replace(pair, entities=(of[0], of[1]))


FAILURES = {
    "F1": Failure(
        what="units of unlike sides not merged: 14,000 against 1,000 rows",
        pair=lambda d: two(d, (14_000, 1_000), (1, 1), (0.0, 0.0)),
        off=((units, "MERGED_ABOVE", INFINITE),),
    ),
    "F2": Failure(
        what="levels named after one side alone",
        pair=lambda d: two(d, (2_000, 2_000), (1, 1), (0.0, 0.0)),
        without=lambda pair: replace(pair, one_dictionary=True),
    ),
    "F3": Failure(
        what="rows of an entity alike on one side alone, p for a verdict",
        pair=lambda d: two(d, (300, 300), (20, 20), (0.0, 0.9)),
        told=lambda report: report.is_shifted,
        worst=0.02,
    ),
    "F4": Failure(
        what="cells that hang on few entities: 2,800 x 16 against 200 x 4 rows",
        pair=lambda d: two(d, (2_800, 200), (16, 4), (0.5, 0.5)),
        off=tuple((statistics, name, 0.0) for name in ("FEWEST_ENTITIES", "FEWEST_UNITS", "FEWEST_IN_TAILS")),
    ),
    "F6": Failure(
        what="shared entities with 12 against 2 rows, swapped in pairs",
        pair=lambda d: twice(d, (12, 2)),
        off=((units, "MOST_RATIO", INFINITE),),
    ),
    "F7": Failure(
        what="aircraft exchanged, days sampled",
        pair=_days,
        without=_by_aircraft,
        least=0.9,
    ),
    "F11": Failure(
        what="sums compared without tolerance, 5 entities a side",
        pair=lambda d: two(d, (5, 5), (50, 50), (0.5, 0.5)),
        off=((family, "TIE", 0.0),),
        always=((units, "FEWEST_ASSIGNMENTS_TIMES_ALPHA", 0.0),),
        least=0.0,  # our sums of one assignment are the same bits, wherever it is drawn
    ),
}


def share(found: list[bool]) -> str:
    low, high = stats.binomtest(int(sum(found)), len(found)).proportion_ci()
    return f"{np.mean(found):.3f} ({low:.3f}-{high:.3f})"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_has_its_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = FAILURES[name]
    without, with_it = [], []
    for i in range(N_PAIRS):
        pair = failure.pair(generator(name, i))
        for found, drawn_pair, told, off in (
            (with_it, pair, failure.told, ()),
            (without, failure.without(pair), failure.told_without, failure.off),
        ):
            with monkeypatch.context() as patched:
                for module, constant, value in (*failure.always, *off):
                    patched.setattr(module, constant, value)
                found.append(told(asked(drawn_pair, generator(f"{name} buckets", i), str(i))))
    print(f"\n{name}: {failure.what} | without {share(without)} | with {share(with_it)}", flush=True)
    assert stats.binomtest(sum(with_it), N_PAIRS, failure.worst, alternative="greater").pvalue > 0.01
    assert np.mean(without) >= failure.least


@pytest.mark.slow
def test_shared_entities_are_swapped_in_pairs_or_nothing_is_found() -> None:
    """F5: 200 entities that all move by a tenth of their spread."""
    pairs = [shared(generator("F5", i), (10, 10), move=0.3) for i in range(N_PAIRS)]
    free = [is_alarm(asked(replace(p, is_shared=False), generator("F5b", i), str(i))) for i, p in enumerate(pairs)]
    paired = [is_alarm(asked(p, generator("F5b", i), str(i))) for i, p in enumerate(pairs)]
    print(f"\nF5: found when swapped freely {share(free)} | in pairs {share(paired)}", flush=True)
    assert np.mean(paired) >= 0.95
    assert np.mean(free) <= 0.05


@pytest.mark.slow
def test_scores_of_cross_fitted_classifiers_are_not_exchanged() -> None:
    """F8: their folds know each other, so sums over units vary more than exchanging them shows."""
    two_sides, alike, quick = (CLASSIFIER[name] for name in ("two_sides", "alike", "quick"))
    cross, ahead = [], []
    for i in range(N_PAIRS):
        rows, *sides = two_sides(generator("F8", i), (500, 500), 1, alike(0.0))
        question = Question(unit="row", seed=str(i), n_assignments=199)
        ahead.append(told_apart(rows, *sides, question, quick).classifier.p_value <= 0.05)
        score = cross_fitted(rows, quick)
        rank = np.zeros(len(score))
        for k in range(N_FOLDS):
            of = rows.fold == k
            rank[of] = stats.rankdata(score[of]) / of.sum() - 0.5
        formed = form_units(*sides)
        by_bucket = [np.bincount(rows.bucket[of], rank[of], N_BUCKETS) for of in (~rows.is_second, rows.is_second)]
        z = -studentised(
            formed.sums(*by_bucket)[:, None], formed.sums(sides[0].rows, sides[1].rows),
            formed.assignments(199, str(i)), formed,
        )[:, 0]  # fmt: skip
        cross.append((1 + (z[1:] >= z[0]).sum()) / 200 <= 0.05)
    print(f"\nF8: cross-fitted scores exchanged {share(cross)} | fold after fold {share(ahead)}", flush=True)
    assert stats.binomtest(sum(ahead), N_PAIRS, 0.05, alternative="greater").pvalue > 0.01
    assert stats.binomtest(sum(cross), N_PAIRS, 0.06, alternative="greater").pvalue < 0.05


@pytest.mark.slow
def test_a_bootstrap_of_total_variation_never_covers_no_difference() -> None:
    """F9: it is never below 0, so a sample of a sample lies above what there is."""
    ours, bootstrap = [], []
    for i in range(N_PAIRS):
        drawn = generator("F9", i)
        counts = [drawn.multinomial(4, np.full(10, 0.1), N_BUCKETS).astype(float) for _ in range(2)]
        side = SIDES["Side"](name="s", rows=np.full(256, 4.0), entities=np.full(256, 4.0), counts={})
        formed = form_units(side, side)
        effect = effect_of(formed.sums(*counts), formed.assignments(400, str(i)), formed)
        ours.append(effect.low == 0)
        again = [drawn.multinomial(N_BUCKETS, np.full(N_BUCKETS, 1 / N_BUCKETS), 400) @ c for c in counts]
        bootstrap.append(np.quantile(total_variation(*again), 0.025) <= 0)
    print(f"\nF9: covers 0: bootstrap {share(bootstrap)} | ours {share(ours)}", flush=True)
    assert np.mean(bootstrap) == 0
    assert np.mean(ours) >= 0.93


@pytest.mark.slow
def test_a_reference_of_one_day_alarms_most_years() -> None:
    """F10: each day is like a first day that was itself one draw; 20 columns, 365 looks."""
    n_columns, one_day, all_days = 20, [], []
    for i in range(N_PAIRS):
        drawn = generator("F10", i)
        first, x = drawn.normal(size=n_columns), drawn.normal(size=(YEAR, n_columns))
        before = np.concatenate([drawn.normal(size=(30, n_columns)), x])
        n = np.arange(30, 30 + YEAR)[:, None]
        mean = np.cumsum(before, axis=0)[29:-1] / n
        for found, z in ((one_day, (x - first) / np.sqrt(2)), (all_days, (x - mean) / np.sqrt(1 + 1 / n))):
            state, is_over = np.zeros(n_columns), False
            for day, p in enumerate(2 * special.ndtr(-np.abs(z))):
                state = advanced(state, p)
                is_over |= bool(value_of(state, day + 1) >= ALARM_AT)
            found.append(is_over)
    print(f"\nF10: alarms a year, one day's reference {share(one_day)} | all days before {share(all_days)}", flush=True)
    assert np.mean(one_day) >= 0.5
    assert stats.binomtest(sum(all_days), N_PAIRS, 0.05, alternative="greater").pvalue > 0.01
