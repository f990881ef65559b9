"""A project: its settings, its datasets in the order in which they depend on each other, and what is wrong with them.

Whether columns exist is asked by `assets.bind`; nothing here opens the lake or a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from assets.cluster_problems import wrong_combinations
from assets.errors import Problem
from assets.inputs import inputs_of
from assets.model_problems import problems_of_models
from assets.split_problems import predefined_policy, time_policy, time_problems, wrong_time_shares
from assets.yaml_file import DatasetFile, read_datasets
from warehouse.apportion import LONGEST_PERIOD, period_of
from warehouse.errors import NotFound, closest
from warehouse.policy import DEFAULT_POOLED_SHARES, DEFAULT_SHARES, SplitPolicy
from warehouse.query import parse
from warehouse.settings import Settings, read_settings


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A dataset of a project, with what it reads.

    Attributes:
        file: What the YAML says.
        inputs: The other datasets that it reads, by query or reference, sorted.
        policy: How its rows are split.
    """

    file: DatasetFile
    inputs: tuple[str, ...]
    policy: SplitPolicy

    @property
    def name(self) -> str:
        """Its name: the stem of its file."""
        return self.file.name

    @property
    def select(self) -> str:
        """Its query; without one, its source as it is."""
        from warehouse.query import quoted

        return self.file.query or f"SELECT * FROM {quoted(self.name)}"


@dataclass(frozen=True)
class Project:
    """The datasets of one project folder. A dataset with a problem is not among `datasets`."""

    settings: Settings
    datasets: Mapping[str, Dataset]
    problems: tuple[Problem, ...]
    names: tuple[str, ...] = field(default=())
    wrong: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path) -> Project:
        """Read the project in `root`.

        Raises:
            SettingsError: gristmill.toml says what cannot be. Problems of datasets are kept, not raised.
        """
        settings = read_settings(root)
        files, problems = read_datasets(root)
        wrong: dict[str, tuple[Problem, ...]] = {}
        for problem in problems:
            stem = Path(problem.file).stem
            wrong[stem] = (*wrong.get(stem, ()), problem)
        names = tuple(sorted({*files, *wrong}))
        datasets: dict[str, Dataset] = {}
        for name, file in files.items():
            found, datasets[name] = _understand(file, settings, names)
            problems += found
            # By name, not by file: the query may stand in an .sql file.
            wrong |= {name: bad} if (bad := tuple(problem for problem in found if not problem.is_warning)) else {}
        sound = {name: dataset for name, dataset in datasets.items() if name not in wrong}
        cyclic = _cycles(sound)
        problems += cyclic.values()
        wrong |= {name: (problem,) for name, problem in cyclic.items()}
        sound = {name: dataset for name, dataset in sound.items() if name not in wrong}
        return cls(settings, sound, tuple(problems), names, wrong)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The datasets, each after those that it reads."""
        done: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in self.datasets and name not in done:
                for upstream in self.datasets[name].inputs:
                    visit(upstream)
                done[name] = None

        for name in sorted(self.datasets):
            visit(name)
        return tuple(done)

    def dataset(self, name: str) -> Dataset:
        """One dataset.

        Raises:
            NotFound: No file describes it.
        """
        if name not in self.datasets:
            raise NotFound("dataset", name, self.names)
        return self.datasets[name]

    def problems_of(self, name: str) -> tuple[Problem, ...]:
        """What stands against a dataset, warnings left out."""
        return self.wrong.get(name, ())

    def upstream(self, names: tuple[str, ...]) -> set[str]:
        """`names` and every dataset that they read, however far."""
        wanted = list(names)
        for name in wanted:
            wanted += (
                [up for up in self.datasets[name].inputs if up in self.datasets and up not in wanted]
                if name in self.datasets
                else []
            )
        return set(wanted)


def _understand(file: DatasetFile, settings: Settings, names: tuple[str, ...]) -> tuple[list[Problem], Dataset]:
    """What is wrong with a dataset that its file and the other names tell, and the dataset."""
    problems = [*_sources(file), *_columns_named_twice(file), *_rule_names(file)]
    policy, wrong = _policy(file, settings)
    problems += [*wrong, *wrong_combinations(file)]
    inputs, wrong = inputs_of(file, names)
    problems += [*wrong, *problems_of_models(file, settings.root)]
    return problems, Dataset(file=file, inputs=inputs, policy=policy)


def _sources(file: DatasetFile) -> list[Problem]:
    spec = file.spec
    if spec.source and spec.sources:
        return [file.problem("sources", "stands beside `source`", "keep one of the two")]
    if not spec.source and not spec.sources and not spec.query:
        found = "has no value" if ("source",) in file.lines else "has no source and no query"
        return [file.problem("source", found, "write `source: path/to/file.csv`")]
    if len(spec.sources) > 1 and not spec.query:
        return [file.problem("sources", "has several and there is no query to join them", "write a `query`")]
    if spec.sources and not spec.query and file.name not in spec.sources:
        return [file.problem("sources", "has one that no query reads", "write it as `source:`")]
    bad = [name for name in spec.sources if not name.isidentifier() or "__" in name or name.startswith("_")]
    return [
        file.problem(f"sources.{name}", "cannot be the name of a source", "use letters, digits and single _")
        for name in bad
    ]


def _rule_names(file: DatasetFile) -> list[Problem]:
    """Rules are counted by name, and the names of a column's own rules have a dot."""
    hint = "no dot in it, and not `key`"
    taken = [name for name in file.spec.contract.rules if name == "key" or "." in name]
    return [
        file.problem("contract.rules", f"names a rule {name!r}, as Gristmill names its own", hint) for name in taken
    ]


def _columns_named_twice(file: DatasetFile) -> list[Problem]:
    both = [name for name in file.spec.features if name in {file.spec.target, *file.spec.not_features}]
    return [
        file.problem(
            "features", f"names {name!r}, which is the target or among `not_features`", "take it out of one of them"
        )
        for name in both
    ]


def _policy(file: DatasetFile, settings: Settings) -> tuple[SplitPolicy, list[Problem]]:
    splits = file.spec.splits
    has_pools, time = splits.evaluate_on is not None, time_policy(file)
    predefined, problems = predefined_policy(file, settings.root)
    problems += time_problems(file)
    default = {"train": Decimal(1)} if time and time.given else DEFAULT_SHARES
    shares: Mapping[str, Decimal] = dict(splits.shares.items()) or (DEFAULT_POOLED_SHARES if has_pools else default)
    if splits.policy is not None:
        if splits.policy not in settings.policies:
            known = tuple(settings.policies)
            hint = (
                f"did you mean {close!r}?"
                if (close := closest(splits.policy, known))
                else f"write [splits.{splits.policy}] into gristmill.toml"
            )
            problems.append(
                file.problem("splits.policy", f"names {splits.policy!r}, and gristmill.toml has no such policy", hint)
            )
        elif splits.shares:
            problems.append(
                file.problem("splits.shares", "stands beside a named policy, which has its own", "leave it out")
            )
        else:
            shares = settings.policies[splits.policy]
    stratified = file.spec.target if splits.stratified is True else splits.stratified or None
    policy = SplitPolicy(
        salt=settings.salt,
        shares=shares,
        apart=splits.apart,
        has_pools=has_pools,
        stratified=stratified,
        has_clusters=splits.clusters is not None,
        time=time,
        predefined=predefined,
    )
    key, whose = (
        ("splits.shares", "") if splits.shares else ("splits.policy", f"names {splits.policy!r}, whose shares ")
    )
    wrong = wrong_time_shares(shares, time) if time and (splits.shares or splits.policy) else []
    problems += [file.problem(key, f"{whose}{found}", hint) for found, hint in wrong or _wrong_shares(policy)]
    if splits.stratified is True and stratified is None:
        hint = "name the column: `stratified: colour`"
        problems.append(file.problem("splits.stratified", "is `true` and the dataset has no target", hint))
    if splits.apart == "pool" and not (has_pools or splits.time):
        problems.append(
            file.problem("splits.apart", "is `pool` and there are no pools", "add `evaluate_on`, or leave `apart` out")
        )
    return policy, problems


def _wrong_shares(policy: SplitPolicy) -> list[tuple[str, str]]:
    shares = policy.shares
    if any(share <= 0 for share in shares.values()):
        return [("are not all above 0", "leave a split out that is not wanted")]
    if (total := sum(shares.values())) != 1:
        by = f"make them {abs(total - 1)} {'less' if total > 1 else 'more'} in all"
        return [(f"add up to {total}, not 1", by if total < 2 else "write 0.8 for 80 %")]
    if policy.time is None and "train_dev" in shares and not policy.has_pools:
        found = "have train_dev, which exists only with `evaluate_on` or `time`"
        return [(found, "give its share to train, or say `evaluate_on`")]
    if policy.stratified and (period := max(map(period_of, policy.shares_by_pool.values()))) > LONGEST_PERIOD:
        found = f"repeat after {period:,} entities only, and a stratified policy takes turns within {LONGEST_PERIOD:,}"
        return [(found, "round them to three digits")]
    if (
        policy.has_pools
        and policy.apart == "pool"
        and not (set(shares) & {"dev", "test"} and set(shares) & {"train", "train_dev"})
    ):
        return [("leave one of the two pools without a split", "give shares to train and to dev or test")]
    return []


def _cycles(datasets: Mapping[str, Dataset]) -> dict[str, Problem]:
    """A problem for each dataset that reads itself by way of others."""
    problems = {}
    for name, dataset in datasets.items():
        if path := _way_back(datasets, name):
            file, found = dataset.file, f"goes in a circle: {' -> '.join(path)}"
            promises = file.spec.contract.columns.items()
            keys = [
                f"contract.columns.{c}.references"
                for c, p in promises
                if (p.references or "").startswith(f"{path[1]}.")
            ]
            key = "query" if path[1] in _read(file) else keys[0]
            problems[name] = file.problem(key, found, "break it: one of them must not read the next")
    return problems


def _read(file: DatasetFile) -> set[str]:
    return {name for _, name in parse(file.query).tables} if file.query else set()


def _way_back(datasets: Mapping[str, Dataset], start: str) -> list[str] | None:
    paths = [[start]]
    seen = set()
    while paths:
        path = paths.pop(0)
        for upstream in datasets[path[-1]].inputs if path[-1] in datasets else ():
            if upstream == start:
                return [*path, start]
            if upstream not in seen:
                seen.add(upstream)
                paths.append([*path, upstream])
    return None
