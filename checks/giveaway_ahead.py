"""Does a feature hold the target, or another column, of rows to come (LEAK13)?

A shift in the wrong direction, a window that is centred or runs forward, a mean that counts the row's own label.
Aggregates over whole groups are `checks.giveaway_aggregate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from checks.collect import collect
from checks.finding import Finding
from checks.giveaway_aggregate import Series, aggregates_of_all
from checks.labelled import FEWEST_OF_A_CLASS, Array, codes_of, numbers_of
from checks.measures import LINEAR, is_line

MOST_ROWS, MOST_GROUPS, MOST_ORDERS = 20_000, 200, 5
LOOKED_AT, FEWEST_LOOKED_AT = 60, 10
IN_ORDER = 0.9
FEWEST_ENDS, FEWEST_KNOWN = 0.9, 0.1
ALL = 10**9
Reach = tuple[int, int]
# From where to where a window reaches, in rows from its own.
LEADS = {(k, k): f"{_th} row to come" for k, _th in ((1, "next"), (2, "second"), (3, "third"))}
AHEAD = {(1, k): f"next {k} rows" for k in range(2, 8)} | {(0, k): f"row and the next {k}" for k in range(1, 7)}
CENTRED = {(-k, k): f"{2 * k + 1} rows about it" for k in range(1, 4)}
REST = {(1, ALL): "all later rows", (0, ALL): "row and all later ones"}
OWN = {(-k, 0): f"last {k + 1} rows, its own among them" for k in range(1, 7)} | {(-ALL, 0): "all rows up to its own"}
PAST = {(-k, -1): "past" for k in range(1, 8)} | {(-2, -2): "past", (-3, -3): "past", (-ALL, -1): "past"}
ALL_REACHES = LEADS | AHEAD | CENTRED | REST | OWN | PAST


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Rows by group and time.

    Attributes:
        columns: Numbers by column, NaN where there is none; the target's are called `_target`.
        first: Where each row's group begins.
        last: Where it ends; that row is no more in it.
    """

    columns: dict[str, Array]
    first: Array
    last: Array

    @cached_property
    def sums(self) -> tuple[Array, Array]:
        """Of each column the sums and the counts of what stands before each row, and at last of all."""
        x = np.stack(list(self.columns.values()))
        there = np.isfinite(x)
        counts = there.sum(axis=1, keepdims=True)
        x = np.where(there, x, 0.0)
        x = np.where(there, x - x.sum(axis=1, keepdims=True) / np.maximum(counts, 1), 0.0)  # small sums, small errors
        before = np.zeros((len(x), 1))
        return np.hstack([before, x.cumsum(axis=1)]), np.hstack([before, there.cumsum(axis=1)])

    def windows(self, reaches: Sequence[Reach], at: Array) -> Array:
        """The mean of every column over every window of the rows `at`; NaN where nothing of it lies in the group.

        Returns:
            An array of columns, windows and rows.
        """
        low, high = (np.array(ends)[:, None] + at for ends in zip(*reaches, strict=True))
        low = np.clip(low, self.first[at], self.last[at])
        high = np.maximum(np.clip(high + 1, self.first[at], self.last[at]), low)
        sums, counts = self.sums
        n = counts[:, high] - counts[:, low]
        return np.where(n > 0, (sums[:, high] - sums[:, low]) / np.maximum(n, 1), np.nan)

    def window(self, name: str, reach: Reach) -> Array:
        """The mean of one column over a window of every row."""
        one = Ordered(columns={name: self.columns[name]}, first=self.first, last=self.last)
        return np.asarray(one.windows([reach], np.arange(len(self.first)))[0, 0])


def rows_to_come(series: Series) -> list[Finding]:
    """The findings LEAK13: aggregates over whole groups, single rows to come, windows that hold any.

    With a time, rows are put in its order, of one group or of the whole table, where nine tenths of them differ in it.
    Then a feature is the target of one of the next three rows, or the mean of a column over a window that holds rows to
    come (of the target also the row itself), when it is a straight line of that on every row on which it has a value.
    A column that is a lag of another makes that other look like a row to come; so single rows to come are told of the
    target alone, or where the feature is missing at the ends of the groups, and no feature that a window of the past
    gives as well. It warns: what is not known yet is no feature, but does not always tell the target.

    Args:
        series: The table, its labelled rows, groups and time.
    """
    if not series.seen_numbers:
        return [Finding(code="LEAK13", outcome="not_applicable", seen="no feature is a number")]
    found = aggregates_of_all(series)
    orders = 0
    if series.time is not None:
        for group in (None, *series.groups):
            if orders < MOST_ORDERS and (ordered := _ordered(series, group)) is not None:
                orders += 1
                found = _ahead(series, ordered) | found
    if found:
        return [
            Finding(code="LEAK13", outcome="warn", column=name, seen=f"{name} is {what}")
            for name, what in found.items()
        ]
    if not series.groups and not orders:
        seen = (
            "there is no time and no group, so nothing is to come" if series.time is None else "no rows follow another"
        )
        return [Finding(code="LEAK13", outcome="not_applicable", seen=seen)]
    asked = f"{len(series.seen_numbers):,} features of numbers, {len(series.groups):,} groups"
    seen = f"no feature is an aggregate over all rows of a group ({asked})"
    seen += f", nor of rows to come ({orders:,} orders by {series.time})" if series.time is not None else ""
    return [Finding(code="LEAK13", outcome="pass", seen=seen)]


def _differs(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    return len(frame) > 1 and frame.select(columns).n_unique() >= IN_ORDER * len(frame)


def _ordered(series: Series, group: str | None) -> Ordered | None:
    """The rows of some groups in the order of time; None where their time does not put them in one."""
    by = [*([group] if group else []), str(series.time)]
    if group == series.time or not _differs(series.rows.frame, by):
        return None
    frame = _of_time(series, group).sort(by, maintain_order=True)
    codes = codes_of(frame[group]) if group else np.ones(len(frame), dtype=np.int64)
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    lengths = np.diff(np.append(starts, len(codes)))
    if len(frame) < 2 * FEWEST_OF_A_CLASS or not _differs(frame, by) or lengths.max() < 3:
        return None
    columns = {name: numbers_of(frame[name]) for name in series.numbers}
    target = frame[series.rows.target]
    columns["_target"] = codes_of(target) * 1.0 if target.dtype == pl.String else numbers_of(target)
    return Ordered(columns=columns, first=np.repeat(starts, lengths), last=np.repeat(starts + lengths, lengths))


def _of_time(series: Series, group: str | None) -> pl.DataFrame:
    """The table's rows that have a time, of one that is large only some groups, or the earliest."""
    time = str(series.time)
    if series.all_rows is not None:
        return series.all_rows.drop_nulls([time, *([group] if group else [])])
    names = [time, *([group] if group else []), *series.numbers, series.rows.target]
    table = series.table.select(list(dict.fromkeys(names))).filter(series.table[time].notnull())
    if group is not None:
        counts = series.rows.frame[group].drop_nulls().value_counts(sort=False).sort(group)
        counts = counts.filter(pl.col("count") > 2)
        kept = counts.filter(pl.col("count").cum_sum() <= MOST_ROWS)[group].to_list()
        table = table.filter(table[group].isin(kept[:MOST_GROUPS] or counts[group].to_list()[:1]))
    return collect(table.order_by(time).limit(MOST_ROWS))


def _ahead(series: Series, ordered: Ordered) -> dict[str, str]:
    found, looked = {}, Looked.at(ordered, list(ALL_REACHES))
    for name in series.seen_numbers:
        x = ordered.columns[name]
        there = x[np.isfinite(x)]
        if len(there) >= 2 * FEWEST_OF_A_CLASS and np.ptp(there) and (what := _what(ordered, looked, name)) is not None:
            found[name] = what.replace("_target", series.rows.target)
    return found


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Every window of every column at 60 rows: most features part from most of them within a few.

    Attributes:
        rows: Which rows.
        reaches: The windows.
        names: The columns.
        windows: Their means, of columns, windows and rows.
    """

    rows: Array
    reaches: Sequence[Reach]
    names: Sequence[str]
    windows: Array

    @classmethod
    def at(cls, ordered: Ordered, reaches: Sequence[Reach]) -> Looked:
        """Look at rows that are evenly spread."""
        n_rows = len(ordered.first)
        rows = np.unique(np.linspace(0, n_rows - 1, LOOKED_AT).astype(np.int64))
        return cls(rows=rows, reaches=reaches, names=list(ordered.columns), windows=ordered.windows(reaches, rows))

    def likely(self, x: Array) -> list[tuple[str, Reach]]:
        """The columns and windows that a feature may be a straight line of."""
        known = np.isfinite(self.windows) & np.isfinite(x[self.rows])
        n = known.sum(axis=2, keepdims=True)
        a, b = (np.where(known, values, 0.0) for values in (np.broadcast_to(x[self.rows], known.shape), self.windows))
        a, b = (np.where(known, v - v.sum(axis=2, keepdims=True) / np.maximum(n, 1), 0.0) for v in (a, b))
        of_a, of_b = (a * a).sum(axis=2), (b * b).sum(axis=2)
        told = np.abs((a * b).sum(axis=2)) > LINEAR * np.sqrt(of_a * of_b)
        # What is rare has one value in so few rows, and all rows are asked.
        is_likely = np.where((of_a > 0) & (of_b > 0), told, (of_a > 0) == (of_b > 0)) & (n[:, :, 0] >= FEWEST_LOOKED_AT)
        return [(self.names[i], self.reaches[j]) for i, j in np.argwhere(is_likely)]


def _what(ordered: Ordered, looked: Looked, own: str) -> str | None:
    x = ordered.columns[own]
    for name, reach in looked.likely(x):
        is_own = name == own or (reach in OWN and name != "_target") or reach in PAST
        if is_own or not _is_window(x, window := ordered.window(name, reach)):
            continue
        if name == "_target" or (_ends_without(x, window) and not _is_past(ordered, looked, own)):
            return f"{name if reach in LEADS else f'the mean of {name}'} of the {ALL_REACHES[reach]}"
    return None


def _is_window(x: Array, window: Array) -> bool:
    """Whether a feature is a straight line of a window, on every row on which both have a value."""
    there = np.isfinite(x) & np.isfinite(window)
    if there.sum() < 2 * FEWEST_OF_A_CLASS or there.sum() < FEWEST_KNOWN * np.isfinite(window).sum():
        return False
    return is_line(np.where(there, x, np.nan), window)


def _ends_without(x: Array, window: Array) -> bool:
    """Whether the feature has no value where the window has none: at the ends of the groups."""
    without = ~np.isfinite(window)
    return not without.any() or bool((~np.isfinite(x[without])).mean() >= FEWEST_ENDS)


def _is_past(ordered: Ordered, looked: Looked, own: str) -> bool:
    """Whether the past gives the feature as well: a lag or a trailing window of another column."""
    x = ordered.columns[own]
    return any(
        name != own
        and (reach in PAST or (reach in OWN and name != "_target"))
        and _is_window(x, ordered.window(name, reach))
        for name, reach in looked.likely(x)
    )
