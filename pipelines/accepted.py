"""Warnings that somebody accepted until a day: they are shown with the reason, and no longer count.

A finding that blocks cannot be accepted: what blocks is mended.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from assets.gate import BY_POLICY
from assets.project import Project
from checks.catalogue import CATALOGUE
from pipelines.author import author
from pipelines.views import findings, published
from warehouse.errors import NotFound, NotPossible
from warehouse.meta import Meta
from warehouse.schema import ACCEPTANCES

LONGEST_DAYS = 366


def accept(project: Project, meta: Meta, name: str, code: str, *, until: str, why: str) -> dict[str, Any]:
    """Let the warnings of one code be silent for one dataset until a day.

    Returns:
        `name`, `code`, `until`, `why`, `author`, `accepted_at`, and `findings`: those of the newest version.

    Raises:
        NotFound: There is no such dataset or code.
        NotPossible: The code blocks now, the day is past or more than a year away, or there is no reason.
    """
    if code not in CATALOGUE:
        raise NotFound("finding", code, tuple(CATALOGUE))
    found = [row for row in findings(meta, published(project, meta, name)) if row["code"] == code]
    asked = f"{code} of {name!r} accepted until {until}"
    newest = next(iter(meta.steps(name, step="audit")), None)
    audited = meta.findings(newest.step_id) if newest else []
    if any(row["code"] == code and row["outcome"] == "fail" for row in audited):
        once = f"`gristmill accept {name} {code} --why WHY`, without `--until`, lets this one version pass"
        hint = once if code in BY_POLICY else CATALOGUE[code].advice
        raise NotPossible(asked, "it blocks, and what blocks is mended", hint)
    day, today = _day(until, asked), datetime.now(UTC).date()
    if not today <= day <= today + timedelta(LONGEST_DAYS):
        which = "that day is past" if day < today else f"that is more than {LONGEST_DAYS} days away"
        raise NotPossible(asked, which, "name a day by which somebody has looked at it again")
    if not why.strip():
        raise NotPossible(asked, "there is no reason", "say in `--why` why it is no trouble until then")
    row = {
        "until": str(day),
        "why": why.strip(),
        "author": author(),
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    meta.set_rows(ACCEPTANCES, {"dataset": name, "code": code}, [row])
    return {"name": name, "code": code, **row, "findings": found}


def withdraw(project: Project, meta: Meta, name: str, code: str) -> None:
    """Let warnings of a code count again.

    Raises:
        NotFound: There is no such dataset, or no finding of that code is accepted for it.
    """
    published(project, meta, name)
    rows = meta.rows(ACCEPTANCES, dataset=name)
    if code not in {row["code"] for row in rows}:
        raise NotFound(f"accepted finding of {name!r}", code, tuple(row["code"] for row in rows))
    meta.set_rows(ACCEPTANCES, {"dataset": name, "code": code}, [])


def _day(until: str, asked: str) -> date:
    try:
        return date.fromisoformat(until)
    except ValueError:
        raise NotPossible(asked, f"{until!r} is no day", "write it as 2027-01-31") from None
