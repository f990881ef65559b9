"""Error rates of a model by split, each with an interval that counts entities, not rows, and the gaps between them.

Efron & Stein (1981): the delete-one-bucket jackknife over 256 buckets of whole entities. Simulated coverage stands in
`docs/explanation/diagnosis.md`. What a gap means is `checks.diagnosis`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from checks.leave_one_out import BY_NAME, Judged, LeftOut
from checks.metrics import METRICS, Metric
from checks.student import CONFIDENCE, MANY_DF, quantile

FEWEST_ENTITIES = 5
FIGURES = ("estimate", "low", "high", "n", "n_entities")  # of a rate, as it is kept and told
FEWEST_DF = 3.0
# Of an AUC of 2 positives the nominal 95 % interval held the truth in 52 %, of 5 in 85 %, of 6 in 92 % of 4,000 draws.
FEWEST_OF_A_CLASS = 6


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A rate of one split.

    Attributes:
        estimate: The rate.
        low: Of its 95 % interval; None when no interval can be told.
        high: The same.
        n: Rows; None for a rate that was declared.
        n_entities: Entities; None for a rate that was declared.
        variance: Of the estimate.
        df: Degrees of freedom of that variance.
    """

    estimate: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    n_entities: int | None = None
    variance: float = 0.0
    df: float = MANY_DF

    @property
    def is_told(self) -> bool:
        """Whether it has an interval, or was declared.

        >>> Rate(estimate=0.1).is_told, Rate(estimate=0.1, n=20, n_entities=4).is_told
        (True, False)
        """
        return self.n is None or self.low is not None

    @property
    def is_at_bound(self) -> bool:
        """Whether it was counted and is as good or as bad as can be in every bucket: its interval goes as 1/n."""
        return self.n is not None and self.df == MANY_DF

    def to_json(self) -> dict[str, Any]:
        """The rate as scripts get it."""
        return {name: getattr(self, name) for name in FIGURES}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference of two rates of disjoint splits; without an interval when one of them has none."""

    value: float
    low: float | None
    high: float | None


def rate(metric: str, judged: Judged) -> Rate | None:
    """The rate of one split with its interval, or None where the metric has no value (no row, or one class alone).

    The degrees of freedom are (sum w)^2 / sum w^2 with w the squared deviations of the leave-one-out values: few when a
    few buckets carry the variance. Under 3 of them, under 5 entities, or under 6 buckets with the rarer of two classes
    where these weigh alike, there is no interval.
    """
    if not judged.n:
        return None
    left = BY_NAME[metric](judged)
    if not math.isfinite(left.estimate):
        return None
    known: dict[str, Any] = {"estimate": left.estimate, "n": judged.n, "n_entities": judged.n_entities}
    m = len(left.values)
    if judged.n_entities < FEWEST_ENTITIES or m < 2 or not np.isfinite(left.values).all():
        return Rate(**known, df=0.0)
    w = (left.values - left.values.mean()) ** 2
    if w.sum() <= 1e-24 * max(1.0, left.estimate**2):
        return _at_its_bound(METRICS[metric], left, known)
    df = float(w.sum() ** 2 / (w**2).sum())
    variance = float((m - 1) / m * w.sum())
    if df < FEWEST_DF or (left.n_rarer is not None and left.n_rarer < FEWEST_OF_A_CLASS):
        return Rate(**known, variance=variance, df=df)
    half = quantile(df) * math.sqrt(variance)
    low, high = _within(METRICS[metric], left.estimate - half, left.estimate + half)
    return Rate(**known, low=low, high=high, variance=variance, df=df)


def _at_its_bound(metric: Metric, left: LeftOut, known: Mapping[str, Any]) -> Rate:
    """The interval of a rate that no bucket moves: no mistake at all, or nothing but mistakes.

    k independent cases without a mistake have probability (1 - rate)^k, so the rate is at most 1 - .025^(1/k); of an
    AUC of 1, the cases are the pairs of a positive with a negative of its own.
    """
    is_bound = left.estimate in (metric.least, metric.most)
    if not is_bound or not math.isfinite(metric.most - metric.least) or not left.n_pairs:
        return Rate(**known, df=0.0)
    reach = 1 - ((1 - CONFIDENCE) / 2) ** (1 / left.n_pairs)
    low, high = _within(metric, left.estimate - reach, left.estimate + reach)
    return Rate(**known, low=low, high=high, variance=(reach / quantile(MANY_DF)) ** 2, df=MANY_DF)


def _within(metric: Metric, low: float, high: float) -> tuple[float, float]:
    return max(low, metric.least), min(high, metric.most)


def worsening(metric: str, before: Rate, after: Rate) -> Difference:
    """How much worse `after` is than `before`, positive when worse, by Welch (1947): variances of disjoint rows add."""
    sign = 1 if METRICS[metric].lower_is_better else -1
    value = sign * (after.estimate - before.estimate)
    if not (before.is_told and after.is_told):
        return Difference(value=value, low=None, high=None)
    variance = before.variance + after.variance
    parts = before.variance**2 / before.df + after.variance**2 / after.df
    half = quantile(variance**2 / parts if parts else MANY_DF) * math.sqrt(variance)
    return Difference(value=value, low=value - half, high=value + half)
