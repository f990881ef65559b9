"""Part of the audit: each month against the others, from the counts by day that the watch keeps.

How months are compared is `checks.months`.
"""

from __future__ import annotations

from dataclasses import replace

from assets.profile import Learned, Subject, told
from assets.watch import Days
from checks.day_counts import months_of
from checks.months import compare_months, effect_line, months_finding, target_line
from checks.shift_question import Question

CODE = "SHIFT5"


def compare_by_month(subject: Subject, days: Days | None, learned: Learned) -> None:
    """Compare the months of a build, and put reports, finding and pictures into `learned`.

    Args:
        subject: The build.
        days: Its days as they were counted; without, the watch has said why.
        learned: Takes the answer.
    """
    spec = subject.dataset.file.spec
    if days is None:
        learned.findings.append(replace(learned.findings[-1], code=CODE))
        return
    profile = months_of(days.counted, told(days.cells, subject.pool_columns()))
    seed = f"{subject.fingerprint} months"
    question = Question(unit="day", seed=seed, tolerance=spec.shift.tolerance, code=CODE)
    reports = compare_months(profile, profile.cells, question)
    for report in reports:
        learned.add("months", report)
    learned.findings.append(months_finding(reports, profile, n_rows=subject.n_rows, time=days.recipe.time))
    target = next((c for c in profile.cells if c.column == spec.target), None)
    drawn = (effect_line(reports, question.tolerance), target_line(profile, target) if target else None)
    learned.figures = [figure for figure in drawn if figure]
