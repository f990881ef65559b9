"""What is known of shift, as plain facts, read from `meta` alone.

How it looks is `pipelines.messages_shift`; how it is computed, `checks.shift` and `checks.watching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from assets.day_profile import Known
from assets.project import Project
from checks.watching import Judged
from pipelines.views import Facts, audit_of, published
from warehouse.meta import Meta
from warehouse.names import named_version
from warehouse.records import Version
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
        alone) and `findings`.

    Raises:
        NotFound: There is no such dataset or version.
        NotPublished: It has no version.
    """
    version = named_version(meta, name) if "@" in name else published(project, meta, name)
    rows = meta.rows(COMPARISONS, step_id=version.audit_id)
    kinds = (KINDS[by],) if by else tuple(KINDS.values())
    comparisons: list[dict[str, Any]] = [
        dict(row["report"]) | {"kind": row["kind"]} for row in rows if row["kind"] in kinds
    ]
    codes = CODES[by] if by else sum(CODES.values(), ())
    facts = {
        "dataset": version.dataset,
        "version": version.version,
        "comparisons": comparisons,
        "figures": audit_of(meta, version).detail.get("figures", []),
        "findings": [f for f in meta.findings(version.audit_id) if f["code"] in codes],
    }
    return facts | {"watch": watch_of(meta, version)} if by == "day" else facts


def watch_of(meta: Meta, version: Version) -> Facts | None:
    """How the days of a version are watched, and what was said of each; None where they are not."""
    known = Known.of(meta, version)
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
