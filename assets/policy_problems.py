"""What is wrong with policies that a file alone does not tell: another dataset's, or that of the last version.

What is wrong with one policy is told by `assets.project`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from assets.errors import Problem
from assets.policies import is_split_alike
from assets.project import Dataset
from warehouse.meta import Meta

# What a policy has placed depends on what it has seen, and two datasets never see the same.
REMEMBERED = (
    "no shared policy cures this: one of them places rows by what it has seen. Split both by shares alone, build one"
    " dataset of both, or heed what SPLIT5 counts"
)


def split_in_two_ways(datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """A warning for each dataset whose entity another one splits otherwise."""
    named = [datasets[name] for name in sorted(datasets) if datasets[name].file.spec.splits.entity]
    for one, other in combinations(named, 2):
        entity = one.file.spec.splits.entity
        if entity == other.file.spec.splits.entity and not is_split_alike(one, other):
            found = f"names {', '.join(entity)}, which {one.name!r} splits in another way: who is in test here may be "
            found += "in train there"
            hint = f"write [splits.{entity[0]}] with its `shares` into gristmill.toml and name it in both"
            hint = REMEMBERED if one.policy.is_remembered or other.policy.is_remembered else hint
            yield other.file.problem("splits.entity", found, hint, is_warning=True)


def changed_since(datasets: Mapping[str, Dataset], meta: Meta) -> Iterator[Problem]:
    """A warning for each dataset whose last version had another salt, or strata of another target."""
    for name in sorted(datasets):
        dataset, policies = datasets[name], meta.policies(name)
        if not policies:
            continue
        if policies[-1].salt != dataset.policy.salt:
            found = f"is not the one that versions of {name!r} were split with: a run refuses it"
            hint = "put the old salt back, or `gristmill run --new-policy` to split everything anew on purpose"
            yield Problem(file="gristmill.toml", line=None, key="salt", found=found, hint=hint, is_warning=True)
        before, now = policies[-1].thresholds.get("stratified"), dataset.policy.stratified
        if before and now and before != now:
            found = (
                f"means {now!r}, and {name!r} was stratified by {before!r}: a new policy, under which rows that were "
            )
            found += "trained on are unused in dev and test"
            hint = f"a column that was renamed keeps its policy by its old name: `select {now} as {before}`"
            yield dataset.file.problem("splits.stratified", found, hint, is_warning=True)
