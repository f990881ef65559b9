"""The cells of a column: which edges or levels its values are counted by, and which cells are read together.

Cells depend on the pooled rows alone, never on which side a row is on: that keeps every comparison exact. Counting is
`checks.profile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["numeric", "category", "boolean", "time", "text", "list", "bytes", "other"]

N_QUANTILES, N_ATOM_GRID, MOST_ATOMS = 32, 128, 32
OUTER = (0.002, 0.01, 0.99, 0.998)
N_DOUBLINGS = 20
LARGEST = 1e150
TOO_LARGE = f"it has values beyond {LARGEST:g}, whose squares no number holds"
N_SHOWN = 20
MOST_LEVELS = 64
OTHER = "other"
PRECISIONS = ("whole", "tenths", "hundredths", "thousandths", "more", "missing")


@dataclass(frozen=True, kw_only=True)
class Cells:
    """How the values of one column are counted.

    Attributes:
        column: Its name.
        type: Its type.
        kind: `numeric` and `time` (seconds since 1970) have edges, `category` and `boolean` labels.
        edges: Upper edges of the cells: cell i holds values in (edges[i - 1], edges[i]]. The last is infinite. A
            further cell holds what is missing: NULL, NaN and infinities.
        labels: The levels, commonest first; two further cells hold all other levels and what is missing.
        shown: The edges of a figure, each of them also in `edges`.
        median: Of the pooled values.
        iqr: The distance of the pooled quartiles, or the next wider measure that is not 0.
        has_precision: Whether decimal places are counted too.
        why: Why the column is not compared, when it is not.
        part_of: Of a part of a text or a list, the column.
        length: Of lists that are vectors of one length, that length.
        n_other: Of levels, how many of the rows that the cells were made from have one without a cell.
    """

    column: str
    type: str
    kind: Kind
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    shown: tuple[float, ...] = ()
    median: float = 0.0
    iqr: float = 1.0
    has_precision: bool = False
    why: str = ""
    part_of: str = ""
    length: int = 0
    n_other: int = 0

    @property
    def is_ordered(self) -> bool:
        """Whether its values have an order, so that cells are intervals."""
        return self.kind in {"numeric", "time"}

    @property
    def n_cells(self) -> int:
        """The number of cells, the one of missing values (always the last) among them.

        >>> Cells(column="c", type="string", kind="category", labels=("a", "b")).n_cells
        4
        """
        return len(self.edges) + 1 if self.is_ordered else len(self.labels) + 2

    @property
    def names(self) -> tuple[str, ...]:
        """The cells of a category in words."""
        return (*self.labels, OTHER, "missing")

    def to_json(self) -> dict[str, Any]:
        """Whatever recreates the cells; an infinite edge is left out, as JSON has none."""
        return asdict(self) | {"edges": [e for e in self.edges if np.isfinite(e)], "labels": list(self.labels)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Cells:
        """The cells that `to_json` wrote."""
        edges = (*raw["edges"], float("inf")) if raw["kind"] in {"numeric", "time"} else ()
        return cls(**dict(raw) | {"edges": edges, "labels": tuple(raw["labels"]), "shown": tuple(raw["shown"])})


def ordered_cells(column: str, type_: str, kind: Kind, values: Floats, *, has_precision: bool) -> Cells:
    """Cells of a column of numbers or moments, from pooled values (NaN where there is none).

    31 quantiles k/32, four outer ones, every value that holds about 1/64 of the rows as a cell of its own (at most 32),
    beyond the outer quantiles edges at median +- IQR * 2^j, and the edges of its figure.
    """
    values = np.sort(values[np.isfinite(values)])  # sorted once, quantiles take a fraction
    if not len(values):
        return Cells(column=column, type=type_, kind=kind, edges=(float("inf"),), why="every value is missing")
    if np.abs(values).max() > LARGEST:
        return Cells(column=column, type=type_, kind=kind, edges=(float("inf"),), why=TOO_LARGE)
    grid = np.quantile(values, np.arange(1, N_ATOM_GRID) / N_ATOM_GRID, method="inverted_cdf")
    q25, median, q75 = np.quantile(values, [0.25, 0.5, 0.75])
    outer = np.quantile(values, OUTER, method="inverted_cdf")
    iqr = next((float(w) for w in (q75 - q25, *_wider(values)) if w > 0), 1.0)
    atoms = _atoms(grid)
    doublings = iqr * 2.0 ** np.arange(1, N_DOUBLINGS + 1)
    far = np.concatenate([median - doublings, median + doublings])
    reach = 2 * np.abs(values - median).max()  # further out there is nothing to tell apart
    far = far[((far < outer[0]) | (far > outer[-1])) & (np.abs(far - median) <= reach)]
    shown = _shown(outer[0], outer[-1], is_whole=bool((values == np.round(values)).all()))
    step = N_ATOM_GRID // N_QUANTILES
    edges = np.unique(
        np.concatenate([grid[step - 1 :: step], outer, atoms, _just_below(atoms, iqr), far, shown, [np.inf]])
    )
    return Cells(
        column=column,
        type=type_,
        kind=kind,
        edges=tuple(edges.tolist()),
        shown=tuple(shown.tolist()),
        median=float(median),
        iqr=iqr,
        has_precision=has_precision,
    )


def _wider(values: Floats) -> tuple[float, float]:
    q05, q95 = np.quantile(values, [0.05, 0.95])
    return float(q95 - q05), float(values.max() - values.min())


def _atoms(grid: Floats) -> Floats:
    """Values that fill a whole step of the grid: each holds at least about 1/64 of the rows."""
    found, counts = np.unique(grid, return_counts=True)
    is_atom = counts >= 2
    return np.sort(found[is_atom][np.argsort(-counts[is_atom], kind="stable")][:MOST_ATOMS])


def _just_below(atoms: Floats, iqr: float) -> Floats:
    # Not the next float: below 0 that is denormal, and engines read its text as 0.
    return np.asarray(atoms - np.maximum(4 * np.spacing(np.abs(atoms)), 1e-12 * iqr), dtype=np.float64)


def _shown(low: float, high: float, *, is_whole: bool) -> Floats:
    """About 20 equal steps of 1, 2 or 5 times a power of ten from `low` to `high`; few whole values get one each."""
    if not high - low > N_SHOWN * np.finfo(np.float64).tiny:  # below it steps are not told apart
        return np.array([low - 0.5, low + 0.5])
    if is_whole and high - low < N_SHOWN:
        return np.arange(low - 0.5, high + 1)
    raw = (high - low) / N_SHOWN
    scale = 10.0 ** np.floor(np.log10(raw))
    step = scale * next(s for s in (1, 2, 5, 10) if s * scale >= raw * (1 - 1e-9))
    first = np.floor(low / step)
    return np.asarray(step * np.arange(first - (first * step >= low), np.ceil(high / step) + 1), dtype=np.float64)


def level_cells(column: str, type_: str, kind: Kind, counts: Mapping[str, int]) -> Cells:
    """Cells of a column of levels: the 64 commonest of the pooled rows.

    Args:
        column: Its name.
        type_: Its type.
        kind: `category` or `boolean`.
        counts: Rows by level, at least of the 64 commonest.
    """
    order = sorted(counts, key=lambda level: (-counts[level], level))
    why = "" if counts else "every value is missing"
    return Cells(column=column, type=type_, kind=kind, labels=tuple(order[:MOST_LEVELS]), why=why)


def merged(pooled: Floats, cells: Cells, most: int) -> NDArray[np.int64]:
    """For each cell the number of the group it is read in: at most `most` groups, and one for what is missing (last).

    Neighbours are joined by their place in the pooled order; of levels the commonest stay and the rest are joined.

    Args:
        pooled: Rows by cell, of both sides.
        cells: Their cells.
        most: Groups besides the missing.
    """
    counts = pooled[:-1]
    if cells.is_ordered:
        total = max(float(counts.sum()), 1.0)
        middle = (np.cumsum(counts) - counts / 2) / total
        group = np.minimum((middle * most).astype(np.int64), most - 1)
        group = np.cumsum(np.diff(group, prepend=group[:1]) > 0)  # it never falls
    else:
        order = np.argsort(-counts, kind="stable")
        group = np.empty(len(counts), dtype=np.int64)
        group[order] = np.minimum(np.arange(len(counts)), most - 1)
        group[-1] = max(int(group[-1]), most - 1) if len(counts) >= most else int(group[-1])
        group = np.unique(group, return_inverse=True)[1]
    return np.append(group, group.max() + 1 if len(group) else 0)


def added(counts: NDArray[Any], groups: Sequence[int] | NDArray[np.int64]) -> Floats:
    """Columns of `counts` added up by group.

    >>> added(np.array([[1, 2, 3]]), [0, 1, 1]).tolist()
    [[1.0, 5.0]]
    """
    groups = np.asarray(groups)
    to = np.zeros((len(groups), int(groups.max()) + 1))
    to[np.arange(len(groups)), groups] = 1.0
    return np.asarray(counts, dtype=np.float64) @ to
