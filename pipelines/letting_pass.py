"""A version that is held back by policy may pass, once: who said so and why stands with its finding.

It holds for the very build that was blocked: other files, another query or other rows are held back again. What blocks
because something is broken cannot pass. Warnings are accepted by `pipelines.accepted`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assets.gate import BY_POLICY
from assets.project import Project
from checks.catalogue import CATALOGUE
from pipelines.author import author
from warehouse.errors import NotFound, NotPossible
from warehouse.meta import Meta
from warehouse.schema import PASSES


def let_pass(project: Project, meta: Meta, name: str, code: str, *, why: str) -> dict[str, Any]:
    """Let the newest build of a dataset be published at its next run, though a finding of `code` holds it back.

    Returns:
        `name`, `code`, `why`, `author`, `accepted_at`, and `findings`: those that hold it back.

    Raises:
        NotFound: There is no such dataset or code.
        NotPossible: The code does not hold the newest build back, is no matter of policy, or there is no reason.
    """
    if code not in CATALOGUE:
        raise NotFound("finding", code, tuple(CATALOGUE))
    if name not in project.datasets:
        raise NotFound("dataset", name, tuple(project.names))
    newest = next(iter(meta.steps(name, step="audit")), None)
    found = [row for row in meta.findings(newest.step_id) if row["code"] == code] if newest else []
    asked = f"{code} of {name!r} accepted for one version"
    if newest is None or not any(row["outcome"] == "fail" for row in found):
        hint = "to silence a warning say until when: `--until 2027-01-31`"
        raise NotPossible(asked, "it does not hold the newest build back", hint)
    if code not in BY_POLICY:
        raise NotPossible(asked, "it blocks, and what blocks is mended", CATALOGUE[code].advice)
    if not why.strip():
        raise NotPossible(asked, "there is no reason", "say in `--why` why this version may be read")
    row = {
        "why": why.strip(),
        "author": author(),
        "accepted_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    meta.set_rows(PASSES, {"dataset": name, "code": code, "fingerprint": newest.fingerprint}, [row])
    return {"name": name, "code": code, "until": None, **row, "findings": found}
