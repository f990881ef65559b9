"""What is known of shift, as plain facts, read from `meta` alone.

How it looks is `pipelines.messages_shift`; how it is computed, `checks.shift` and `checks.watching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from assets.day_profile import Known
from assets.project import Project
from checks.watching import Judged
from pipelines.views import Facts, audit_of, published, status_of
from warehouse.errors import NotFound, NotPossible
from warehouse.meta import Meta
from warehouse.names import named_version
from warehouse.records import Step, Version
from warehouse.schema import COMPARISONS

By = Literal["split", "version", "month", "day"]
KINDS = {"split": "splits", "version": "versions", "month": "months", "day": "days"}
CODES = {
    "split": ("SHIFT1", "SHIFT2", "SHIFT3"),
    "version": ("SHIFT4",),
    "month": ("SHIFT5",),
    "day": ("WATCH1",),
}
MOST_LEADING = 3


def shift(project: Project, meta: Meta, name: str, *, by: By | None = None) -> Facts:
    """The comparisons of a version, and the days that were watched.

    Args:
        project: The project.
        meta: What is known.
        name: A dataset (the version that readers see), or one of its versions: `flights@2`.
        by: Only those of splits, of versions, of months or of days.

    Returns:
        `comparisons` (each a report of `checks.report`, with its `kind`), `figures` (months as lines), `watch` (by day
        alone), `findings`, and `held_back_by`: the codes that hold a newer build back, if there is one.

    Raises:
        NotFound: There is no such dataset or version.
        NotPublished: It has no version.
    """
    version = named_version(meta, name) if "@" in name else published(project, meta, name)
    facts = _facts(meta, audit_of(meta, version), by)
    facts |= {"version": version.version, "held_back_by": _held_back_by(project, meta, version.dataset)}
    return facts | {"watch": watch_of(meta, version)} if by == "day" else facts


def held_back(project: Project, meta: Meta, name: str, *, by: By | None = None) -> Facts:
    """The same of the newest build, which its findings keep from being a version.

    Returns:
        As of `shift`; `version` is None.

    Raises:
        NotFound: There is no such dataset.
        NotPossible: Its newest build is not held back.
    """
    if name not in project.datasets:
        raise NotFound("dataset", name, tuple(project.names))
    audit = next(iter(meta.steps(name, step="audit")), None)
    if audit is None or audit.status != "blocked":
        hint = f"`gristmill shift {name}` shows the version that readers have"
        raise NotPossible(f"the build of {name!r} that is held back", "its newest build is not held back", hint)
    facts = _facts(meta, audit, by) | {"version": None, "held_back_by": _blocking(meta, audit)}
    return facts | {"watch": _watch(Known.of_build(meta, audit))} if by == "day" else facts


def _held_back_by(project: Project, meta: Meta, name: str) -> list[str]:
    """The codes that hold the newest build back; none where it is not."""
    if status_of(project, meta, name) != "blocked":
        return []
    newest = next(iter(meta.steps(name, step="audit")), None)
    return _blocking(meta, newest) if newest and newest.status == "blocked" else []


def _blocking(meta: Meta, audit: Step) -> list[str]:
    return sorted({row["code"] for row in meta.findings(audit.step_id) if row["outcome"] == "fail"})


def _facts(meta: Meta, audit: Step, by: By | None) -> Facts:
    rows = meta.rows(COMPARISONS, step_id=audit.step_id)
    kinds = (KINDS[by],) if by else tuple(KINDS.values())
    comparisons: list[dict[str, Any]] = [
        dict(row["report"]) | {"kind": row["kind"]} for row in rows if row["kind"] in kinds
    ]
    codes = CODES[by] if by else sum(CODES.values(), ())
    return {
        "dataset": audit.dataset,
        "comparisons": comparisons,
        "figures": audit.detail.get("figures", []),
        "findings": [f for f in meta.findings(audit.step_id) if f["code"] in codes],
    }


def watch_of(meta: Meta, version: Version) -> Facts | None:
    """How the days of a version are watched, and what was said of each; None where they are not."""
    return _watch(Known.of(meta, version))


def _watch(known: Known | None) -> Facts | None:
    if known is None:
        return None
    until = known.recipe.reference_until
    return {
        "began_after": known.recipe.began_after.isoformat(),
        "reference_until": until.isoformat() if until else None,
        "columns": [c.column for c in known.cells if not c.why],
        "not_watched": {c.column: c.why for c in known.cells if c.why},
        "judged": _judged(known.judged(is_played_back=False)),
        "played_back": _judged(known.judged(is_played_back=True)),
    }


def _judged(days: Sequence[Judged]) -> list[Facts]:
    return [
        {
            "day": one.day.isoformat(),
            "evidence": one.value,
            "is_alarm": one.is_alarm,
            "leading": one.leading(MOST_LEADING),
        }
        for one in days
    ]
