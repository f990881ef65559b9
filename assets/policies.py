"""Which policy a dataset is split by: its number, what it says, and whether a build was placed by it.

What a policy does to rows is `assets.placing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from assets.project import Dataset
from warehouse.meta import Meta
from warehouse.records import Policy, Step

# Keys of `splits` that decide beside shares, pools and entity. They stand in a policy only where they are said, so that
# policies that were frozen before a key was known stay what they are.
FURTHER = frozenset(
    {"time", "predefined", "identical", "clusters", "derived_from", "allow_trained"},
)
# Those of them that place no row.
ALLOWING = frozenset({"identical", "allow_trained"})


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """The policy that the next build is placed by.

    Attributes:
        number: 1, 2, 3...; that of the last version unless something changed.
        first: The first of the numbers up to this one that all place rows alike: a reason that is given or mended, or
            rows that are released, make a new number and move no row. What is remembered is remembered under it.
        last: The policy of the last version, or None.
        is_new: Whether `last` is another.
    """

    number: int
    first: int
    last: Policy | None
    is_new: bool


def numbered(meta: Meta, dataset: Dataset, *, has_new_policy: bool = False) -> Numbered:
    """The number of a dataset's policy as its file has it now."""
    policies = meta.policies(dataset.name)
    if not policies:
        return Numbered(number=1, first=1, last=None, is_new=True)
    last, (thresholds, entity) = policies[-1], policy_facts(dataset)
    is_same = (last.salt, last.thresholds, last.entity) == (dataset.policy.salt, thresholds, entity)
    is_new = has_new_policy or not is_same
    number = last.policy + is_new
    mine = (dataset.policy.salt, _deciding(thresholds), entity)
    alike = takewhile(lambda old: (old.salt, _deciding(old.thresholds), old.entity) == mine, reversed(policies))
    first = number if has_new_policy else min((old.policy for old in alike), default=number)
    return Numbered(number=number, first=first, last=last, is_new=is_new)


def _deciding(thresholds: Mapping[str, Any]) -> dict[str, Any]:
    """What of a policy decides where a row is placed: all but what lets rows be used that are placed already."""
    said = {name: value for name, value in thresholds.items() if name not in ALLOWING}
    if "time" in said:
        said["time"] = {name: value for name, value in said["time"].items() if name != "release"}
    return said


def policy_facts(dataset: Dataset) -> tuple[dict[str, Any], list[str]]:
    """What decides a split beside the salt, as `meta` keeps it: the thresholds with their pools, and the entity."""
    spec, lines = dataset.file.spec, {name: [list(cut) for cut in line] for name, line in dataset.policy.lines.items()}
    thresholds = {"apart": dataset.policy.apart, "evaluate_on": spec.splits.evaluate_on, "lines": lines}
    return thresholds | further(dataset), list(spec.splits.entity or spec.key)


def further(dataset: Dataset) -> dict[str, Any]:
    """What a policy says beside shares, pools and entity, as JSON; nothing for most."""
    said = dataset.file.spec.splits.model_dump(mode="json", include=set(FURTHER), exclude_defaults=True)
    said |= {"stratified": dataset.policy.stratified} if dataset.policy.stratified else {}
    if dataset.policy.time:
        # Cuts are moments of one column.
        said["time"] = {**said["time"], "column": dataset.policy.time.column}
    if dataset.policy.time and dataset.policy.time.is_by_shares:
        # The lines tell train from train_dev alone; where dev and test begin follows from their shares of rows.
        said["shares"] = {split: str(share) for split, share in dataset.policy.shares.items()}
    return said


def is_placed_alike(meta: Meta, dataset: Dataset, build: Step, policy: Numbered) -> bool:
    """Whether a build that is there already placed its rows as a build of now would.

    Not when another policy stood between, and for a policy that remembers not when a version did: the build does not
    know what these have placed.
    """
    if build.detail.get("policy", policy.number) < policy.first:
        return False
    versions = meta.versions(dataset.name)
    if not dataset.policy.is_remembered or (versions and versions[-1].step_id == build.step_id):
        return True
    return build.detail.get("after") == (versions[-1].version if versions else None)


def is_split_alike(one: Dataset, other: Dataset) -> bool:
    """Whether an entity is on the same side in two datasets: what decides its split is the same."""
    both = [(d.policy.salt, d.policy.lines, _deciding(further(d))) for d in (one, other)]
    return both[0] == both[1] and not one.policy.is_remembered
