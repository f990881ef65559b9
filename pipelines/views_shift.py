"""What is known of shift, as plain facts, read from `meta` alone.

How it looks is `pipelines.commands_shift`; how it is computed, `checks.shift`.
"""

from __future__ import annotations

from typing import Any, Literal

from assets.project import Project
from pipelines.views import Facts, audit_of, published
from warehouse.meta import Meta
from warehouse.schema import COMPARISONS

By = Literal["split", "version", "month"]
KINDS = {"split": "splits", "version": "versions", "month": "months"}


def shift(project: Project, meta: Meta, name: str, *, by: By | None = None) -> Facts:
    """The comparisons of the version that readers have.

    Args:
        project: The project.
        meta: What is known.
        name: The dataset.
        by: Only those of splits, of versions or of months.

    Returns:
        `comparisons` (each a report of `checks.report`, with its `kind`), `figures` (months as lines) and `findings`.

    Raises:
        NotFound: There is no such dataset.
        NotPublished: It has no version.
    """
    version = published(project, meta, name)
    rows = meta.rows(COMPARISONS, step_id=version.audit_id)
    kinds = (KINDS[by],) if by else tuple(KINDS.values())
    comparisons: list[dict[str, Any]] = [
        dict(row["report"]) | {"kind": row["kind"]} for row in rows if row["kind"] in kinds
    ]
    return {
        "dataset": name,
        "version": version.version,
        "comparisons": comparisons,
        "figures": audit_of(meta, version).detail.get("figures", []),
        "findings": [f for f in meta.findings(version.audit_id) if f["code"].startswith("SHIFT")],
    }
