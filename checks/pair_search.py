"""Which pairs of columns may determine the target: a search on few rows, with a bound on its cost.

Whether a pair does is judged on all rows by `checks.giveaway_pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from checks.giveaway import scores
from checks.labelled import Array, Labelled, agreement, is_ordered, mapped, numbers_of
from checks.measures import auc, ranks

MOST_PAIRS = 1_000
SEARCHED_ROWS = 4_000
LINE_ROWS = 400
N_BINS = 16
MOST_LEVELS = 32
STRONG_AUC, STRONG_OF_MANY, STRONG_AGREEMENT = 0.95, 0.99, 0.9
LIKELY_AGREEMENT, LIKELY_AUC, LIKELY_LINE = 0.6, 0.985, 0.995
MOST_CANDIDATES = 12


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was looked at.

    Attributes:
        n_pairs: Pairs of columns that are not strong alone.
        n_judged: Those that were looked at.
        candidates: Those that may determine the target, the likeliest first.
    """

    n_pairs: int
    n_judged: int
    candidates: tuple[tuple[str, str], ...]


def combined(rows: Labelled, one: str, other: str) -> dict[str, Array]:
    """Two columns as one number a row, by what was done to them; NaN where either has no value."""
    first, second = rows.frame[one].dtype, rows.frame[other].dtype
    if first == second == pl.String:
        same = (rows.frame[one] == rows.frame[other]).cast(pl.Float64).fill_null(np.nan)
        return {"whether they are equal": same.to_numpy()}
    are_times = first.is_temporal() and second.is_temporal()
    if not are_times and not (first.is_numeric() and second.is_numeric()):
        return {}
    a, b = (
        (_stamps(rows, name) for name in (one, other))
        if first != second and are_times
        else (
            rows.numbers(one),
            rows.numbers(other),
        )
    )
    found = {"their difference": a - b, "the size of their difference": np.abs(a - b)}
    if not are_times:
        with np.errstate(all="ignore"):
            found |= {"their sum": a + b, "their ratio": a / b, "their product": a * b}
    return found


def _stamps(rows: Labelled, name: str) -> Array:
    """A column of dates or timestamps as microseconds."""
    series = rows.frame[name]
    return numbers_of(series.cast(pl.Datetime("us")) if isinstance(series.dtype, pl.Date | pl.Datetime) else series)


def search(rows: Labelled, features: Sequence[str]) -> Searched:
    """Look for pairs that may determine the target.

    Up to 4,000 rows, of each class alike, say which columns are strong alone and which pairs are likely: those whose
    map of 16 by 16 cells agrees to .6 on the half that it was not fitted on, or one of whose combinations has an AUC of
    .985. Of a quantity, those whose plane, sum, difference, product or ratio correlates to .995, of values or ranks.
    With more than 1,000 pairs those are looked at whose columns tell most alone, and those with the strongest
    interaction.
    """
    few = _sample(rows)
    weak = {name: score for name in features if (score := _alone(name, few)) is not None}
    n_pairs = len(weak) * (len(weak) - 1) // 2
    chosen = list(combinations(weak, 2)) if n_pairs <= MOST_PAIRS else _likeliest(few, weak)
    found = _by_lines(few, chosen) if few.is_quantity else _by_cells(few, chosen)
    found.sort(reverse=True)
    return Searched(
        n_pairs=n_pairs, n_judged=len(chosen), candidates=tuple(pair for _, pair in found[:MOST_CANDIDATES])
    )


def _sample(rows: Labelled) -> Labelled:
    chance = np.random.default_rng(0).permutation(len(rows.y))
    if rows.is_quantity:
        return rows.within(np.sort(chance[:SEARCHED_ROWS]))
    strata = rows.y[chance] * 2 + rows.fitted[chance]
    kept = [chance[strata == stratum][: SEARCHED_ROWS // (2 * max(rows.n_labels, 1))] for stratum in np.unique(strata)]
    return rows.within(np.sort(np.concatenate(kept))) if kept else rows


def _bins(name: str, rows: Labelled) -> Array:
    """A column as at most 33 codes: sixteenths of its rows, or its commonest values."""
    codes = rows.codes(name)
    if is_ordered(rows.frame[name]) and codes.max(initial=0) > N_BINS:
        ranks = rows.frame[name].rank("ordinal").fill_null(0).to_numpy().astype(np.int64)
        return np.where(codes == 0, 0, 1 + (ranks - 1) * N_BINS // max(int(ranks.max()), 1))
    if codes.max(initial=0) <= MOST_LEVELS:
        return codes
    commonest = np.argsort(np.bincount(codes))[::-1][:MOST_LEVELS]
    place = np.full(int(codes.max()) + 1, MOST_LEVELS)
    place[commonest] = np.arange(len(commonest))
    return np.asarray(place[codes])


def _alone(name: str, few: Labelled) -> float | None:
    """How strong a column is alone, or None for one that is in no pair: constant, or strong alone."""
    dtype = few.frame[name].dtype
    if dtype.is_nested() or len(np.unique(few.codes(name))) < 2:
        return None
    if few.is_quantity:
        if not is_ordered(few.frame[name]) or dtype.is_temporal():
            return None
        x = few.numbers(name)
        there = np.isfinite(x)
        x, y = x[there], few.y[there]
        return abs(float(np.corrcoef(x, y)[0, 1])) if len(x) > 30 and np.ptp(x) and np.ptp(y) else None
    area = max((score.auc for score in scores(few, [name])), default=0.5)
    said = mapped(_bins(name, few), few)
    told = agreement(said.predicted, said.truth, is_quantity=False)
    # Of three classes a column may tell one well and not the others: a pair with it does not look determined by that.
    is_strong = told >= STRONG_AGREEMENT or area >= (STRONG_AUC if few.n_labels == 2 else STRONG_OF_MANY)
    return None if is_strong else max(area, told)


def _likeliest(few: Labelled, weak: dict[str, float]) -> list[tuple[str, str]]:
    """Half of the pairs among the columns that tell most alone, half with the strongest interaction."""
    names = list(weak)
    n_strong = next(n for n in range(2, MOST_PAIRS) if n * (n + 1) // 2 > MOST_PAIRS // 2)
    strongest = sorted(names, key=lambda name: -weak[name])[:n_strong]
    chosen = dict.fromkeys(combinations([name for name in names if name in set(strongest)], 2))
    ranks = np.column_stack([_centred(few.codes(name)) for name in names])
    strength = np.zeros((len(names), len(names)))
    for label in range(max(few.n_labels, 1)):
        y = _centred(few.y if few.is_quantity else few.y == label)
        strength = np.maximum(strength, np.abs((ranks * y[:, None]).T @ ranks))
    upper = np.triu_indices(len(names), 1)
    for at in np.argsort(strength[upper])[::-1][:MOST_PAIRS]:
        if len(chosen) == MOST_PAIRS:
            break
        chosen.setdefault((names[upper[0][at]], names[upper[1][at]]))
    return list(chosen)


def _centred(values: Array) -> Array:
    values = values.astype(np.float64)
    spread = values.std()
    return np.asarray((values - values.mean()) / spread if spread else values * 0)


def _by_cells(few: Labelled, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, tuple[str, str]]]:
    names = {name for pair in pairs for name in pair}
    bins = {name: _bins(name, few) for name in names}
    found = []
    for one, other in pairs:
        said = mapped(bins[one] * (MOST_LEVELS + 1) + bins[other], few, seen_at_least=1)
        told = agreement(said.predicted, said.truth, is_quantity=False)
        if told < LIKELY_AGREEMENT and few.n_labels == 2:
            told = max((auc_of(x, few) for x in combined(few, one, other).values()), default=0.0)
            told = told if told >= LIKELY_AUC else 0.0
        if told >= LIKELY_AGREEMENT:
            found.append((told, (one, other)))
    return found


def auc_of(x: Array, few: Labelled) -> float:
    """The AUC of a combination, whichever way it points; 0 where half of the rows have none."""
    there = np.isfinite(x)
    if there.mean() < 0.5:
        return 0.0
    area = auc(x[there], few.y[there] == 1)
    return 0.0 if np.isnan(area) else max(area, 1 - area)


def _by_lines(few: Labelled, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, tuple[str, str]]]:
    rows = few.within(np.arange(min(LINE_ROWS, len(few.y))))
    found = []
    for one, other in pairs:
        values = combined(rows, one, other)
        told = max((_correlation(x, rows.y) for x in (*values.values(), _plane(rows, one, other))), default=0.0)
        if told >= LIKELY_LINE:
            found.append((told, (one, other)))
    return found


def _plane(rows: Labelled, one: str, other: str) -> Array:
    a, b = rows.numbers(one), rows.numbers(other)
    there = np.isfinite(a) & np.isfinite(b)
    plane = np.column_stack([a, b, np.ones(len(a))])
    weights, *_ = np.linalg.lstsq(plane[there], rows.y[there], rcond=None)
    return np.asarray(plane @ weights)


def _correlation(x: Array, y: Array) -> float:
    """The larger of the two correlations, of the values and of their ranks."""
    there = np.isfinite(x)
    x, y = x[there], y[there]
    if len(x) < 30 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return max(abs(float(np.corrcoef(x, y)[0, 1])), abs(float(np.corrcoef(ranks(x), ranks(y))[0, 1])))
