"""Rows by day and cell, under cells that stay: they add up, so that new rows are counted alone.

Which cells a column has is `checks.bins`, how it is counted `checks.profile`; what days say, `checks.watching`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.column_parts import cells_with_parts, with_parts
from checks.effect import total_variation
from checks.months import bucket_of_day
from checks.profile import Profile, scan
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array = NDArray[Any]

MOST_LEVELS = 30
N_HASHES = 64
# A partition that no data chose: a level that comes later falls where it would have fallen before.
HASHES = tuple(f"{i} of {N_HASHES} by hash" for i in range(N_HASHES))
HEX = "0123456789abcdef"
EPOCH = date(1970, 1, 1)
TELLS_THE_DAY = 0.9
FEWEST_TO_TELL = 3
ONE_VALUE = 0.9
NAMES_THE_DAY = "its values name the day"
NAMES_A_TIME = "each of its values is that of one stretch of days"


@dataclass(frozen=True, kw_only=True)
class DayCounts:
    """Counts of a table by day.

    Attributes:
        days: The days that have rows, in order.
        rows: Rows by day.
        counts: By column, rows by day and cell.
        moments: By column of numbers, by day: how many finite values, their sum, their sum of squares, as scaled by
            the median and the interquartile range of the cells.
    """

    days: tuple[date, ...] = ()
    rows: Array = field(default_factory=lambda: np.zeros(0))
    counts: Mapping[str, Array] = field(default_factory=dict)
    moments: Mapping[str, Array] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """All rows that have a day."""
        return int(self.rows.sum())

    def __add__(self, other: DayCounts) -> DayCounts:
        """Both together, counted by the same cells."""
        days = tuple(sorted({*self.days, *other.days}))
        place = {day: i for i, day in enumerate(days)}
        ones, twos = ([place[day] for day in one.days] for one in (self, other))

        def both(a: Array | None, b: Array | None) -> Array:
            shape = a.shape[1:] if a is not None and len(a) else b.shape[1:] if b is not None else ()
            total = np.zeros((len(days), *shape))
            for at, part in ((ones, a), (twos, b)):
                if part is not None and len(part):
                    total[at] += part
            return total

        def each(a: Mapping[str, Array], b: Mapping[str, Array]) -> dict[str, Array]:
            return {name: both(a.get(name), b.get(name)) for name in {**a, **b}}

        return DayCounts(
            days=days,
            rows=both(self.rows, other.rows),
            counts=each(self.counts, other.counts),
            moments=each(self.moments, other.moments),
        )

    def side(self, name: str, first: date, last: date) -> Side:
        """The days from `first` to `last` as a side of a comparison whose unit is the day."""
        chosen = [i for i, day in enumerate(self.days) if first <= day <= last]
        bucket = [bucket_of_day((self.days[i] - EPOCH).days) for i in chosen]

        def by_bucket(values: Array) -> Array:
            total = np.zeros((N_BUCKETS, *values.shape[1:]))
            np.add.at(total, bucket, values[chosen])
            return total

        return Side(
            name=name,
            rows=by_bucket(self.rows),
            entities=by_bucket(np.ones(len(self.days))),
            counts={column: by_bucket(counted) for column, counted in self.counts.items()},
            moments={column: by_bucket(counted) for column, counted in self.moments.items()},
        )


def months_of(counted: DayCounts, cells: Sequence[Cells]) -> Profile:
    """Counts of days as those of months, the day being what is swapped."""
    days: dict[str, list[date]] = {}
    for day in counted.days:
        days.setdefault(f"{day:%Y-%m}", []).append(day)
    sides = {month: counted.side(month, of[0], of[-1]) for month, of in days.items()}
    return Profile(cells=tuple(c for c in cells if not c.why), parts=sides, extremes={})


def day_cells(table: ir.Table, columns: Sequence[str], *, n_rows: int) -> tuple[Cells, ...]:
    """Cells that later days are counted by too: those of a version, many levels by their hash.

    Args:
        table: Has `_bucket`.
        columns: Which.
        n_rows: Its number of rows.
    """
    return tuple(_that_stay(cells) for cells in cells_with_parts(table, columns, n_rows=n_rows)[1])


def _that_stay(cells: Cells) -> Cells:
    labels = HASHES if len(cells.labels) > MOST_LEVELS else cells.labels
    return replace(cells, labels=labels, has_precision=False)


def count_days(table: ir.Table, time: str, cells: Sequence[Cells]) -> DayCounts:
    """Count `table` by the days of its column `time`; rows without a time are in no day.

    Args:
        table: The rows.
        time: A column of dates or timestamps, read in UTC.
        cells: The columns to count, and how.
    """
    import ibis

    table = with_parts(table, cells)
    number = table[time].cast("date").epoch_days()
    first, last = ((edge - EPOCH).days for edge in (date.min, date.max))
    kept = table.filter(number.between(first, last))
    day = kept[time].cast("date").epoch_days().cast("string")
    hashed = {c.column: _hash_cell(kept[c.column]) for c in cells if c.labels == HASHES}
    placed = kept.mutate(_part=day, _bucket=ibis.literal(0), **hashed)
    # Moments hold few extremes: a day is one bucket, and its parts are the days.
    profile = scan(placed, cells, n_rows=0, has_entities=False, n_buckets=1)
    order = sorted(profile.parts, key=int)
    sides = [profile.parts[part] for part in order]

    def stacked(of: str, column: str) -> Array:
        return np.array([getattr(side, of)[column][0] for side in sides])

    if not sides:
        return DayCounts()
    return DayCounts(
        days=tuple(EPOCH + timedelta(days=int(part)) for part in order),
        rows=np.array([side.rows[0] for side in sides]),
        counts={c.column: stacked("counts", c.column) for c in cells},
        moments={c.column: stacked("moments", c.column) for c in cells if c.is_ordered},
    )


def _hash_cell(column: Any) -> Any:
    """The cell of a level by the first byte of its MD5, which every engine computes alike; NULL stays missing."""
    import ibis

    digest, digit = column.cast("string").hexdigest("md5"), ibis.literal(HEX)
    byte = digit.find(digest.substr(0, 1)) * 16 + digit.find(digest.substr(1, 1))
    return (byte.cast("int64") // (256 // N_HASHES)).cast("string") + f" of {N_HASHES} by hash"


def told_by_days(cells: Sequence[Cells], counted: DayCounts) -> tuple[Cells, ...]:
    """Cells with why a column that names the day (a month, a day of the month) is not watched: it says when."""
    return tuple(replace(c, why=c.why or _says_when(counted, c)) for c in cells)


def _says_when(counted: DayCounts, cells: Cells) -> str:
    counts = counted.counts.get(cells.column)
    if counts is None or len(counts) < FEWEST_TO_TELL:
        return ""
    apart = total_variation(counts, counts.sum(axis=0) - counts)
    value, n_changes = counts.argmax(axis=1), int(np.count_nonzero(np.diff(counts.argmax(axis=1))))
    has_one_value = float(np.median(counts.max(axis=1) / counted.rows)) > ONE_VALUE
    # A month in a history of less than a year, a year, a batch: whatever comes next is new, and no surprise.
    if has_one_value and 0 < n_changes == len(np.unique(value)) - 1:
        return NAMES_A_TIME
    # Most days: those at the turn of a month have rows of both where the column is read in another time zone.
    return NAMES_THE_DAY if float(np.median(apart)) > TELLS_THE_DAY else ""
