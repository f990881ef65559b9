"""A model errs more on one split than on another: what of it comes from other inputs, what from another relation?

Cai, Namkoong and Yadlowsky, "Diagnosing Model Performance Under Distribution Shift" (2023): over the *shared* inputs,
those that both splits have (density p q / (p + q)), the mean loss is compared at the same inputs. That difference is
due to another relation of target and inputs; the rest of the change, to other inputs.

It is estimated with Robinson's residuals (1988), cross-fitted (Chernozhukov et al. 2018): their weights are those of
the shared inputs, and small errors of the two learners cancel. `docs/explanation/concept-shift.md` has them measured
beside plain weights by the classifier's probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from checks.domain import N_FOLDS, Rows, cross_fitted, trees
from checks.error_rates import FEWEST_DF, FEWEST_ENTITIES
from checks.remedies import loss_remedy
from checks.student import quantile
from checks.threads import counted_threads
from checks.units import N_BUCKETS
from checks.words import figure

Array = NDArray[Any]

LEAST_OVERLAP = 0.1
# Simulated: what leaving out buckets gives for inputs alone is 1.1 to 1.3 times too short, for folds that were learned
# from each other know each other, as those of `checks.two_sample_classifier` do.
TIMES_VARIANCE = {"total": 1.0, "inputs": 2.0, "relation": 1.0}
FEWEST_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a change, positive when it is for the worse, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_signed(self.value)} ({_signed(self.low)} to {_signed(self.high)})"


@dataclass(frozen=True, kw_only=True)
class LossChange:
    """What a change of the mean loss is made of.

    Attributes:
        verdict: `told`, or `cannot_tell` with its reason.
        why: The reason.
        total: The whole change; it is `inputs` and `relation` together.
        inputs: What comes from inputs that are rarer or more frequent than before.
        relation: What comes from other losses at the same inputs.
        overlap: How far both sides have the same inputs: 1 the same, 0 none in common.
        n_before: Rows before that it was read off.
        n_after: Rows after.
    """

    verdict: Literal["told", "cannot_tell"]
    why: str = ""
    total: Part | None = None
    inputs: Part | None = None
    relation: Part | None = None
    overlap: float | None = None
    n_before: int
    n_after: int

    def line(self, metric: str) -> str:
        """In one sentence.

        Args:
            metric: What the loss is called: `error rate`.
        """
        if self.total is None or self.inputs is None or self.relation is None:
            return f"cannot tell what it comes from: {self.why}"
        return (
            f"of {_signed(self.total.value)} {metric}, {self.inputs} come from other inputs"
            f" and {self.relation} from another relation at the same inputs,"
            f" by {self.n_after:,} against {self.n_before:,} rows"
        )

    @property
    def remedy(self) -> str:
        """What to do about the parts that surely made it worse; empty where none did.

        >>> nothing, worse = Part(value=0, low=-.1, high=.1), Part(value=.3, low=.2, high=.4)
        >>> known = {"verdict": "told", "n_before": 200, "n_after": 200, "total": worse}
        >>> LossChange(inputs=worse, relation=nothing, **known).remedy[:17]
        'Other inputs cost'
        """
        parts = {"inputs": self.inputs, "relation": self.relation}
        return loss_remedy([name for name, part in parts.items() if part is not None and part.low > 0])


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '-'}{figure(abs(value))}"


def explain(rows: Rows, loss: Array, n_entities: int) -> LossChange:
    """Split the change of the mean loss from the first side to the second.

    Args:
        rows: What the model sees, of both sides.
        loss: Of each row.
        n_entities: Distinct entities of the smaller side.
    """
    after = rows.is_second
    known: dict[str, Any] = {"n_before": int((~after).sum()), "n_after": int(after.sum())}
    if min(known.values()) < FEWEST_ROWS or n_entities < FEWEST_ENTITIES:
        why = f"{min(known.values())} rows of {n_entities} entities on one side are too few to learn from"
        return LossChange(verdict="cannot_tell", why=why, **known)
    told = cross_fitted(rows) if rows.x.shape[1] else None
    if told is None:
        return LossChange(verdict="cannot_tell", why="a fifth of the entities holds all rows of one side", **known)
    overlap = float(np.average(4 * told * (1 - told), weights=rows.balance))
    known |= {"overlap": overlap}
    if overlap < LEAST_OVERLAP:
        why = f"the inputs of both sides overlap by {overlap:.2f} only (1: the same), and {LEAST_OVERLAP:g} are needed"
        return LossChange(verdict="cannot_tell", why=why, **known)
    parts = _parts(rows, loss, after - told, loss - _expected(rows, loss))
    if parts is None:
        return LossChange(verdict="cannot_tell", why="a few entities make all the difference", **known)
    return LossChange(verdict="told", **known | parts)


def _expected(rows: Rows, loss: Array) -> Array:
    """The mean loss at the inputs of each row, of both sides alike, by a learner of the other folds."""
    expected = np.zeros(len(loss))
    for k in range(N_FOLDS):
        asked = rows.fold == k
        if not asked.any():
            continue
        model, cells = trees(rows.is_level, int((~asked).sum()), is_quantity=True), rows.seen_by(~asked)
        with counted_threads(len(loss)):
            model.fit(cells[~asked], loss[~asked], sample_weight=rows.balance[~asked])
            expected[asked] = model.predict(cells[asked])
    return expected


def _parts(rows: Rows, loss: Array, side: Array, surprise: Array) -> dict[str, Part] | None:
    """The parts with their intervals, leaving out one bucket at a time.

    Args:
        rows: Of both sides.
        loss: Of each row.
        side: Which side a row is on, less its probability.
        surprise: The loss, less what is expected at these inputs.
    """
    values = np.stack([np.ones(len(loss)), loss, side * surprise, side * side], axis=1)
    sums = np.zeros((2, N_BUCKETS, values.shape[1]))
    np.add.at(sums, (rows.is_second.astype(int), rows.bucket), values)
    there = sums[:, :, 0].sum(axis=0) > 0
    whole = sums.sum(axis=1)
    estimate = _of_sums(*whole)
    left = _of_sums(*(whole[:, None] - sums)[:, there])
    found = {}
    for name, value, left_out in zip(("total", "inputs", "relation"), estimate, left, strict=True):
        w = (left_out - left_out.mean()) ** 2
        if not np.isfinite(left_out).all():
            return None
        if not w.sum() > 0:  # the same without any bucket: a model without a mistake on either side, say
            found[name] = Part(value=float(value), low=float(value), high=float(value))
            continue
        if (df := w.sum() ** 2 / (w**2).sum()) < FEWEST_DF:
            return None
        half = quantile(df) * sqrt(TIMES_VARIANCE[name] * (len(w) - 1) / len(w) * w.sum())
        found[name] = Part(value=float(value), low=float(value - half), high=float(value + half))
    return found


def _of_sums(before: Array, after: Array) -> tuple[Array, Array, Array]:
    """Total, inputs and relation from the sums of both sides; a side counts the same whatever its rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (side / side[..., :1] for side in (before, after))
        total = second[..., 1] - first[..., 1]
        relation = (first[..., 2] + second[..., 2]) / (first[..., 3] + second[..., 3])
    return total, total - relation, relation
