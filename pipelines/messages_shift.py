"""How shift looks on a terminal: reports, a line a month, a line a day.

What the facts are does not belong here; that is `pipelines.views_shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.report import ShiftReport
from checks.watching import ALARM_AT
from checks.words import figure
from pipelines import messages

Facts = Mapping[str, Any]
MOST_COLUMNS = 12
MOST_DAYS = 28


def shift(name: str, facts: Facts, *, by: str | None) -> None:
    """All that was asked of the shift of a version, or of a build that is held back.

    Args:
        name: How it was asked for on the command line.
        facts: What is known of it.
        by: What alone was asked for.
    """
    by_codes, version = ", ".join(facts["held_back_by"]), facts["version"]
    messages.say(f"{facts['dataset']}  {f'version {version}' if version else f'held back by {by_codes}'}")
    if version and by_codes:
        messages.note(f"A newer build is held back by {by_codes}: `gristmill shift {facts['dataset']} --held-back`")
    if by in {None, "day", "month"} and (facts["comparisons"] or facts.get("watch")):
        messages.findings(facts["findings"])
    if watch := facts.get("watch"):
        _days(watch)
    months = [c for c in facts["comparisons"] if c["kind"] == "months"]
    for comparison in facts["comparisons"]:
        if comparison["kind"] != "months":
            _comparison(name, comparison, with_remedy=by not in {None, "day"})
    if months:
        _months(months)
    if not facts["comparisons"] and not facts.get("watch"):
        _nothing(facts["dataset"], by, facts["findings"])
    elif not by and months:
        messages.note(f"Next     gristmill shift {name} --by month · gristmill shift {name} --by day")


def two(report: ShiftReport, *, rest: str) -> None:
    """Two versions or splits that were compared just now; `rest` gives the columns that are left out."""
    for line in report.lines(rest=rest):
        messages.say(line)
    if report.remedy:
        messages.say(f"What to do: {report.remedy}")


def _comparison(name: str, comparison: Facts, *, with_remedy: bool) -> None:
    """A comparison as a table; its remedy where no finding before it has told it."""
    report = ShiftReport.from_json({k: v for k, v in comparison.items() if k not in {"kind", "remedy"}})
    messages.say()
    declared = "  (declared: they are meant to differ)" if report.declared else ""
    head, *lines = report.lines(most=MOST_COLUMNS, rest=f"gristmill shift {name} --json")
    window = "The last 28 days against the frozen reference: " if comparison["kind"] == "days" else ""
    messages.say(f"{window}{head}{declared}")
    for line in lines:
        messages.say(f"  {line}")
    if with_remedy and report.remedy:
        messages.say(f"  What to do: {report.remedy}")


def _nothing(dataset: str, by: str | None, findings: Sequence[Facts]) -> None:
    """Why there is no comparison: in the words of the audit, where it has any."""
    if not findings:
        again = f"`gristmill run {dataset} --force` audits the data anew."
        messages.note(f"Nothing was compared. An older Gristmill published this version: {again}")
    elif by:
        for row in findings:
            messages.note(row["seen"])
    else:
        messages.findings(findings)


def _months(months: Sequence[Facts]) -> None:
    """One line a month: what shifted most against the others, or what differs most."""
    rows = []
    for month in months:
        first = next((c for c in month["columns"] if c["effect"] is not None), None)
        row = {"month": month["current"], "n_rows": month["n_current"]}
        if first:
            row |= {
                "effect": f"{first['effect']:.3f} ({first['low']:.3f}-{first['high']:.3f})",
                "column": first["column"],
                "verdict": first["verdict"].replace("_", " "),
            }
        rows.append(row | {"n_shifted": sum(c["verdict"] == "shifted" for c in month["columns"])})
    messages.say()
    headings = {
        "month": "month",
        "n_rows": "rows",
        "effect": "largest effect (95 % interval)",
        "column": "column",
        "verdict": "verdict",
        "n_shifted": "columns shifted",
    }
    messages.table(rows, headings)


def _days(watch: Facts) -> None:
    """One line a day: the evidence of all columns together, and which lead."""
    days = watch["judged"] or watch["played_back"]
    if not days:
        return
    played = "" if watch["judged"] else "; they were there when watching began and are played back"
    messages.say()
    messages.say(
        f"The last {min(len(days), MOST_DAYS)} of {len(days)} days that were judged, each against all days before"
        f" it{played}. Evidence of {ALARM_AT:g} is an alarm."
    )
    rows = [
        one | {"evidence": figure(one["evidence"]), "alarm": "alarm" if one["is_alarm"] else ""}
        for one in days[-MOST_DAYS:]
    ]
    messages.table(rows, {"day": "day", "evidence": "evidence", "alarm": "alarm", "leading": "led by"})
