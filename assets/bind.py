"""Does every name in a dataset's file exist? Queries and conditions are bound to empty tables; no row is read.

What the file says by itself is checked by `assets.project`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from assets.bind_splits import moments_and_names
from assets.cluster_problems import wrong_columns
from assets.errors import Problem
from assets.ingest import reading_of
from assets.inputs import query_problem
from assets.policy_problems import changed_since, split_in_two_ways
from assets.project import Dataset, Project
from assets.spec import SourceSpec, conditions_of
from assets.yaml_file import DatasetFile
from assets.yaml_words import shown
from checks.contract import ColumnPromise
from warehouse.errors import QueryError, Unreadable, closest
from warehouse.files import find_files, plain
from warehouse.identity import FLOATS
from warehouse.kinds import stored_as
from warehouse.lake import connect
from warehouse.meta import Meta
from warehouse.query import bind, literal, parse, volatile_words
from warehouse.reader import look

SNIFFED_ROWS = 20_480
HEAD_BYTES = 1 << 22
NUMBER = re.compile(r"(TINY|SMALL|BIG)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")
MOMENT = re.compile(r"DATE|TIMESTAMP.*")
Columns = dict[str, str]


class Binder:
    """Binds the datasets of one project, each once.

    Args:
        project: The datasets.
        meta: What was ingested, or None when nothing ever was.
    """

    def __init__(self, project: Project, meta: Meta | None) -> None:
        self._project, self._meta = project, meta
        self._bound: dict[str, tuple[Columns | None, list[Problem]]] = {}

    def columns(self, name: str) -> Columns | None:
        """The columns of a dataset and their types, or None when it does not bind."""
        return self._bind(name)[0]

    def problems(self, name: str) -> list[Problem]:
        """What is wrong with the names in a dataset's file. A fault of an upstream dataset is told there alone."""
        return self._bind(name)[1]

    def _bind(self, name: str) -> tuple[Columns | None, list[Problem]]:
        if name not in self._bound:
            self._bound[name] = self._bind_now(self._project.datasets[name])
        return self._bound[name]

    def _bind_now(self, dataset: Dataset) -> tuple[Columns | None, list[Problem]]:
        file, tables = dataset.file, {}
        named = parse(dataset.select).columns
        for name in dataset.inputs:
            upstream = self.columns(name) if name in self._project.datasets else None
            if upstream is None:
                return None, []
            tables[name] = upstream | ({"split": "VARCHAR"} if "split" in named else {})
        for name, source in file.spec.sources_of(dataset.name).items():
            key = "source" if file.spec.source else f"sources.{name}"
            try:
                tables[name] = self._source_columns(dataset, name, source) | {"_file": "VARCHAR", "_record": "BIGINT"}
            except Unreadable as error:
                hint = "; ".join(note.removeprefix("Hint: ") for note in error.__notes__)
                return None, [file.problem(f"{key}.path", f"names {str(error.path)!r}: {error.found}", hint)]
            if not named & {"_file", "_record"}:
                tables[name] = {
                    column: kind for column, kind in tables[name].items() if column not in ("_file", "_record")
                }
        try:
            given = bind(dataset.select, tables)
        except QueryError as error:
            columns = dict.fromkeys(column for table in tables.values() for column in table)
            return None, [query_problem(file, error, columns=columns)]
        return self._judge(dataset, given)

    def _source_columns(self, dataset: Dataset, name: str, source: SourceSpec) -> Columns:
        """As last ingested, or as the first rows of the first file tell."""
        if self._meta:
            steps = self._meta.steps(dataset.name, step="ingest", source=name, status="succeeded")
            if steps:
                return dict(steps[0].detail["columns"])
        file = find_files(self._project.settings.root, source.path)[0]
        reading = reading_of(source, file)
        head = None if reading.format == "parquet" else HEAD_BYTES
        with plain(file, head_bytes=head) as path, connect() as connection:
            return dict(look(connection, path, reading, sample_rows=SNIFFED_ROWS).columns)

    def _judge(self, dataset: Dataset, given: Columns) -> tuple[Columns | None, list[Problem]]:
        file = dataset.file
        reserved = [c for c in given if c.startswith("_") and not re.fullmatch(r"_(file|record)(_\d+)?", c)]
        key = "query" if file.query else "source"
        problems = []
        for name in reserved:
            found = f"gives the column {name!r}, and names that begin with _ are Gristmill's own"
            problems.append(file.problem(key, found, _rename(file, name, name.strip("_") or "name")))
        problems += [
            file.problem(key, f"gives the column {name!r}, which Gristmill adds", _rename(file, name, "part"))
            for name in given
            if name.lower() == "split" and name != file.spec.splits.named_by
        ]
        if problems:
            return None, problems
        kept = {name: kind for name, kind in given.items() if not name.startswith("_") and name.lower() != "split"}
        columns = {name: stored_as(kind) for name, kind in kept.items()}
        for name, promise in file.spec.contract.columns.items():
            if name in columns and promise.cast and not promise.is_held_by(columns[name]):
                columns[name] = promise.cast
        problems = [
            *_absent(file, columns),
            *_floats(file, columns),
            *moments_and_names(dataset, columns, given),
            *_strata(dataset, columns),
            *wrong_columns(file, columns),
            *self._references(file),
            *_bounds(file, columns),
            *_conditions(file, columns),
            *self._vanished(dataset),
        ]
        return (None if any(not p.is_warning for p in problems) else columns), problems

    def _vanished(self, dataset: Dataset) -> Iterator[Problem]:
        """The sources of which rows were taken in and that name no file now: an outage, or a slip of the pen."""
        for name, source in dataset.file.spec.sources_of(dataset.name).items():
            try:
                find_files(self._project.settings.root, source.path)
            except Unreadable as error:
                key = "source" if dataset.file.spec.source else f"sources.{name}"
                found = f"names {str(error.path)!r}: {error.found}; the rows taken in before are kept"
                hint = "; ".join(note.removeprefix("Hint: ") for note in error.__notes__)
                yield dataset.file.problem(f"{key}.path", found, hint, is_warning=True)

    def _references(self, file: DatasetFile) -> Iterator[Problem]:
        for column, promise in file.spec.contract.columns.items():
            if promise.references:
                other, other_column = promise.references.split(".")
                known = self.columns(other) or {}
                if other_column not in known:
                    key = f"contract.columns.{column}.references"
                    yield file.problem(
                        key,
                        f"names {promise.references!r}, and {other!r} has no such column",
                        _near(other_column, known),
                    )


def _rename(file: DatasetFile, name: str, other: str) -> str:
    if file.query:
        return f"write `{name} as {other}`"
    return f"write `query: select * rename ({name} as {other}) from {file.name}`"


def _near(name: str, columns: Mapping[str, str]) -> str:
    close = closest(name, columns)
    return f"did you mean {close!r}?" if close else f"its columns are {', '.join(columns)}"


def _absent(file: DatasetFile, columns: Columns) -> Iterator[Problem]:
    spec = file.spec
    named: list[tuple[str, str]] = [
        (key, name) for key in ("key", "features", "not_features") for name in getattr(spec, key)
    ]
    named += [(key, name) for key in ("time", "target") if (name := getattr(spec, key))]
    named += [("splits.entity", name) for name in spec.splits.entity]
    named += [(f"contract.columns.{name}", name) for name in spec.contract.columns]
    named += [
        (f"contract.unique.{i}", name) for i, promise in enumerate(spec.contract.unique) for name in promise.columns
    ]
    for key, name in named:
        if name not in columns:
            yield file.problem(key, f"names {name!r}, which is not a column", _near(name, columns))


def _floats(file: DatasetFile, columns: Columns) -> Iterator[Problem]:
    for key, names in (("key", file.spec.key), ("splits.entity", file.spec.splits.entity)):
        for name in names:
            if FLOATS.match(columns.get(name, "")):
                hint = (
                    f"make it a decimal or an integer under `contract.columns`, or choose another {key.rsplit('.')[-1]}"
                )
                yield file.problem(key, f"names {name!r}, a float: equal amounts may differ in the last digit", hint)


def _strata(dataset: Dataset, columns: Columns) -> Iterator[Problem]:
    """Strata are classes: a column of quantities has as many as it has rows."""
    file, name = dataset.file, dataset.policy.stratified
    if name is None or file.spec.splits.stratified is False:
        return
    if name not in columns:
        is_meant_true = name.lower() in {"yes", "on", "y"}  # YAML 1.2 reads them as texts
        hint = "write `stratified: true`" if is_meant_true else _near(name, columns)
        yield file.problem("splits.stratified", f"names {name!r}, which is not a column", hint)
    elif FLOATS.match(columns[name]) or columns[name].startswith("DECIMAL"):
        found = f"means {name!r}, which is of type {columns[name]}: strata are classes, not quantities"
        yield file.problem("splits.stratified", found, "name a column of classes, or make one in the query")


def _bounds(file: DatasetFile, columns: Columns) -> Iterator[Problem]:
    for name, promise in file.spec.contract.columns.items():
        if name in columns:
            if promise.cast is None and not promise.is_held_by(columns[name]):
                key, found = f"contract.columns.{name}.type", f"is {promise.type!r}, and {name!r} is {columns[name]}"
                yield file.problem(key, found, "a list or a struct cannot be made of it: change the type, or the query")
            for rule, value in _wrong_bounds(promise, columns[name]):
                key = f"contract.columns.{name}.{rule}"
                found = f"{'holds' if rule == 'in' else 'is'} {shown(value)}, and {name!r} is of type {columns[name]}"
                yield file.problem(key, found, "give a value of the column's type, or change its `type`")
            if promise.pattern is not None and (said := _wrong_pattern(promise.pattern)):
                key = f"contract.columns.{name}.pattern"
                yield file.problem(
                    key, f"is {promise.pattern!r}, no regular expression: {said}", r"write `\(` for a bracket"
                )


def _wrong_pattern(pattern: str) -> str | None:
    try:
        bind(f"SELECT regexp_matches(c, {literal(pattern)}) FROM t", {"t": {"c": "VARCHAR"}})
    except QueryError as error:
        return error.found.rpartition("Error: ")[2]
    return None


def _wrong_bounds(promise: ColumnPromise, kind: str) -> Iterator[tuple[str, Any]]:
    if promise.pattern is not None and kind != "VARCHAR":
        yield "pattern", promise.pattern
    bounds = [(rule, value) for rule, value in (("min", promise.min), ("max", promise.max)) if value is not None]
    for rule, value in [*bounds, *(("in", value) for value in promise.in_ or ())]:
        fits = (
            NUMBER.fullmatch(kind)
            if isinstance(value, int | float) and not isinstance(value, bool)
            else MOMENT.fullmatch(kind)
            if isinstance(value, date)
            else kind in {"VARCHAR", "BOOLEAN"}
        )
        if not fits:
            yield rule, value


def _conditions(file: DatasetFile, columns: Columns) -> Iterator[Problem]:
    for key, text in conditions_of(file.spec).items():
        try:
            kind = bind(f"SELECT ({text}\n) AS told FROM t", {"t": columns})["told"]
        except QueryError as error:
            problem = query_problem(file, error, key, columns=columns)
            # The bracket at its end is ours.
            is_ours = error.found.endswith('near ")"') and text.count(")") <= text.count("(")
            yield replace(problem, found="ends too early", hint="complete the condition") if is_ours else problem
            continue
        for word in sorted(volatile_words(parse(f"SELECT ({text}\n)"))):
            hint = "take it from the data"
            yield file.problem(key, f"uses {word}, whose answer changes from run to run", hint, is_warning=True)
        if kind != "BOOLEAN":
            yield file.problem(
                key, f"is of type {kind}, not true or false", "write a condition, such as `origin <> dest`"
            )


def check(project: Project) -> list[Problem]:
    """Everything that is wrong with a project's files, warnings last in each dataset."""
    meta = None
    if project.settings.meta_path.exists():
        import duckdb

        meta = Meta.open(project.settings.meta_path, duckdb_version=duckdb.__version__)
    binder = Binder(project, meta)
    found = [*project.problems, *split_in_two_ways(project.datasets)]
    found += [problem for name in project.order for problem in binder.problems(name)]
    if meta:
        found += changed_since(project.datasets, meta)
        meta.close()
    return sorted(found, key=lambda problem: (problem.file, problem.is_warning, problem.line or 0))
