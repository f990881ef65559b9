"""The statistics of one column: sums over units, studentised anew in every assignment of units to sides.

How the statistics of many columns are judged together is `checks.family`; how large a difference is, `checks.effect`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, added, merged
from checks.family import log_p_of_quadratic, log_p_of_z
from checks.units import Units

Array = NDArray[Any]

N_LEGENDRE = 8
# In how many units of the smaller side, and by how many of its entities, a cell is expected to be found. Tails, where
# some rows count three times, need more of them.
FEWEST_UNITS, FEWEST_ENTITIES, FEWEST_IN_TAILS = 5.0, 2.5, 5.0
VARIANCE_FLOOR = 0.08
# Assignments at once: sums of a hundred components stay near the processor while they are worked on.
ROWS_IN_CACHE = 128
# What each statistic of a column may spend, of ordered ones and of levels. Those that cannot be computed leave their
# part to the others.
WEIGHTS = {
    "ad": 0.4, "scale": 0.15, "chi10": 0.12, "tail": 0.12, "missing": 0.12, "chi32": 0.05, "precision": 0.04,
    "chi2": 0.7, "max": 0.3,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of two sides, summed by unit.

    Attributes:
        cells: How it is counted.
        counts: Rows by unit and cell, the truth's sides one after the other.
        precision: Rows by unit and decimal places, where they are counted.
        fewest_entities: Entities of the smaller side.
    """

    cells: Cells
    counts: Array
    precision: Array | None
    fewest_entities: int

    @cached_property
    def pooled(self) -> Array:
        """Rows by cell, of both sides."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def precise_share(self) -> float:
        """In which share of its rows decimal places were counted."""
        return 1.0 if self.precision is None else float(self.precision.sum() / max(self.counts.sum(), 1.0))

    @property
    def has_one_cell(self) -> bool:
        """Whether all its rows lie in one cell: it is constant, or wholly missing."""
        return int((self.pooled > 0).sum()) < 2


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One statistic: components that are sums over units of centred scores.

    Attributes:
        name: As in `WEIGHTS`.
        sums: Unit sums of the components, shape (units, components).
        kind: `z` (one component), `quadratic` (weighted sum of squares) or `max` (of squares).
        factors: The weights of the squares.
    """

    name: str
    sums: Array
    kind: Literal["z", "quadratic", "max"]
    factors: Array

    def log_p(self, z: Array) -> Array:
        """Log p by assignment, balanced over all of them."""
        if self.kind == "z":
            return np.asarray(log_p_of_z(z)[:, 0])
        squares = z * z
        value = squares.max(axis=1) if self.kind == "max" else squares @ self.factors
        return np.asarray(log_p_of_quadratic(value[:, None])[:, 0])


def statistics_of(column: Column, units: Units) -> list[Statistic]:
    """The statistics that can be computed; none when no two cells are frequent enough."""
    if column.has_one_cell:
        return []
    found = _ordered(column, units) if column.cells.is_ordered else _levels(column, units)
    return list(found)


def _ordered(column: Column, units: Units) -> Iterator[Statistic]:
    counts, pooled = column.counts, column.pooled
    present = counts[:, :-1]
    if np.count_nonzero(pooled[:-1]) > 1:
        legendre = centred(legendre_scores(pooled[:-1]), pooled[:-1])
        order = np.arange(1, N_LEGENDRE + 1)
        yield Statistic(name="ad", sums=present @ legendre, kind="quadratic", factors=1 / (order * (order + 1)))
        yield Statistic(name="scale", sums=present @ legendre[:, 1:2], kind="z", factors=np.ones(1))
        yield from _cell_statistic("chi10", column, units, most=10)
        tail = tail_scores(column.cells)
        far = present[:, tail > 0].sum(axis=1, keepdims=True)
        if far.any() and _is_of_many(far, column, units, fewest=FEWEST_IN_TAILS)[0]:
            yield Statistic(
                name="tail", sums=present @ centred(tail[:, None], pooled[:-1]), kind="z", factors=np.ones(1)
            )
        yield from _cell_statistic("chi32", column, units, most=32)
    missing = counts[:, -1:]
    if 0 < pooled[-1] < pooled.sum() and _is_of_many(missing, column, units)[0]:
        yield Statistic(name="missing", sums=_indicator_sums(counts, missing), kind="z", factors=np.ones(1))
    if column.precision is not None:
        yield from _chi2("precision", column.precision, column.precision, units)


def _cell_statistic(name: str, column: Column, units: Units, *, most: int) -> Iterator[Statistic]:
    groups = merged(column.pooled, column.cells, most)
    yield from _chi2(name, added(column.counts, groups)[:, :-1], column.counts, units)


def _chi2(name: str, cells: Array, counts: Array, units: Units) -> Iterator[Statistic]:
    standing = _standing(cells, _is_frequent(cells, units), units)
    if standing is not None:
        share = standing.sum(axis=0) / counts.sum()
        yield Statistic(name=name, sums=_indicator_sums(counts, standing), kind="quadratic", factors=1 - share)


def _levels(column: Column, units: Units) -> Iterator[Statistic]:
    counts = column.counts
    standing = _standing(counts, _is_of_many(counts, column, units), units)
    if standing is None:
        return
    sums = _indicator_sums(counts, standing)
    yield Statistic(name="chi2", sums=sums, kind="quadratic", factors=1 - standing.sum(axis=0) / counts.sum())
    yield Statistic(name="max", sums=sums, kind="max", factors=np.ones(sums.shape[1]))


def _is_frequent(cells: Array, units: Units) -> NDArray[np.bool_]:
    """Cells that would be in about five units of the smaller side. Asked of both sides together, so nothing leaks."""
    return np.asarray((cells > 0).sum(axis=0) * units.fewest / units.n >= FEWEST_UNITS)


def _is_of_many(cells: Array, column: Column, units: Units, *, fewest: float = FEWEST_ENTITIES) -> NDArray[np.bool_]:
    """Frequent cells that do not hang on one or two entities of the smaller side, whose sums are far from normal."""
    share = cells.sum(axis=0) / column.counts.sum()
    return np.asarray(_is_frequent(cells, units) & (share * column.fewest_entities >= fewest))


def _standing(cells: Array, is_frequent: NDArray[np.bool_], units: Units) -> Array | None:
    """The cells that stand alone, and the others poured into one if that is frequent; None with fewer than two."""
    if is_frequent.sum() < 2:
        return None
    rest = cells[:, ~is_frequent].sum(axis=1, keepdims=True)
    kept = [cells[:, is_frequent]] + ([rest] if rest.any() and _is_frequent(rest, units)[0] else [])
    return np.concatenate(kept, axis=1)


def _indicator_sums(counts: Array, cells: Array) -> Array:
    """Unit sums of the centred indicators of `cells`."""
    n = counts.sum(axis=1, keepdims=True)
    return np.asarray(cells - n * (cells.sum(axis=0) / n.sum()))


def legendre_scores(pooled: Array) -> Array:
    """Legendre polynomials 1 to 8 of the mid-rank of each cell, of unit variance on (0, 1); shape (cells, 8).

    With z_j their standardised mean differences, sum z_j^2 / (j (j + 1)) is Anderson and Darling's statistic (1952).
    """
    rank = (np.cumsum(pooled) - pooled / 2) / pooled.sum()
    basis = np.polynomial.legendre.legvander(2 * rank - 1, N_LEGENDRE)[:, 1:]
    return np.asarray(basis * np.sqrt(2 * np.arange(1, N_LEGENDRE + 1) + 1))


def centred(scores: Array, pooled: Array) -> Array:
    """Scores of cells less their pooled mean."""
    return np.asarray(scores - (pooled @ scores) / pooled.sum())


def tail_scores(cells: Cells) -> Array:
    """How far out a cell lies: 0 within twice the interquartile range of the median, then its doublings, at most 3."""
    edges = np.asarray(cells.edges)
    low, high = np.concatenate([[-np.inf], edges[:-1]]), edges
    middle = np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))
    with np.errstate(over="ignore"):  # of an IQR near the least number all is far
        far = np.abs(middle - cells.median) / cells.iqr
    scores = np.clip(np.log2(np.maximum(far, 1e-300)) - 1, 0, 3)
    return np.where(np.isfinite(middle), scores, 0.0)


def studentised(sums: Array, rows: Array, chosen: NDArray[np.float32], units: Units) -> Array:
    """Differences of the two sides' means over their standard error, by assignment.

    The variance is robust to clusters and is computed anew in each assignment (Janssen 1997; Chung and Romano 2013), so
    that sides of unequal spread are no shift.

    Args:
        sums: Unit sums of centred scores, shape (units, components).
        rows: Rows by unit.
        chosen: Which units are on the first side, shape (assignments, units).
        units: The units.

    Returns:
        Shape (assignments, components).
    """
    differences, errors = _differences(sums, rows, chosen, units)
    return np.asarray(differences / errors)


def standard_errors(sums: Array, rows: Array, chosen: NDArray[np.float32], units: Units) -> Array:
    """The standard errors by which `studentised` divides, in a unit that each component has of its own."""
    return _differences(sums, rows, chosen, units)[1]


def _differences(sums: Array, rows: Array, chosen: NDArray[np.float32], units: Units) -> tuple[Array, Array]:
    scale = np.sqrt((sums**2).mean(axis=0))
    r = (sums / np.where(scale > 0, scale, 1)).astype(np.float32)
    n = (rows / rows.mean()).astype(np.float32)
    c = r.shape[1]
    stacked = np.concatenate([r, r * r, n[:, None] * r, n[:, None], (n * n)[:, None]], axis=1)
    ones = chosen @ stacked
    twos = stacked.sum(axis=0) - ones
    floor = VARIANCE_FLOOR * (r.astype(np.float64) ** 2).sum(axis=0) / float(n.sum()) ** 2
    differences, errors = np.empty((len(chosen), c)), np.empty((len(chosen), c))
    for i in range(0, len(chosen), ROWS_IN_CACHE):
        some = slice(i, i + ROWS_IN_CACHE)
        mean_1, var_1 = _mean_and_variance(ones[some].astype(np.float64), c, units.n_first)
        mean_2, var_2 = _mean_and_variance(twos[some].astype(np.float64), c, units.n_second)
        differences[some] = mean_1 - mean_2
        errors[some] = np.sqrt(var_1 + var_2 + np.maximum(floor, 1e-30))
    return differences, errors


def _mean_and_variance(totals: Array, c: int, n_units: int) -> tuple[Array, Array]:
    s1, s2, sn = totals[:, :c], totals[:, c : 2 * c], totals[:, 2 * c : 3 * c]
    n, nn = np.maximum(totals[:, -2:-1], 1e-12), totals[:, -1:]
    mean = s1 / n
    spread = np.maximum(s2 - mean * (2 * sn - mean * nn), 0)
    return mean, spread * (n_units / max(n_units - 1, 1) / n**2)


def column_scores(found: list[Statistic], rows: Array, chosen: NDArray[np.float32], units: Units) -> tuple[Array, str]:
    """The score of a column by assignment, and the statistic that leads in truth.

    The score is the least of p / weight over its statistics, as a logarithm.
    """
    z = studentised(np.concatenate([s.sums for s in found], axis=1), rows, chosen, units)
    total = sum(WEIGHTS[s.name] for s in found)
    ends = np.cumsum([s.sums.shape[1] for s in found])
    scores = np.stack(
        [
            s.log_p(z[:, end - s.sums.shape[1] : end]) - np.log(WEIGHTS[s.name] / total)
            for s, end in zip(found, ends, strict=True)
        ]
    )
    return scores.min(axis=0), found[int(scores[:, 0].argmin())].name
