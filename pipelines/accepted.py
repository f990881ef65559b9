"""Warnings that somebody accepted until a day: they are shown with the reason, and no longer count.

A finding that blocks cannot be accepted: what blocks is mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        `name`, `code`, `until`, `why`, `author`, `accepted_at`, `before` (what was accepted of that code until now, or
        None), and `findings`: those of the newest version.

    Raises:
        NotFound: There is no such dataset or code.
        NotPossible: The code never warns here, or blocks now; the day is past or more than a year away; or there is no
            reason.
    """
    findings_now = findings(meta, published(project, meta, name))
    if code not in CATALOGUE:
        raise NotFound("finding", code, tuple(CATALOGUE))
    asked = f"{code} of {name!r} accepted until {until}"
    found = [row for row in findings_now if row["code"] == code]
    _prove_not_blocking(meta, name, code, asked)
    if why_never := _never_warns(code, found):
        now = ", ".join(dict.fromkeys(row["code"] for row in findings_now if row["outcome"] == "warn"))
        raise NotPossible(asked, why_never, f"what warns now is {now}" if now else f"nothing of {name!r} warns now")
    day, today = _day(until, asked), datetime.now(UTC).date()
    if not today <= day <= today + timedelta(LONGEST_DAYS):
        which = "that day is past" if day < today else f"that is more than {LONGEST_DAYS} days away"
        raise NotPossible(asked, which, "name a day by which somebody has looked at it again")
    if not why.strip():
        raise NotPossible(asked, "there is no reason", "say in `--why` why it is no trouble until then")
    row = {
        "until": str(day),
        "why": " ".join(why.split()),
        "author": author(),
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    before = meta.acceptances(name, today).get(code)
    meta.set_rows(ACCEPTANCES, {"dataset": name, "code": code}, [row])
    return {"name": name, "code": code, **row, "before": before, "findings": found}


def _prove_not_blocking(meta: Meta, name: str, code: str, asked: str) -> None:
    newest = next(iter(meta.steps(name, step="audit")), None)
    audited = meta.findings(newest.step_id) if newest else []
    if any(row["code"] == code and row["outcome"] == "fail" for row in audited):
        once = f"`gristmill accept {name} {code} --why WHY`, without `--until`, lets this one version pass"
        hint = once if code in BY_POLICY else CATALOGUE[code].advice
        raise NotPossible(asked, "it blocks the newest build, and what blocks is mended, not accepted", hint)


def _never_warns(code: str, found: Sequence[Mapping[str, Any]]) -> str:
    """Why a code never warns of a dataset, or nothing."""
    row = CATALOGUE[code]
    if not row.can_warn:
        return "it blocks and never warns" if row.can_block else "it tells and never warns"
    if row.asked_of == "tables" or (row.asked_of == "model" and not found):
        return f"it is asked of {'two tables' if row.asked_of == 'tables' else 'models'}, not of a dataset"
    if found and all(one["outcome"] == "not_applicable" for one in found):
        return f"it is not asked of this dataset: {found[0]['seen']}"
    return ""


def withdraw(project: Project, meta: Meta, name: str, code: str) -> None:
    """Let warnings of a code count again.

    Raises:
        NotFound: There is no such dataset.
        NotPossible: No finding of that code is accepted for it.
    """
    published(project, meta, name)
    listed = sorted(row["code"] for row in meta.rows(ACCEPTANCES, dataset=name))
    if code not in listed:
        hint = f"what is accepted is {', '.join(listed)}" if listed else f"nothing of {name!r} is accepted"
        raise NotPossible(f"{code} of {name!r} counting again", "it is not accepted", hint)
    meta.set_rows(ACCEPTANCES, {"dataset": name, "code": code}, [])


def _day(until: str, asked: str) -> date:
    try:
        return date.fromisoformat(until)
    except ValueError:
        raise NotPossible(asked, f"{until!r} is no day", "write it as 2027-01-31") from None
