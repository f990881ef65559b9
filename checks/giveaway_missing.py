"""Does it give the target away that a column has no value (LEAK9)?

A column may be filled in only for one label: the date of a cancellation, the result of a test that only the ill get.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from checks.finding import Finding
from checks.labelled import FEWEST_OF_A_CLASS, Array, Labelled
from checks.measures import auc

SUSPICIOUS_BALANCE, SUSPICIOUS_QUANTITY = 0.85, 0.95


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How well a column's missing values tell a label.

    Attributes:
        column: Its name.
        balance: The mean of the shares that are told right with the label and without it: .5 nothing, 1 all. Of a
            quantity the AUC with which it ranks rows with a value apart from those without.
        determines: Whether it errs on no judged row, and the target has two classes.
    """

    column: str
    balance: float
    determines: bool = False

    @property
    def outcome(self) -> Literal["fail", "warn"]:
        """What is determined blocks."""
        return "fail" if self.determines else "warn"


def missing_values(rows: Labelled, *, told: tuple[str, ...] = ()) -> list[Finding]:
    """The findings LEAK9.

    That a column has no value is taken as the answer "it is this class", for each class, fitted on even buckets and
    judged on odd ones with at least 30 rows of the class, of the others, with a value and without. It blocks when it
    errs on no row of a target of two classes. It warns when at least .85 of both sides are told right; of a quantity,
    when it ranks the rows with a value apart from those without with an AUC of at least .95.

    Args:
        rows: Labelled rows.
        told: Features that are told by another code already.
    """
    asked = [name for name in rows.features if name not in told and _n_missing(rows, name) >= 2 * FEWEST_OF_A_CLASS]
    if not asked:
        seen = f"no feature lacks a value in {2 * FEWEST_OF_A_CLASS} rows, of {rows.judged_on}"
        return [Finding(code="LEAK9", outcome="not_applicable", seen=seen)]
    gaps = [gap for name in asked if (gap := _gap(rows, name)) is not None]
    bad = [gap for gap in gaps if gap.determines or gap.balance >= _least(rows)]
    if bad:
        return [
            Finding(code="LEAK9", outcome=gap.outcome, column=gap.column, seen=_said(gap, rows))
            for gap in sorted(bad, key=lambda gap: -gap.balance)
        ]
    if not gaps:
        seen = f"{rows.judged_on} have too few of a class with and without a value"
        return [Finding(code="LEAK9", outcome="cannot_tell", seen=seen)]
    best = max(gaps, key=lambda gap: gap.balance)
    seen = f"that {best.column} has no value tells most, {best.balance:.3f} of 1 (.5 is nothing), on {rows.judged_on}"
    return [Finding(code="LEAK9", outcome="pass", seen=seen)]


def _least(rows: Labelled) -> float:
    return SUSPICIOUS_QUANTITY if rows.is_quantity else SUSPICIOUS_BALANCE


def _said(gap: Gap, rows: Labelled) -> str:
    if gap.determines:
        return f"whether {gap.column} has a value determines {rows.target}, on {rows.judged_on}"
    return f"whether {gap.column} has a value tells {rows.target}, {gap.balance:.3f} of 1, on {rows.judged_on}"


def _is_missing(rows: Labelled, name: str) -> Array:
    series = rows.frame[name]
    missing = series.is_null()
    return np.asarray((missing | series.is_nan().fill_null(False) if series.dtype.is_float() else missing).to_numpy())


def _n_missing(rows: Labelled, name: str) -> int:
    series = rows.frame[name]
    n_missing = series.null_count() + (int(series.is_nan().sum()) if series.dtype.is_float() else 0)
    return min(n_missing, len(series) - n_missing)


def _gap(rows: Labelled, name: str) -> Gap | None:
    missing = _is_missing(rows, name)
    judged, seen = missing[~rows.fitted], missing[rows.fitted]
    if min(judged.sum(), (~judged).sum()) < FEWEST_OF_A_CLASS or not 0 < seen.sum() < len(seen):
        return None
    if rows.is_quantity:
        area = auc(rows.y, missing)
        return Gap(column=name, balance=max(area, 1 - area))
    truth, known = rows.y[~rows.fitted], rows.y[rows.fitted]
    n_judged = np.bincount(truth, minlength=rows.n_labels)
    enough = [c for c in range(rows.n_labels) if FEWEST_OF_A_CLASS <= n_judged[c] <= len(truth) - FEWEST_OF_A_CLASS]
    balances = [_balance(seen, known == label, judged, truth == label) for label in enough]
    if not balances:
        return None
    best = max(balances)
    return Gap(column=name, balance=best, determines=best == 1.0 and rows.n_labels == 2)


def _balance(seen: Array, known: Array, judged: Array, truth: Array) -> float:
    """The balanced accuracy of "missing: this class", or its contrary if the fitted half says so."""
    if known.all() or not known.any():
        return 0.5
    is_contrary = seen[known].mean() < seen[~known].mean()
    said = judged != is_contrary
    return float((said[truth].mean() + (~said)[~truth].mean()) / 2)
