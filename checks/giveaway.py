"""Does one column give the target away? By determining it, or by predicting it suspiciously well.

Both are judged over the features alone. What crosses splits is `checks.leakage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from checks.finding import Finding
from checks.labelled import (
    FEWEST_OF_A_CLASS,
    Array,
    Labelled,
    has_enough,
    is_ordered,
    mapped,
)

SUSPICIOUS_AUC, SUSPICIOUS_LEAD, LOOKALIKE_CORRELATION = 0.85, 0.2, 0.7
LINEAR = 1 - 1e-9


@dataclass(frozen=True, kw_only=True)
class Score:
    """A column as one number a row, NaN where it has no value, and how well it ranks the class that it tells best."""

    column: str
    values: Array
    auc: float


def determining_columns(rows: Labelled) -> list[str]:
    """The features that determine the target.

    A map from value to label, or one threshold, is fitted on the entities of even buckets; it errs on none of the rows
    of odd ones, at least 30 of each class among them. Values seen once are not counted. A numeric target is determined
    by a column that is a straight line of it.
    """
    if rows.is_quantity:
        numeric = [name for name in rows.features if rows.frame[name].dtype.is_numeric()]
        return [name for name in numeric if is_line(rows.numbers(name), rows.y)]
    return [
        name for name in rows.features if mapped(rows.codes(name), rows).errs_never or _threshold_errs_never(name, rows)
    ]


def is_line(x: Array, y: Array) -> bool:
    """Whether one column is a straight line of another where both have values, at least 60 of them."""
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < 2 * FEWEST_OF_A_CLASS or np.ptp(x[there]) == 0 or np.ptp(y[there]) == 0:
        return False
    return abs(float(np.corrcoef(x[there], y[there])[0, 1])) > LINEAR


def _threshold_errs_never(name: str, rows: Labelled) -> bool:
    if len(np.unique(rows.y)) != 2 or not is_ordered(rows.frame[name]):
        return False
    x = rows.numbers(name)
    there, y = ~np.isnan(x), rows.y == rows.y.max()
    fit, judge = there & rows.fitted, there & ~rows.fitted
    if not fit.any() or not judge.any() or not has_enough(rows.y[judge]):
        return False
    cut, is_above = best_threshold(x[fit], y[fit])
    return bool(((x[judge] > cut) == (y[judge] == is_above)).all())


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
    ranks = _ranks(values)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _ranks(values: Array) -> Array:
    """Ranks from 1, ties in the middle of theirs."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(values) else np.array([], dtype=int)
    lengths = np.diff(np.append(starts, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(starts + (lengths + 1) / 2, lengths)
    return ranks


def scores(rows: Labelled, features: Sequence[str]) -> list[Score]:
    """Each of `features` as numbers, with its AUC for one class against the rest: the class that it tells best.

    A category is scored by the share of that class among its rows in even buckets, and judged on odd ones.
    """
    return [score for name in features if (score := _score(name, rows)) is not None]


def _score(name: str, rows: Labelled) -> Score | None:
    is_category = not is_ordered(rows.frame[name]) and rows.frame[name].dtype != pl.Boolean
    best: Score | None = None
    for label in np.unique(rows.y):
        values = _shares(name, rows, label) if is_category else rows.numbers(name)
        there = ~np.isnan(values) & (~rows.fitted if not rows.frame[name].dtype.is_numeric() else True)
        if not has_enough(rows.y[there]):
            return None
        area = auc(values[there], rows.y[there] == label)
        if best is None or max(area, 1 - area) > best.auc:
            best = Score(column=name, values=values, auc=max(area, 1 - area))
    return best


def _shares(name: str, rows: Labelled, label: int) -> Array:
    """For each row the share of the class among the fitted rows of its category."""
    codes, fitted = rows.codes(name), rows.fitted
    n_of_class = np.bincount(codes[fitted], weights=rows.y[fitted] == label, minlength=codes.max() + 1)
    count = np.bincount(codes[fitted], minlength=codes.max() + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(codes == 0, np.nan, (n_of_class / count)[codes])


def suspicious_columns(found: Sequence[Score]) -> list[tuple[Score, float]]:
    """The columns that predict suspiciously well, each with the AUC of the best column that is not its lookalike."""
    suspicious = []
    for score in found:
        if score.auc >= SUSPICIOUS_AUC:
            others = [
                o.auc for o in found if o is not score and abs(_rank_correlation(score, o)) < LOOKALIKE_CORRELATION
            ]
            best = max(others, default=0.5)
            if score.auc - best >= SUSPICIOUS_LEAD:
                suspicious.append((score, best))
    return sorted(suspicious, key=lambda pair: -pair[0].auc)


def _rank_correlation(one: Score, other: Score) -> float:
    there = ~np.isnan(one.values) & ~np.isnan(other.values)
    if there.sum() < 2:
        return 0.0
    a, b = _ranks(one.values[there]), _ranks(other.values[there])
    return float(np.corrcoef(a, b)[0, 1]) if np.ptp(a) and np.ptp(b) else 0.0


def giveaways(rows: Labelled, determining: Sequence[str]) -> list[Finding]:
    """The findings LEAK3 and LEAK4.

    Args:
        rows: Labelled rows; there is a feature.
        determining: What `determining_columns` found.
    """
    target, features, judged_on = rows.target, rows.features, rows.judged_on
    findings = [
        Finding(code="LEAK3", outcome="fail", column=name, seen=f"{name} determines {target}, on {judged_on}")
        for name in determining
    ] or [
        Finding(
            code="LEAK3", outcome="pass", seen=f"none of {len(features)} features determines {target}, on {judged_on}"
        )
    ]
    if rows.is_quantity:
        return [
            *findings,
            Finding(code="LEAK4", outcome="not_applicable", seen=f"{target} is a quantity, and AUC is for classes"),
        ]
    found = scores(rows, [name for name in features if name not in determining])
    warned = [
        Finding(
            code="LEAK4",
            outcome="warn",
            column=score.column,
            seen=f"{score.column} alone has AUC {score.auc:.3f}, the next best column {best:.3f}, on {judged_on}",
        )
        for score, best in suspicious_columns(found)
    ]
    best = max(found, key=lambda score: score.auc, default=None)
    quiet = (
        f"the best column alone is {best.column}, AUC {best.auc:.3f}, on {judged_on}"
        if best
        else "no column has enough of each class"
    )
    return [*findings, *(warned or [Finding(code="LEAK4", outcome="pass" if best else "cannot_tell", seen=quiet)])]
