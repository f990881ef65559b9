"""What is told of each column: statistics by part and the data of its picture, both from counts and moments.

How figures look is `checks.figure`; whether parts differ, `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, Floats
from checks.collect import batches
from checks.kinds import as_float
from checks.profile import Profile, in_part
from checks.tally import FARTHEST, Extremes, part_numbers
from checks.units import Side

if TYPE_CHECKING:
    import ibis.expr.types as ir

ALL = "all"
QUARTILES = {"q25": 0.25, "median": 0.5, "q75": 0.75}
ROUNDED = (np.floor, np.ceil)
LARGEST_FLOAT = np.finfo(np.float64).max
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

    Their cells are known from the counts: of the rows that stream by, the values of these cells alone are kept.
    """
    numeric = [c for c in profile.cells if c.kind == "numeric" and not c.why]
    if sum(side.n_rows for side in profile.parts.values()) > ROWS_FOR_QUARTILES or not numeric:
        return {}
    parts = sorted(profile.parts)
    sought = [_Sought(c, profile, parts) for c in numeric]
    values = {f"column_{i}": as_float(table[one.cells.column]) for i, one in enumerate(sought)}
    for batch in batches(in_part(table).select("_part", **values)):
        part = part_numbers(batch.column(0), parts)
        for one, column in zip(sought, batch.columns[1:], strict=True):
            one.add(column.cast("float64").to_numpy(zero_copy_only=False), part)
    return {one.cells.column: one.told() for one in sought}


class _Sought:
    """The values of a column among which its quartiles are."""

    def __init__(self, cells: Cells, profile: Profile, parts: Sequence[str]) -> None:
        counts = {part: profile.parts[part].counts[cells.column].sum(axis=0)[:-1] for part in parts}
        counts[ALL] = np.sum(list(counts.values()), axis=0)
        self.cells, self.parts = cells, parts
        self.ends = {part: np.cumsum(c).astype(int) for part, c in counts.items() if c.any()}
        # Between two values where no value has the rank.
        self.ranks = {
            part: np.array([q * (end[-1] - 1) for q in QUARTILES.values()]) for part, end in self.ends.items()
        }
        wanted = [_cell_of(end, rounded(self.ranks[part])) for part, end in self.ends.items() for rounded in ROUNDED]
        is_wanted = np.isin(np.arange(len(cells.edges) + 1), np.concatenate([*wanted, [-1]]))
        edges = np.clip(np.append(-np.inf, cells.edges), None, LARGEST_FLOAT)  # what is infinite is in no range
        starts, stops = (np.flatnonzero(np.diff(is_wanted.astype(int), prepend=0) == sign) for sign in (1, -1))
        self.ranges = [(edges[i], edges[j]) for i, j in zip(starts, stops, strict=True)]
        self.kept: list[tuple[Floats, NDArray[Any]]] = []

    def add(self, values: Floats, part: NDArray[Any]) -> None:
        for low, high in self.ranges:
            is_in = np.flatnonzero((values > low) & (values <= high))
            self.kept.append((values[is_in], part[is_in]))

    def told(self) -> Stats:
        if not self.kept:
            return {}
        values, part = (np.concatenate(of) for of in zip(*self.kept, strict=True))
        told: Stats = {}
        for name, end in self.ends.items():
            of_part = np.sort(values if name == ALL else values[part == self.parts.index(name)])
            first = np.append(0, np.searchsorted(of_part, self.cells.edges[:-1], side="right"))
            low, high = (_at(of_part, first, end, rounded(self.ranks[name])) for rounded in ROUNDED)
            found = low + (high - low) * (self.ranks[name] % 1)
            told[name] = dict(zip(QUARTILES, found.tolist(), strict=True))
        return told


def _cell_of(end: NDArray[Any], ranks: NDArray[Any]) -> NDArray[Any]:
    return np.searchsorted(end, ranks, side="right")


def _at(values: Floats, first: NDArray[Any], end: NDArray[Any], ranks: NDArray[Any]) -> Floats:
    """The values of these ranks; those of cell i begin at `first[i]`, and `end[i]` are in it or below."""
    cell = _cell_of(end, ranks)
    below = np.append(0, end)[cell]
    return np.asarray(values[first[cell] + ranks.astype(int) - below])


def figure_of(profile: Profile, cells: Cells, parts: Sequence[str]) -> dict[str, Any] | None:
    """The data of a column's picture: shares by cell for each of `parts`; None when there is nothing to draw."""
    sides = {part: profile.parts[part] for part in parts if part in profile.parts}
    sides = sides or dict(profile.parts)
    if cells.is_ordered and cells.shown:
        return histogram_of(cells, {part: side.counts[cells.column].sum(axis=0) for part, side in sides.items()})
    return _bars(cells, sides) if cells.labels else None


def histogram_of(cells: Cells, counts: Mapping[str, Floats]) -> dict[str, Any]:
    """The data of a histogram from rows by cell of each part.

    Values beyond the outer edges are counted in the outermost cells.
    """
    shown = np.asarray(cells.shown)
    to = np.clip(np.searchsorted(shown, np.asarray(cells.edges)) - 1, 0, len(shown) - 2)
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
