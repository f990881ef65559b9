"""How both sides of a comparison look in one column: the change in plain units, the picture, where one side has more.

Whether they differ is `checks.shift`; what to do about it, `checks.remedies`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import PRECISIONS, Cells, added, merged
from checks.column_stats import LONGEST_LABEL, REST, histogram_of, moment
from checks.effect import Change, Excess, mean_change, share_change
from checks.statistics import Column
from checks.student import quantile
from checks.units import Units

Floats = NDArray[np.float64]

MOST_GROUPS = 10
MOST_EXCESSES, LEAST_EXCESS = 2, 0.01
MOST_LEVELS = 8
LONGEST_KEY = 16
MISSING = "(missing)"


def changes(column: Column, moments: Floats | None, units: Units, leading: str, *, is_turned: bool) -> list[Change]:
    """In plain units: decimal places where they lead, means, the most changed level, what is missing."""
    is_reference = units.is_first != is_turned
    q, counts = quantile(units.fewest - 1), column.counts
    rows, share = counts.sum(axis=1), partial(share_change, is_paired=units.is_paired)

    def most_changed(of: Floats, names: Sequence[str]) -> Change:
        shares = [of[side].sum(axis=0) / max(of[side].sum(), 1) for side in (is_reference, ~is_reference)]
        most = int(np.abs(shares[1] - shares[0])[: len(names)].argmax())
        return share(of[:, most], of.sum(axis=1), is_reference, q, f"share {names[most]}")

    found = [mean_change(moments, is_reference, q, is_paired=units.is_paired)] if moments is not None else []
    if leading == "precision" and column.precision is not None:
        places = ["in whole numbers", *(f"in {named}" for named in PRECISIONS[1:4])]
        found.insert(0, most_changed(column.precision, places))
    if not column.cells.is_ordered:
        found.append(most_changed(counts, [f"of {level!r}" for level in column.cells.names[:-1]]))
    if counts[:, -1].any():
        found.append(share(counts[:, -1], rows, is_reference, q, "share missing"))
    return [change for change in found if change is not None]


def excesses(cells: Cells, reference: Floats, current: Floats) -> tuple[Excess, ...]:
    """Where the current side has more: the ranges or levels whose share grew most, by at least a point.

    Of numbers these are stretches of the groups that the effect is read from, each as long as it adds up to more.

    Args:
        cells: The column's cells.
        reference: Rows by cell.
        current: The same of the current side.
    """
    group = merged(reference + current, cells, MOST_GROUPS) if cells.is_ordered else np.arange(len(reference))
    shares = [added(side[None], group)[0] / max(float(side.sum()), 1.0) for side in (reference, current)]
    grown = shares[1] - shares[0]
    stretches = [(len(grown) - 1, len(grown) - 1)]
    if cells.is_ordered:
        stretches += _stretches(grown[:-1], 0)
    else:
        stretches += [(i, i) for i in range(len(grown) - 1)]
    found = [
        Excess(
            what=_named(cells, group, first, last),
            reference=float(shares[0][first : last + 1].sum()),
            current=float(shares[1][first : last + 1].sum()),
        )
        for first, last in stretches
    ]
    most = sorted((one for one in found if one.grown >= LEAST_EXCESS), key=lambda one: -one.grown)
    return tuple(most[:MOST_EXCESSES])


def _stretches(grown: Floats, start: int) -> list[tuple[int, int]]:
    """The stretch that grew most in all, then those on both sides of it."""
    if not len(grown) or grown.max() <= 0:
        return []
    ends = np.concatenate([[0.0], np.cumsum(grown)])
    lowest = np.minimum.accumulate(ends[:-1])
    last = int(np.argmax(ends[1:] - lowest))
    first = int(np.argmin(ends[: last + 1]))
    before, after = grown[:first], grown[last + 1 :]
    return [(start + first, start + last), *_stretches(before, start), *_stretches(after, start + last + 1)]


def _named(cells: Cells, group: NDArray[np.int64], first: int, last: int) -> str:
    """A stretch of groups in words."""
    if first == group[-1]:
        return f"{cells.column} missing"
    if not cells.is_ordered:
        label = cells.names[first]
        return f"{cells.column} of other levels" if first == len(cells.labels) else f"{cells.column} {_short(label)!r}"
    of_stretch = np.flatnonzero((group[:-1] >= first) & (group[:-1] <= last))
    low = cells.edges[of_stretch[0] - 1] if of_stretch[0] else -np.inf
    high = cells.edges[of_stretch[-1]]
    if "int" in cells.type:  # a range of whole numbers names the first and the last of them
        low, high = np.floor(low) + 1, np.floor(high)
    ends = [_edge(cells, end) for end in (low, high)]
    if not np.isfinite(low):
        return f"{cells.column} up to {ends[1]}"
    if not np.isfinite(high):
        return f"{cells.column} {'from' if 'int' in cells.type else 'above'} {ends[0]}"
    return f"{cells.column} {ends[0]}" if ends[0] == ends[1] else f"{cells.column} {ends[0]} to {ends[1]}"


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[:LONGEST_LABEL]}…"


def _edge(cells: Cells, edge: float) -> str:
    if not np.isfinite(edge):
        return ""
    if cells.kind == "time":
        return moment(float(edge))[:16].replace("T00:00", "").replace("T", " ")
    return f"{edge + 0.0:.0f}" if "int" in cells.type and abs(edge) < 1e6 else f"{edge + 0.0:.4g}"


def drawn_as(reference: str, current: str) -> tuple[str, str]:
    """What the sides are called in a picture: by their names, or in a word where a key has no room for these.

    >>> drawn_as("train", "dev"), drawn_as("version 1", "2,000 rows added since")
    (('train', 'dev'), ('reference', 'current'))
    """
    is_short = max(len(reference), len(current)) <= LONGEST_KEY and reference != current
    return (reference, current) if is_short else ("reference", "current")


def picture(cells: Cells, sides: Mapping[str, Floats]) -> dict[str, Any] | None:
    """The data of a column's picture: of numbers both histograms, of levels those whose share changed most.

    Args:
        cells: The column's cells.
        sides: Rows by cell of the reference and of the current side, by name.
    """
    if cells.is_ordered and cells.shown:
        return histogram_of(cells, sides)
    if not cells.labels:
        return None
    counts = np.stack(list(sides.values()))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    there = [i for i in range(counts.shape[1]) if counts[:, i].any()]
    order = sorted(there, key=lambda i: (-abs(shares[1][i] - shares[0][i]), i))[:MOST_LEVELS]
    names = [*map(_short, cells.labels), REST, MISSING]
    return {
        "kind": "paired",
        "title": cells.column,
        "x": cells.column,
        "labels": [names[i] for i in order],
        "n_more": len(there) - len(order),
        "series": {name: [round(float(share[i]), 4) for i in order] for name, share in zip(sides, shares, strict=True)},
    }
