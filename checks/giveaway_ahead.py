"""Does a feature hold the target, or another column, of rows to come (LEAK13)?

A shift in the wrong direction, a window that is centred or runs forward, a mean that counts the row's own label.
Aggregates over whole groups are `checks.giveaway_aggregate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from checks.collect import collect
from checks.finding import Finding
from checks.giveaway import LINEAR
from checks.giveaway_aggregate import Series, aggregates_of_all
from checks.labelled import FEWEST_OF_A_CLASS, Array, Labelled, codes_of, numbers_of

MOST_ROWS = 20_000
IN_ORDER = 0.9
FEWEST_ENDS = 0.9
ALL = 10**9
# From where to where a window reaches, in rows from its own.
LEADS = {(k, k): f"{_th} row to come" for k, _th in ((1, "next"), (2, "second"), (3, "third"))}
AHEAD = {(1, k): f"next {k} rows" for k in range(2, 8)} | {(0, k): f"row and the next {k}" for k in range(1, 7)}
CENTRED = {(-k, k): f"{2 * k + 1} rows about it" for k in range(1, 4)}
REST = {(1, ALL): "all later rows", (0, ALL): "row and all later ones"}
OWN = {(-k, 0): f"last {k + 1} rows, its own among them" for k in range(1, 7)} | {(-ALL, 0): "all rows up to its own"}
PAST = [(-k, -1) for k in range(1, 8)] + [(-2, -2), (-3, -3), (-ALL, -1)]


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """Rows by group and time.

    Attributes:
        columns: Numbers by column, NaN where there is none; the target among them.
        first: Where each row's group begins.
        last: Where it ends; that row is no more in it.
    """

    columns: dict[str, Array]
    first: Array
    last: Array

    def window(self, name: str, reach: tuple[int, int]) -> Array:
        """The mean of a column over a window, as far as it lies in the group; NaN where nothing does."""
        x = self.columns[name]
        there = ~np.isnan(x)
        x = np.where(there, x - (np.nanmean(x) if there.any() else 0), 0)
        sums, counts = np.append(0, x.cumsum()), np.append(0, there.cumsum())
        at = np.arange(len(x))
        low = np.clip(at + reach[0], self.first, self.last)
        high = np.clip(at + reach[1] + 1, low, self.last)
        n = counts[high] - counts[low]
        return np.where(n > 0, (sums[high] - sums[low]) / np.maximum(n, 1), np.nan)


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
            if (ordered := _ordered(series, group)) is not None:
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
    names = list(dict.fromkeys([*by, *series.numbers, series.rows.target]))
    table = series.table.select(names).filter(series.table[str(series.time)].notnull())
    if group is not None:
        table = table.filter(table[group].isin(_some_groups(series.rows, group)))
    frame = collect(table.order_by(by[-1:]).limit(MOST_ROWS)).sort(by, maintain_order=True)
    codes = codes_of(frame[group]) if group else np.ones(len(frame), dtype=np.int64)
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    lengths = np.diff(np.append(starts, len(codes)))
    if len(frame) < 2 * FEWEST_OF_A_CLASS or not _differs(frame, by) or lengths.max() < 3:
        return None
    columns = {name: numbers_of(frame[name]) for name in series.numbers}
    target = frame[series.rows.target]
    columns["_target"] = codes_of(target) * 1.0 if target.dtype == pl.String else numbers_of(target)
    return Ordered(columns=columns, first=np.repeat(starts, lengths), last=np.repeat(starts + lengths, lengths))


def _some_groups(rows: Labelled, group: str) -> list[object]:
    counts = rows.frame[group].drop_nulls().value_counts(sort=False).sort(group)
    counts = counts.filter(pl.col("count") > 2)
    kept = counts.filter(pl.col("count").cum_sum() <= MOST_ROWS)[group].to_list()
    return kept[:500] or counts[group].to_list()[:1]


def _ahead(series: Series, ordered: Ordered) -> dict[str, str]:
    found = {}
    for name in series.seen_numbers:
        x = ordered.columns[name]
        if np.isfinite(x).sum() < 2 * FEWEST_OF_A_CLASS or len(np.unique(x[np.isfinite(x)])) < 2:
            continue
        if (what := _of_target(ordered, x) or _of_others(ordered, name, x)) is not None:
            found[name] = what.replace("_target", series.rows.target)
    return found


def _of_target(ordered: Ordered, x: Array) -> str | None:
    for reach, words in _reaches(LEADS, AHEAD, CENTRED, REST, OWN):
        if _is_window(x, ordered.window("_target", reach)):
            return f"{'_target' if reach in LEADS else 'the mean of _target'} of the {words}"
    return None


def _of_others(ordered: Ordered, name: str, x: Array) -> str | None:
    others = [other for other in ordered.columns if other not in (name, "_target")]
    for other in others:
        for reach, words in _reaches(LEADS, AHEAD, CENTRED, REST):
            window = ordered.window(other, reach)
            if _is_window(x, window) and _ends_without(x, window) and not _is_past(ordered, name, x):
                return f"{other if reach in LEADS else f'the mean of {other}'} of the {words}"
    return None


def _reaches(*kinds: dict[tuple[int, int], str]) -> Iterator[tuple[tuple[int, int], str]]:
    for kind in kinds:
        yield from kind.items()


def _is_window(x: Array, window: Array) -> bool:
    """Whether a feature is a straight line of a window, on every row on which both have a value."""
    there = np.isfinite(x) & np.isfinite(window)
    if there.sum() < 2 * FEWEST_OF_A_CLASS or there.sum() < 0.5 * np.isfinite(window).sum():
        return False
    a, b = x[there], window[there]
    few = slice(0, 50)  # most pairs part within a few rows
    if np.ptp(a) == 0 or np.ptp(b) == 0 or not _is_line(a[few], b[few]):
        return False
    return _is_line(a, b)


def _is_line(a: Array, b: Array) -> bool:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return bool(np.ptp(a) == np.ptp(b))
    return abs(float(np.corrcoef(a, b)[0, 1])) > LINEAR


def _ends_without(x: Array, window: Array) -> bool:
    """Whether the feature has no value where the window has none: at the ends of the groups."""
    without = ~np.isfinite(window)
    return not without.any() or bool((~np.isfinite(x[without])).mean() >= FEWEST_ENDS)


def _is_past(ordered: Ordered, name: str, x: Array) -> bool:
    """Whether the past gives the feature as well: a lag or a trailing window of another column."""
    others = [other for other in ordered.columns if other != name]
    own = [(-k, 0) for k in range(7)] + [(-ALL, 0)]
    return any(
        _is_window(x, ordered.window(other, reach))
        for other in others
        for reach in (PAST if other == "_target" else [*PAST, *own])
    )
