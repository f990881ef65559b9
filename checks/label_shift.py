"""How many rows of each class are there where nobody has labelled? Read off a fixed model's predictions.

Lipton, Wang and Smola, "Detecting and Correcting for Label Shift with Black Box Predictors" (2018): while rows of one
class look as they did (only classes are more or less frequent), the model's confusion is what it was, and the shares of
its predictions tell the shares of the classes. Where the relation itself changed this says nothing; that is
`checks.loss_change`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.error_rates import FEWEST_DF, FEWEST_ENTITIES
from checks.leave_one_out import Judged
from checks.remedies import listed
from checks.student import quantile
from checks.units import N_BUCKETS
from checks.words import plural

Array = NDArray[np.float64]

# The ratio of the largest to the smallest singular value of the confusion: beyond it small errors become large ones.
MOST_CONDITION = 10.0
MOST_NAMED = 3
REMEDY = (
    "Where rows of a class look as they did, other priors mend it: weigh the classes by these shares ({classes}), or "
    "recalibrate. Where they do not, get labels from the new world and retrain."
)


@dataclass(frozen=True, kw_only=True)
class ClassShare:
    """A class, its share among labelled rows, and its estimated share elsewhere with a 95 % interval."""

    label: str
    labelled: float
    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        estimate, low, high, labelled = map(_share, (self.estimate, self.low, self.high, self.labelled))
        return f"{self.label} {estimate} ({low} to {high}; of labelled rows {labelled})"


def _share(value: float) -> str:
    return f"{value:.2f}".removeprefix("0")


@dataclass(frozen=True, kw_only=True)
class ClassShares:
    """The estimated shares of classes where there are no labels.

    Attributes:
        verdict: `told`, or `cannot_tell` with its reason.
        why: The reason.
        shares: By class, in their order; they add up to 1 but for what was clipped at 0 and 1.
        condition: Of the confusion: 1 for a model without mistakes; the larger, the less its predictions tell.
        n_labelled: Rows that the confusion was read off.
        n_rows: Rows whose classes were estimated.
    """

    verdict: Literal["told", "cannot_tell"]
    why: str = ""
    shares: tuple[ClassShare, ...] = ()
    condition: float | None = None
    n_labelled: int
    n_rows: int

    @property
    def line(self) -> str:
        """In one sentence, the classes that moved most first.

        >>> one = ClassShare(label="yes", labelled=0.2, estimate=0.35, low=0.3, high=0.4)
        >>> ClassShares(verdict="told", shares=(one,), n_labelled=900, n_rows=1200).line
        '1,200 rows without a label: yes .35 (.30 to .40; of labelled rows .20)'
        """
        rows = f"{plural(self.n_rows, 'row')} without a label"
        if self.verdict != "told":
            return f"{rows}: their classes cannot be told: {self.why}"
        order = sorted(self.shares, key=lambda share: -abs(share.estimate - share.labelled))
        said = [str(share) for share in order[:MOST_NAMED]]
        more = f" and {len(order) - MOST_NAMED} more" if len(order) > MOST_NAMED else ""
        return f"{rows}: {', '.join(said)}{more}"

    @property
    def remedy(self) -> str:
        """What to do where a class is more or less frequent than among labelled rows; empty where none is.

        >>> one = ClassShare(label="yes", labelled=0.2, estimate=0.35, low=0.3, high=0.4)
        >>> ClassShares(verdict="told", shares=(one,), n_labelled=900, n_rows=1200).remedy[:40]
        'Where rows of a class look as they did, '
        """
        moved = [share.label for share in self.shares if not share.low <= share.labelled <= share.high]
        return REMEDY.format(classes=listed(moved)) if moved else ""


def class_shares(
    labelled: Judged,
    bucket: NDArray[np.int64],
    predicted: NDArray[np.int64],
    *,
    classes: Sequence[str],
    n_entities: int,
) -> ClassShares:
    """The shares of the classes among rows without labels.

    Args:
        labelled: Predictions beside the truth, of rows that the model was not fitted on.
        bucket: Of the rows without labels: 0-255, whole entities.
        predicted: What the same model says of them, as codes.
        classes: The labels by code.
        n_entities: How many entities these rows are of.
    """
    known: dict[str, Any] = {"n_labelled": labelled.n, "n_rows": len(predicted)}
    if min(labelled.n_entities, n_entities) < FEWEST_ENTITIES:
        why = f"{min(labelled.n_entities, n_entities)} entities are too few, {FEWEST_ENTITIES} are needed"
        return ClassShares(verdict="cannot_tell", why=why, **known)
    n = len(classes)
    joint = np.zeros((N_BUCKETS, n, n))
    np.add.at(joint, (labelled.bucket, labelled.predicted, labelled.truth), 1)
    told = np.zeros((N_BUCKETS, n))
    np.add.at(told, (bucket, predicted), 1)
    if absent := [name for name, rows in zip(classes, joint.sum(axis=(0, 1)), strict=True) if not rows]:
        return ClassShares(verdict="cannot_tell", why=f"no labelled row is {absent[0]!r}", **known)
    confusion = _by_class(joint.sum(axis=0))
    condition = float(np.linalg.cond(confusion))
    if not condition <= MOST_CONDITION:
        why = f"the model tells classes apart too badly: the condition of its confusion is above {MOST_CONDITION:g}"
        return ClassShares(verdict="cannot_tell", why=why, condition=condition, **known)
    shares = _with_intervals(joint, told, classes)
    if shares is None:
        return ClassShares(verdict="cannot_tell", why="a few entities make all the difference", **known)
    return ClassShares(verdict="told", shares=shares, condition=condition, **known)


def _by_class(joint: Array) -> Array:
    """P(predicted | class), a column a class, from rows by prediction and class."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(joint / joint.sum(axis=-2, keepdims=True))


def _with_intervals(joint: Array, told: Array, classes: Sequence[str]) -> tuple[ClassShare, ...] | None:
    """Leaving out one bucket of labelled rows, then one of the others: disjoint rows, so variances add (Welch 1947)."""
    confusion, shares = _by_class(joint.sum(axis=0)), told.sum(axis=0) / told.sum()
    estimate = np.linalg.solve(confusion, shares)
    without = _by_class((joint.sum(axis=0) - joint)[joint.sum(axis=(1, 2)) > 0])
    left = (told.sum(axis=0) - told)[told.sum(axis=1) > 0]
    if not np.isfinite(without).all() or np.linalg.cond(without).max() > 2 * MOST_CONDITION:
        return None
    by_labelled = np.linalg.solve(without, shares[:, None])[..., 0]
    by_others = np.linalg.solve(confusion, (left / left.sum(axis=1, keepdims=True)).T).T
    labelled = joint.sum(axis=(0, 1)) / joint.sum()
    found = []
    for i, name in enumerate(classes):
        half = _half(by_labelled[:, i], by_others[:, i])
        if half is None:
            return None
        low, value, high = np.clip([estimate[i] - half, estimate[i], estimate[i] + half], 0, 1).tolist()
        found.append(ClassShare(label=name, labelled=float(labelled[i]), estimate=value, low=low, high=high))
    return tuple(found)


def _half(*left_out: Array) -> float | None:
    """Half the length of the interval, or None where too few buckets carry the variance."""
    variances, parts = 0.0, 0.0
    for values in left_out:
        w = (values - values.mean()) ** 2
        if not w.sum() > 0:
            continue
        df = float(w.sum() ** 2 / (w**2).sum())
        if df < FEWEST_DF:
            return None
        variance = float((len(w) - 1) / len(w) * w.sum())
        variances, parts = variances + variance, parts + variance**2 / df
    return quantile(variances**2 / parts) * sqrt(variances) if parts else None
