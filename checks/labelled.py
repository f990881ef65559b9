"""Labelled rows, as every question on giveaways reads them: columns as codes and as numbers, labels, two halves.

What is judged of a column is told by the `giveaway_*` modules; what crosses splits is `checks.leakage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

FEWEST_OF_A_CLASS = 30
Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Labelled:
    """Rows that have a label.

    Attributes:
        frame: The features, the target and `_bucket` (0-255, whole entities); more columns where a question needs them.
        features: The columns that a model would see.
        target: The target's column.
        judged_on: In words, which rows these are.
    """

    frame: pl.DataFrame
    features: tuple[str, ...]
    target: str
    judged_on: str

    @cached_property
    def is_quantity(self) -> bool:
        """Whether the target is a quantity and no class."""
        return is_continuous(self.frame[self.target])

    @cached_property
    def buckets(self) -> Array:
        """The group of entities that each row is in."""
        return self.frame["_bucket"].to_numpy().astype(np.int64)

    @cached_property
    def fitted(self) -> Array:
        """The half that rules are fitted on: the entities of even buckets. The other half judges them."""
        return np.asarray(self.buckets % 2 == 0)

    @cached_property
    def y(self) -> Array:
        """The labels: classes as codes from 0, a quantity as floats."""
        if self.is_quantity:
            return self.frame[self.target].cast(pl.Float64).to_numpy()
        return codes_of(self.frame[self.target]) - 1

    @cached_property
    def n_labels(self) -> int:
        """How many classes there are; 0 of a quantity."""
        return 0 if self.is_quantity or not len(self.y) else int(self.y.max()) + 1

    def codes(self, name: str) -> Array:
        """The column's values as numbers in their order from 1; 0 where it has none. Ranked once."""
        if name not in self._codes:
            self._codes[name] = codes_of(self.frame[name])
        return self._codes[name]

    def numbers(self, name: str) -> Array:
        """The column as floats, NaN where it has no value. Not to be written to."""
        if name not in self._numbers:
            self._numbers[name] = numbers_of(self.frame[name])
        return self._numbers[name]

    @cached_property
    def _codes(self) -> dict[str, Array]:
        return {}

    @cached_property
    def _numbers(self) -> dict[str, Array]:
        return {}

    def fewer(self, n_rows: int, n_of_a_class: int = 100) -> Labelled:
        """Whole buckets of these rows: at least `n_rows`, and of each class `n_of_a_class` in either half; else all."""
        if len(self.frame) <= n_rows:
            return self
        halves = np.stack([self._counts(self.buckets % 2 == half) for half in (0, 1)])
        is_enough = (halves >= n_of_a_class).all(axis=(0, 2)) & (halves.sum(axis=(0, 2)) >= n_rows)
        return self.within(self.buckets <= int(is_enough.argmax())) if is_enough.any() else self

    def _counts(self, inside: Array) -> Array:
        """Rows up to each bucket, by label."""
        kinds = max(self.n_labels, 1)
        labels = np.zeros(len(self.y), dtype=np.int64) if self.is_quantity else self.y
        cells = np.bincount(self.buckets[inside] * kinds + labels[inside], minlength=256 * kinds)
        return np.asarray(cells.reshape(256, kinds).cumsum(axis=0))

    def within(self, kept: Array) -> Labelled:
        """Only the rows that are `kept`, a mask or positions."""
        frame = self.frame.filter(pl.Series(kept)) if kept.dtype == bool else self.frame[kept]
        return Labelled(frame=frame, features=self.features, target=self.target, judged_on=self.judged_on)


def is_continuous(target: pl.Series) -> bool:
    """Whether the target is a quantity: a float, or an integer of more than 20 values."""
    return (
        target.dtype.is_float() or target.dtype.is_decimal() or (target.dtype.is_integer() and target.n_unique() > 20)
    )


def codes_of(series: pl.Series) -> Array:
    """Values as numbers in their order from 1; 0 for a missing one."""
    return np.asarray(series.rank("dense").fill_null(0).cast(pl.Int64).to_numpy())


def is_ordered(series: pl.Series) -> bool:
    """Whether the order of the values means something to a threshold."""
    return series.dtype.is_numeric() or series.dtype.is_temporal()


def numbers_of(series: pl.Series) -> Array:
    """A column that is ordered, or of booleans, as floats; NaN where it has no value."""
    series = series if series.dtype.is_decimal() else series.to_physical()  # a decimal's physical form lacks its point
    return np.array(series.cast(pl.Float64).fill_null(np.nan).to_numpy())


def has_enough(labels: Array) -> bool:
    """Whether at least two classes are there, and 30 rows of each."""
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return len(counts) > 1 and bool((counts >= FEWEST_OF_A_CLASS).all())


def agreement(predicted: Array, truth: Array, *, is_quantity: bool) -> float:
    """How far a prediction agrees with the truth beyond chance: 0 nothing, 1 all.

    Of classes Cohen's kappa (Cohen 1960), of a quantity R2. It stays 0 in a rare class where accuracy is high.

    >>> agreement(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), is_quantity=False)
    1.0
    """
    if not len(truth):
        return 0.0
    if is_quantity:
        spread = float(((truth - truth.mean()) ** 2).sum())
        return 1 - float(((truth - predicted) ** 2).sum()) / spread if spread else 0.0
    n = int(max(predicted.max(), truth.max())) + 1
    by_chance = 1 - float(np.bincount(predicted, minlength=n) @ np.bincount(truth, minlength=n)) / len(truth) ** 2
    return 1 - float((predicted != truth).mean()) / by_chance if by_chance else 0.0


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """What a map from value to label, fitted on one half, says of the other.

    Attributes:
        predicted: The commonest label (the mean of a quantity) of each judged row's value.
        truth: Their labels.
        n_judged: All rows of the judged half; those whose value was seen once or never are not predicted.
    """

    predicted: Array
    truth: Array
    n_judged: int

    @property
    def covered_share(self) -> float:
        """The share of the judged half that is predicted."""
        return len(self.truth) / self.n_judged if self.n_judged else 0.0

    @property
    def errs_never(self) -> bool:
        """Whether classes are predicted without an error, 30 rows of each among them."""
        return bool(len(self.truth)) and has_enough(self.truth) and bool((self.predicted == self.truth).all())


def mapped(values: Array, rows: Labelled, *, seen_at_least: int = 2) -> Mapped:
    """Fit a map from code to label on the fitted half and apply it to the other.

    Args:
        values: One code a row, from 0.
        rows: Their labels and halves.
        seen_at_least: How often a value must stand in the fitted half to be counted.
    """
    fitted, y = rows.fitted, rows.y
    n_values = int(values.max(initial=0)) + 1
    n_seen = np.bincount(values[fitted], minlength=n_values)
    if rows.is_quantity:
        known = np.bincount(values[fitted], weights=y[fitted], minlength=n_values) / np.maximum(n_seen, 1)
    else:
        known = _commonest(values[fitted], y[fitted], n_values, rows.n_labels)
    judged = ~fitted & (n_seen[values] >= seen_at_least)
    return Mapped(predicted=known[values[judged]], truth=y[judged], n_judged=int((~fitted).sum()))


def _commonest(values: Array, labels: Array, n_values: int, n_labels: int) -> Array:
    """The commonest label of each value; of equally common ones the last."""
    found = np.zeros(n_values, dtype=np.int64)
    if n_values * n_labels <= 4_000_000:
        counts = np.bincount(values * n_labels + labels, minlength=n_values * n_labels).reshape(n_values, n_labels)
        return np.asarray(n_labels - 1 - counts[:, ::-1].argmax(axis=1))
    pairs, counts = np.unique(values * n_labels + labels, return_counts=True)
    order = np.lexsort((counts, pairs // n_labels))
    found[pairs[order] // n_labels] = pairs[order] % n_labels  # the commonest stands last and stays
    return found


def neighbour_agreement(order: Array, rows: Labelled, units: Array | None = None) -> float:
    """How far the label of the row before, in `order`, tells a row's own.

    The row before is the nearest one of another bucket (another unit, where `units` are given), so that rows of one
    entity, which know each other, say nothing.

    Args:
        order: One number a row.
        rows: Their labels.
        units: Rows that must not predict each other; the buckets unless given.
    """
    at = np.argsort(order, kind="stable")
    unit, y = (rows.buckets if units is None else units)[at], rows.y[at]
    starts = np.flatnonzero(np.append(True, unit[1:] != unit[:-1])) if len(unit) else np.array([], dtype=np.int64)
    if len(starts) < 2:
        return 0.0
    lengths = np.diff(np.append(starts, len(unit)))
    before = np.repeat(starts - 1, lengths)[lengths[0] :]
    return agreement(y[before], y[lengths[0] :], is_quantity=rows.is_quantity)
