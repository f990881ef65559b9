"""The cell of each of many numbers, found at a third of the cost of a binary search.

Which cells there are is `checks.bins`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import LARGEST, Cells

Array = NDArray[Any]

# The middle of the values in so many equal steps, from the median to so many IQR on both sides.
N_STEPS, REACH = 4_096, 4.0
# So many edges are tried one by one: an atom, an edge just below and one at its value, fills its step.
N_TRIED = 2


class CellFinder:
    """Looks a number's step up in a table, and tries the edges in that step.

    A number's step never falls as the number rises, edges included: so all edges of lower steps are below it, all of
    higher steps above it, and only those of its own step have to be tried. The cells are those of `numpy.searchsorted`.
    """

    def __init__(self, cells: Cells) -> None:
        self._last = len(cells.edges)
        self._low = cells.median - REACH * cells.iqr
        self._scale = min(N_STEPS / (2 * REACH * cells.iqr), LARGEST)  # finite, however near the values are
        self._edges = np.asarray(cells.edges)
        self._padded = np.append(self._edges, [np.inf] * N_TRIED)
        step = self._steps(self._edges)
        self._first = np.searchsorted(step, np.arange(N_STEPS)).astype(np.intp)
        self._is_crowded = np.bincount(step, minlength=N_STEPS) > N_TRIED

    def _steps(self, values: Array) -> Array:
        with np.errstate(over="ignore"):
            steps = (values - self._low) * self._scale
        return np.clip(steps, 0, N_STEPS - 1, out=steps).astype(np.intp)

    def find(self, values: Array) -> Array:
        """The cell of each value: i where edge i - 1 < value <= edge i, the last where it is NaN.

        >>> cells = Cells(column="x", type="float64", kind="numeric", edges=(0.0, 1.0, float("inf")))
        >>> CellFinder(cells).find(np.array([-1.0, 0.0, 0.5, 1.5, float("nan")])).tolist()
        [0, 0, 1, 2, 3]
        """
        is_missing = np.isnan(values)
        has_missing = bool(is_missing.any())
        step = self._steps(np.where(is_missing, 0.0, values) if has_missing else values)
        cell = self._first[step]
        tried = [self._padded[cell + i] < values for i in range(N_TRIED)]
        for is_above in tried:
            cell += is_above
        crowded = np.flatnonzero(self._is_crowded[step])
        if len(crowded):
            cell[crowded] = np.searchsorted(self._edges, values[crowded])
        if has_missing:
            cell[is_missing] = self._last
        return np.asarray(cell)
