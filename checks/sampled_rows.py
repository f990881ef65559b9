"""About 200,000 rows of each part of a table as the numbers of their cells, read once and only if they are asked for.

Rows are of whole entities, of every bucket. What is made of them is `checks.score_columns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.cell_finder import CellFinder
from checks.collect import batches
from checks.kinds import as_float, hashed
from checks.tally import part_numbers
from checks.thinning import ENOUGH_ROWS, below, is_kept
from checks.units import N_BUCKETS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Array = NDArray[Any]
# An odd number of 64 bits that spreads what differs over all of them (Steele, Lea and Flood 2014).
MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True, kw_only=True)
class SampledRows:
    """Rows of one part, each array one value a row.

    Attributes:
        bucket: 0-255, whole entities.
        who: 64 bits of the entity.
        cell: By column, the number of the cell.
        moment: The time in seconds, NaN where there is none; empty where no time is asked.
    """

    bucket: Array
    who: Array
    cell: Mapping[str, Array]
    moment: Array

    def thinned(self, share: float) -> SampledRows:
        """The rows of a part of the entities."""
        if share >= 1:
            return self
        return self._at(np.flatnonzero(self.who < np.uint64(below(share))))

    def some_rows(self, share: float) -> SampledRows:
        """A part of the rows of each entity, chosen by all that a row holds."""
        if share >= 1:
            return self
        mark = self.who.astype(np.uint64) ^ (self.moment.view(np.uint64) if len(self.moment) else np.uint64(0))
        for column in sorted(self.cell):
            mark = (mark ^ self.cell[column]) * MIX
            mark ^= mark >> np.uint64(32)
        return self._at(np.flatnonzero(mark < np.uint64(below(share))))

    def _at(self, kept: Array) -> SampledRows:
        moment = self.moment[kept] if len(self.moment) else self.moment
        cell = {column: numbers[kept] for column, numbers in self.cell.items()}
        return SampledRows(bucket=self.bucket[kept], who=self.who[kept], cell=cell, moment=moment)

    @property
    def entities(self) -> Array:
        """Entities by bucket."""
        _who, first = np.unique(self.who, return_index=True)
        return np.bincount(self.bucket[first], minlength=N_BUCKETS).astype(float)


class Sample:
    """The rows of a table that are read of each part."""

    def __init__(self, table: ir.Table, sizes: Mapping[str, int], cells: Sequence[Cells], time: str | None) -> None:
        """Say what would be read.

        Args:
            table: Has `_part`, `_entity` and `_bucket`.
            sizes: By part that may be asked for, its rows.
            cells: The columns that may be asked for.
            time: The column of time, or None.
        """
        self._table, self._sizes, self._time = table, sizes, time
        self._cells = [c for c in cells if not c.why]

    def share(self, part: str) -> float:
        """How large a part of the entities of `part` is read."""
        return min(1.0, ENOUGH_ROWS / max(self._sizes[part], 1))

    @cached_property
    def rows(self) -> Mapping[str, SampledRows]:
        """The rows by part."""
        table, parts = self._table, sorted(self._sizes)
        kept = [(table["_part"] == part) & is_kept(table, self.share(part)) for part in parts]
        rows = table.filter(reduce(or_, kept))
        values = {f"column_{i}": _expression(rows, c) for i, c in enumerate(self._cells)}
        moment = {"_moment": as_float(rows[self._time])} if self._time else {}
        asked = rows.select("_part", "_bucket", **moment, _who=hashed(rows["_entity"]), **values)
        return read_rows(batches(asked), parts, self._cells)


def _expression(rows: ir.Table, cells: Cells) -> Any:
    return as_float(rows[cells.column]) if cells.is_ordered else rows[cells.column].cast("string")


def read_rows(read: Iterable[pa.RecordBatch], parts: Sequence[str], cells: Sequence[Cells]) -> dict[str, SampledRows]:
    """Rows as the numbers of their cells, a batch at a time.

    Args:
        read: `_part`, `_bucket`, maybe `_moment`, `_who`, and the columns in the order of `cells`.
        parts: The parts there are.
        cells: The cells.
    """
    finders = [CellFinder(c) if c.is_ordered else None for c in cells]
    found: dict[str, list[list[Array]]] = {part: [] for part in parts}
    for batch in read:
        part = part_numbers(batch.column("_part"), parts)
        n_ours = batch.num_columns - len(cells)
        ours = [_numbers(batch.column("_bucket")).astype(np.uint8), batch.column("_who").to_numpy()]
        ours.append(_numbers(batch.column("_moment")) if n_ours > len(("_part", "_bucket", "_who")) else np.zeros(0))
        numbers = [
            _cells(column, c, finder) for column, c, finder in zip(batch.columns[n_ours:], cells, finders, strict=True)
        ]
        for i, name in enumerate(parts):
            at = np.flatnonzero(part == i)
            found[name].append([of[at] if len(of) else of for of in (*ours, *numbers)])
    return {name: _joined(blocks, cells) for name, blocks in found.items()}


def _joined(blocks: list[list[Array]], cells: Sequence[Cells]) -> SampledRows:
    empty: list[Array] = [np.zeros(0, np.uint8) for _ in range(3 + len(cells))]
    bucket, who, moment, *cell = (np.concatenate(of) for of in zip(*(blocks or [empty]), strict=True))
    return SampledRows(
        bucket=bucket, who=who, moment=moment, cell={c.column: of for c, of in zip(cells, cell, strict=True)}
    )


def _cells(column: pa.Array, cells: Cells, finder: CellFinder | None) -> Array:
    kept = np.uint8 if cells.n_cells <= np.iinfo(np.uint8).max else np.uint16
    if finder is not None:
        return finder.find(_numbers(column)).astype(kept)
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(cells.labels)
    found = pc.index_in(column, value_set=pa.array(cells.labels, column.type)).fill_null(n).to_numpy()
    if column.null_count:
        found = np.where(column.is_null().to_numpy(zero_copy_only=False), n + 1, found)
    return np.asarray(found, dtype=kept)


def _numbers(column: pa.Array) -> Array:
    """Values as 64-bit floats, NaN where there is none or none that is finite."""
    values = column.cast("float64").to_numpy(zero_copy_only=False)
    is_finite = np.isfinite(values)
    return values if is_finite.all() else np.where(is_finite, values, np.nan)
