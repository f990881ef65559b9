"""A comparison with a classifier beside its columns and pairs, both judged within one alpha.

Who tells the sides apart, and how surely, is `checks.two_sample_classifier`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.column_shift import place
from checks.pair_shift import Classifier
from checks.report import ShiftReport
from checks.shift_question import Question
from checks.two_sample_classifier import tell_apart

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHARED = "with a classifier asked too, an alarm needs a p of at most {half:g} of the columns or of the classifier"


def with_classifier(report: ShiftReport, table: ir.Table, question: Question) -> ShiftReport:
    """The report with a classifier on the columns that it compares, or with a note why there is none.

    Args:
        report: Of the same two sides.
        table: As for `tell_apart`.
        question: As for `tell_apart`.
    """
    compared = [column.column for column in report.columns if column.verdict != "not_applicable"]
    columns: Sequence[str] = [name for name in compared if name in table.columns]  # parts of texts and lists are not
    told = tell_apart(table, columns, question)
    if told.classifier is not None:
        return judged_together(report, told.classifier, question.alpha)
    return report if report.note == told.why else report.noted(f"no classifier: {told.why}")


def judged_together(report: ShiftReport, classifier: Classifier, alpha: float) -> ShiftReport:
    """The report with its classifier, of which one false alarm or more have the probability `alpha`.

    Holm (1979): the family of columns and pairs and the classifier have half of alpha each; where one of them is within
    its half, the other has all of it. Where anything shifted the sides differ, and the classifier is right to say so.

    Args:
        report: Its columns and pairs were judged at `alpha`.
        classifier: The same.
        alpha: The error that is allowed.
    """
    found = [*(column.p_corrected for column in report.columns), *(pair.p_corrected for pair in report.pairs)]
    of_family = [p for p in found if p is not None]
    with_it = replace(report, classifier=classifier)
    if not with_it.is_shifted or not of_family or min(*of_family, classifier.p_value) <= alpha / 2:
        return with_it
    why = SHARED.format(half=alpha / 2)
    columns = [
        replace(column, verdict="cannot_tell", why=why, excesses=()) if column.verdict == "shifted" else column
        for column in report.columns
    ]
    pairs = [replace(pair, verdict="cannot_tell") if pair.verdict == "shifted" else pair for pair in report.pairs]
    quiet = replace(classifier, verdict="cannot_tell")
    judged = replace(report, columns=tuple(sorted(columns, key=place)), pairs=tuple(pairs), classifier=quiet)
    return judged.noted(why)
