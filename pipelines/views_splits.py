"""What is known of a version's splits, as plain facts: sizes, shares, pictures, proof, policies, who judged on test.

One for the command line, `--json` and Python, from `meta` alone. How facts look is `pipelines.messages_splits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.judged import finding_on_test, uses_of_test
from assets.project import Project
from pipelines.views import Facts, audit_of, findings, published
from warehouse.meta import Meta
from warehouse.names import named_version
from warehouse.policy import TRAINED_ON, shares_on
from warehouse.records import Policy, Version

PROOF = ("SPLIT", "LEAK", "TARGET")
# Why an accepted row is in no split, by how its reason begins.
WHY_UNUSED = {
    "no entity": "their entity is missing, so that nobody knows which rows they belong to",
    "trained on": "their entity was in train under an earlier policy; `allow_trained: why` would use them",
    "bridge": "they would join clusters of two splits, and no old row moves",
    "no time": "their time is missing, so that nobody knows on which side of a cut they lie",
    "gap": "they lie in the gap before a cut",
    "tested": "they were in dev or test of an earlier version; `release: true` would let them pass into train",
    "no split named": "nothing names their split",
    "unknown split name": "what names their split is the name of none",
    "named twice": "the file names two splits for their key",
    "copy in": "a row of that split is equal to them",
}
HELD_BACK = "held back"
HELD_BY_TIME = "their entity was first seen in the time of another split; {}"
HELD_IN_TIME = {
    "everywhere": "`apart: pool` would let it be in train and in one of dev and test",
    "pool": "of dev and test an entity is in one, also under `apart: pool`",
}
OWN_KEYS = ("lines", "shares", "apart", "evaluate_on", "allow_trained")


def splits(project: Project, meta: Meta, name: str) -> Facts:
    """What each split of a version holds, what is unused, and the proof that nothing leaks.

    Args:
        project: The project.
        meta: What is known.
        name: A dataset (the version that readers see), or one of its versions: `flights@2`.

    Raises:
        NotFound: There is no such dataset or version.
        NotPublished: It has no version.
    """
    version = named_version(meta, name) if "@" in name else published(project, meta, name)
    detail = audit_of(meta, version).detail
    uses = uses_of_test(meta, version)
    return {
        "dataset": version.dataset,
        "version": version.version,
        "policy": version.policy,
        "splits": detail["splits"],
        "unused": told_unused(detail["unused"], policy_of(meta, version)),
        "figures": detail.get("split_figures", []),
        "policies": policies(meta, version.dataset),
        "judged_on_test": uses,
        "findings": [
            *(f for f in findings(meta, version) if f["code"].startswith(PROOF)),
            finding_on_test(uses).to_json(),
        ],
    }


def policy_of(meta: Meta, version: Version) -> Policy | None:
    """The policy that a version was split by."""
    return next((one for one in meta.policies(version.dataset) if one.policy == version.policy), None)


def told_unused(unused: list[Facts], policy: Policy | None) -> list[Facts]:
    """Unused rows by reason, each with `why` in words: empty for a reason that is not known here."""
    facts = policy.thresholds if policy else {}
    return [{"why": _why(str(row["reason"]), facts)} | row for row in unused]


def _why(reason: str, facts: Mapping[str, Any]) -> str:
    if reason == HELD_BACK and "time" in facts:
        return HELD_BY_TIME.format(HELD_IN_TIME[facts.get("apart", "everywhere")])
    if reason == HELD_BACK:
        return "their entity is in a split of the other pool; `apart: pool` would use them"
    if reason == TRAINED_ON and "predefined" in facts:
        return "they were in train of an earlier version; `allow_trained: why` would use them"
    return next((why for begin, why in WHY_UNUSED.items() if reason.startswith(begin)), "")


def policies(meta: Meta, dataset: str) -> list[Facts]:
    """The policies of a dataset, oldest first: what each was, since which version, and what it changed.

    Returns:
        `policy`, `since_version`, `since_at`, `until_version`, `author`, `entity`, `evaluate_on`, `apart`, `shares` (by
        the rows that they hold for), what else it says by its key, `changed` (in words, against the one before),
        `allow_trained` (the recorded reason of an override, or None).
    """
    versions = meta.versions(dataset)
    found: list[Facts] = []
    before: Policy | None = None
    for policy in meta.policies(dataset):
        having = [version for version in versions if version.policy == policy.policy]
        found.append(_told(policy, having) | {"changed": _changed(before, policy) if before else []})
        before = policy
    return found


def _told(policy: Policy, versions: list[Version]) -> Facts:
    first, last = (versions[0], versions[-1]) if versions else (None, None)
    facts = policy.thresholds
    return {
        "policy": policy.policy,
        "since_version": first.version if first else None,
        "until_version": last.version if last else None,
        "since_at": (first.created_at if first else policy.frozen_at).isoformat() + "Z",
        "author": first.author if first else None,
        "entity": policy.entity,
        "evaluate_on": facts.get("evaluate_on"),
        "apart": facts.get("apart", "everywhere"),
        "shares": _shares_of(facts),
        **{key: value for key, value in facts.items() if key not in OWN_KEYS and value is not None},
        "allow_trained": facts.get("allow_trained"),
    }


def _shares_of(facts: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The shares by the rows that they hold for; where splits are cut in time, those of all rows.

    Splits that were made elsewhere have none.
    """
    if "predefined" in facts:
        return {}
    if "shares" in facts:
        return {"rows": {split: float(share) for split, share in facts["shares"].items()}}
    return {pool: shares_on(line) for pool, line in facts.get("lines", {}).items()}


def _changed(before: Policy, after: Policy) -> list[str]:
    """What a policy says otherwise than the one before, in words."""
    words = ["another salt: every row was placed anew"] if before.salt != after.salt else []
    if before.entity != after.entity:
        words.append(f"entity {_named(after.entity)} instead of {_named(before.entity)}")
    old, new = dict(before.thresholds), dict(after.thresholds)
    if old.get("lines") != new.get("lines") and not {"predefined"} & {*old, *new}:
        words.append(f"shares {_shares(new)} instead of {_shares(old)}")
    return words + [
        f"{key} {said(new.get(key))} instead of {said(old.get(key))}"
        for key in dict.fromkeys((*old, *new))
        if key not in ("lines", "allow_trained") and old.get(key) != new.get(key)
    ]


def _shares(facts: Mapping[str, Any]) -> str:
    lines = [", ".join(f"{s} {share:g}" for s, share in shares_on(line).items()) for line in facts["lines"].values()]
    return " and ".join(lines)


def _named(columns: list[str]) -> str:
    return ", ".join(columns) or "the row itself"


def said(value: Any) -> str:
    """What a key of a policy says, in words."""
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {said(one)}" for name, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
