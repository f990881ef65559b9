"""The splits of a version: sizes asked and got, labels, pictures, why rows are unused, policies. From `meta` alone.

Who judged on test is `facts_models`; how it looks does not belong here.
"""

from __future__ import annotations

from typing import Any

from pipelines.messages_splits import got_of, labels_of, policy_said
from pipelines.views_splits import policies, policy_of, told_unused
from warehouse.meta import Meta
from warehouse.records import Step, Version

# What an audit of an older Gristmill did not count.
NOT_COUNTED = dict.fromkeys(("asked_share", "got_share", "got_low", "got_high"))


def splits_of(meta: Meta, version: Version | None, audit: Step | None) -> dict[str, Any] | None:
    """What a page says of the splits of a version, as its audit saw them; None before there are any."""
    if version is None or audit is None or not audit.detail.get("splits"):
        return None
    rows = [
        NOT_COUNTED | dict(row) | {"labels_said": labels_of(row.get("label")), "got_said": got_of(row)}
        for row in audit.detail["splits"]
    ]
    return {
        "rows": rows,
        "unused": told_unused(audit.detail.get("unused", []), policy_of(meta, version)),
        "n_rows": sum(row["n_rows"] for row in rows),
        "figures": audit.detail.get("split_figures", []),
        "policies": [row | {"what": policy_said(row)} for row in policies(meta, version.dataset)],
    }
