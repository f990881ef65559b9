"""Intervals of effects cover them, a true effect below the tolerance is silent at any size, and `same` is reached.

`python -m pytest -m slow -s -n0 tests/checks/test_shift_intervals.py` prints the tables of docs/explanation/shift.md.
"""

from __future__ import annotations

import runpy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from checks.bins import level_cells
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.units import N_BUCKETS, Side

TABLES, SIDES = (runpy.run_path(str(Path(__file__).with_name(f"{name}.py"))) for name in ("shift_tables", "sides"))
draw, scored, cells_for, side_of = TABLES["draw"], TABLES["scored"], SIDES["cells_for"], SIDES["side_of"]
SEED = 20_261_130
N_RUNS = 400
LEAST = 0.93
QUESTION = Question(unit="entity", n_assignments=199)
EDGES = stats.norm.ppf(np.arange(1, 10) / 10)

# Entities a side, rows of each, how much of the variance is an entity's own.
SHAPES = {"1,000 rows": (1_000, 1, 0.0), "10,000 rows": (10_000, 1, 0.0), "200 entities x 20": (200, 20, 0.5)}


def table(drawn: np.random.Generator, shape: str, move: float, r: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Ten levels and a number that moved by `move`, what is missing of another, and two numbers of correlation `r`."""
    n, each, icc = SHAPES[shape]
    entity = np.repeat(np.arange(n), each)
    z = np.sqrt(icc) * drawn.normal(size=(n, 4))[entity] + np.sqrt(1 - icc) * drawn.normal(size=(n * each, 4))
    rows = {
        "level": np.searchsorted(EDGES, z[:, 0] + move).astype(str),
        "number": z[:, 1] + move,
        "gaps": np.where(stats.norm.cdf(z[:, 2]) < 0.1 + move / 5, np.nan, z[:, 3]),
        "one": z[:, 2],
        "two": r * z[:, 2] + np.sqrt(1 - r**2) * z[:, 3],
    }
    return rows, entity


def moments_of(values: np.ndarray, bucket: np.ndarray) -> np.ndarray:
    there = np.isfinite(values)
    kept = (np.ones(there.sum()), values[there], values[there] ** 2)
    return np.stack([np.bincount(bucket[there], v, N_BUCKETS) for v in kept], axis=1)


def correlation_of_scores(r: float) -> float:
    """Of a table so large that chance does not count: scores are of cells, so it is a little less than `r`."""
    drawn = np.random.default_rng([SEED, round(100 * r)])
    n = 2_000_000
    one = drawn.normal(size=n)
    two = r * one + np.sqrt(1 - r**2) * drawn.normal(size=n)
    edges = stats.norm.ppf(np.sort([*(np.arange(1, 32) / 32), 0.002, 0.01, 0.99, 0.998]))
    middle = stats.norm.ppf((np.append(stats.norm.cdf(edges), 1) + np.append(0, stats.norm.cdf(edges))) / 2)
    scores = [middle[np.searchsorted(edges, x)] for x in (one, two)]
    return float(stats.pearsonr(*scores).statistic)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("move", [0.0, 0.05, 0.3])
def test_intervals_of_every_kind_cover(shape: str, move: float) -> None:
    at = np.append(np.append(-np.inf, EDGES), np.inf)
    truth = {
        "total variation": float(np.abs(np.diff(stats.norm.cdf(at)) - np.diff(stats.norm.cdf(at - move))).sum() / 2),
        "mean, in sd": move / np.sqrt(1 + move**2 / 4),
        "share missing": move / 5,
        "correlation": abs(correlation_of_scores(0.5 + move) - correlation_of_scores(0.5)),
    }
    covered: dict[str, list[bool]] = {name: [] for name in truth}
    for i in range(N_RUNS):
        drawn = np.random.default_rng([SEED, list(SHAPES).index(shape), round(100 * move), i])
        tables, entities = zip(*(table(drawn, shape, m, 0.5 + m) for m in (0.0, move)), strict=True)
        buckets = [drawn.integers(0, N_BUCKETS, entity.max() + 1)[entity] for entity in entities]
        cells = cells_for(*tables)
        sides = [
            replace(
                side_of(str(k), tables[k], entities[k], buckets[k], cells),
                moments={"number": moments_of(tables[k]["number"], buckets[k])},
            )
            for k in range(2)
        ]
        question = replace(QUESTION, seed=str(i))
        products = scored(tables, buckets, cells, sides)
        report = compare_sides(*sides, cells, question, partial(lambda of: of, products))
        told = {column.column: column for column in report.columns}
        covered["total variation"].append(told["level"].low <= truth["total variation"] <= told["level"].high)
        for column, what in (("number", "mean, in sd"), ("gaps", "share missing")):
            change = next(c for c in told[column].changes if c.what == what)
            covered[what].append(abs(change.value - truth[what]) <= change.margin)
        pair = next(p for p in report.pairs if {p.first, p.second} == {"one", "two"})
        covered["correlation"].append(pair.low <= truth["correlation"] <= pair.high)
    shown = " | ".join(f"{name} {truth[name]:.3f}: {np.mean(found):.3f}" for name, found in covered.items())
    print(f"\n{shape}, moved by {move}: {shown}", flush=True)
    for name, found in covered.items():
        assert stats.binomtest(sum(found), N_RUNS, LEAST, alternative="less").pvalue > 0.01, name


def large(drawn: np.random.Generator, name: str, shares: list[np.ndarray]) -> Side:
    """Ten million rows in 256 buckets, by column as many of each level as its shares say."""
    rows = drawn.multinomial(10_000_000, np.full(N_BUCKETS, 1 / N_BUCKETS))
    counts = {f"c{k}": np.stack([drawn.multinomial(n, share) for n in rows]) for k, share in enumerate(shares)}
    with_missing = {column: np.append(c, np.zeros((N_BUCKETS, 1)), axis=1) for column, c in counts.items()}
    return Side(name=name, rows=rows.astype(float), entities=rows.astype(float), counts=with_missing)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("move", "verdicts"), [(0.005, {"same"}), (0.045, {"same"}), (0.05, {"cannot_tell"}), (0.08, {"shifted"})]
)
def test_at_ten_million_rows_the_tolerance_decides(move: float, verdicts: set[str]) -> None:
    """A difference exists in each, by p; with a tolerance of .05 only the last is an alarm."""
    cells = [
        level_cells(f"c{k}", "string", "category", {str(level): 1_000_000 for level in range(10)}) for k in range(20)
    ]
    even = np.full(10, 0.1)
    moved = even + np.append([move, -move], np.zeros(8))
    told, most_p = [], 0.0
    for i in range(20):
        drawn = np.random.default_rng([SEED, round(1_000 * move), i])
        sides = large(drawn, "one", [even] * 20), large(drawn, "two", [moved] * 20)
        report = compare_sides(*sides, cells, replace(QUESTION, seed=str(i), tolerance=0.05))
        told += [column.verdict for column in report.columns]
        most_p = max(most_p, *(column.p_corrected for column in report.columns))
    counted = {verdict: told.count(verdict) for verdict in sorted(set(told))}
    print(f"\ntotal variation {move}: {counted} of {len(told)}, p at most {most_p:.4f}", flush=True)
    assert set(told) == verdicts
    assert most_p <= 0.05


@pytest.mark.slow
def test_verdict_same_is_reached_from_a_few_thousand_rows() -> None:
    print()
    told = {}
    for n in (1_000, 2_500, 5_000, 10_000):
        same, asked = 0, 0
        for i in range(40):
            drawn = np.random.default_rng([SEED, n, i])
            tables = [draw(drawn, n, 1, 0.0) for _ in range(2)]
            cells = cells_for(*tables)
            buckets = [drawn.integers(0, N_BUCKETS, n) for _ in range(2)]
            sides = [side_of(str(k), tables[k], np.arange(n), buckets[k], cells) for k in range(2)]
            report = compare_sides(*sides, cells, replace(QUESTION, seed=str(i), tolerance=0.05))
            same += sum(column.verdict == "same" for column in report.columns)
            asked += len(report.columns)
        told[n] = same / asked
        print(f"{n:,} rows a side: {told[n]:.3f} of columns are the same within .05", flush=True)
    assert told[10_000] >= 0.95
