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
from checks.collect import collect
from checks.kinds import as_number
from checks.profile import UNUSED, Profile
from checks.tally import FARTHEST, Extremes
from checks.units import Side

if TYPE_CHECKING:
    import ibis.expr.types as ir

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


def quartiles(table: ir.Table, cells: Sequence[Cells], *, n_rows: int) -> dict[str, Stats]:
    """Exact quartiles by column and part; nothing above two million rows."""
    numeric = [c for c in cells if c.kind == "numeric" and not c.why]
    if n_rows > ROWS_FOR_QUARTILES or not numeric:
        return {}
    measures = {
        f"{i}_{name}": as_number(table[c.column]).quantile(q)
        for i, c in enumerate(numeric)
        for name, q in QUARTILES.items()
    }
    rows = collect(table.group_by(part=table["_part"].fill_null(UNUSED)).agg(**measures)).to_dicts()
    rows += [{"part": ALL} | row for row in collect(table.aggregate(**measures)).to_dicts()]
    return {
        c.column: {
            row["part"]: {name: row[f"{i}_{name}"] for name in QUARTILES if row[f"{i}_{name}"] is not None}
            for row in rows
        }
        for i, c in enumerate(numeric)
    }


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
