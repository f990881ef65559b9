"""How many rows each split has in each day, week, month, quarter or year: the data of one picture.

How it is drawn is `checks.figure.stacks`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis

from checks.both_sides import moments_of
from checks.collect import collect
from checks.figure.series import ORDER

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_BINS = 36
UNUSED = "unused"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A length of time by which days are counted together.

    Attributes:
        name: In words.
        number: The bin of a day; the bin after it has the next number.
        label: What a bin is called, by its number.
    """

    name: str
    number: Callable[[date], int]
    label: Callable[[int], str]


def _years(n: int) -> Unit:
    return Unit(
        name=f"{n:,} years",
        number=lambda day: day.year // n,
        label=lambda i: f"{max(i * n, 1)}-{min(i * n + n - 1, 9999)}",
    )


# Finest first: the first one by which the dataset has at most `MOST_BINS`, empty ones among them, is taken.
UNITS = (
    Unit(name="day", number=date.toordinal, label=lambda i: date.fromordinal(i).isoformat()),
    # Day 1 of the calendar was a Monday.
    Unit(
        name="week",
        number=lambda day: (day.toordinal() - 1) // 7,
        label=lambda i: date.fromordinal(i * 7 + 1).isoformat(),
    ),
    Unit(
        name="month", number=lambda day: day.year * 12 + day.month - 1, label=lambda i: f"{i // 12:04}-{i % 12 + 1:02}"
    ),
    Unit(
        name="quarter",
        number=lambda day: day.year * 4 + (day.month - 1) // 3,
        label=lambda i: f"{i // 4:04} Q{i % 4 + 1}",
    ),
    Unit(name="year", number=lambda day: day.year, label=lambda i: f"{i:04}"),
    *map(_years, (5, 25, 100, 1000)),
)


def timeline(table: ir.Table, time: str | None, *, title: str) -> dict[str, Any] | None:
    """Rows by split and time, as the data of one picture.

    Args:
        table: Has `_split`.
        time: The column of time, or None.
        title: The picture's.

    Returns:
        `unit`, `x` (a name for each bin), `series` (rows by bin, one list a split, `unused` last), `n_without` (rows
        without time); None where `time` is no date or timestamp, or no row has one.
    """
    if time is None or time not in moments_of(table):
        return None
    day = table[time].cast("date")
    # Beyond them DuckDB has dates too, and `infinity`; Python has none.
    day = ibis.ifelse(day.between(ibis.date(1, 1, 1), ibis.date(9999, 12, 31)), day, ibis.null("date"))
    rows = table.select(day=day, split=table["_split"].fill_null(UNUSED))
    counted = collect(rows.group_by("day", "split").agg(n=rows.count())).to_dicts()
    days = [row["day"] for row in counted if row["day"] is not None]
    if not days:
        return None
    unit, first, n_bins = _unit_of(min(days), max(days))
    there = {row["split"] for row in counted if row["day"] is not None}
    names = [name for name in (*ORDER, UNUSED) if name in there]
    series = {name: [0] * n_bins for name in names}
    for row in counted:
        if row["day"] is not None:
            series[row["split"]][unit.number(row["day"]) - first] += int(row["n"])
    return {
        "kind": "stacks",
        "title": title,
        "unit": unit.name,
        "x": [unit.label(first + i) for i in range(n_bins)],
        "series": series,
        "n_without": sum(int(row["n"]) for row in counted if row["day"] is None),
    }


def _unit_of(first: date, last: date) -> tuple[Unit, int, int]:
    """The finest unit that there is room for, the number of its first bin, and how many there are."""
    found = [(unit, unit.number(first), unit.number(last) - unit.number(first) + 1) for unit in UNITS]
    return next(one for one in found if one[2] <= MOST_BINS)
