"""Does one column tell a target that is a quantity: its order, or nearly all of it?

Everything is asked of ranks, so a root, a logarithm, a rounded copy and bins are found like the target itself. Classes
are `checks.giveaway`.
"""

from __future__ import annotations

import numpy as np

from checks.labelled import FEWEST_OF_A_CLASS, Array, Labelled, agreement, is_ordered
from checks.measures import ranks

ORDERED = 1 - 1e-6
FEWEST_LEVELS, N_STEPS = 10, 64
SCREENED_ROWS = 4_000


def orders(x: Array, y: Array, *, fewest_levels: int = FEWEST_LEVELS) -> bool:
    """Whether a column puts the rows in the order of the quantity, upwards or downwards.

    What has equal values is in any order. A correlation of 1 - 1e-6 of the two orders is asked, over 60 rows or more
    outside the commonest value of both: rows stand on average within .04 % of their place. A neighbour in time does not
    come so near: of a walk of 200,000 steps at random the last value leaves 3e-5. The column has 10 values at least,
    and 30 rows outside its commonest.

    Args:
        x: The column, NaN where it has no value.
        y: The quantity.
        fewest_levels: How many values of the column are enough.
    """
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    few = slice(None, None, max(len(x) // SCREENED_ROWS, 1))
    if len(x) < 2 * FEWEST_OF_A_CLASS or not _are_in_order(x[few], y[few]):
        return False
    levels, n_rows = np.unique(x, return_counts=True)
    if len(levels) < fewest_levels or len(x) - n_rows.max() < FEWEST_OF_A_CLASS:
        return False
    values, n_of_value = np.unique(y, return_counts=True)
    rest = (x != levels[n_rows.argmax()]) | (y != values[n_of_value.argmax()])
    return bool(rest.sum() >= 2 * FEWEST_OF_A_CLASS and np.ptp(y) > 0 and _are_in_order(x[rest], y[rest]))


def _are_in_order(x: Array, y: Array) -> bool:
    return max(_in_order(x, y), _in_order(-x, y)) >= ORDERED


def _in_order(x: Array, y: Array) -> float:
    """The correlation of the two orders, what is equal in one taken in the order of the other."""
    place = np.arange(len(x), dtype=np.float64)
    by_x, by_y = np.empty(len(x)), np.empty(len(x))
    by_x[np.lexsort((y, x))] = place
    by_y[np.lexsort((x, y))] = place
    return float(np.corrcoef(by_x, by_y)[0, 1])


def told(name: str, rows: Labelled, ranked: Array) -> tuple[float, Array] | None:
    """How much of the quantity's ranks a column tells, of 1 (R2), and the column as numbers; None if it cannot tell.

    Fitted on even buckets and judged on odd ones: the mean rank by value, of many numbers by 64 steps of the column's
    ranks with straight lines between them.

    Args:
        name: The column.
        rows: Labelled rows of a quantity.
        ranked: The ranks of the quantity.
    """
    codes, x = rows.codes(name), None
    if is_ordered(rows.frame[name]):
        x = rows.numbers(name)
    if x is not None and codes.max(initial=0) > N_STEPS:
        predicted = _by_steps(x, ranked, rows.fitted)
    else:
        predicted = _by_value(codes, ranked, rows.fitted)
    judged = ~rows.fitted & np.isfinite(predicted)
    if judged.sum() < max(2 * FEWEST_OF_A_CLASS, (~rows.fitted).sum() / 2):
        return None
    return agreement(predicted[judged], ranked[judged], is_quantity=True), predicted if x is None else x


def _by_value(codes: Array, ranked: Array, fitted: Array) -> Array:
    """The mean rank of each value; NaN where it was seen once or never, or there is none."""
    n_seen = np.bincount(codes[fitted], minlength=int(codes.max(initial=0)) + 1)
    total = np.bincount(codes[fitted], weights=ranked[fitted], minlength=len(n_seen))
    means = np.where(n_seen > 1, total / np.maximum(n_seen, 1), np.nan)
    means[0] = np.nan
    return np.asarray(means[codes])


def _by_steps(x: Array, ranked: Array, fitted: Array) -> Array:
    there = np.isfinite(x)
    seen = np.flatnonzero(there & fitted)
    if len(seen) < 2 * FEWEST_OF_A_CLASS:
        return np.full(len(x), np.nan)
    place = np.full(len(x), np.nan)
    place[there] = ranks(x[there])
    steps = np.array_split(seen[np.argsort(place[seen], kind="stable")], min(N_STEPS, len(seen) // 8))
    at = np.array([place[step].mean() for step in steps])
    means = np.array([ranked[step].mean() for step in steps])
    return np.where(there, np.interp(place, at, means), np.nan)
