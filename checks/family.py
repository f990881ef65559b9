"""Many statistics, one family: how surprising the most surprising of them is.

Westfall and Young (1993), step-down over assignments; every statistic is first balanced by a smooth map to log p, so
that one with rough values does not drown the others. Which statistics there are is `checks.statistics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Ties of float32 sums; without it five units a side alarm in 7.7 % of null pairs at .05.
TIE = 1e-5
SMALL_SKEW = 0.05
# Of the family-wise error pairs of columns may spend it.
PAIRS_SHARE = 0.1

Array = NDArray[Any]


def log_p_of_z(values: Array) -> Array:
    """Log of the two-sided p of each value among all in its column, by the normal law.

    Args:
        values: Shape (assignments, statistics). Location and scale are fitted on all rows alike, so the map treats
            the truth and the assignments in the same way and cannot spoil exactness.
    """
    from scipy.special import log_ndtr

    scale = values.std(axis=0)
    standard = np.abs(values - values.mean(axis=0)) / np.where(scale > 0, scale, 1)
    return np.asarray(np.minimum(np.log(2) + log_ndtr(-standard), 0.0))


def log_p_of_quadratic(values: Array) -> Array:
    """Log of the upper-tail p of each value in its column, by Pearson's type III with the column's first 3 moments.

    The gamma law is read by Wilson and Hilferty's cube root (1931).

    Args:
        values: Shape (assignments, statistics): sums of squares or maxima.
    """
    from scipy.special import log_ndtr

    scale = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1)
    skew = np.maximum((standard**3).mean(axis=0), SMALL_SKEW)
    shape = 4 / skew**2
    root = np.cbrt(np.maximum(1 + standard / np.sqrt(shape), 0))
    return np.asarray(log_ndtr(-(root - (1 - 1 / (9 * shape))) * np.sqrt(9 * shape)))


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """P values of hypotheses, by themselves and adjusted for the whole family."""

    p_values: Array
    p_corrected: Array


def one_family(columns: Sequence[Array], pairs: Array | None) -> Adjusted:
    """P values of columns and then of pairs, of which columns may spend nine tenths of the error, each as much.

    Args:
        columns: Scores of each, by assignment.
        pairs: Scores by assignment and pair, or nothing.
    """
    if pairs is None or not columns:
        return step_down(np.stack(columns, axis=1) if pairs is None else pairs)
    of_columns = np.stack(columns, axis=1) - np.log((1 - PAIRS_SHARE) / len(columns))
    return step_down(np.concatenate([of_columns, pairs - np.log(PAIRS_SHARE / pairs.shape[1])], axis=1))


def step_down(scores: Array) -> Adjusted:
    """P values of all hypotheses of one family.

    Args:
        scores: Shape (assignments, hypotheses), the truth in row 0; small is surprising.

    Returns:
        `p_values` (each by itself) and `p_corrected` (probability of as surprising a one among those that are not more
        surprising: strong control of the family-wise error, Westfall and Young 1993, algorithm 2.8).
    """
    n = len(scores)
    truth, drawn = scores[0], scores[1:]
    alone = (1 + (drawn <= truth + TIE).sum(axis=0)) / n
    order = np.argsort(truth, kind="stable")
    least = np.minimum.accumulate(drawn[:, order][:, ::-1], axis=1)[:, ::-1]
    stepped = np.maximum.accumulate((1 + (least <= truth[order] + TIE).sum(axis=0)) / n)
    corrected = np.empty_like(stepped)
    corrected[order] = stepped
    return Adjusted(p_values=alone, p_corrected=corrected)
