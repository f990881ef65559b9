"""Rows as scores, so that columns of any kind can be correlated: normal scores of ranks, what is missing, the time.

A value's score is that of its cell: the normal quantile of the cell's mid-rank among the rows of both sides, levels
ordered by their share (van der Waerden 1952). What is made of the scores is `checks.pairs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.cell_finder import CellFinder
from checks.collect import collect_arrow
from checks.kinds import as_number, hashed
from checks.thinning import shares_of, thinned
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

Array = NDArray[Any]
WHO = "_who"
LEAST_MISSING = 0.005


@dataclass(frozen=True, kw_only=True)
class Score:
    """One column of scores.

    Attributes:
        column: The column that it is made of.
        kind: Its `value`, whether it is `missing`, or the `time` within the window.
        by_cell: Of each cell the score.
        part_of: Of a part of a text or a list, the column.
    """

    column: str
    kind: Literal["value", "missing", "time"]
    by_cell: Array
    part_of: str = ""

    @property
    def whole(self) -> str:
        """The column that it comes from: scores of one column are in no pair."""
        return self.part_of or self.column

    @property
    def named(self) -> str:
        """The column, and whether it is about what is missing.

        >>> Score(column="wind", kind="missing", by_cell=np.zeros(1)).named
        'wind is missing'
        """
        return f"{self.column} is missing" if self.kind == "missing" else self.column


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Two sides as sums of scores and of their products.

    Attributes:
        scores: The columns of scores.
        sums: By side, bucket and two scores the sum of their product; a constant 1 stands before the scores, so that
            numbers of rows and plain sums are there too. Shape (2, 256, 1 + scores, 1 + scores).
        n_rows: Rows of each side that were read.
        read: Rows and entities that were read of each side, where more of one side were than of the other: units
            of these are others than those of all rows.
    """

    scores: tuple[Score, ...]
    sums: Array
    n_rows: tuple[int, int]
    read: tuple[Side, ...] = ()


def scores_of(cells: Sequence[Cells], pooled: Mapping[str, Array], *, time: str | None) -> tuple[Score, ...]:
    """The scores of columns that are compared, and of the time.

    Args:
        cells: How columns were counted.
        pooled: By column, rows of both sides by cell.
        time: The column of time, whose place within its own window is asked.
    """
    compared = [c for c in cells if not c.why and c.column != time]
    found = [
        Score(column=c.column, kind="value", by_cell=by_cell(c, pooled[c.column]), part_of=c.part_of) for c in compared
    ]
    for c in compared:
        counts = pooled[c.column]
        if LEAST_MISSING <= counts[-1] / max(counts.sum(), 1) <= 1 - LEAST_MISSING:
            is_missing = np.append(np.zeros(len(counts) - 1), 1.0)
            found.append(Score(column=c.column, kind="missing", by_cell=is_missing, part_of=c.part_of))
    found = [score for score in found if np.ptp(score.by_cell[pooled[score.column] > 0]) > 0]
    if time:
        found.append(Score(column=time, kind="time", by_cell=np.zeros(1)))
    return tuple(found)


def by_cell(cells: Cells, pooled: Array) -> Array:
    """The normal score of each cell; 0, the middle, of what is missing.

    >>> c = Cells(column="x", type="float64", kind="numeric", edges=(0.0, float("inf")))
    >>> by_cell(c, np.array([1.0, 1.0, 5.0])).round(3).tolist()
    [-0.674, 0.674, 0.0]
    """
    from scipy.special import ndtri

    present = pooled[:-1]
    order = np.arange(len(present)) if cells.is_ordered else np.argsort(-present, kind="stable")
    counts = present[order]
    scores = np.zeros(len(pooled))
    if total := counts.sum():
        scores[order] = ndtri(np.clip((np.cumsum(counts) - counts / 2) / total, 1e-9, 1 - 1e-9))
    return scores


def score_rows(
    table: ir.Table,
    sides: tuple[Side, Side],
    parts: tuple[str, str],
    cells: Sequence[Cells],
    *,
    time: str | None,
    is_paired: bool,
) -> Scored | None:
    """Read two sides, of each about 200,000 rows, and add up their scores by bucket; None without two scores.

    Args:
        table: Has `_part`, `_entity` and `_bucket`.
        sides: The counts of both sides.
        parts: What the sides are called in `_part`.
        cells: How columns were counted.
        time: The column of time, or None.
        is_paired: The sides share entities: the same ones are read of both.
    """
    pooled = {c.column: sum(side.counts[c.column].sum(axis=0) for side in sides) for c in cells if not c.why}
    scores = scores_of(cells, pooled, time=time)
    if len(scores) < 2:
        return None
    of_column = {c.column: c for c in cells}
    shares = shares_of(sides[0].n_rows, sides[1].n_rows, is_paired=is_paired)
    is_uneven = shares[0] != shares[1]
    sums, n_rows, entities = [], [], []
    for part, share in zip(parts, shares, strict=True):
        rows = thinned(table.filter(table["_part"] == part), share)
        read = collect_arrow(_values(rows, scores, of_column, with_entity=is_uneven))
        n_rows.append(read.num_rows)
        sums.append(sum_scores(read, scores, of_column))
        entities.append(_entities(read) if is_uneven else None)
    read_of = tuple(
        Side(name=side.name, rows=total[:, 0, 0], entities=found, counts={})
        for side, total, found in zip(sides, sums, entities, strict=True)
        if found is not None
    )
    return Scored(scores=scores, sums=np.stack(sums), n_rows=(n_rows[0], n_rows[1]), read=read_of)


def _values(rows: ir.Table, scores: Sequence[Score], of_column: Mapping[str, Cells], *, with_entity: bool) -> ir.Table:
    named: dict[str, Any] = {WHO: hashed(rows["_entity"])} if with_entity else {}
    for score in scores:
        column = rows[score.column]
        is_number = score.kind == "time" or of_column[score.column].is_ordered
        named[score.column] = as_number(column) if is_number else column.cast("string")
    return rows.select("_bucket", **named)


def _entities(read: pa.Table) -> Array:
    """Entities by bucket, told apart by 64 bits."""
    _who, first = np.unique(read[WHO].to_numpy(), return_index=True)
    return np.bincount(read["_bucket"].to_numpy()[first], minlength=N_BUCKETS).astype(float)


def sum_scores(read: pa.Table, scores: Sequence[Score], of_column: Mapping[str, Cells]) -> Array:
    """Sums of products of scores by bucket; `read` has `_bucket` and what `scores` are made of.

    Rows are scored a few buckets at a time.
    """
    bucket = read["_bucket"].to_numpy().astype(np.int16)
    order = np.argsort(bucket, kind="stable")
    starts = np.searchsorted(bucket[order], np.arange(N_BUCKETS + 1))
    places: dict[tuple[str, str], Array] = {}
    for score in scores:
        at = (score.column, "time" if score.kind == "time" else "cell")
        if at not in places:
            values = read[score.column]
            found = _within_window(values) if score.kind == "time" else _cells(values, of_column[score.column])
            places[at] = found[order]
    sums = np.zeros((N_BUCKETS, 1 + len(scores), 1 + len(scores)))
    for b in range(N_BUCKETS):
        here = slice(starts[b], starts[b + 1])
        rows = np.ones((1 + len(scores), starts[b + 1] - starts[b]))
        for row, score in zip(rows[1:], scores, strict=True):
            if score.kind == "time":
                row[:] = places[score.column, "time"][here]
            else:
                np.take(score.by_cell, places[score.column, "cell"][here], out=row)
        sums[b] = rows @ rows.T
    return sums


def _cells(values: pa.ChunkedArray, cells: Cells) -> Array:
    if cells.is_ordered:
        return CellFinder(cells).find(_numbers(values)).astype(np.uint16)
    import pyarrow as pa
    import pyarrow.compute as pc

    n = len(cells.labels)
    found = pc.index_in(values, value_set=pa.array(cells.labels, values.type)).fill_null(n).to_numpy()
    if values.null_count:
        found = np.where(values.is_null().to_numpy(), n + 1, found)
    return found.astype(np.uint16)


def _numbers(values: pa.ChunkedArray) -> Array:
    """Values as 64-bit floats, NaN where there is none."""
    return values.cast("float64").to_numpy()


def _within_window(values: pa.ChunkedArray) -> Array:
    """The rank of a moment inside its own side, -.5 to .5; 0 where there is none."""
    from scipy.stats import rankdata

    number = _numbers(values)
    has_time = np.isfinite(number)
    place = np.zeros(len(number))
    if has_time.any():
        place[has_time] = (rankdata(number[has_time]) - 0.5) / has_time.sum() - 0.5
    return place
