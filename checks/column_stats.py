"""What is told of each column: statistics by part and the data of its picture, both from counts and moments.

How figures look is `checks.figure`; whether parts differ, `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, Floats
from checks.collect import collect
from checks.kinds import as_number
from checks.profile import UNUSED, Profile
from checks.tally import FARTHEST, Extremes
from checks.units import Side

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

ALL = "all"
QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}
# Exact quartiles hold every value: above this they are left out, never estimated.
ROWS_FOR_QUARTILES = 2_000_000
N_TOP, MOST_SHOWN_LEVELS, LONGEST_LABEL = 10, 12, 40
REST = "all other levels"

Stats = dict[str, dict[str, Any]]


def stats_of(profile: Profile, cells: Cells, parts: Sequence[str]) -> Stats:
    """The statistics of one column, of all rows and of each of `parts`.

    Returns:
        By part: `n_rows`, `n_missing` and, of numbers, `mean`, `sd`, `min`, `max` (moments as text, without `sd`), of
        levels `top`.
    """
    wanted = {ALL: list(profile.parts)} | {part: [part] for part in parts if part in profile.parts}
    return {name: _of_parts(profile, cells, members) for name, members in wanted.items()}


def _of_parts(profile: Profile, cells: Cells, members: Sequence[str]) -> dict[str, Any]:
    sides = [profile.parts[part] for part in members]
    counts = np.sum([side.counts[cells.column].sum(axis=0) for side in sides], axis=0)
    told: dict[str, Any] = {"n_rows": int(counts.sum()), "n_missing": int(counts[-1])}
    if not cells.is_ordered:
        return told | ({"top": _top(cells, counts)} if cells.labels else {})
    n, s, ss = np.sum([side.moments[cells.column].sum(axis=0) for side in sides], axis=0)
    found = [e for part in members if (e := profile.extremes.get((cells.column, part)))]
    if not n or not found:
        return told
    low, high = min(e.low for e in found), max(e.high for e in found)
    if max(abs(low - cells.median), abs(high - cells.median)) > FARTHEST * cells.iqr:
        return told | {"min": low, "max": high}  # its moments are not those of all values
    mean = cells.median + cells.iqr * s / n
    sd = cells.iqr * float(np.sqrt(max(ss / n - (s / n) ** 2, 0) * n / max(n - 1, 1)))
    return told | _told(cells, float(mean), sd, Extremes(low=low, high=high))


def _told(cells: Cells, mean: float, sd: float, ends: Extremes) -> dict[str, Any]:
    if cells.kind == "time":
        return {"mean": moment(mean), "min": moment(ends.low), "max": moment(ends.high)}
    return {"mean": mean, "sd": sd, "min": ends.low, "max": ends.high}


def moment(seconds: float) -> str:
    """Seconds since 1970 as text.

    >>> moment(86400)
    '1970-01-02T00:00:00'
    """
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):  # a year that Python has no date for
        return f"{seconds:.0f} s"


def _top(cells: Cells, counts: Floats) -> list[list[Any]]:
    order = np.argsort(-counts[:-1], kind="stable")[:N_TOP]
    return [[cells.names[i], int(counts[i])] for i in order if counts[i]]


def quartiles(table: ir.Table, profile: Profile) -> dict[str, Stats]:
    """Exact quartiles by column and part; nothing above two million rows.

    Their cells are known from the counts: of each column the values of these alone are read.
    """
    n_rows = sum(side.n_rows for side in profile.parts.values())
    numeric = [c for c in profile.cells if c.kind == "numeric" and not c.why]
    return {c.column: _quartiles(table, profile, c) for c in numeric} if n_rows <= ROWS_FOR_QUARTILES else {}


def _quartiles(table: ir.Table, profile: Profile, cells: Cells) -> Stats:
    counts = {part: side.counts[cells.column].sum(axis=0)[:-1] for part, side in profile.parts.items()}
    counts[ALL] = np.sum(list(counts.values()), axis=0)
    ends = {part: np.cumsum(c).astype(int) for part, c in counts.items() if c.any()}
    # Between two values where no value has the rank.
    ranks = {part: [q * (end[-1] - 1) for q in QUARTILES.values()] for part, end in ends.items()}
    wanted = {int(cell) for part, end in ends.items() for cell in _cell_of(end, ranks[part])}
    if not wanted:
        return {}
    read, edges = _values_within(table, cells, sorted(wanted)), np.asarray(cells.edges)
    told: Stats = {}
    for part, end in ends.items():
        values = np.sort((read if part == ALL else read.filter(part=part))["value"].to_numpy())
        first = np.searchsorted(np.searchsorted(edges, values), np.arange(len(edges)))
        low, high = (_at(values, first, end, rounded(ranks[part])) for rounded in (np.floor, np.ceil))
        found = low + (high - low) * (ranks[part] - np.floor(ranks[part]))
        told[part] = dict(zip(QUARTILES, found.tolist(), strict=True))
    return told


def _cell_of(end: NDArray[Any], ranks: Sequence[float]) -> NDArray[Any]:
    """The cells of values of these ranks, and of the next ones."""
    return np.searchsorted(end, [*np.floor(ranks), *np.ceil(ranks)], side="right")


def _at(values: Floats, first: NDArray[Any], end: NDArray[Any], ranks: NDArray[Any]) -> Floats:
    """The values of these ranks; those of cell i begin at `first[i]`, and `end[i]` are in it or below."""
    cell = np.searchsorted(end, ranks, side="right")
    below = np.append(0, end)[cell]
    return np.asarray(values[first[cell] + ranks.astype(int) - below])


def _values_within(table: ir.Table, cells: Cells, wanted: Sequence[int]) -> pl.DataFrame:
    """The values of some cells, with their part."""
    number = as_number(table[cells.column])
    tests = []
    for i in wanted:
        is_above = [number > cells.edges[i - 1]] if i else []
        is_below = [number <= cells.edges[i]] if np.isfinite(cells.edges[i]) else []
        tests.append(reduce(and_, [number.notnull(), *is_above, *is_below]))
    kept = table.filter(reduce(or_, tests))
    return collect(
        kept.select(part=kept["_part"].fill_null(UNUSED), value=as_number(kept[cells.column]).cast("float64"))
    )


def figure_of(profile: Profile, cells: Cells, parts: Sequence[str]) -> dict[str, Any] | None:
    """The data of a column's picture: shares by cell for each of `parts`; None when there is nothing to draw."""
    sides = {part: profile.parts[part] for part in parts if part in profile.parts}
    sides = sides or dict(profile.parts)
    if cells.is_ordered and cells.shown:
        return _histogram(cells, sides)
    return _bars(cells, sides) if cells.labels else None


def _histogram(cells: Cells, sides: Mapping[str, Side]) -> dict[str, Any]:
    """Values beyond the outer edges are counted in the outermost cells."""
    shown = np.asarray(cells.shown)
    to = np.clip(np.searchsorted(shown, np.asarray(cells.edges)) - 1, 0, len(shown) - 2)
    counts = {part: side.counts[cells.column].sum(axis=0) for part, side in sides.items()}
    series = {part: np.bincount(to, weights=c[:-1], minlength=len(shown) - 1) for part, c in counts.items()}
    edges = [moment(e) for e in shown] if cells.kind == "time" else [float(f"{e:.6g}") for e in shown]
    return {
        "kind": "histogram",
        "title": cells.column,
        "x": cells.column,
        "edges": edges,
        "is_whole": "int" in cells.type,
        "series": {part: _shares(values) for part, values in series.items()},
        "missing": {part: round(float(c[-1] / max(c.sum(), 1)), 4) for part, c in counts.items()},
    }


def _bars(cells: Cells, sides: Mapping[str, Side]) -> dict[str, Any]:
    counts = {part: side.counts[cells.column].sum(axis=0) for part, side in sides.items()}
    n = len(cells.labels)
    has_more = n > MOST_SHOWN_LEVELS or any(c[n] for c in counts.values())
    shown = list(range(min(n, MOST_SHOWN_LEVELS - has_more)))
    labels = [cells.labels[i][:LONGEST_LABEL] for i in shown]
    series = {part: c[shown] for part, c in counts.items()}
    if has_more:  # how many these are is not known beyond the commonest 64
        rest = {part: c[len(shown) : n + 1].sum() for part, c in counts.items()}
        labels, series = [*labels, REST], {part: np.append(v, rest[part]) for part, v in series.items()}
    return {
        "kind": "bars",
        "title": cells.column,
        "labels": labels,
        "series": {part: _shares(values) for part, values in series.items()},
        "missing": {part: round(float(c[-1] / max(c.sum(), 1)), 4) for part, c in counts.items()},
    }


def _shares(counts: NDArray[Any]) -> list[float]:
    total = max(float(counts.sum()), 1.0)
    return [round(float(c) / total, 4) for c in counts]
