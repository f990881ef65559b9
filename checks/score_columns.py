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
from checks.collect import collect
from checks.kinds import as_number, hashed
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

Array = NDArray[Any]
# Of a larger side fewer entities are read: the same part of both sides, so that units stay alike.
ENOUGH_ROWS, MOST_ROWS, N_PARTS = 200_000, 1_000_000, 1_024
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
    """

    scores: tuple[Score, ...]
    sums: Array
    n_rows: tuple[int, int]


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
    table: ir.Table, sides: tuple[Side, Side], parts: tuple[str, str], cells: Sequence[Cells], *, time: str | None
) -> Scored | None:
    """Read two sides and add up their scores by bucket; None when there are no two columns of scores.

    Args:
        table: Has `_part`, `_entity` and `_bucket`.
        sides: The counts of both sides.
        parts: What the sides are called in `_part`.
        cells: How columns were counted.
        time: The column of time, or None.
    """
    pooled = {c.column: sum(side.counts[c.column].sum(axis=0) for side in sides) for c in cells if not c.why}
    scores = scores_of(cells, pooled, time=time)
    if len(scores) < 2:
        return None
    read = _part_of(table, sides)
    of_column = {c.column: c for c in cells}
    sums, n_rows = [], []
    for part in parts:
        frame = collect(_values(read.filter(read["_part"] == part), scores, of_column))
        n_rows.append(len(frame))
        sums.append(sum_scores(frame, scores, of_column))
    return Scored(scores=scores, sums=np.stack(sums), n_rows=(n_rows[0], n_rows[1]))


def _part_of(table: ir.Table, sides: tuple[Side, Side]) -> ir.Table:
    """All rows, or those of a part of the entities of both sides."""
    fewest, most = sorted(side.n_rows for side in sides)
    share = min(1.0, ENOUGH_ROWS / max(fewest, 1), MOST_ROWS / max(most, 1))
    n_parts = int(np.ceil(share * N_PARTS))
    if n_parts >= N_PARTS:
        return table
    return table.filter((hashed(table["_entity"]) % N_PARTS) < n_parts)


def _values(rows: ir.Table, scores: Sequence[Score], of_column: Mapping[str, Cells]) -> ir.Table:
    named: dict[str, Any] = {}
    for score in scores:
        column = rows[score.column]
        is_number = score.kind == "time" or of_column[score.column].is_ordered
        named[score.column] = as_number(column) if is_number else column.cast("string")
    return rows.select("_bucket", **named)


def sum_scores(frame: pl.DataFrame, scores: Sequence[Score], of_column: Mapping[str, Cells]) -> Array:
    """Sums of products of scores by bucket; `frame` has `_bucket` and what `scores` are made of."""
    order = frame["_bucket"].arg_sort()
    bucket = frame["_bucket"][order].to_numpy().astype(int)
    rows = np.ones((len(frame), 1 + len(scores)))
    cell: dict[str, Array] = {}
    for i, score in enumerate(scores, 1):
        values = frame[score.column][order]
        if score.kind == "time":
            rows[:, i] = _within_window(values)
            continue
        if score.column not in cell:
            cell[score.column] = _cells(values, of_column[score.column])
        rows[:, i] = score.by_cell[cell[score.column]]
    starts = np.searchsorted(bucket, np.arange(N_BUCKETS + 1))
    sums = np.zeros((N_BUCKETS, rows.shape[1], rows.shape[1]))
    for b in range(N_BUCKETS):
        block = rows[starts[b] : starts[b + 1]]
        sums[b] = block.T @ block
    return sums


def _cells(values: pl.Series, cells: Cells) -> Array:
    if cells.is_ordered:
        return CellFinder(cells).find(values.fill_null(float("nan")).to_numpy())
    number = {label: i for i, label in enumerate(cells.labels)}
    import polars as pl

    known = values.replace_strict(number, default=len(number), return_dtype=pl.Int64)
    return known.set(values.is_null(), len(number) + 1).to_numpy()


def _within_window(values: pl.Series) -> Array:
    """The rank of a moment inside its own side, -.5 to .5; 0 where there is none."""
    rank = values.rank("average").fill_null(strategy=None, value=float("nan")).to_numpy()
    n = np.isfinite(rank).sum()
    return np.asarray(np.where(np.isfinite(rank), (rank - 0.5) / max(n, 1) - 0.5, 0.0))
