"""Does one column give the target away? By determining it, or by predicting it suspiciously well.

Both are judged over the features alone. What crosses splits is `checks.leakage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from checks.finding import Finding

FEWEST_OF_A_CLASS = 30
SUSPICIOUS_AUC, SUSPICIOUS_LEAD, LOOKALIKE_CORRELATION = 0.85, 0.2, 0.7
LINEAR = 1 - 1e-9
Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Score:
    """A column as one number a row, NaN where it has no value, and how well it ranks the label."""

    column: str
    values: Array
    auc: float


def determining_columns(frame: pl.DataFrame, features: Sequence[str], target: str) -> list[str]:
    """The features that determine the target.

    A map from value to label, or one threshold, is fitted on the entities of even buckets; it errs on none of the rows
    of odd ones, at least 30 of each class among them. Values seen once are not counted. A numeric target is determined
    by a column that is a straight line of it.

    Args:
        frame: Labelled rows: the features, the target and `_bucket` (0-255, whole entities).
        features: The columns that are judged.
        target: The target's column.
    """
    fitted = frame["_bucket"].to_numpy() % 2 == 0
    if is_continuous(frame[target]):
        y = frame[target].cast(pl.Float64).to_numpy()
        return [name for name in features if frame[name].dtype.is_numeric() and _is_line(frame[name], y)]
    labels = _codes(frame[target])
    return [
        name
        for name in features
        if _map_errs_never(_codes(frame[name]), labels, fitted) or _threshold_errs_never(frame[name], labels, fitted)
    ]


def is_continuous(target: pl.Series) -> bool:
    """Whether the target is a quantity: a float, or an integer of more than 20 values."""
    return (
        target.dtype.is_float() or target.dtype.is_decimal() or (target.dtype.is_integer() and target.n_unique() > 20)
    )


def _codes(series: pl.Series) -> Array:
    return np.asarray(series.rank("dense").fill_null(0).cast(pl.Int64).to_numpy())


def _is_line(series: pl.Series, y: Array) -> bool:
    x = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < 2 * FEWEST_OF_A_CLASS or np.ptp(x[there]) == 0 or np.ptp(y[there]) == 0:
        return False
    return abs(float(np.corrcoef(x[there], y[there])[0, 1])) > LINEAR


def _has_enough(labels: Array) -> bool:
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return len(counts) > 1 and bool((counts >= FEWEST_OF_A_CLASS).all())


def _map_errs_never(values: Array, labels: Array, fitted: Array) -> bool:
    n_labels = int(labels.max()) + 1
    pairs, counts = np.unique(values[fitted] * n_labels + labels[fitted], return_counts=True)
    order = np.lexsort((counts, pairs // n_labels))
    pairs, counts = pairs[order], counts[order]
    known, first = np.unique(pairs // n_labels, return_index=True)
    if not len(known):
        return False
    last = np.append(first[1:], len(pairs)) - 1  # within a value the commonest label stands last
    n_seen = np.add.reduceat(counts, first)
    at = np.searchsorted(known, values[~fitted]).clip(max=len(known) - 1)
    counted = (known[at] == values[~fitted]) & (n_seen[at] > 1)
    truth = labels[~fitted][counted]
    return len(truth) > 0 and _has_enough(truth) and bool(((pairs[last] % n_labels)[at][counted] == truth).all())


def _threshold_errs_never(series: pl.Series, labels: Array, fitted: Array) -> bool:
    classes = np.unique(labels)
    if len(classes) != 2 or not (series.dtype.is_numeric() or series.dtype.is_temporal()):
        return False
    x = series.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy()
    there, y = ~np.isnan(x), labels == classes[1]
    fit, judge = there & fitted, there & ~fitted
    if not fit.any() or not judge.any() or not _has_enough(labels[judge]):
        return False
    cut, is_above = _best_threshold(x[fit], y[fit])
    return bool(((x[judge] > cut) == (y[judge] == is_above)).all())


def _best_threshold(x: Array, y: Array) -> tuple[float, bool]:
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
    return np.asarray(pl.Series(values).rank("average").to_numpy())


def scores(frame: pl.DataFrame, features: Sequence[str], target: str) -> list[Score]:
    """Every feature as numbers, with its AUC for the target (mean over classes, one against the rest).

    A category is scored by the share of each class among its rows in even buckets, and judged on odd ones.
    """
    labels = _codes(frame[target])
    judged = frame["_bucket"].to_numpy() % 2 == 1
    found = []
    for name in features:
        values = _as_numbers(frame[name], labels, ~judged)
        there = ~np.isnan(values) & (judged if not frame[name].dtype.is_numeric() else True)
        if _has_enough(labels[there]):
            areas = [auc(values[there], labels[there] == label) for label in np.unique(labels[there])]
            found.append(Score(column=name, values=values, auc=float(np.mean([max(a, 1 - a) for a in areas]))))
    return found


def _as_numbers(series: pl.Series, labels: Array, fitted: Array) -> Array:
    if series.dtype.is_numeric() or series.dtype.is_temporal() or series.dtype == pl.Boolean:
        return np.array(series.to_physical().cast(pl.Float64).fill_null(np.nan).to_numpy())
    codes = _codes(series)
    mean = np.bincount(codes[fitted], weights=labels[fitted], minlength=codes.max() + 1)
    count = np.bincount(codes[fitted], minlength=codes.max() + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(codes == 0, np.nan, (mean / count)[codes])


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


def giveaways(frame: pl.DataFrame, features: Sequence[str], target: str, *, judged_on: str) -> list[Finding]:
    """The findings LEAK3 and LEAK4.

    Args:
        frame: Labelled rows: the features, the target and `_bucket`.
        features: The columns that a model would see.
        target: The target's column.
        judged_on: In words, which rows `frame` holds.
    """
    if frame.is_empty() or not features:
        why = "no row is labelled" if frame.is_empty() else "there is no feature"
        return [Finding(code=code, outcome="not_applicable", seen=why) for code in ("LEAK3", "LEAK4")]
    determining = determining_columns(frame, features, target)
    findings = [
        Finding(code="LEAK3", outcome="fail", column=name, seen=f"{name} determines {target}, on {judged_on}")
        for name in determining
    ] or [
        Finding(
            code="LEAK3", outcome="pass", seen=f"none of {len(features)} features determines {target}, on {judged_on}"
        )
    ]
    if is_continuous(frame[target]):
        return [
            *findings,
            Finding(code="LEAK4", outcome="not_applicable", seen=f"{target} is a quantity, and AUC is for classes"),
        ]
    found = scores(frame, [name for name in features if name not in determining], target)
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
