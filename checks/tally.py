"""Rows counted as they stream by: by part, bucket and cell, with moments, extremes and decimal places.

Batches are counted with NumPy: an engine's grouped histogram copies the edges for every group, and costs several times
what one without groups does (docs/explanation/shift.md). Which cells there are is `checks.bins`; what the counts are
for, `checks.profile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import PRECISIONS, Cells
from checks.cell_finder import CellFinder
from checks.collect import batches
from checks.kinds import as_float

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Array = NDArray[Any]
# Above it a 64-bit float has no decimal places left.
LARGEST_WITH_PLACES = 2.0**53
# Moments hold no value further from the median than so many IQR: its square is still a number.
FARTHEST = 1e100
LARGEST_16_BITS = 2**16


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """What counts by cell do not hold: the least and the largest finite value of a column in a part."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The counts of a table, each array by part and bucket first.

    Attributes:
        counts: By column, rows by cell.
        precision: By column, rows by the fewest decimal places that a value needs.
        moments: By column: how many finite values, the sum and the sum of squares of their distance from the median
            in IQR.
        extremes: By column and part.
    """

    counts: Mapping[str, Array]
    precision: Mapping[str, Array]
    moments: Mapping[str, Array]
    extremes: Mapping[tuple[str, str], Extremes]


def tally(table: ir.Table, cells: Sequence[Cells], parts: Sequence[str], *, n_precise: int, n_buckets: int) -> Tally:
    """Count every column in one scan, holding one batch of rows at a time.

    Args:
        table: Has `_part` (one of `parts`) and `_bucket`.
        cells: How to count its columns.
        parts: The parts there are.
        n_precise: In how many buckets decimal places are counted.
        n_buckets: How many buckets there are.
    """
    ordered = [_Ordered(c, len(parts), n_buckets) for c in cells if c.is_ordered]
    others = [_Levels(c, len(parts), n_buckets) for c in cells if not c.is_ordered]
    columns: list[_Ordered | _Levels] = [*ordered, *others]
    values = {f"column_{i}": counted.expression(table) for i, counted in enumerate(columns)}
    for batch in batches(table.select("_part", "_bucket", **values)):
        groups = _Groups.of(batch, parts, n_precise, n_buckets)
        for counted, column in zip(columns, batch.columns[2:], strict=True):
            counted.add(column, groups)
    shape = (len(parts), n_buckets, -1)
    return Tally(
        counts={c.cells.column: c.counts.reshape(shape) for c in columns},
        precision={c.cells.column: c.precision.reshape(shape) for c in ordered if c.cells.has_precision},
        moments={c.cells.column: c.moments.reshape(shape) for c in ordered},
        extremes={
            (c.cells.column, part): Extremes(low=low, high=high)
            for c in ordered
            for part, low, high in zip(parts, c.low.tolist(), c.high.tolist(), strict=True)
            if low <= high
        },
    )


def part_numbers(column: pa.Array, parts: Sequence[str]) -> Array:
    """Of each row the place of its part among `parts`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.index_in(column, value_set=pa.array(parts, column.type)).to_numpy())


@dataclass(frozen=True)
class _Groups:
    """The rows of a batch, sorted by part and bucket, so that sums by group are sums of slices.

    Attributes:
        order: The rows, sorted.
        group: Of each sorted row, the number of its group: part * buckets + bucket.
        n_precise: In how many buckets decimal places are counted.
        n_buckets: How many buckets there are.
    """

    order: Array
    group: Array
    n_precise: int
    n_buckets: int

    @classmethod
    def of(cls, batch: pa.RecordBatch, parts: Sequence[str], n_precise: int, n_buckets: int) -> _Groups:
        group = part_numbers(batch.column(0), parts).astype(np.int64) * n_buckets + batch.column(1).to_numpy()
        # Of 16 bits NumPy sorts by radix.
        order = np.argsort(
            group.astype(np.uint16 if len(parts) * n_buckets < LARGEST_16_BITS else np.int64), kind="stable"
        )
        return cls(order=order, group=group[order], n_precise=n_precise, n_buckets=n_buckets)

    @cached_property
    def starts(self) -> Array:
        """Where each group begins."""
        return np.flatnonzero(np.diff(self.group, prepend=-1))

    @cached_property
    def found(self) -> Array:
        """The groups that there are."""
        return np.asarray(self.group[self.starts])

    @cached_property
    def nth(self) -> Array:
        """Of each row, the place of its group in `found`."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.group)))

    @cached_property
    def part_starts(self) -> Array:
        """Where each part begins."""
        return np.flatnonzero(np.diff(self.group // self.n_buckets, prepend=-1))

    @cached_property
    def parts(self) -> Array:
        """The parts that there are."""
        return np.asarray(self.group[self.part_starts] // self.n_buckets)

    @cached_property
    def precise(self) -> Array | slice:
        """The rows whose decimal places are counted."""
        if self.n_precise >= self.n_buckets:
            return slice(None)
        return np.flatnonzero(self.group % self.n_buckets < self.n_precise)

    def count(self, cell: Array, total: Array, rows: Array | slice = slice(None)) -> None:
        """Add rows by cell to `total`."""
        n_cells = total.shape[1]
        counted = np.bincount(self.nth[rows] * n_cells + cell, minlength=len(self.found) * n_cells)
        total[self.found] += counted.reshape(-1, n_cells)


class _Levels:
    """A column of levels, or one of which only is counted what is missing."""

    def __init__(self, cells: Cells, n_parts: int, n_buckets: int) -> None:
        self.cells = cells
        self.counts = np.zeros((n_parts * n_buckets, cells.n_cells))

    def expression(self, table: ir.Table) -> Any:
        column = table[self.cells.column]
        return column.cast("string") if self.cells.labels else column.isnull()

    def add(self, column: pa.Array, groups: _Groups) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.cells.labels:
            groups.count(column.to_numpy(zero_copy_only=False)[groups.order].astype(np.int64), self.counts)
            return
        n = len(self.cells.labels)
        cell = pc.index_in(column, value_set=pa.array(self.cells.labels, column.type)).fill_null(n).to_numpy()
        if column.null_count:
            cell = np.where(column.is_null().to_numpy(zero_copy_only=False), n + 1, cell)
        groups.count(cell[groups.order], self.counts)


class _Ordered:
    """A column of numbers or moments."""

    def __init__(self, cells: Cells, n_parts: int, n_buckets: int) -> None:
        n_groups = n_parts * n_buckets
        self.cells = cells
        self.finder = CellFinder(cells)
        self.counts = np.zeros((n_groups, cells.n_cells))
        self.precision = np.zeros((n_groups, len(PRECISIONS)))
        self.sums = np.zeros((n_groups, 2))
        self.low, self.high = np.full(n_parts, np.inf), np.full(n_parts, -np.inf)

    @property
    def moments(self) -> Array:
        return np.column_stack([self.counts[:, :-1].sum(axis=1), self.sums])

    def expression(self, table: ir.Table) -> Any:
        return as_float(table[self.cells.column])

    def add(self, column: pa.Array, groups: _Groups) -> None:
        values = column.to_numpy(zero_copy_only=False)[groups.order]
        is_missing = ~np.isfinite(values)
        values[is_missing] = np.nan
        groups.count(self.finder.find(values), self.counts)
        self._add_extremes(values, groups)
        if self.cells.has_precision:
            groups.count(places(values[groups.precise]), self.precision, groups.precise)
        self._add_moments(values, is_missing, groups)

    def _add_extremes(self, values: Array, groups: _Groups) -> None:
        low, high = (least.reduceat(values, groups.part_starts) for least in (np.fmin, np.fmax))
        self.low[groups.parts] = np.fmin(self.low[groups.parts], low)
        self.high[groups.parts] = np.fmax(self.high[groups.parts], high)

    def _add_moments(self, values: Array, is_missing: Array, groups: _Groups) -> None:
        # In IQR from the median, so that squares of large values lose nothing.
        with np.errstate(over="ignore"):
            standard = (values - self.cells.median) / self.cells.iqr
        np.clip(standard, -FARTHEST, FARTHEST, out=standard)
        standard[is_missing] = 0.0
        self.sums[groups.found, 0] += np.add.reduceat(standard, groups.starts)
        self.sums[groups.found, 1] += np.add.reduceat(standard * standard, groups.starts)


def places(values: Array) -> Array:
    """The cell of each value in `PRECISIONS`: the fewest decimal places that hold it.

    >>> places(np.array([2.0, 0.5, 0.25, 0.125, 1 / 3, float("nan"), 1.7e308])).tolist()
    [0, 1, 2, 3, 4, 5, 0]
    """
    n_places = len(PRECISIONS) - 2
    cell = np.where(np.isnan(values), n_places + 1, n_places)
    with np.errstate(over="ignore"):  # what overflows has no places
        for k in reversed(range(n_places)):
            scale = 10.0**k
            cell[np.rint(values * scale) / scale == values] = k
    cell[np.abs(values) > LARGEST_WITH_PLACES] = 0
    return cell
