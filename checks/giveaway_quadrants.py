"""Two columns, one threshold of each: which label has each of the four quadrants?

A tree grown greedily does not see thresholds that are crossed (exclusive or), as its first cut tells nothing. Here both
are looked for together.
"""

from __future__ import annotations

import numpy as np

from checks.labelled import Array

N_GRID = 32
N_ROUNDS = 3


def quadrants(a: Array, b: Array, is_positive: Array, fitted: Array) -> Array:
    """What the best two thresholds predict of every row, fitted on some.

    The best point of a grid of 32 by 32 quantiles, then each threshold exactly while the other stands.

    Args:
        a: Whole numbers in the order of the values.
        b: The same of the other column.
        is_positive: The label.
        fitted: Which rows the thresholds are looked for on.

    Returns:
        1 or 0 of each row.
    """
    x, y, positive = a[fitted], b[fitted], is_positive[fitted].astype(bool)
    s, t = _on_grid(x, y, positive)
    for _ in range(N_ROUNDS):
        s = _best_cut(x, y > t, positive)
        t = _best_cut(y, x > s, positive)
    where = 2 * (a > s) + (b > t)
    signed = np.bincount(where[fitted], weights=np.where(positive, 1.0, -1.0), minlength=4)
    return np.asarray((signed > 0).astype(int)[where])


def _on_grid(x: Array, y: Array, positive: Array) -> tuple[float, float]:
    edges = [np.unique(np.quantile(v, np.arange(1, N_GRID) / N_GRID, method="inverted_cdf")) for v in (x, y)]
    at = [np.searchsorted(e, v) for e, v in zip(edges, (x, y), strict=True)]
    shape = (len(edges[0]) + 1, len(edges[1]) + 1)
    flat = at[0] * shape[1] + at[1]
    counts = [np.bincount(flat[c], minlength=shape[0] * shape[1]).reshape(shape) for c in (positive, ~positive)]
    below = [count.cumsum(axis=0).cumsum(axis=1) for count in counts]
    errors = np.zeros((len(edges[0]), len(edges[1])))
    for part in zip(*(_four(b) for b in below), strict=True):
        errors += np.minimum(*part)
    i, j = np.unravel_index(int(errors.argmin()), errors.shape)
    return float(edges[0][i]), float(edges[1][j])


def _four(below: Array) -> list[Array]:
    """Rows in the four quadrants of every point of the grid."""
    inner, left, low, every = below[:-1, :-1], below[:-1, -1:], below[-1:, :-1], below[-1, -1]
    return [inner, left - inner, low - inner, every - left - low + inner]


def _best_cut(x: Array, is_above: Array, positive: Array) -> float:
    """The threshold of `x` that errs least when each side of it and of the other threshold has its own label."""
    order = np.argsort(x, kind="stable")
    ends = np.flatnonzero(np.diff(x[order])) if len(x) > 1 else np.array([], dtype=int)
    if not len(ends):
        return float(x[0])
    errors = np.zeros(len(ends))
    for half in (is_above, ~is_above):
        n_1, n_0 = (np.cumsum((half & c)[order]) for c in (positive, ~positive))
        errors += np.minimum(n_1[ends], n_0[ends]) + np.minimum(n_1[-1] - n_1[ends], n_0[-1] - n_0[ends])
    return float(x[order][ends[int(errors.argmin())]])
