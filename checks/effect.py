"""How large a difference is, with an interval: total variation, and what it is made of in plain units.

Standard errors leave out one unit at a time: the jackknife, whose variance is too large rather than too small (Efron
and Stein 1981). Whether a difference is by chance is `checks.family`; what is said of it, `checks.shift`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.figure.scale import percent
from checks.student import quantile
from checks.units import Units

Array = NDArray[Any]

N_FOR_EFFECT = 400
LOW_SHARE, HIGH_SHARE = 0.02, 0.98
POWER_Z = 0.84


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The total variation of two sides: the share of rows that would have to be others.

    Attributes:
        estimate: Less what chance alone gives.
        low: Lower end of its 95 % interval.
        high: Upper end.
        smallest: The smallest that would be found in four of five tries, beyond a tolerance of 0.
    """

    estimate: float
    low: float
    high: float
    smallest: float


def total_variation(first: Array, second: Array) -> Array:
    """Half the summed distance of two rows of counts, each scaled to 1 (over the last axis).

    >>> float(total_variation(np.array([1.0, 1.0]), np.array([1.0, 3.0])))
    0.25
    """
    ones = first / np.maximum(first.sum(axis=-1, keepdims=True), 1e-12)
    twos = second / np.maximum(second.sum(axis=-1, keepdims=True), 1e-12)
    return np.asarray(np.abs(ones - twos).sum(axis=-1) / 2)


def effect_of(groups: Array, chosen: NDArray[np.float32], units: Units) -> Effect:
    """The effect on counts by unit and group, with its interval.

    The interval is TV -+ t sd, shifted down by what chance alone gives; sd is the larger of the jackknife's over units
    and that of chance. It is conservative: it covered .95 to 1 in every simulation.

    Args:
        groups: Rows by unit and group (at most 10, and what is missing).
        chosen: Which units are on the first side: the truth, then assignments.
        units: The units.
    """
    by_chance = _by_chance(groups, chosen[1 : N_FOR_EFFECT + 1])
    b0, b2, s0 = float(by_chance.mean()), float((by_chance**2).mean()), float(by_chance.std(ddof=1))
    first, second = groups[units.is_first], groups[~units.is_first]
    tv = float(total_variation(first.sum(axis=0), second.sum(axis=0)))
    sd = max(_standard_error(first, second, is_paired=units.is_paired), s0)
    q = quantile(units.fewest - 1)
    return Effect(
        estimate=float(np.sqrt(max(0.0, tv**2 - b2))),
        low=max(0.0, tv - b0 - q * sd),
        high=min(1.0, tv + q * sd),
        smallest=min(1.0, b0 + (q + POWER_Z) * sd),
    )


def _by_chance(groups: Array, chosen: Array) -> Array:
    ones = (chosen @ groups.astype(np.float32)).astype(np.float64)
    return total_variation(ones, np.maximum(groups.sum(axis=0) - ones, 0))


def _standard_error(first: Array, second: Array, *, is_paired: bool) -> float:
    """Of the total variation, leaving out one unit at a time (a pair of units, where they share entities)."""
    ones, twos = first.sum(axis=0), second.sum(axis=0)
    if is_paired:
        return float(np.sqrt(_spread(total_variation(ones - first, twos - second))))
    return float(np.sqrt(_spread(total_variation(ones - first, twos)) + _spread(total_variation(ones, twos - second))))


def _spread(left_out: Array) -> float:
    m = len(left_out)
    return float((m - 1) / m * ((left_out - left_out.mean()) ** 2).sum()) if m > 1 else 0.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference in plain units, current less reference, give or take `margin` (95 %)."""

    what: str
    value: float
    margin: float


@dataclass(frozen=True, kw_only=True)
class Excess:
    """A range or a level of which the current side has more.

    Attributes:
        what: The column and the range or level, in words.
        reference: The share of the reference's rows that are in it.
        current: The same of the current side.
    """

    what: str
    reference: float
    current: float

    @property
    def said(self) -> str:
        """In words, as shares of both sides.

        >>> Excess(what="age 20 to 30", reference=0.25, current=0.5).said
        'age 20 to 30: 25 % before, 50 % now'
        """
        return f"{self.what}: {percent(self.reference)} before, {percent(self.current)} now"

    @property
    def grown(self) -> float:
        """By how much the share grew.

        >>> Excess(what="age 20 to 30", reference=0.25, current=0.5).grown
        0.25
        """
        return self.current - self.reference


def mean_change(moments: Array, is_first: NDArray[np.bool_], q: float, *, is_paired: bool = False) -> Change | None:
    """The difference of means in standard deviations.

    Args:
        moments: By unit: number, sum and sum of squares of finite values.
        is_first: Which units are the reference's.
        q: The quantile of the interval.
        is_paired: Units of both sides, in their order, hold the same entities.
    """
    n, s, ss = moments.sum(axis=0)
    if n < 2 or not (variance := ss / n - (s / n) ** 2) > 1e-12 * max(ss / n, 1e-300):
        return None
    sums = moments[:, :2] / np.array([1.0, np.sqrt(variance)])
    if not (sums[is_first, 0].sum() and sums[~is_first, 0].sum()):
        return None
    value, margin = _difference(sums[:, 1], sums[:, 0], is_first, q, is_paired=is_paired)
    return Change(what="mean, in sd", value=value, margin=margin)


def share_change(
    part: Array, rows: Array, is_first: NDArray[np.bool_], q: float, what: str, *, is_paired: bool = False
) -> Change:
    """The difference of shares, in points of 1."""
    value, margin = _difference(part, rows, is_first, q, is_paired=is_paired)
    return Change(what=what, value=value, margin=margin)


def _difference(
    part: Array, rows: Array, is_first: NDArray[np.bool_], q: float, *, is_paired: bool
) -> tuple[float, float]:
    """The difference of means and its margin, leaving out one unit at a time, or a pair that shares entities."""
    means, left_out = [], []
    for side in (is_first, ~is_first):
        p, n = part[side], rows[side]
        means.append(float(p.sum() / n.sum()))
        left_out.append((p.sum() - p) / np.maximum(n.sum() - n, 1e-12))
    apart = [left_out[1] - left_out[0]] if is_paired else left_out
    return means[1] - means[0], q * float(np.sqrt(sum(map(_spread, apart))))


def share_interval(part: Array, rows: Array) -> tuple[float, float, float]:
    """A share (or a mean) with its 95 % interval, leaving out one unit at a time."""
    value = float(part.sum() / rows.sum())
    left_out = (part.sum() - part) / np.maximum(rows.sum() - rows, 1e-12)
    margin = quantile(len(part) - 1) * float(np.sqrt(_spread(left_out))) if len(part) > 1 else 0.0
    return value, value - margin, value + margin


def design_effect(groups: Array) -> float:
    """How much more the units of one side vary than single rows would, mean over groups that are neither rare nor all.

    Kish's design effect (1965): the variance of a share by units over that by rows. NaN when there is no such group.
    """
    n, total = groups.sum(axis=1, keepdims=True), groups.sum()
    share = groups.sum(axis=0) / max(total, 1e-12)
    used = (share > LOW_SHARE) & (share < HIGH_SHARE)
    if not used.any():
        return float("nan")
    residual = ((groups - n * share) ** 2).sum(axis=0)
    return float((residual[used] / (total * share[used] * (1 - share[used]))).mean())
