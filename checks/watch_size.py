"""How large a change is that a watch found: an alarm is evidence that days differ, and evidence grows with rows too.

How days are judged is `checks.watching`; what is said of it, `checks.watch_report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, added, merged
from checks.day_counts import DayCounts
from checks.effect import total_variation
from checks.two_sides import MOST_GROUPS
from checks.watching import Judged

Array = NDArray[Any]
# A change that took longer to be an alarm is read from so many days before it.
MOST_DAYS_TO_ALARM = 60


@dataclass(frozen=True, kw_only=True)
class Size:
    """The largest change of any column since evidence began to grow, as total variation.

    Attributes:
        column: Which.
        at_least: What is left of it without what chance gives so few rows, and the largest distance that as many
            earlier days in a row had from the others: as far out as season takes them.
        at_most: As it was counted, on one day, two in a row, four, and so on, whichever differ most. Chance makes it
            larger and not smaller.
    """

    column: str
    at_least: float
    at_most: float


def size_of(counted: DayCounts, cells: Sequence[Cells], judged: Sequence[Judged]) -> Size | None:
    """How far the days since a change lie from those before it; None where no day is an alarm.

    Args:
        counted: Counts of all days.
        cells: The columns that are watched.
        judged: The days that were judged, in order.
    """
    if (day := _began(judged)) is None:
        return None
    began, sizes = counted.days.index(day), []
    for c in cells:
        counts = counted.counts[c.column]
        rows = added(counts, merged(counts.sum(axis=0), c, MOST_GROUPS))
        most, least = _distances(rows[:began], rows[began:])
        sizes.append(Size(column=c.column, at_least=least, at_most=most))
    return Size(
        column=max(sizes, key=lambda size: (size.at_least, size.at_most)).column,
        at_least=max(size.at_least for size in sizes),
        at_most=max(size.at_most for size in sizes),
    )


def _distances(before: Array, since: Array) -> tuple[float, float]:
    """The largest distance from the days before of one day since, of two in a row, four and so on; what is left of it.

    A change may be over again: days in a row are sought anywhere, not at the end alone.
    """
    total = before.sum(axis=0)
    share = total / max(total.sum(), 1.0)
    most, least = 0.0, 0.0
    for n in sorted({*(2**i for i in range(len(since).bit_length())), len(since)}):
        blocks, usual = _in_a_row(since, n), _in_a_row(before, n)
        if not (len(blocks) and total.any()):
            continue
        far = total_variation(blocks, total)
        most = max(most, float(far.max()))
        usual = usual[(total - usual).any(axis=1)]
        if 2 * n <= len(before) and len(usual):
            # What chance takes so few rows apart; earlier days may have had more of them.
            chance = np.sqrt(2 / np.pi * share * (1 - share) / blocks.sum(axis=1, keepdims=True)).sum(axis=1) / 2
            least = max(least, float((far - chance).max() - total_variation(usual, total - usual).max()))
    return most, least


def _in_a_row(rows: Array, n: int) -> Array:
    """Rows by cell of every `n` days in a row that have any."""
    ends = np.cumsum(np.pad(rows, ((1, 0), (0, 0))), axis=0)
    blocks = ends[n:] - ends[:-n]
    return np.asarray(blocks[blocks.any(axis=1)])


def _began(judged: Sequence[Judged]) -> date | None:
    """The day from which the evidence of the last alarm has grown: that after the column which leads it had least."""
    alarms = [i for i, one in enumerate(judged) if one.is_alarm]
    if not alarms:
        return None
    first = alarms[-1]
    (leading,) = judged[first].leading(1)
    while first and judged[first - 1].is_alarm:
        first -= 1
    earlier = range(max(first - MOST_DAYS_TO_ALARM, first - judged[first].number + 1, 0), first)
    least = min(earlier, key=lambda i: (judged[i].state[leading], -i), default=first - 1)
    return judged[least + 1].day
