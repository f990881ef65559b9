"""Rows as scores, so that columns of any kind can be correlated: normal scores of ranks, what is missing, the time.

A value's score is that of its cell: the normal quantile of the cell's mid-rank among the rows of both sides, levels
ordered by their share (van der Waerden 1952). What is made of the scores is `checks.pairs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.even_rows import even_shares
from checks.sampled_rows import Sample, SampledRows
from checks.units import N_BUCKETS, Side

Array = NDArray[Any]
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
    sample: Sample,
    sides: tuple[Side, Side],
    parts: tuple[str, str],
    cells: Sequence[Cells],
    *,
    time: str | None,
    is_paired: bool,
) -> Scored | None:
    """Add up the scores of two sides by bucket; None when there are no two columns of scores.

    Args:
        sample: The rows.
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
    shares = [sample.share(part) for part in parts]
    least = min(shares) if is_paired else 1.0
    read = [sample.rows[part].thinned(least) for part in parts]
    entities = [rows.entities for rows in read]
    if not is_paired:
        read = [rows.some_rows(share) for rows, share in zip(read, even_shares(*sides), strict=True)]
    # Rounded to 32 bits: of 400 scores these are 330 MB.
    sums = np.zeros((2, N_BUCKETS, 1 + len(scores), 1 + len(scores)), dtype=np.float32)
    for total, rows in zip(sums, read, strict=True):
        sum_scores(rows, scores, into=total)
    read_of = tuple(
        Side(name=side.name, rows=total[:, 0, 0].astype(float), entities=n, counts={})
        for side, total, n in zip(sides, sums, entities, strict=True)
    )
    is_uneven = not is_paired and shares[0] != shares[1]
    n_rows = (len(read[0].bucket), len(read[1].bucket))
    return Scored(scores=scores, sums=sums, n_rows=n_rows, read=read_of if is_uneven else ())


def sum_scores(read: SampledRows, scores: Sequence[Score], into: Array | None = None) -> Array:
    """Sums of products of scores by bucket; rows are scored a bucket at a time.

    Args:
        read: The rows.
        scores: The scores.
        into: Where the sums are put.
    """
    order = np.argsort(read.bucket, kind="stable")
    starts = np.searchsorted(read.bucket[order], np.arange(N_BUCKETS + 1))
    columns = {score.column for score in scores if score.kind != "time"}
    cell = {column: read.cell[column][order] for column in columns}
    moment = _within_window(read.moment)[order] if len(read.moment) else read.moment
    sums = np.zeros((N_BUCKETS, 1 + len(scores), 1 + len(scores))) if into is None else into
    for b in range(N_BUCKETS):
        here = slice(starts[b], starts[b + 1])
        rows = np.ones((1 + len(scores), starts[b + 1] - starts[b]))
        for row, score in zip(rows[1:], scores, strict=True):
            row[:] = moment[here] if score.kind == "time" else score.by_cell[cell[score.column][here]]
        sums[b] = rows @ rows.T
    return sums


def _within_window(moment: Array) -> Array:
    """The rank of a moment inside its own side, -.5 to .5; 0 where there is none."""
    import polars as pl  # whose ranks are those of scipy.stats, without the .6 CPU seconds that its import takes

    has_time = np.isfinite(moment)
    place = np.zeros(len(moment))
    if has_time.any():
        place[has_time] = (pl.Series(moment[has_time]).rank("average").to_numpy() - 0.5) / has_time.sum() - 0.5
    return place
