"""Does one column give the target away? By determining it, or by predicting it suspiciously well.

Both are judged over the features alone. What crosses splits is `checks.leakage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from checks.finding import Finding
from checks.giveaway_cut import MOST_CODED, cut_of
from checks.giveaway_quantity import orders, told
from checks.labelled import FEWEST_OF_A_CLASS, Array, Labelled, has_enough, is_ordered, mapped
from checks.measures import auc, is_line, ranks

SUSPICIOUS_AUC, SUSPICIOUS_LEAD, LOOKALIKE_CORRELATION = 0.85, 0.2, 0.7
# Of ranks. A column that tells .8 of them puts .85 of all pairs of rows in the right order, as an AUC of .85 does.
SUSPICIOUS_R2 = 0.8
ENOUGH_ROWS, ROWS_FOR_BINS, N_BINS = 20_000, 20_000, 16
COVERED, MORE_THAN_CHANCE = 0.5, 0.05


@dataclass(frozen=True, kw_only=True)
class Score:
    """A column as one number a row, NaN where it has no value, and how well it ranks the class that it tells best."""

    column: str
    values: Array
    auc: float


def determining_columns(rows: Labelled) -> list[str]:
    """The features that determine the target.

    Of classes: those from which it is cut (`giveaway_cut.cut_of`), and those whose map from value to label, fitted on
    the entities of even buckets, errs on none of the rows of odd ones, at least 30 of each class among them. Values
    seen once are not counted. No map is a column of numbers whose classes lie apart by a gap, and none whose many
    values have few rows each: those are groups, for `giveaway_group`.

    A quantity is determined by a column of numbers that puts its rows in order (`giveaway_quantity.orders`), or is a
    straight line of it.
    """
    if rows.is_quantity:
        numeric = [name for name in rows.features if rows.frame[name].dtype.is_numeric()]
        return [n for n in numeric if is_line(rows.numbers(n), rows.y) or orders(rows.numbers(n), rows.y)]
    return [name for name in rows.features if _determines(name, rows)]


def _determines(name: str, rows: Labelled) -> bool:
    if (cut := cut_of(name, rows)) is not None:
        return cut == "defined"
    return mapped(rows.codes(name), rows).errs_never and not _are_groups(name, rows)


def _are_groups(name: str, rows: Labelled) -> bool:
    """Whether the column's values are as many, and have as few rows each, as patients have and no code does."""
    n_rows = np.bincount(rows.codes(name)[rows.fitted])[1:]
    n_rows = n_rows[n_rows > 1]
    return len(n_rows) > MOST_CODED and n_rows.sum() < FEWEST_OF_A_CLASS / 2 * len(n_rows)


def _is_told_as_group(name: str, rows: Labelled) -> bool:
    """Whether `giveaway_group` tells of it."""
    said = mapped(rows.codes(name), rows)
    return _are_groups(name, rows) and said.errs_never and said.covered_share >= COVERED


def scores(rows: Labelled, features: Sequence[str]) -> list[Score]:
    """Each of `features` as numbers, with its AUC for one class against the rest: the class that it tells best.

    A category is scored by the share of that class among its rows in even buckets, and judged on odd ones.
    """
    return [score for name in features if (score := _score(name, rows)) is not None]


def _score(name: str, rows: Labelled) -> Score | None:
    is_category = not is_ordered(rows.frame[name]) and rows.frame[name].dtype != pl.Boolean
    codes = None if is_category or rows.frame[name].dtype == pl.Boolean else _bins(rows.numbers(name))
    best: Score | None = None
    for label in np.unique(rows.y):
        values = _shares(rows.codes(name), rows, label) if is_category else rows.numbers(name)
        there = ~np.isnan(values) & (~rows.fitted if not rows.frame[name].dtype.is_numeric() else True)
        if not has_enough(rows.y[there]):
            return None
        area = auc(values[there], rows.y[there] == label)
        area = max(area, 1 - area)
        if codes is not None and (binned := _auc_of_bins(codes, rows, label)) > area + MORE_THAN_CHANCE:
            area, values = binned, _shares(codes, rows, label)
        if best is None or area > best.auc:
            best = Score(column=name, values=values, auc=area)
    return best


def _bins(x: Array) -> Array:
    """A column of numbers as codes of sixteenths of its rows, 0 where it has no value."""
    there = np.isfinite(x)
    if not there.any():
        return np.zeros(len(x), dtype=np.int64)
    few = x[there][:: max(int(there.sum()) // ROWS_FOR_BINS, 1)]
    edges = np.unique(np.quantile(few, np.linspace(0, 1, N_BINS + 1)[1:-1]))
    return np.where(there, 1 + np.searchsorted(edges, x), 0)


def _auc_of_bins(codes: Array, rows: Labelled, label: int) -> float:
    """The AUC of the share of a class by bin, fitted on even buckets and judged on odd ones; 0 of too few rows."""
    positive, there = rows.y == label, codes > 0
    n, n_positive, judged, n_judged_positive = (
        np.bincount(codes[there & which], minlength=N_BINS + 1).astype(np.float64)
        for which in (rows.fitted, rows.fitted & positive, ~rows.fitted, ~rows.fitted & positive)
    )
    known = n > 0
    order = np.argsort((n_positive[known] / n[known]), kind="stable")
    up, down = n_judged_positive[known][order], (judged - n_judged_positive)[known][order]
    if min(up.sum(), down.sum()) < FEWEST_OF_A_CLASS:
        return 0.0
    return float((up * (down.cumsum() - down / 2)).sum() / (up.sum() * down.sum()))


def _shares(codes: Array, rows: Labelled, label: int) -> Array:
    """For each row the share of the class among the fitted rows of its category."""
    fitted = rows.fitted
    n_of_class = np.bincount(codes[fitted], weights=rows.y[fitted] == label, minlength=codes.max() + 1)
    count = np.bincount(codes[fitted], minlength=codes.max() + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(codes == 0, np.nan, (n_of_class / count)[codes])


def suspicious_columns(found: Sequence[Score], least: float = SUSPICIOUS_AUC) -> list[tuple[Score, float]]:
    """The columns that predict suspiciously well, each with the AUC of the best column that is not its lookalike."""
    suspicious = []
    for score in found:
        if score.auc >= least:
            others = [
                o.auc for o in found if o is not score and abs(_rank_correlation(score, o)) < LOOKALIKE_CORRELATION
            ]
            best = max(others, default=0.5 if least == SUSPICIOUS_AUC else 0.0)
            if score.auc - best >= SUSPICIOUS_LEAD:
                suspicious.append((score, best))
    return sorted(suspicious, key=lambda pair: -pair[0].auc)


def _rank_correlation(one: Score, other: Score) -> float:
    there = ~np.isnan(one.values) & ~np.isnan(other.values)
    if there.sum() < 2:
        return 0.0
    a, b = ranks(one.values[there]), ranks(other.values[there])
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
    asked = [name for name in features if name not in determining]
    return [*findings, *(_of_quantity(rows, asked) if rows.is_quantity else _of_classes(rows, asked))]


def _of_classes(rows: Labelled, asked: Sequence[str]) -> list[Finding]:
    apart = [name for name in asked if cut_of(name, rows) == "apart"]
    warned = [
        _warning(
            name, f"the classes of {rows.target} lie apart along {name}, with a gap between them, on {rows.judged_on}"
        )
        for name in apart
    ]
    found = scores(rows, asked)
    for score, best in suspicious_columns(found):
        if score.column not in apart and not _is_told_as_group(score.column, rows):
            seen = f"{score.column} alone has AUC {score.auc:.3f}, the next best column {best:.3f}, on {rows.judged_on}"
            warned.append(_warning(score.column, seen))
    if warned:
        return warned
    if not found:
        return [Finding(code="LEAK4", outcome="cannot_tell", seen="no column has enough of each class")]
    most = max(found, key=lambda score: score.auc)
    seen = f"the best column alone is {most.column}, AUC {most.auc:.3f}, on {rows.judged_on}"
    return [Finding(code="LEAK4", outcome="pass", seen=seen)]


def _of_quantity(rows: Labelled, asked: Sequence[str]) -> list[Finding]:
    few = rows.fewer(ENOUGH_ROWS)
    ranked = ranks(few.y) / max(len(few.y), 1)
    told_by = {name: told(name, few, ranked) for name in asked}
    found = [Score(column=n, values=said[1], auc=said[0]) for n, said in told_by.items() if said is not None]
    warned = []
    for name in asked:
        dtype = rows.frame[name].dtype
        has_order = is_ordered(rows.frame[name]) or dtype == pl.Boolean
        if has_order and orders(rows.numbers(name), rows.y, fewest_levels=2):
            seen = f"{name} puts the rows in the order of {rows.target}, on {rows.judged_on}"
            warned.append(_warning(name, seen))
    orderly = {finding.column for finding in warned}
    for score, best in suspicious_columns(found, SUSPICIOUS_R2):
        if score.column not in orderly:
            told_share = f"{score.column} alone tells {score.auc:.3f} of 1 of the ranks of {rows.target}"
            warned.append(
                _warning(score.column, f"{told_share}, the next best column {max(best, 0):.3f}, on {few_of(few)}")
            )
    if warned:
        return warned
    if not found:
        return [Finding(code="LEAK4", outcome="cannot_tell", seen=f"no column has enough rows, on {rows.judged_on}")]
    most = max(found, key=lambda score: score.auc)
    seen = f"the best column alone is {most.column}, {max(most.auc, 0):.3f} of 1 of the ranks, on {few_of(few)}"
    return [Finding(code="LEAK4", outcome="pass", seen=seen)]


def few_of(few: Labelled) -> str:
    """In words, how many rows were looked at."""
    return f"{len(few.y):,} rows"


def _warning(column: str, seen: str) -> Finding:
    return Finding(code="LEAK4", outcome="warn", column=column, seen=seen)
