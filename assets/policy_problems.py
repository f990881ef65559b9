"""What is wrong with policies that a file alone does not tell: two datasets that split one entity in two ways.

What is wrong with one policy is told by `assets.project`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from assets.errors import Problem
from assets.policies import is_split_alike
from assets.project import Dataset


def split_in_two_ways(datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """A warning for each dataset whose entity another one splits otherwise."""
    named = [datasets[name] for name in sorted(datasets) if datasets[name].file.spec.splits.entity]
    for one, other in combinations(named, 2):
        entity = one.file.spec.splits.entity
        if entity == other.file.spec.splits.entity and not is_split_alike(one, other):
            found = f"names {', '.join(entity)}, which {one.name!r} splits in another way: who is in test here may be "
            found += "in train there"
            hint = f"write [splits.{entity[0]}] with its `shares` into gristmill.toml and name it in both"
            yield other.file.problem("splits.entity", found, hint, is_warning=True)
