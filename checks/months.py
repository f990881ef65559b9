"""Each month against the others: the shift that an average over a quarter hides. The unit is the day.

The comparison itself is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.bins import Cells
from checks.effect import share_interval, total_variation
from checks.finding import Finding
from checks.profile import Profile
from checks.report import ShiftReport
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.units import N_BUCKETS, Side
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_MONTHS = 24
# Twelve families a year: fewer assignments each, which cost power only below p = .002.
N_ASSIGNMENTS = 499
TELLS_THE_MONTH = 0.9
# Fibonacci hashing (Knuth, 6.4): neighbouring days lie far apart, and any engine computes it with integers.
GOLDEN, WORD = 2654435761, 2**32
OTHERS = "the other months"


def by_day(table: ir.Table, time: str) -> ir.Table:
    """`table` with the month as `_part`, the day as `_entity` and its bucket; rows without a finite time are out."""
    table = table.filter(has_day(table[time]))
    day = table[time].cast("date")
    number = day.epoch_days().cast("int64")
    bucket = bucket_of_day(number).cast("int32")
    return table.mutate(_part=day.strftime("%Y-%m"), _entity=number, _bucket=bucket)


def has_day(moment: Any) -> Any:
    """Whether a moment is of a day: neither missing nor infinite."""
    return moment.cast("date").epoch_days().notnull()


def bucket_of_day(number: Any) -> Any:
    """The bucket of a day, given in days since 1970: an integer or a column.

    >>> bucket_of_day(0), bucket_of_day(1), bucket_of_day(2), bucket_of_day(-1)
    (0, 158, 60, 97)
    """
    return ((number * GOLDEN) % WORD + WORD) % WORD // (WORD // N_BUCKETS)


def compare_months(profile: Profile, cells: Sequence[Cells], question: Question) -> list[ShiftReport]:
    """One report a month, of at most the last 24, each against all others of the profile."""
    months = sorted(profile.parts)
    if len(months) < 2:
        return []
    reports = []
    question = replace(question, n_assignments=N_ASSIGNMENTS, most_drawn=0)
    compared = [replace(c, why=c.why or _tells_the_month(profile, c)) for c in cells]
    for month in months[-MOST_MONTHS:]:
        others = replace(_others(profile, month), name=OTHERS)
        reports.append(compare_sides(others, profile.parts[month], compared, question))
    return reports


def _others(profile: Profile, month: str) -> Side:
    return reduce(add, (side for name, side in profile.parts.items() if name != month))


def _tells_the_month(profile: Profile, cells: Cells) -> str:
    """Why a column is not compared when each month has values of its own: it is a name of the month."""
    counts = {month: side.counts[cells.column].sum(axis=0) for month, side in profile.parts.items()}
    total = reduce(add, counts.values())
    apart = [float(total_variation(c, total - c)) for c in counts.values() if c.any()]
    return "its values name the month" if len(apart) > 2 and min(apart) > TELLS_THE_MONTH else ""


def months_finding(reports: Sequence[ShiftReport], profile: Profile, *, n_rows: int, time: str) -> Finding:
    """How months differ. Seasons are no mistake: it says so and never warns.

    Args:
        reports: One a month.
        profile: The counts by month.
        n_rows: All rows; those of no month are told.
        time: The column that they lack.
    """
    n_without = n_rows - sum(side.n_rows for side in profile.parts.values())
    lack = f"; no {time} in {n_without:,} of {plural(n_rows, 'row')}, which are of no month" if n_without else ""
    if not reports:
        return Finding(code="SHIFT5", outcome="not_applicable", seen=f"all rows are of one month{lack}")
    n_all = len(profile.parts)
    of = f"{len(reports)} months" if len(reports) == n_all else f"the last {len(reports)} of {n_all} months"
    shifted = [report for report in reports if report.is_shifted]
    if not shifted:
        seen = f"none of {of} shifted against the others; the unit is the day{lack}"
        return Finding(code="SHIFT5", outcome="pass", seen=seen)
    most = max(shifted, key=lambda report: report.shifted[0].effect or 0)
    column = most.shifted[0]
    return Finding(
        code="SHIFT5",
        outcome="pass",
        seen=f"{len(shifted)} of {of} shifted against the others, most {most.current}: {column.column}"
        f" (effect {column.effect:.2f}); the unit is the day{lack}",
        remedy=most.remedy,
    )


def effect_line(reports: Sequence[ShiftReport], tolerance: float) -> dict[str, Any] | None:
    """The data of a line: the largest effect of any column, month by month."""
    told = [(r, max(r.columns, key=lambda c: c.effect or 0)) for r in reports if any(c.effect for c in r.columns)]
    if not told:
        return None
    return _line(
        "largest shift of a column against the other months",
        "effect",
        {r.current: (c.effect or 0, c.low or 0, c.high or 0) for r, c in told},
        tolerance,
    )


def target_line(profile: Profile, cells: Cells) -> dict[str, Any] | None:
    """The data of a line: the mean of a target of numbers, or the share of one of its two labels, month by month."""
    points: dict[str, tuple[float, float, float]] = {}
    for month in sorted(profile.parts)[-MOST_MONTHS:]:
        side = profile.parts[month]
        if cells.is_ordered:
            n, part = side.moments[cells.column][:, 0], side.moments[cells.column][:, 1]
        elif len(cells.labels) == 2:
            n = side.counts[cells.column][:, :2].sum(axis=1)
            part = side.counts[cells.column][:, int(np.argmax(cells.labels))]
        else:
            return None
        if n.sum():
            value, low, high = share_interval(part[n > 0], n[n > 0])
            scale, base = (cells.iqr, cells.median) if cells.is_ordered else (1.0, 0.0)
            points[month] = (base + scale * value, base + scale * low, base + scale * high)
    what = f"mean {cells.column}" if cells.is_ordered else f"share of {cells.column} = {max(cells.labels)}"
    return _line(what, what, points, None) if points else None


def _line(
    title: str, y: str, points: Mapping[str, tuple[float, float, float]], tolerance: float | None
) -> dict[str, Any]:
    value, low, high = ([float(f"{point[i]:.5g}") for point in points.values()] for i in range(3))
    return {
        "kind": "line",
        "title": title,
        "y": y,
        "x": list(points),
        "values": value,
        "low": low,
        "high": high,
        "tolerance": tolerance,
    }
