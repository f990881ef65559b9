"""Weights that let one side look like another: how much more frequent a row's inputs are there.

Shimodaira, "Improving predictive inference under covariate shift by weighting the log-likelihood function" (2000); the
ratio of densities as the odds of a classifier: Bickel, Brückner and Scheffer (2009); clipped (Ionides 2008); effective
sample size: Kish (1965). They mend other inputs, never another relation at the same inputs (`checks.loss_change`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.domain import N_FOLDS, Learner, Rows, told_by_others, trees
from checks.thinning import ENOUGH_ROWS

Array = NDArray[Any]

CLIPPED_AT = 0.99
LEAST_EFFECTIVE_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Weights of the rows of the first side.

    Attributes:
        weights: One a row, in their order; their mean is 1.
        most: The largest: odds above the 99 % quantile of all count as that.
    """

    weights: Array
    most: float

    @property
    def n_effective(self) -> float:
        """So many rows of equal weight would say as much.

        >>> Importance(weights=np.array([0.5, 1.5]), most=1.5).n_effective
        1.6
        """
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())

    @property
    def is_thin(self) -> bool:
        """Whether a few rows carry all: under 10 % of them are left in effect."""
        return self.n_effective < LEAST_EFFECTIVE_SHARE * len(self.weights)


def importance(rows: Rows, learner: Learner = trees, *, most: int = ENOUGH_ROWS) -> Importance | None:
    """The weights by which the rows of the first side look like those of the second.

    A row's odds are told by a classifier of other entities. It is fitted on some entities of every bucket, of
    either side about `most` rows.

    Returns:
        None where no such classifier can be had: a fold of entities holds all rows of a side.
    """
    fitted = rows.thinned(most)
    odds = np.zeros(len(rows.x))
    for k in range(N_FOLDS):
        others, asked = fitted & (rows.fold != k), (rows.fold == k) & ~rows.is_second
        if not rows.has_both(others):
            return None
        if asked.any():
            told, _ = told_by_others(rows, others, asked, learner)
            odds[asked] = told / np.maximum(1 - told, 1e-12)
    mine = odds[~rows.is_second]
    clipped = np.minimum(mine, np.quantile(mine, CLIPPED_AT))
    weights = clipped / clipped.mean()
    return Importance(weights=weights, most=float(weights.max()))
