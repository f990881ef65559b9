"""The command `shift`: how splits, versions and months of a dataset differ.

What it shows is `pipelines.views_shift`.
"""

from __future__ import annotations

from typing import Any

import click

from pipelines import messages
from pipelines.commands_look import as_json_option, opened

MOST_COLUMNS = 12
CODES = {"split": ("SHIFT1", "SHIFT2", "SHIFT3"), "version": ("SHIFT4",), "month": ("SHIFT5",)}


@click.command()
@click.argument("name")
@click.option("--by", type=click.Choice(["split", "version", "month"]), help="Only splits, versions or months.")
@as_json_option
def shift(name: str, *, by: Any, as_json: bool) -> None:
    """How splits, versions and months of a dataset differ.

    \b
    Example: gristmill shift flights --by month
    """
    from pipelines import views_shift

    with opened() as (project, warehouse):
        facts = views_shift.shift(project, warehouse.meta, name, by=by)
    if as_json:
        messages.say_json(facts)
        return
    messages.say(f"{name}  version {facts['version']}")
    if not by:
        messages.findings(facts["findings"])
    months = [c for c in facts["comparisons"] if c["kind"] == "months"]
    for comparison in facts["comparisons"]:
        if comparison["kind"] != "months":
            _comparison(name, comparison)
    if months:
        _months(months)
    if not facts["comparisons"]:
        _nothing(name, by, facts["findings"])
    elif not by and months:
        messages.note(f"Next     gristmill shift {name} --by month · gristmill shift {name} --json")


def _comparison(name: str, comparison: dict[str, Any]) -> None:
    from checks.report import ShiftReport

    report = ShiftReport.from_json({k: v for k, v in comparison.items() if k != "kind"})
    messages.say()
    declared = "  (declared: they are meant to differ)" if report.declared else ""
    head, *lines = report.lines(most=MOST_COLUMNS, rest=f"gristmill shift {name} --json")
    messages.say(f"{head}{declared}")
    for line in lines:
        messages.say(f"  {line}")


def _nothing(name: str, by: str | None, findings: list[dict[str, Any]]) -> None:
    """Why there is no comparison: in the words of the audit, where it has any."""
    told = [row["seen"] for row in findings if by and row["code"] in CODES[by]]
    if not findings:
        why = f"An older Gristmill published this version: `gristmill run {name} --force` audits the data anew."
    else:
        why = f"`gristmill shift {name}` says of each question why."
    for seen in told or [f"Nothing was compared. {why}"]:
        messages.note(seen)


def _months(months: list[dict[str, Any]]) -> None:
    """One line a month: what shifted most against the others."""
    rows = []
    for month in months:
        shifted = [c for c in month["columns"] if c["verdict"] == "shifted"]
        led = ", ".join(f"{c['column']} {c['effect']:.2f}" for c in shifted[:3])
        rows.append({"month": month["current"], "n_rows": month["n_current"], "n_shifted": len(shifted), "led": led})
    messages.say()
    headings = {"month": "month", "n_rows": "rows", "n_shifted": "columns shifted", "led": "led by (effect)"}
    messages.table(rows, headings)


COMMANDS = {"shift": shift}
