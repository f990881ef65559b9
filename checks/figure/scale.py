"""From values to places: linear and logarithmic scales, few round ticks, numbers as people read them.

What is drawn at a place does not belong here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from checks.words import figure

MINUS = "\u2212"
WHOLE_BELOW = 1e5


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Places values of `low`..`high` on `start`..`end`; what lies outside is put on the edge.

    >>> Scale(low=0, high=10, start=0, end=100)(2.5)
    25.0
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        """Where `value` stands."""
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        # Halves: the width of -1e308..1e308 is no float.
        width = high / 2 - low / 2
        share = (value / 2 - low / 2) / width if width > 0 else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def nice_step(width: float, most: int) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that cuts `width` into at most `most` parts.

    >>> nice_step(9.7, 4)
    2.5
    """
    if not (math.isfinite(width) and width > 1e-300 * most):
        return 0.0
    power = 10.0 ** math.floor(math.log10(width / most))
    return next((power * by for by in (1, 2, 2.5, 5, 10) if power * by * most >= width * (1 - 1e-9)), power * 10)


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round values within `low`..`high`.

    >>> ticks(0, 9.7)
    [0.0, 2.5, 5.0, 7.5]
    """
    step = nice_step(high - low, most)
    if step == 0.0 or not math.isfinite(step) or abs(low / step) > 1e9:
        return [low] if low == high else [low, high]
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [step * i for i in range(first, min(last, first + 20) + 1)]


def top_of(values: Iterable[float | None], least: float = 0.0) -> float:
    """The upper end of an axis from 0 that holds all `values`."""
    return max([least, *(value for value in values if value is not None)])


def extent(values: Iterable[float | None]) -> tuple[float, float] | None:
    """The smallest and largest of what is there, made wider when they are equal; None when nothing is there."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    low, high = min(found), max(found)
    if low == high:
        by = abs(low) * 0.1 or 1.0
        return max(low - by, -1.7e308), min(high + by, 1.7e308)
    return low, high


def padded(low: float, high: float, share: float = 0.06) -> tuple[float, float]:
    """An extent with a little room on both sides."""
    by = (high / 2 - low / 2) * 2 * share
    return (low - by, high + by) if math.isfinite(low - by) and math.isfinite(high + by) else (low, high)


def shown(value: float, step: float = 0.0) -> str:
    """A number of an axis or a label: as many digits as `step` has, else three.

    >>> shown(1234567), shown(0.25, 0.25), shown(1013.25), shown(0.0000123), shown(-2.5, 0.5)[1:]
    ('1.23M', '0.25', '1,013', '1.2e-05', '2.5')
    """
    return _digits(value, step).replace("-", MINUS) if value < 0 else _digits(value, step)


def _digits(value: float, step: float) -> str:
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return f"{value:.1e}"
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e5, "k")):
        if size >= limit:
            return f"{value / (limit if letter != 'k' else 1e3):.3g}{letter}"
    if step > 0:
        digits = min(max(0, -math.floor(math.log10(step) + 1e-9)), 6)
        if abs(round(step, digits) - step) > step * 1e-6:
            digits += 1
        return f"{value:,.{digits}f}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def shown_whole(value: float) -> str:
    """A whole number of an axis: it may be a year, so it has no separator.

    >>> shown_whole(2013.0), shown_whole(1234567.0)
    ('2013', '1.23M')
    """
    return f"{value:.0f}".replace("-", MINUS) if abs(value) < WHOLE_BELOW else shown(value)


def whole_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Round whole numbers within `low`..`high`.

    >>> whole_ticks(2012.5, 2013.5)
    [2013.0]
    """
    return [value for value in ticks(low, high, max(1, min(most, int(high - low)))) if value == round(value)]


def percent(share: float, digits: int | None = None) -> str:
    """A share as a percentage, with one decimal below ten.

    >>> percent(0.337), percent(0.0212), percent(0), percent(0.0004)
    ('34 %', '2.1 %', '0 %', '<0.1 %')
    """
    if digits is None:
        if 0 < share < 0.0005:
            return "<0.1 %"
        digits = 1 if 0 < share < 0.0995 else 0
    return f"{share * 100:.{digits}f} %".replace("-", MINUS)


def rate(value: float) -> str:
    """A rate as `checks.words.figure` says it, with the sign that figures have.

    >>> rate(0.7213), rate(153.27), rate(-0.01)[1:]
    ('0.721', '153.3', '0.010')
    """
    return figure(value).replace("-", MINUS)


def labelled(places: Sequence[float], apart: float) -> list[float]:
    """`places` pushed down until neighbours are `apart`, in their order: where labels of lines can be read."""
    order = sorted(range(len(places)), key=places.__getitem__)
    moved = list(places)
    for before, after in pairwise(order):
        moved[after] = max(moved[after], moved[before] + apart)
    return moved
