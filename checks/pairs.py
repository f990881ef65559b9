"""Pairs of columns: are two columns related otherwise than before, whatever became of each by itself?

Correlations of scores, compared in the same assignments as the columns are: a relation to the target that changed, a
trend inside the window, values that are missing together. How scores are made is `checks.score_columns`; how all are
judged as one family, `checks.shift`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.family import log_p_of_z
from checks.pair_shift import Meaning, PairShift
from checks.score_columns import Array, Score, Scored
from checks.statistics import standard_errors
from checks.student import quantile
from checks.units import Units, form_units

MOST_FOR_ALL_PAIRS, MOST_CHOSEN = 100, 2_000
FEWEST_UNITS = 5.0
# Fisher's transformation of a correlation of 1 has no end.
MOST_CORRELATION = 0.999
AT_ONCE = 512
# Of hundreds of pairs that are quiet these many are kept, the least likely first.
MOST_TOLD = 40


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Pairs that were computed, before the family is judged.

    Attributes:
        named: The two scores of each.
        scores: Log p by assignment and pair, balanced.
        first: The correlations on the first side, in truth.
        second: The same on the second.
        margin: Half the 95 % interval of their difference.
    """

    named: tuple[tuple[Score, Score], ...]
    scores: Array
    first: Array
    second: Array
    margin: Array


def units_of_pairs(scored: Scored, units: Units, *, is_turned: bool) -> Units:
    """The units that pairs are swapped by: `units`, those of the columns, where of both sides an equal part was read.

    Else a unit of either holds as many entities only if they are formed anew, of what was read.

    Args:
        scored: Sums of the reference and of the current side.
        units: The units of the first and second side.
        is_turned: The first side is the current one.
    """
    if not scored.read or units.is_paired:
        return units
    return form_units(*(scored.read[::-1] if is_turned else scored.read))


def correlate_pairs(
    scored: Scored, units: Units, chosen: NDArray[np.float32], *, target: str | None, is_turned: bool
) -> Pairs | None:
    """Correlations of every pair on both sides, in truth and in every assignment; None when there is no pair.

    Args:
        scored: Sums of the reference and of the current side.
        units: The units of the first and second side, of `units_of_pairs`.
        chosen: Which units are on the first side: the truth, then assignments.
        target: What a model is to predict: its pairs are always asked.
        is_turned: The first side is the current one.
    """
    sides = scored.sums[::-1] if is_turned else scored.sums
    at = _asked(scored.scores, sides, units, target)
    if not len(at):
        return None
    # Of some pairs at a time: what is gathered by unit of two hundred columns with gaps would be gigabytes.
    parts = (at[i : i + AT_ONCE] for i in range(0, len(at), AT_ONCE))
    blocks = [_Products.of(sides, units, part).compared(chosen, units) for part in parts]
    log_p, first, second, variance = (np.concatenate(of, axis=-1) for of in zip(*blocks, strict=True))
    return Pairs(
        named=tuple((scored.scores[i - 1], scored.scores[j - 1]) for i, j in at),
        scores=log_p,
        first=first,
        second=second,
        margin=quantile(units.fewest - 1) * np.sqrt(variance),
    )


def _asked(scores: tuple[Score, ...], sides: Array, units: Units, target: str | None) -> NDArray[np.int64]:
    """Which pairs, as indices into the sums of products.

    All of up to 100 scores; of more those with the target and the time, and of those with what is missing, and of all
    others, the 2,000 each that are most correlated on both sides together.
    """
    i, j = np.triu_indices(len(scores), k=1)
    column, kind = np.array([s.column for s in scores]), np.array([s.kind for s in scores])
    whole = np.array([s.whole for s in scores])
    n = np.arange(1, len(scores) + 1)
    squares, rows = (units.sums(*(side[:, of, of] for side in sides)) for of in (n, [0]))
    is_frequent = np.array([_is_frequent(score, squares[:, k], rows[:, 0], units) for k, score in enumerate(scores)])
    kept = (whole[i] != whole[j]) & is_frequent[i] & is_frequent[j]
    i, j = i[kept], j[kept]
    at = np.stack([i + 1, j + 1], axis=1)
    if len(scores) > MOST_FOR_ALL_PAIRS and len(at):
        is_of_note = (column == target) | (kind == "time")
        is_of_note, is_missing = (of[i] | of[j] for of in (is_of_note, kind == "missing"))
        pooled = sum(side.sum(axis=0, dtype=np.float64) for side in sides)
        r = np.abs(correlations(np.asarray(pooled)[None], at)[0])
        chosen = [np.flatnonzero(is_of_note)]
        for of_kind in (~is_of_note & is_missing, ~is_of_note & ~is_missing):
            those = np.flatnonzero(of_kind)
            chosen.append(those[np.argsort(-r[those], kind="stable")[:MOST_CHOSEN]])
        at = at[np.sort(np.concatenate(chosen))]
    return np.asarray(at, dtype=np.int64)


def _is_frequent(score: Score, squares: Array, rows: Array, units: Units) -> bool:
    """What is missing is asked when it, and what is there, would be in about five units of the smaller side.

    Of both sides together. Where two rows alone have a value, a correlation of 1 with them says nothing.
    """
    fewest = min((squares > 0).sum(), (squares < rows).sum())
    return score.kind != "missing" or bool(fewest * units.fewest / units.n >= FEWEST_UNITS)


def correlations(sums: Array, at: NDArray[np.int64]) -> Array:
    """Correlations from sums of products; 0 where a score does not vary.

    Args:
        sums: Shape (any, 1 + scores, 1 + scores), the constant first.
        at: Which pairs, shape (pairs, 2).

    Returns:
        Shape (any, pairs).
    """
    i, j = at[:, 0], at[:, 1]
    return _correlation(sums[:, :1, 0], sums[:, 0, i], sums[:, 0, j], sums[:, i, i], sums[:, j, j], sums[:, i, j])


def _correlation(n: Array, x: Array, y: Array, xx: Array, yy: Array, xy: Array) -> Array:
    n = np.maximum(n, 1e-12)
    var_x, var_y = xx / n - (x / n) ** 2, yy / n - (y / n) ** 2
    varies = (var_x > 1e-12) & (var_y > 1e-12)
    scale = np.sqrt(np.where(varies, var_x * var_y, 1.0))
    return np.asarray(np.where(varies, np.clip((xy / n - x * y / n**2) / scale, -1, 1), 0.0))


@dataclass(frozen=True, kw_only=True)
class _Products:
    """Sums by unit of the scores of some pairs.

    Attributes:
        n: Rows, shape (units, 1).
        x: Of each score that is in a pair, its sum.
        xx: Its squares.
        xy: Of each pair, its products.
        of_i: Of each pair the place of its first score.
        of_j: Of its second.
    """

    n: Array
    x: Array
    xx: Array
    xy: Array
    of_i: Array
    of_j: Array

    @classmethod
    def of(cls, sides: Array, units: Units, at: NDArray[np.int64]) -> _Products:
        """Those of the pairs `at`, from sums by side and bucket."""
        alone, of_alone = np.unique(at, return_inverse=True)
        of_i, of_j = of_alone.reshape(at.shape).T
        zero = np.zeros_like(alone)

        def by_unit(i: Array, j: Array) -> Array:
            return units.sums(*(side[:, i, j].astype(np.float64) for side in sides))

        return cls(
            n=by_unit(zero[:1], zero[:1]),
            x=by_unit(zero, alone),
            xx=by_unit(alone, alone),
            xy=by_unit(at[:, 0], at[:, 1]),
            of_i=of_i,
            of_j=of_j,
        )

    def correlation(self, stacked: Array) -> Array:
        """From sums of `n`, `x`, `xx` and `xy`, stacked: one a row."""
        a = self.x.shape[1]
        x, xx, xy = stacked[:, 1 : a + 1], stacked[:, a + 1 : 2 * a + 1], stacked[:, 2 * a + 1 :]
        i, j = self.of_i, self.of_j
        return _correlation(stacked[:, :1], x[:, i], x[:, j], xx[:, i], xx[:, j], xy)

    def compared(self, chosen: NDArray[np.float32], units: Units) -> tuple[Array, Array, Array, Array]:
        """Log p by assignment, the correlations of both sides in truth, and the variance of their difference.

        Log p is of the difference of the sides' correlations, by Fisher's z (1915). Each assignment's own means and
        variances are used, so that a change of margins does not look like one of relation; and its own standard error,
        so that a side with more rows an entity does not. The variance leaves out one unit at a time, or a pair that
        shares entities.
        """
        stacked = np.concatenate([self.n, self.x, self.xx, self.xy], axis=1)
        ones = chosen.astype(np.float64) @ stacked
        all_sides = (ones, stacked.sum(axis=0) - ones)
        told = [np.clip(self.correlation(side), -MOST_CORRELATION, MOST_CORRELATION) for side in all_sides]
        sides = [stacked[units.is_first], stacked[~units.is_first]]
        first, second = (self.correlation(side.sum(axis=0)[None])[0] for side in sides)
        left_out = [self.correlation(side.sum(axis=0) - side) for side in sides]
        left_out = [left_out[0] - left_out[1]] if units.is_paired else left_out
        variance = sum((len(r) - 1) / len(r) * ((r - r.mean(axis=0)) ** 2).sum(axis=0) for r in left_out)
        errors = standard_errors(self.influence(), self.n[:, 0], chosen, units)
        log_p = log_p_of_z((np.arctanh(told[0]) - np.arctanh(told[1])) / errors)
        return log_p, first, second, np.asarray(variance)

    def influence(self) -> Array:
        """How much each unit's rows raise a correlation, both sides together: xy - r (x^2 + y^2) / 2, standardised.

        Hampel (1974). Shape (units, pairs).
        """
        n, i, j = self.n.sum(), self.of_i, self.of_j
        mean = self.x.sum(axis=0) / n
        sd = np.sqrt(np.maximum(self.xx.sum(axis=0) / n - mean**2, 1e-12))
        square = (self.xx - 2 * mean * self.x + self.n * mean**2) / sd**2
        xy = self.xy - mean[i] * self.x[:, j] - mean[j] * self.x[:, i] + self.n * mean[i] * mean[j]
        r = self.correlation(np.concatenate([self.n, self.x, self.xx, self.xy], axis=1).sum(axis=0)[None])[0]
        return np.asarray(xy / (sd[i] * sd[j]) - r * (square[:, i] + square[:, j]) / 2)


def meaning_of(pair: tuple[Score, Score], target: str | None) -> Meaning:
    """What it says when a pair is related otherwise."""
    if any(score.column == target and score.kind == "value" for score in pair):
        return "relation to the target"
    if any(score.kind == "time" for score in pair):
        return "trend within the window"
    n_missing = sum(score.kind == "missing" for score in pair)
    return ("correlation", "pattern of missing values", "missing together")[n_missing]


def judged(
    pairs: Pairs, p_values: Array, p_corrected: Array, *, target: str | None, is_turned: bool, alpha: float, tol: float
) -> tuple[PairShift, ...]:
    """What is said of each pair: those that shifted first, then by what their difference is, at most `MOST_TOLD`.

    Args:
        pairs: The pairs.
        p_values: Of each alone.
        p_corrected: Of the family.
        target: What a model is to predict.
        is_turned: The first side is the current one.
        alpha: The family-wise error that is allowed.
        tol: A difference of correlations below it is no alarm.
    """
    reference, current = (pairs.second, pairs.first) if is_turned else (pairs.first, pairs.second)
    effect = np.abs(current - reference)
    low, high = np.maximum(effect - pairs.margin, 0.0), np.minimum(effect + pairs.margin, 2.0)
    is_shifted = (p_corrected <= alpha) & (low > tol)
    order = np.lexsort((-effect, p_corrected, ~is_shifted))[: max(MOST_TOLD, int(is_shifted.sum()))]
    return tuple(
        PairShift(
            first=_first(pairs.named[n], target).named,
            second=_second(pairs.named[n], target).named,
            meaning=meaning_of(pairs.named[n], target),
            verdict="shifted" if is_shifted[n] else "same" if high[n] < tol else "cannot_tell",
            reference=float(reference[n]),
            current=float(current[n]),
            p_value=float(p_values[n]),
            p_corrected=float(p_corrected[n]),
            effect=float(effect[n]),
            low=float(low[n]),
            high=float(high[n]),
        )
        for n in order
    )


def _second(pair: tuple[Score, Score], target: str | None) -> Score:
    """The target, the time, or what is missing; the later of two others."""
    return max(
        reversed(pair), key=lambda score: (score.column == target and score.kind == "value", score.kind != "value")
    )


def _first(pair: tuple[Score, Score], target: str | None) -> Score:
    second = _second(pair, target)
    return pair[1] if second is pair[0] else pair[0]
