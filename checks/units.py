"""Units: what is swapped between two sides when it is asked how large a difference is by chance.

A unit holds whole entities. What is computed on units is `checks.statistics`; the unit's meaning in words comes with
the sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.words import plural

Floats = NDArray[np.float64]
N_BUCKETS = 256
MERGED_ABOVE = 1.05
PAIRED_ABOVE, MOST_RATIO = 0.05, 2.0
FEWEST_UNITS, FEWEST_ASSIGNMENTS_TIMES_ALPHA = 5, 20
# Of fewer rows the other side would be left with a handful, or none.
FEWEST_EVENED = 30


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two tables that are compared, counted by bucket.

    Attributes:
        name: What it is called.
        rows: Rows by bucket (256).
        entities: Distinct entities by bucket (256).
        counts: By column, rows by bucket and cell.
        precision: By column, rows by bucket and decimal places (`checks.bins.PRECISIONS`).
        moments: By column, by bucket: how many finite values, their sum, their sum of squares.
    """

    name: str
    rows: Floats
    entities: Floats
    counts: Mapping[str, Floats]
    precision: Mapping[str, Floats] = field(default_factory=dict)
    moments: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """All its rows."""
        return int(self.rows.sum())

    @property
    def n_entities(self) -> int:
        """All its entities: each lies in one bucket."""
        return int(self.entities.sum())

    def is_behind(self, other: Side) -> bool:
        """Whether it comes second of two sides, whichever is the reference: by size, then by what is counted."""

        def ranked(side: Side) -> Iterator[Any]:
            yield -side.n_entities
            yield -side.n_rows
            yield side.rows.tobytes()
            yield from (side.counts[name].tobytes() for name in sorted(side.counts))

        apart = ((one, two) for one, two in zip(ranked(self), ranked(other), strict=False) if one != two)
        return next((bool(one > two) for one, two in apart), False)

    def __add__(self, other: Side) -> Side:
        """Both sides together; they share no entity."""

        def both(a: Mapping[str, Floats], b: Mapping[str, Floats]) -> dict[str, Floats]:
            return {name: a[name] + b[name] for name in a}

        return Side(
            name=f"{self.name} and {other.name}",
            rows=self.rows + other.rows,
            entities=self.entities + other.entities,
            counts=both(self.counts, other.counts),
            precision=both(self.precision, other.precision),
            moments=both(self.moments, other.moments),
        )


@dataclass(frozen=True, kw_only=True)
class Units:
    """The units of two sides.

    Attributes:
        of_first: For each bucket the first side's unit, or -1.
        of_second: The same of the second side; its units come after the first's.
        n_first: Units of the first side.
        n_second: Units of the second.
        is_paired: The two units of a bucket hold the same entities and are swapped together.
    """

    of_first: NDArray[np.int64]
    of_second: NDArray[np.int64]
    n_first: int
    n_second: int
    is_paired: bool = False

    @property
    def n(self) -> int:
        """All units."""
        return self.n_first + self.n_second

    @property
    def fewest(self) -> int:
        """Units of the smaller side."""
        return min(self.n_first, self.n_second)

    @property
    def n_assignments(self) -> int:
        """How many ways there are to swap."""
        return 2**self.n_first if self.is_paired else comb(self.n, self.n_first)

    @cached_property
    def is_first(self) -> NDArray[np.bool_]:
        """Which units are the first side's."""
        return np.arange(self.n) < self.n_first

    def sums(self, first: Floats, second: Floats) -> Floats:
        """Sums by unit of what was counted by bucket."""
        total = np.zeros((self.n, *first.shape[1:]))
        for (filled, starts, units), counted in zip(self._slices, (first, second), strict=True):
            total[units] = counted[filled] if len(starts) == len(filled) else np.add.reduceat(counted[filled], starts)
        return total

    @cached_property
    def _slices(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """Of each side the filled buckets, where a unit's begin among them (they lie together), and the units."""
        found = []
        for of in (self.of_first, self.of_second):
            filled = np.flatnonzero(of >= 0)
            starts = np.flatnonzero(np.diff(of[filled], prepend=-1))
            found.append((filled, starts, of[filled][starts]))
        return found

    def assignments(self, n: int, seed: str) -> NDArray[np.float32]:
        """Which units are on the first side: the truth in row 0, then `n` ways to swap, drawn from `seed`.

        Returns:
            1 and 0, of shape (n + 1, units).
        """
        drawn = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big"))
        chosen = np.zeros((n + 1, self.n), dtype=np.float32)
        chosen[0, : self.n_first] = 1
        if self.is_paired:
            swapped = drawn.integers(0, 2, (n, self.n_first)).astype(np.float32)
            chosen[1:, : self.n_first], chosen[1:, self.n_first :] = swapped, 1 - swapped
        else:
            ranked = drawn.random((n, self.n), dtype=np.float32).argpartition(self.n_first - 1, axis=1)
            np.put_along_axis(chosen[1:], ranked[:, : self.n_first], 1, axis=1)
        return chosen


def are_paired(n_common: int, one: Side, two: Side) -> bool:
    """Whether sides share so many entities that the two halves of a bucket are swapped together."""
    return n_common > PAIRED_ABOVE * max(1, min(one.n_entities, two.n_entities))


def are_unequal(n_common: int, one: Side, two: Side) -> bool:
    """Whether sides that share entities differ too much in size to be swapped in pairs, but not for want of rows."""
    fewer, more = sorted((one.n_rows, two.n_rows))
    return are_paired(n_common, one, two) and more > MOST_RATIO * fewer and fewer >= FEWEST_EVENED


def form_units(first: Side, second: Side) -> Units:
    """The units of two sides that share no entity: a bucket is one, those of the smaller side are merged.

    Where the sides have unequal numbers of entities, buckets of the smaller are merged by number until a unit of either
    side is expected to hold as many entities; only then are empty units dropped.
    """
    ratio = max(first.n_entities, 1) / max(second.n_entities, 1)
    ones = _numbers(first, 1 / ratio)
    twos = _numbers(second, ratio)
    n_ones, n_twos = _count(ones), _count(twos)
    return Units(of_first=ones, of_second=np.where(twos >= 0, twos + n_ones, -1), n_first=n_ones, n_second=n_twos)


def _numbers(side: Side, times_larger: float) -> NDArray[np.int64]:
    """The unit of each bucket, -1 for an empty one, when the other side has `times_larger` as many entities."""
    buckets = len(side.rows)
    n = max(1, round(buckets / times_larger)) if times_larger > MERGED_ABOVE else buckets
    unit = np.arange(buckets) * n // buckets
    filled = np.bincount(unit, weights=side.rows, minlength=n) > 0
    renumbered = np.where(filled, np.cumsum(filled) - 1, -1)
    return np.asarray(renumbered[unit], dtype=np.int64)


def _count(numbers: NDArray[np.int64]) -> int:
    return int(numbers.max(initial=-1)) + 1


def pair_units(first: Side, second: Side) -> Units:
    """The units of two sides that share entities: a bucket of both is swapped as one."""
    filled = (first.rows > 0) | (second.rows > 0)
    at = np.where(filled, np.cumsum(filled) - 1, -1)
    n = int(filled.sum())
    return Units(of_first=at, of_second=np.where(filled, at + n, -1), n_first=n, n_second=n, is_paired=True)


def too_little(units: Units, n_rows: tuple[int, int], alpha: float) -> str:
    """Why nothing can be told of two sides with so many rows, or nothing."""
    if units.fewest < FEWEST_UNITS:
        return f"only {plural(units.fewest, 'group')} of whole entities on one side, and {FEWEST_UNITS} are needed"
    if units.n_assignments < FEWEST_ASSIGNMENTS_TIMES_ALPHA / alpha:
        return f"only {plural(units.n_assignments, 'way')} to swap them, too few for alpha {alpha:g}"
    fewer, more = sorted(max(n, 1) for n in n_rows)
    if units.is_paired and more > MOST_RATIO * fewer:
        return f"the sides share entities and differ in size by {more / fewer:.1f}, more than {MOST_RATIO:g}"
    return ""
