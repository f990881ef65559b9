"""A project: its settings, its datasets in the order in which they depend on each other, and what is wrong with them.

Whether columns exist is asked by `assets.bind`; nothing here opens the lake or a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from assets.errors import Problem
from assets.yaml_file import DatasetFile, line_of, read_datasets
from warehouse.errors import NotFound, QueryError, closest
from warehouse.policy import DEFAULT_POOLED_SHARES, DEFAULT_SHARES, SplitPolicy
from warehouse.query import GENERATORS, ORDER_DEPENDENT, VOLATILE, parse
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

    @classmethod
    def open(cls, root: Path) -> Project:
        """Read the project in `root`.

        Raises:
            SettingsError: gristmill.toml says what cannot be. Problems of datasets are kept, not raised.
        """
        settings = read_settings(root)
        files, problems = read_datasets(root)
        names = tuple(sorted({*files, *(Path(p.file).stem for p in problems)}))
        datasets: dict[str, Dataset] = {}
        for name, file in files.items():
            found, dataset = _understand(file, settings, names)
            problems += found
            if not any(not problem.is_warning for problem in found):
                datasets[name] = dataset
        cyclic = _cycles(datasets)
        problems += cyclic
        for problem in cyclic:
            datasets.pop(Path(problem.file).stem, None)
        return cls(settings, datasets, tuple(problems), names)

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
        return tuple(p for p in self.problems if not p.is_warning and p.file in {f"datasets/{name}.yaml", f"datasets/{name}.yml"})

    def upstream(self, names: tuple[str, ...]) -> set[str]:
        """`names` and every dataset that they read, however far."""
        wanted = list(names)
        for name in wanted:
            wanted += [up for up in self.datasets[name].inputs if up in self.datasets and up not in wanted] if name in self.datasets else []
        return set(wanted)


def _understand(file: DatasetFile, settings: Settings, names: tuple[str, ...]) -> tuple[list[Problem], Dataset]:
    """What is wrong with a dataset that its file and the other names tell, and the dataset."""
    problems = [*_sources(file), *_columns_named_twice(file)]
    policy, wrong = _policy(file, settings)
    problems += wrong
    inputs, wrong = _inputs(file, names)
    problems += wrong
    return problems, Dataset(file=file, inputs=inputs, policy=policy)


def _sources(file: DatasetFile) -> list[Problem]:
    spec = file.spec
    if spec.source and spec.sources:
        return [file.problem("sources", "stands beside `source`", "keep one of the two")]
    if not spec.source and not spec.sources and not spec.query:
        return [file.problem("", "has no source and no query", "write `source: path/to/file.csv`")]
    if len(spec.sources) > 1 and not spec.query:
        return [file.problem("sources", "has several and there is no query to join them", "write a `query`")]
    if spec.sources and not spec.query and file.name not in spec.sources:
        return [file.problem("sources", "has one that no query reads", "write it as `source:`")]
    bad = [name for name in spec.sources if not name.isidentifier() or "__" in name or name.startswith("_")]
    return [file.problem(f"sources.{name}", "cannot be the name of a source", "use letters, digits and single _") for name in bad]


def _columns_named_twice(file: DatasetFile) -> list[Problem]:
    both = [name for name in file.spec.features if name in {file.spec.target, *file.spec.not_features}]
    return [file.problem("features", f"names {name!r}, which is the target or among `not_features`", "take it out of one of them") for name in both]


def _policy(file: DatasetFile, settings: Settings) -> tuple[SplitPolicy, list[Problem]]:
    splits = file.spec.splits
    has_pools = splits.evaluate_on is not None
    shares: Mapping[str, Decimal] = dict(splits.shares) or (DEFAULT_POOLED_SHARES if has_pools else DEFAULT_SHARES)
    problems: list[Problem] = []
    if splits.policy is not None:
        if splits.policy not in settings.policies:
            known = tuple(settings.policies)
            hint = f"did you mean {close!r}?" if (close := closest(splits.policy, known)) else f"write [splits.{splits.policy}] into gristmill.toml"
            problems.append(file.problem("splits.policy", f"names {splits.policy!r}, and gristmill.toml has no such policy", hint))
        elif splits.shares:
            problems.append(file.problem("splits.shares", "stands beside a named policy, which has its own", "leave it out"))
        else:
            shares = settings.policies[splits.policy]
    policy = SplitPolicy(salt=settings.salt, shares=shares, apart=splits.apart, has_pools=has_pools)
    problems += [file.problem("splits.shares", found, hint) for found, hint in _wrong_shares(policy)]
    if splits.apart == "pool" and not has_pools:
        problems.append(file.problem("splits.apart", "is `pool` and there are no pools", "add `evaluate_on`, or leave `apart` out"))
    return policy, problems


def _wrong_shares(policy: SplitPolicy) -> list[tuple[str, str]]:
    shares = policy.shares
    if any(share <= 0 for share in shares.values()):
        return [("has a share that is not above 0", "leave a split out that is not wanted")]
    if sum(shares.values()) != 1:
        return [(f"add up to {sum(shares.values())}, not 1", "change one of them by the difference")]
    if "train_dev" in shares and not policy.has_pools:
        return [("has train_dev, which exists only with `evaluate_on`", "give its share to train, or say `evaluate_on`")]
    if policy.has_pools and policy.apart == "pool" and not (set(shares) & {"dev", "test"} and set(shares) & {"train", "train_dev"}):
        return [("leaves one of the two pools without a split", "give shares to train and to dev or test")]
    return []


def _inputs(file: DatasetFile, names: tuple[str, ...]) -> tuple[tuple[str, ...], list[Problem]]:
    own = set(file.spec.sources_of(file.name))
    others = {name for name in names if name != file.name}
    problems: list[Problem] = []
    inputs: set[str] = set()
    if file.query is not None:
        found, problems = _read_by_query(file, own, others)
        inputs |= found
    for column, promise in file.spec.contract.columns.items():
        if promise.references:
            other = promise.references.split(".")[0]
            if other in others:
                inputs.add(other)
            else:
                key = f"contract.columns.{column}.references"
                problems.append(file.problem(key, f"names the dataset {other!r}, which there is not", _near(other, others)))
    return tuple(sorted(inputs)), problems


def _near(name: str, others: set[str]) -> str:
    close = closest(name, sorted(others))
    return f"did you mean {close!r}?" if close else f"there are {', '.join(sorted(others)) or 'no other datasets'}"


def _read_by_query(file: DatasetFile, own: set[str], others: set[str]) -> tuple[set[str], list[Problem]]:
    try:
        parsed = parse(file.query or "")
    except QueryError as error:
        return set(), [query_problem(file, error)]
    problems = []
    for schema, name in sorted(parsed.tables):
        if schema or name not in own | others:
            shown = f"{schema}.{name}" if schema else name
            problems.append(file.problem("query", f"reads {shown!r}, which is no source of it and no dataset", _near(name, own | others)))
    for function in sorted(parsed.table_functions - GENERATORS):
        problems.append(file.problem("query", f"calls {function}() in FROM, past the sources", "name the file under `sources`"))
    names = parsed.functions | parsed.columns
    for word in sorted(names & VOLATILE):
        problems.append(file.problem("query", f"uses {word}, whose answer changes from run to run", "take it from the data", is_warning=True))
    if not parsed.is_ordered_limit:
        problems.append(file.problem("query", "has LIMIT without ORDER BY: which rows it keeps is chance", "add ORDER BY", is_warning=True))
    for word in sorted(parsed.functions & ORDER_DEPENDENT):
        problems.append(file.problem("query", f"uses {word}(), which depends on the order of rows", "give it an ORDER BY, or use min()", is_warning=True))
    return {name for schema, name in parsed.tables if not schema and name in others - own}, problems


def query_problem(file: DatasetFile, error: QueryError, key: str = "query") -> Problem:
    """DuckDB's word on a query as a problem, on the line of the file where the query has it."""
    if error.line is None or key != "query":
        line = line_of(file.lines, tuple(key.split(".")))
    else:
        line = file.query_line + error.line - 1
    return Problem(
        file=file.query_file if key == "query" else file.file, line=line, key=key, found=f"does not hold: {error.found}", hint=error.hint
    )


def _cycles(datasets: Mapping[str, Dataset]) -> list[Problem]:
    """One problem for each dataset that reads itself by way of others."""
    problems = []
    for name, dataset in datasets.items():
        if path := _way_back(datasets, name):
            problems.append(dataset.file.problem("query", f"goes in a circle: {' -> '.join(path)}", "break it: one of them must not read the next"))
    return problems


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
