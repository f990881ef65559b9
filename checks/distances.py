"""Distances of two distributions that the field knows, from the counts that a comparison has anyway.

They are told beside the verdict and decide nothing: each grows with chance as rows get fewer, and none has an interval.
"""

from __future__ import annotations

import numpy as np

from checks.bins import Cells, Floats, added, merged
from checks.effect import total_variation

MOST_GROUPS = 10
# An empty cell has no logarithm: this much of a row stands in it.
HALF_A_ROW = 0.5
NAMES = ("total_variation", "kolmogorov_smirnov", "psi", "jensen_shannon", "wasserstein")


def distances(cells: Cells, reference: Floats, current: Floats) -> dict[str, float]:
    """Distances by name; those of ordered columns alone are left out of others.

    Args:
        cells: The column's cells.
        reference: Rows by cell.
        current: The same.

    Returns:
        `total_variation`, `psi` (population stability index) and `jensen_shannon` (distance, base 2) on at most 10
        cells and what is missing; `kolmogorov_smirnov` (the largest distance of the distribution functions at the
        edges) and `wasserstein` (the area between them from the least finite edge to the largest, in the column's own
        unit) of values that are there.
    """
    groups = merged(reference + current, cells, MOST_GROUPS)
    ones, twos = (added(counts[None], groups)[0] for counts in (reference, current))
    told = {
        "total_variation": float(total_variation(ones, twos)),
        "psi": _psi(ones, twos),
        "jensen_shannon": _jensen_shannon(ones, twos),
    }
    if cells.is_ordered and reference[:-1].sum() and current[:-1].sum():
        one, two = (np.cumsum(c[:-1]) / c[:-1].sum() for c in (reference, current))
        told["kolmogorov_smirnov"] = float(np.abs(one - two).max())
        told["wasserstein"] = _area(np.asarray(cells.edges), np.abs(one - two))
    return told


def _psi(ones: Floats, twos: Floats) -> float:
    """Sum of (q - p) ln(q / p) over the cells that any row is in (Siddiqi 2006, chapter 8)."""
    there = (ones + twos) > 0
    p, q = (np.maximum(c[there], HALF_A_ROW) / max(c.sum(), 1.0) for c in (ones, twos))
    return float(((q - p) * np.log(q / p)).sum())


def _jensen_shannon(ones: Floats, twos: Floats) -> float:
    """The root of the mean divergence from the middle of both, in bits (Lin 1991; Endres and Schindelin 2003)."""
    from scipy.special import rel_entr

    p, q = (c / max(c.sum(), 1.0) for c in (ones, twos))
    nats = (rel_entr(p, (p + q) / 2).sum() + rel_entr(q, (p + q) / 2).sum()) / 2
    return float(np.sqrt(max(0.0, nats / np.log(2))))  # rounding may leave a little less than nothing


def _area(edges: Floats, apart: Floats) -> float:
    """The area under the distance of two distribution functions, taken as straight between finite edges."""
    finite = np.isfinite(edges)
    return float(np.trapezoid(apart[finite], edges[finite])) if finite.sum() > 1 else 0.0
