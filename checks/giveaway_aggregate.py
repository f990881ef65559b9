"""Is a feature an aggregate over all rows of a group, those to come and those of dev and test among them (LEAK13)?

The mean of the target by customer, how often a customer ever came: counted on the whole table, they hold what is not
known when the product predicts. Windows and single rows to come are `checks.giveaway_ahead`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from checks.collect import collect
from checks.labelled import Array, Labelled, numbers_of
from checks.measures import LINEAR, is_line

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_GROUPS, MOST_COLUMNS = 12, 24
MOST_VALUES = 80
FEWEST_POINTS, FEWEST_VALUES = 8, 5
MOST_CLASSES = 5
HELD_ROWS = 20_000
FIRST_ROWS = 1_000
SMOOTH = 1e-7
WORDS = {
    "mean": "the mean",
    "sum": "the sum",
    "min": "the least",
    "max": "the most",
    "last": "the last",
    "median": "the median",
    "std": "the standard deviation",
}
MOST_DIGITS, FEWEST_STEPS = 6, 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A table whose rows belong to groups and happen in time.

    Attributes:
        table: All rows, with the columns named below.
        rows: Labelled ones, or some of them.
        groups: Columns that may be groups, the likeliest first.
        time: The column that says when a row happened.
        numbers: Columns of numbers, whether models see them or not.
    """

    table: ir.Table
    rows: Labelled
    groups: tuple[str, ...]
    time: str | None
    numbers: tuple[str, ...]

    @cached_property
    def all_rows(self) -> pl.DataFrame | None:
        """The table, where it is small enough to hold; the engine answers for a larger one."""
        named = [self.rows.target, *([self.time] if self.time else []), *self.groups, *self.numbers]
        found = collect(self.table.select(list(dict.fromkeys(named))).limit(HELD_ROWS + 1))
        return found if len(found) <= HELD_ROWS else None

    @property
    def seen_numbers(self) -> tuple[str, ...]:
        """The features among the numbers."""
        return tuple(name for name in self.numbers if name in self.rows.features)


def group_columns(rows: Labelled, columns: Sequence[str]) -> tuple[str, ...]:
    """Those of `columns` that may be groups: texts and integers of 5 values or more, each in two rows on average."""
    found = []
    for name in dict.fromkeys(columns):
        series = rows.frame[name]
        if (series.dtype == pl.String or series.dtype.is_integer()) and name != rows.target:
            n_values = series.n_unique()
            if FEWEST_VALUES <= n_values <= len(series) / 2:
                found.append(name)
    return tuple(found[:MOST_GROUPS])


def aggregates_of_all(series: Series) -> dict[str, str]:
    """The features that are aggregates over all rows of a group, with what they are.

    Over the table's own rows, of up to 80 values of each group: the mean, sum, least and most of the target, also
    smoothed towards a constant or without the row itself; with a time the same, the last, and the count, of every other
    column of numbers that varies within the group, where its rows happen at different times. Of a table that is held
    also the median and the standard deviation. A feature is one of these when it is a straight line of it, or it
    rounded, over 8 groups and 5 values at least. What is the group's first value in time as well is known from the
    start: the least of numbers that rise.
    """
    found: dict[str, str] = {}
    for group in series.groups:
        named = "entity" if group == "_entity" else group
        constant, bent = _constant_within(series, group), _bent_within(series, group)
        if not constant and not bent:
            continue
        counted = _counted(series, group, constant)
        told = {
            name: f"{what} over all rows" for name in constant if (what := _what(counted, series, name)) is not None
        }
        others = _without_themselves(series.rows, group, counted, bent)
        told |= dict.fromkeys(others, f"the mean of {series.rows.target} over all other rows")
        found = {name: f"{what} of one {named}" for name, what in told.items()} | found
    return found


def _constant_within(series: Series, group: str) -> list[str]:
    """The features of numbers that have one value in each group."""
    codes = series.rows.codes(group)
    return [name for name in series.seen_numbers if name != group and _is_constant(codes, series.rows.numbers(name))]


def _is_constant(codes: Array, x: Array, *, fewest: int = FEWEST_VALUES) -> bool:
    if len(x) > FIRST_ROWS and not _is_constant(codes[:FIRST_ROWS], x[:FIRST_ROWS], fewest=0):
        return False
    there = np.isfinite(x)
    codes, x = codes[there], x[there]
    n_values = int(codes.max(initial=0)) + 1
    first = np.zeros(n_values)
    first[codes] = x
    is_same = first[codes] == x
    if not is_same.all() or not fewest:
        return bool(is_same.all())
    return len(np.unique(codes)) < len(codes) and len(np.unique(first)) >= fewest


def _bent_within(series: Series, group: str) -> list[str]:
    """The features that follow from the group and the row's own label, as a mean without the row itself does."""
    rows = series.rows
    codes = rows.codes(group)
    if not rows.is_quantity:
        both = codes * (rows.n_labels + 1) + rows.y
        return [
            name
            for name in series.seen_numbers
            if name != group and _is_constant(both, x := rows.numbers(name)) and not _is_constant(codes, x)
        ]
    largest = codes == np.bincount(codes).argmax()
    few = np.flatnonzero(largest)[:100]
    if len(few) < 3 or np.ptp(rows.y[few]) == 0:
        return []
    return [
        name
        for name in series.seen_numbers
        if np.ptp(x := rows.numbers(name)[few]) > 0 and np.corrcoef(x, rows.y[few])[0, 1] < -LINEAR
    ]


def _classes(rows: Labelled) -> list[Any]:
    """The classes that are asked of one by one: of two the second."""
    labels = rows.frame[rows.target].unique().sort().to_list()
    return labels[1:] if len(labels) == 2 else labels[:MOST_CLASSES]


def _counted(series: Series, group: str, constant: Sequence[str]) -> pl.DataFrame:
    """One row a group: its aggregates over the table's rows. The column of the group is called `_group`."""
    others = series.numbers[:MOST_COLUMNS] if series.time is not None and constant else ()
    if series.all_rows is not None:
        return _counted_here(series, series.all_rows.drop_nulls(group), group, constant, others)
    table = _of_groups(series, group)
    is_number = series.rows.frame[series.rows.target].dtype.is_numeric()
    y, time = table[series.rows.target], series.time
    labels = {"y": y} if is_number else {f"y{i}": y == label for i, label in enumerate(_classes(series.rows))}
    told: dict[str, Any] = {"n": table.count(), **{f"is {name}": table[name].max() for name in constant}}
    for key, column in {**labels, **{f"x{i}": table[name] for i, name in enumerate(others)}}.items():
        x = column.cast("float64")
        x = x.isnan().ifelse(None, x)  # a mean that holds one NaN would be NaN
        told |= {f"mean {key}": x.mean(), f"n {key}": x.count(), f"min {key}": x.min(), f"max {key}": x.max()}
        if time is not None and constant:
            told |= {f"last {key}": x.argmax(table[time]), f"first {key}": x.argmin(table[time])}
    told |= {"lasts": table[time].min() < table[time].max()} if time is not None else {}
    return collect(table.group_by(table[group].name("_group")).agg(**told))


def _counted_here(
    series: Series, frame: pl.DataFrame, group: str, constant: Sequence[str], others: Sequence[str]
) -> pl.DataFrame:
    """The same of a table that is held."""
    y, time = pl.col(series.rows.target), series.time
    is_number = frame[series.rows.target].dtype.is_numeric()
    labels = {"y": y} if is_number else {f"y{i}": y == label for i, label in enumerate(_classes(series.rows))}
    told = {"n": pl.len(), **{f"is {name}": pl.col(name).max() for name in constant}}
    for key, column in {**labels, **{f"x{i}": pl.col(name) for i, name in enumerate(others)}}.items():
        x = column.cast(pl.Float64).fill_nan(None)
        told |= {f"mean {key}": x.mean(), f"n {key}": x.count(), f"min {key}": x.min(), f"max {key}": x.max()}
        told |= {f"median {key}": x.median(), f"std {key}": x.std()} if constant else {}
        if time is not None and constant:
            told |= {f"last {key}": x.drop_nulls().last(), f"first {key}": x.drop_nulls().first()}
    told |= {"lasts": pl.col(time).min() < pl.col(time).max()} if time is not None else {}
    frame = frame.sort(time, maintain_order=True) if time is not None else frame
    return frame.group_by(pl.col(group).alias("_group"), maintain_order=True).agg(**told)


def _of_groups(series: Series, group: str) -> ir.Table:
    """The rows of up to 80 groups."""
    table = series.table
    counts = series.rows.frame[group].drop_nulls().value_counts(sort=False).filter(pl.col("count") > 1).sort(group)
    if len(counts) <= MOST_VALUES:
        return table.filter(table[group].notnull())
    kept = counts[group].gather(np.linspace(0, len(counts) - 1, MOST_VALUES).astype(np.int64)).to_list()
    return table.filter(table[group].isin(kept))


def _what(counted: pl.DataFrame, series: Series, name: str) -> str | None:
    """What a feature that is constant within groups is of them; None if nothing was found."""
    x, at = numbers_of(counted[f"is {name}"]), {key: numbers_of(counted[key]) for key in counted.columns[1:]}
    lasts = at["lasts"] == 1 if series.time is not None else np.zeros(len(x), dtype=bool)
    for key in [column.removeprefix("mean ") for column in at if column.startswith("mean ")]:
        column = series.rows.target if key.startswith("y") else series.numbers[int(key[1:])]
        varies = at[f"min {key}"] < at[f"max {key}"]
        varies = varies if key.startswith("y") else varies & lasts
        of = {how: at[f"{how} {key}"][varies] for how in ("n", "first", *WORDS) if f"{how} {key}" in at}
        if column != name and (how := _how(x[varies], of | {"sum": of["mean"] * of["n"]})) is not None:
            return f"{how} of {column}"
        if column != name and key.startswith("y") and _is_smoothed(x[varies], of["n"], of["mean"] * of["n"]):
            return f"the smoothed mean of {column}"
    return "the count" if _is_told(x[lasts], at["n"][lasts]) else None


def _how(x: Array, of: dict[str, Array]) -> str | None:
    found = next((words for how, words in WORDS.items() if how in of and _is_told(x, of[how])), None)
    return None if found and "first" in of and _is_told(x, of["first"]) else found


def _is_told(x: Array, aggregate: Array) -> bool:
    """Whether a feature is a straight line of an aggregate, over enough groups."""
    there = np.isfinite(x) & np.isfinite(aggregate)
    x, aggregate = x[there], aggregate[there]
    if len(x) < FEWEST_POINTS or np.ptp(x) == 0 or np.ptp(aggregate) == 0:
        return False
    if abs(float(np.corrcoef(x, aggregate)[0, 1])) <= LINEAR and not _is_rounded(x, aggregate):
        return False
    return min(len(np.unique(x)), len(np.unique(aggregate))) >= FEWEST_VALUES


def _is_rounded(x: Array, aggregate: Array) -> bool:
    """Whether every value is the aggregate rounded, to as many decimals as the values have."""
    for digits in range(MOST_DIGITS + 1):
        unit = 10.0**-digits
        if np.allclose(x, np.round(x, digits), rtol=0, atol=unit * SMOOTH):
            return bool(np.ptp(x) >= FEWEST_STEPS * unit and (np.abs(x - aggregate) <= unit * (0.5 + SMOOTH)).all())
    return False


def _is_smoothed(x: Array, n: Array, total: Array) -> bool:
    """Whether x = (total + m prior) / (n + m) with one m and prior: then x n - total is a straight line of x."""
    there = np.isfinite(x)
    x, n, total = x[there], n[there], total[there]
    if len(x) < FEWEST_POINTS or min(len(np.unique(x)), len(np.unique(n))) < FEWEST_VALUES or np.ptp(total) == 0:
        return False
    line = np.column_stack([x, np.ones(len(x))])
    weights, *_ = np.linalg.lstsq(line, x * n - total, rcond=None)
    return bool(np.abs(line @ weights - (x * n - total)).max() <= SMOOTH * total.std())


def _without_themselves(rows: Labelled, group: str, counted: pl.DataFrame, names: Sequence[str]) -> list[str]:
    """Those of the features that are the mean of the target over the group's other rows."""
    if not names:
        return []
    at = rows.frame.select(pl.col(group).alias("_group")).join(counted, on="_group", how="left", maintain_order="left")
    labels, found = rows.frame[rows.target], []
    owns = {"y": labels} if labels.dtype.is_numeric() else {f"y{i}": labels == c for i, c in enumerate(_classes(rows))}
    for key, own in owns.items():
        n, mean = (numbers_of(at[f"{what} {key}"]) for what in ("n", "mean"))
        with np.errstate(all="ignore"):
            others = np.where(n > 1, (mean * n - numbers_of(own)) / (n - 1), np.nan)
        if len(np.unique(others[np.isfinite(others)])) >= FEWEST_VALUES:
            found += [name for name in names if is_line(rows.numbers(name), others)]
    return found
