"""The stages of a run as Dagster's assets and asset checks: the only module below `pipelines` that knows Dagster.

A step finds everything that it needs in the warehouse, and hands on nothing. When runs are started does not belong
here; that is `pipelines.schedules` and `pipelines.sensors`.
"""

# No `from __future__ import annotations`: Dagster compares the annotation of `context` itself.
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets.errors import Problem
from assets.execution import STOPPED, Execution
from assets.facts import (
    Facts,
    Markdown,
    answer_of,
    model_facts,
    model_findings,
    model_runs,
    source_facts,
    source_findings,
    version_facts,
    version_findings,
)
from assets.model_plan import models_of
from assets.project import Dataset, Project
from assets.result import DatasetResult
from assets.step import Run, new_run_id
from checks.catalogue import CATALOGUE
from checks.code import AskedOf
from warehouse.client import Warehouse

OWNER = re.compile(r"team:[\w-]+|[^@\s]+@[^@\s]+\.[^@\s]+")
TAG = re.compile(r"[\w.-]{1,63}")
Told = Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]
Ended = Callable[[Execution], None]
ReportOf = Callable[[str], Path]


def definitions(
    project: Project | str | Path,
    names: Iterable[str] | None = None,
    *,
    execution: Execution | None = None,
    on_end: Ended | None = None,
    report_of: ReportOf | None = None,
) -> dg.Definitions:
    """The datasets of a project as assets, with their sources, checks and models.

    It merges into a team's own: `dg.Definitions.merge(ours, definitions("path/to/project"))`.

    Args:
        project: The project, or its folder.
        names: Only these datasets.
        execution: What every step works in. None: each process opens the project for itself.
        on_end: Is told how the datasets of one process ended.
        report_of: Where the page of a dataset will be, if one is written.
    """
    project = project if isinstance(project, Project) else Project.open(Path(project).resolve())
    # Of its own for each project, so that the definitions of two can be merged.
    resource = f"gristmill_{hashlib.sha256(str(project.settings.root).encode()).hexdigest()[:8]}"
    assets: list[dg.AssetsDefinition] = []
    for name in project.names if names is None else names:
        if dataset := project.datasets.get(name):
            made = (_sources(dataset, resource), _dataset(dataset, resource, report_of), _models(dataset, resource))
            assets += [one for one in made if one is not None]
        elif problems := project.problems_of(name):
            assets.append(_not_understood(name, problems))
    return dg.Definitions(assets=assets, resources={resource: execution or _opened(project.settings.root, on_end)})


def keys_of(dataset: Dataset) -> list[dg.AssetKey]:
    """The assets of a dataset: its sources, itself, its models."""
    return [*_source_keys(dataset).values(), dg.AssetKey(dataset.name), *model_keys_of(dataset)]


def model_keys_of(dataset: Dataset) -> list[dg.AssetKey]:
    """The assets that are models of a dataset."""
    return [_model_key(dataset, name) for name in models_of(dataset)]


def _source_keys(dataset: Dataset) -> dict[str, dg.AssetKey]:
    return {name: dg.AssetKey(["raw", dataset.name, name]) for name in dataset.file.spec.sources_of(dataset.name)}


def _model_key(dataset: Dataset, name: str) -> dg.AssetKey:
    return dg.AssetKey(["models", dataset.name, name])


def _opened(root: Path, on_end: Ended | None) -> dg.ResourceDefinition:
    """The project, opened for as long as a process runs steps of one run; it ends what these began."""

    @dg.resource(description="The project and its warehouse.")
    def gristmill(context: dg.InitResourceContext) -> Iterator[Execution]:
        project = Project.open(root)
        run_id = context.run.run_id if context.run else new_run_id()
        with Warehouse(project.settings) as warehouse:
            execution = Execution(Run(project=project, warehouse=warehouse, run_id=run_id, author="dagster"))
            try:
                yield execution
            finally:
                execution.close()
                if on_end:
                    on_end(execution)

    return gristmill


def _sources(dataset: Dataset, resource: str) -> dg.AssetsDefinition | None:
    keys = _source_keys(dataset)
    if not keys:
        return None
    paths = {name: ", ".join(source.path) for name, source in dataset.file.spec.sources_of(dataset.name).items()}
    specs = [_spec(key, dataset, "file", description=f"The files {paths[name]}") for name, key in keys.items()]
    codes = _codes("source")
    checks = [check for key in keys.values() for check in _checks(key, codes)]

    @_asset(f"{dataset.name}__ingest", specs, checks, resource=resource)
    def ingest(context: dg.AssetExecutionContext) -> Told:
        execution = _execution(context, resource)
        result = execution.ingest(dataset.name)
        meta = execution.run.warehouse.meta
        found = source_findings(meta, dataset.name, execution.run.run_id)
        for name, key in keys.items():
            yield from _answers(context, key, found.get(name, []), codes)
            if result.status not in STOPPED:
                yield from _materialized(context, key, source_facts(meta, dataset.name, name))
        _raise_if_failed(result)

    return ingest


def _dataset(dataset: Dataset, resource: str, report_of: ReportOf | None) -> dg.AssetsDefinition:
    key, said = dg.AssetKey(dataset.name), dataset.file.spec
    codes = _codes("dataset")
    spec = _spec(
        key,
        dataset,
        "duckdb",
        deps=[*_source_keys(dataset).values(), *(dg.AssetKey(name) for name in dataset.inputs)],
        description=said.description or None,
        tags={tag: "" for tag in said.tags if TAG.fullmatch(tag)},
        metadata={"file": dataset.file.file},
    )

    @_asset(f"{dataset.name}__publish", [spec], _checks(key, codes), resource=resource)
    def publish(context: dg.AssetExecutionContext) -> Told:
        execution = _execution(context, resource)
        result = execution.publish(dataset.name)
        meta = execution.run.warehouse.meta
        _raise_if_failed(result)
        found = result.findings or version_findings(meta, dataset.name)
        yield from _answers(context, key, found, codes)
        if result.status not in STOPPED:
            report = report_of(dataset.name) if report_of else None
            yield from _materialized(context, key, version_facts(meta, dataset.name, found, report))
        if not models_of(dataset):
            execution.end(dataset.name)

    return publish


def _models(dataset: Dataset, resource: str) -> dg.AssetsDefinition | None:
    keys = {name: _model_key(dataset, name) for name in models_of(dataset)}
    if not keys:
        return None
    specs = [_spec(key, dataset, "scikitlearn", deps=[dg.AssetKey(dataset.name)]) for key in keys.values()]
    codes = _codes("model")
    checks = [check for key in keys.values() for check in _checks(key, codes)]

    @_asset(f"{dataset.name}__judge", specs, checks, resource=resource)
    def judge(context: dg.AssetExecutionContext) -> Told:
        execution = _execution(context, resource)
        result = execution.judge(dataset.name)
        execution.end(dataset.name)
        _raise_if_failed(result)
        meta, failed = execution.run.warehouse.meta, []
        for name, row in model_runs(meta, dataset.name).items():
            if row["status"] == "failed":
                failed.append(f"{name}: {row['error']} {row['hint'] or ''}")
            elif name in keys:
                yield from _answers(context, keys[name], model_findings(meta, row), codes)
                yield from _materialized(context, keys[name], model_facts(meta, row))
        if failed:
            raise dg.Failure("\n".join(failed), allow_retries=False)

    return judge


def _not_understood(name: str, problems: Sequence[Problem]) -> dg.AssetsDefinition:
    """A dataset whose file says what cannot be: it fails alone, when it is asked for."""
    said = "\n".join(map(str, problems))
    spec = dg.AssetSpec(dg.AssetKey(name), description=said, skippable=True, kinds={"broken"})

    @_asset(re.sub(r"\W", "_", f"{name}__publish"), [spec])
    def publish(context: dg.AssetExecutionContext) -> Told:  # noqa: ARG001 - Dagster hands it over by its name
        # The file may have been mended since the definitions were loaded; then these are to be loaded again.
        raise dg.Failure(said, allow_retries=False)
        yield

    return publish


def _asset(
    name: str, specs: Sequence[dg.AssetSpec], checks: Sequence[dg.AssetCheckSpec] = (), *, resource: str | None = None
) -> Callable[[Callable[[dg.AssetExecutionContext], Told]], dg.AssetsDefinition]:
    needed = {resource} if resource else set()
    return dg.multi_asset(name=name, specs=specs, check_specs=checks, can_subset=True, required_resource_keys=needed)


def _spec(key: dg.AssetKey, dataset: Dataset, kind: str, **more: Any) -> dg.AssetSpec:
    # Skippable: what blocks or fails is not materialized, for its readers keep what they have.
    owners = [owner for owner in dataset.file.spec.owners if OWNER.fullmatch(owner)]
    return dg.AssetSpec(key, skippable=True, group_name=dataset.name, owners=owners, kinds={kind}, **more)


def _codes(asked_of: AskedOf) -> list[str]:
    return [code for code, row in CATALOGUE.items() if row.asked_of == asked_of]


def _checks(key: dg.AssetKey, codes: Iterable[str]) -> list[dg.AssetCheckSpec]:
    rows = ((code, CATALOGUE[code]) for code in codes)
    return [
        dg.AssetCheckSpec(code, asset=key, description=f"{row.title}. {row.meaning}", blocking=row.can_block)
        for code, row in rows
    ]


def _execution(context: dg.AssetExecutionContext, resource: str) -> Execution:
    execution: Execution = getattr(context.resources, resource)
    return execution


def _materialized(context: dg.AssetExecutionContext, key: dg.AssetKey, facts: Facts | None) -> Told:
    if facts is not None and key in context.selected_asset_keys:
        shown = {
            name: dg.MarkdownMetadataValue(value)
            if isinstance(value, Markdown)
            else dg.MetadataValue.path(value)
            if isinstance(value, Path)
            else value
            for name, value in facts.shown.items()
        }
        yield dg.MaterializeResult(asset_key=key, metadata=shown, data_version=dg.DataVersion(facts.identity))


def _answers(
    context: dg.AssetExecutionContext, key: dg.AssetKey, found: Sequence[dict[str, Any]], codes: Iterable[str]
) -> Iterator[dg.AssetCheckResult]:
    for code in codes:
        if dg.AssetCheckKey(key, code) in context.selected_asset_check_keys:
            answer = answer_of(code, found)
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=code,
                passed=answer.passed,
                severity=dg.AssetCheckSeverity.ERROR if answer.is_blocking else dg.AssetCheckSeverity.WARN,
                description=answer.seen,
                metadata=answer.shown,
            )


def _raise_if_failed(result: DatasetResult) -> None:
    if result.status == "failed":
        hint = f"\nHint: {result.hint}" if result.hint else ""
        metadata = {"file": result.file or ""}
        raise dg.Failure(f"{result.error}{hint}", metadata, allow_retries=result.retry) from result.fault
