"""How far one column of numbers tells another: ranks, AUC, one threshold, a straight line.

What that means of a target is judged by the `giveaway_*` modules.
"""

from __future__ import annotations

import numpy as np

from checks.labelled import FEWEST_OF_A_CLASS, Array

LINEAR = 1 - 1e-9


def is_line(x: Array, y: Array) -> bool:
    """Whether one column is a straight line of another where both have values, at least 60 of them."""
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < 2 * FEWEST_OF_A_CLASS or np.ptp(x[there]) == 0 or np.ptp(y[there]) == 0:
        return False
    return abs(float(np.corrcoef(x[there], y[there])[0, 1])) > LINEAR


def best_threshold(x: Array, y: Array) -> tuple[float, bool]:
    """The cut with the fewest errors, and whether the positive class lies above it."""
    values, at = np.unique(x, return_inverse=True)
    positive = np.bincount(at, weights=y, minlength=len(values)).cumsum()
    below = np.bincount(at, minlength=len(values)).cumsum()
    right_if_above = (below - positive) + (positive[-1] - positive)
    best_above, best_below = int(right_if_above.argmax()), int(right_if_above.argmin())
    is_above = right_if_above[best_above] >= len(x) - right_if_above[best_below]
    best = best_above if is_above else best_below
    following = values[min(best + 1, len(values) - 1)]
    return float((values[best] + following) / 2), bool(is_above)


def auc(values: Array, positive: Array) -> float:
    """Area under the ROC curve of `values` for the boolean `positive`; NaN when one class is absent.

    Ties count half (Hanley and McNeil 1982).
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    return float((ranks(values)[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def ranks(values: Array) -> Array:
    """Ranks from 1, ties in the middle of theirs."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(values) else np.array([], dtype=int)
    lengths = np.diff(np.append(starts, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (lengths + 1) / 2, lengths)
    return ranks
