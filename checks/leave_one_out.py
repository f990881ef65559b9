"""A rate of whole entities and its delete-one-bucket jackknife: what the rate would be without each bucket in turn.

Each function takes the rows of one split and gives the rate and its leave-one-out values; what an interval is made of
them, and which rates there are, is `checks.error_rates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from checks.units import N_BUCKETS

Array = np.ndarray
LEAST_PROBABILITY = 1e-15


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Predictions beside the truth, one element a row.

    Attributes:
        bucket: 0-255; whole entities.
        truth: Codes of classes (regression: numbers).
        predicted: The same of what was predicted.
        probabilities: Rows x classes, or None when none were given.
        score: Two classes: the higher, the more class 1; or None.
        n_classes: How many classes there are (regression: 0).
        n_entities: How many entities the rows are of.
    """

    bucket: Array
    truth: Array
    predicted: Array
    probabilities: Array | None = None
    score: Array | None = None
    n_classes: int = 0
    n_entities: int = 0

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.truth)

    def by_bucket(self, values: Array | None = None) -> Array:
        """The sum of `values` in each bucket; without them, how many rows."""
        return np.bincount(self.bucket, weights=values, minlength=N_BUCKETS).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A rate, and what it is without each bucket that has rows; NaN where it cannot be told then.

    Attributes:
        estimate: Of all rows.
        values: One for each bucket that has rows.
        n_pairs: Where the rate is at its bound: how many independent cases speak for that.
        n_rarer: Of a rate that weighs two classes alike: how many buckets have the rarer one; else None.
    """

    estimate: float
    values: Array
    n_pairs: int
    n_rarer: int | None = None


def _rates(judged: Judged, made_of: Any, *sums: Array) -> LeftOut:
    """`made_of` sums over all buckets, and over all but each."""
    there = judged.by_bucket() > 0
    totals = [total.sum(axis=0) for total in sums]
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(made_of(*totals))
        values = made_of(*(total - one[there] for total, one in zip(totals, sums, strict=True)))
    return LeftOut(estimate=estimate, values=np.asarray(values, dtype=np.float64), n_pairs=judged.n_entities)


def error_rate(judged: Judged) -> LeftOut:
    """The share of rows that were predicted wrongly."""
    mistakes = judged.by_bucket((judged.truth != judged.predicted).astype(np.float64))
    return _rates(judged, lambda wrong, n: wrong / n, mistakes, judged.by_bucket())


def balanced_error_rate(judged: Judged) -> LeftOut:
    """The mean over classes of the share of a class's rows that were predicted wrongly."""
    wrong = judged.truth != judged.predicted
    per_class = [judged.truth == code for code in range(judged.n_classes)]
    counts = np.stack([judged.by_bucket(one.astype(np.float64)) for one in per_class], axis=1)
    mistakes = np.stack([judged.by_bucket((one & wrong).astype(np.float64)) for one in per_class], axis=1)
    seen = counts.sum(axis=0) > 0
    left = _rates(judged, lambda m, n: (m / n).mean(axis=-1), mistakes[:, seen], counts[:, seen])
    return replace(left, n_rarer=int((counts[:, seen] > 0).sum(axis=0).min())) if judged.n_classes == 2 else left


def log_loss_skill(judged: Judged) -> LeftOut:
    """1 - log loss / log loss of the split's own base rate: 0 says no more than the base rate, 1 all.

    Negative when the model says less than the base rate alone. Probabilities below 1e-15 count as 1e-15.
    """
    told = judged.probabilities if judged.probabilities is not None else np.zeros((judged.n, judged.n_classes))
    loss = -np.log(np.clip(told[np.arange(judged.n), judged.truth].astype(np.float64), LEAST_PROBABILITY, 1))
    counts = np.stack(
        [judged.by_bucket((judged.truth == code).astype(np.float64)) for code in range(judged.n_classes)], axis=1
    )

    def skill(lost: Array, n_of: Array) -> Array:
        n = n_of.sum(axis=-1, keepdims=True)
        shares = n_of / n
        base = -(n_of * np.log(np.where(shares > 0, shares, 1))).sum(axis=-1)
        return np.where(base > 0, 1 - lost / base, np.nan)

    return _rates(judged, skill, judged.by_bucket(loss), counts)


def mae(judged: Judged) -> LeftOut:
    """The mean absolute difference of prediction and truth."""
    return _rates(
        judged, lambda e, n: e / n, judged.by_bucket(np.abs(judged.truth - judged.predicted)), judged.by_bucket()
    )


def rmse(judged: Judged) -> LeftOut:
    """The root of the mean squared difference of prediction and truth."""
    squared = judged.by_bucket((judged.truth - judged.predicted) ** 2)
    return _rates(judged, lambda e, n: np.sqrt(np.maximum(e, 0) / n), squared, judged.by_bucket())


def r2(judged: Judged) -> LeftOut:
    """1 - squared error / squared deviation from the split's own mean: 0 says no more than the mean, 1 all."""
    centred = judged.truth - judged.truth.mean()  # before squaring: sums of squares of large numbers cancel
    squared = judged.by_bucket((judged.truth - judged.predicted) ** 2)

    def explained(e: Array, s: Array, s2: Array, n: Array) -> Array:
        spread = s2 - s * s / n
        return np.where(spread > 0, 1 - e / spread, np.nan)

    return _rates(
        judged, explained, squared, judged.by_bucket(centred), judged.by_bucket(centred**2), judged.by_bucket()
    )


def auc(judged: Judged) -> LeftOut:
    """Area under the ROC curve (ties count half: Hanley & McNeil 1982), and exactly so without each bucket.

    With W[a, b] the pairs of a positive of bucket a above a negative of bucket b, leaving out bucket k takes away row k
    and column k. Their sums are counts below and above in one sorted list of all rows, the corner W[k, k] the same
    within the bucket: two sorts, no binning of scores.
    """
    if judged.score is None:
        return LeftOut(estimate=float("nan"), values=np.array([]), n_pairs=0)
    positive = judged.truth == 1
    order = np.argsort(judged.score, kind="stable")
    score, is_positive, bucket = judged.score[order], positive[order], judged.bucket[order]
    wins, losses = _pairs(score, is_positive, np.zeros(len(score), dtype=np.int64))
    rows = np.bincount(bucket, weights=np.where(is_positive, wins, 0), minlength=N_BUCKETS)
    columns = np.bincount(bucket, weights=np.where(is_positive, 0, losses), minlength=N_BUCKETS)
    inside = np.argsort(bucket, kind="stable")
    own, _ = _pairs(score[inside], is_positive[inside], bucket[inside])
    corner = np.bincount(bucket[inside], weights=np.where(is_positive[inside], own, 0), minlength=N_BUCKETS)
    n_positive = judged.by_bucket(positive.astype(np.float64))
    n_negative = judged.by_bucket() - n_positive
    there = judged.by_bucket() > 0
    p, n, total = n_positive.sum(), n_negative.sum(), rows.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (total - rows - columns + corner) / ((p - n_positive) * (n - n_negative))
        estimate = float(total / (p * n)) if p and n else float("nan")
    rarer = int(min((n_positive > 0).sum(), (n_negative > 0).sum()))
    return LeftOut(estimate=estimate, values=left[there], n_pairs=int(min(p, n, judged.n_entities)), n_rarer=rarer)


def _pairs(score: Array, is_positive: Array, part: Array) -> tuple[Array, Array]:
    """Of each row, how many negatives lie below and how many positives above it within its part; ties count half.

    Args:
        score: Sorted by part, then by score.
        is_positive: Of each row.
        part: Non-decreasing.
    """
    n = len(score)
    if not n:
        return np.zeros(0), np.zeros(0)
    is_new = np.append(True, (score[1:] != score[:-1]) | (part[1:] != part[:-1]))
    starts = np.flatnonzero(is_new)
    of_row = np.cumsum(is_new) - 1
    ends = np.append(starts[1:], n)
    positives = np.append(0, np.cumsum(is_positive))
    ends_of_parts = np.cumsum(np.bincount(part))
    first_of_part, last_of_part = np.append(0, ends_of_parts)[part], ends_of_parts[part]
    at, to = starts[of_row], ends[of_row]
    positives_in_tie = positives[to] - positives[at]
    negatives_in_tie = (to - at) - positives_in_tie
    negatives_below = (at - first_of_part) - (positives[at] - positives[first_of_part])
    positives_above = positives[last_of_part] - positives[to]
    return negatives_below + negatives_in_tie / 2, positives_above + positives_in_tie / 2


BY_NAME: Mapping[str, Any] = {
    "auc": auc,
    "log_loss_skill": log_loss_skill,
    "balanced_error_rate": balanced_error_rate,
    "error_rate": error_rate,
    "r2": r2,
    "mae": mae,
    "rmse": rmse,
}
