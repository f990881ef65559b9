"""A run: dataset by dataset, each after those that it reads, through the stages of `assets.stages`.

What is due is decided by `assets.plan`, before the lake is opened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from assets.errors import AssetError, SpecError, StepFailed
from assets.plan import Planned, latest, plan_dataset
from assets.project import Dataset, Project
from assets.result import DatasetResult, RunReport
from assets.stages import fill_unchanged, ingest_sources, judge_models, publish_version
from assets.step import Run
from warehouse.errors import Busy, WarehouseError

Known = (AssetError, WarehouseError)


def plan(project: Project, run: Run, names: Sequence[str], *, is_forced: bool = False) -> list[Planned]:
    """What is due of each of `names`, in order. Opens no lake."""
    due: set[str] = set()
    planned = []
    for name in names:
        found = plan_dataset(project, project.datasets[name], run.warehouse.meta, upstream_due=frozenset(due))
        if is_forced and not found.steps:
            steps, reasons = ("build", "audit", "publish"), ("it is forced",)
            found = Planned(dataset=name, steps=steps, reasons=reasons, version=found.version)
        due |= {name} if found.steps else set()
        planned.append(found)
    return planned


def chosen(project: Project, names: Sequence[str], *, with_upstream: bool) -> tuple[str, ...]:
    """The datasets of a run in order: those named (all when none is), with what they read where that is asked for.

    Raises:
        NotFound: A name is no dataset's.
        SpecError: A dataset that was named cannot be understood.
    """
    for name in names:
        if problems := project.problems_of(name):
            raise SpecError(problems)
        project.dataset(name)
    wanted = project.upstream(tuple(names)) if with_upstream else set(names)
    return tuple(name for name in project.order if name in wanted or not names)


def execute(run: Run, names: Sequence[str], *, is_forced: bool = False, is_whole: bool = True) -> RunReport:
    """Run what is due of `names` (in the order of `chosen`). One dataset's failure does not stop the others.

    Args:
        run: The run.
        names: Datasets, each after those that it reads.
        is_forced: Build even what is up to date.
        is_whole: All datasets are meant, so that those whose file cannot be understood count as failed.
    """
    results: dict[str, DatasetResult] = {}
    for name in names:
        dataset = run.project.datasets[name]
        result = results[name] = DatasetResult(name=name)
        started = time.monotonic()
        without = [up for up in dataset.inputs if up in results and latest(run.warehouse.meta, up) is None]
        if without:
            result.status, result.exit_code = "skipped", 1
            result.error = f"it reads {', '.join(without)}, which has no version"
        else:
            with _told(result, dataset):
                _run_if_due(run, dataset, result, is_forced=is_forced)
        _remember(run, dataset, result)
        version = latest(run.warehouse.meta, name)
        result.version = version.version if version else None
        result.seconds = round(time.monotonic() - started, 3)
    return RunReport(run_id=run.run_id, datasets=(*results.values(), *(_not_understood(run) if is_whole else ())))


def _run_if_due(run: Run, dataset: Dataset, result: DatasetResult, *, is_forced: bool) -> None:
    meta = run.warehouse.meta
    with run.warehouse.lock(dataset.name):
        planned = plan_dataset(run.project, dataset, meta)
        if (is_forced or planned.steps) and run.warehouse.reconcile():
            planned = plan_dataset(run.project, dataset, meta)  # what a dead process had done may be all that was due
        if is_forced or planned.has_data_due:
            _run_stages(run, dataset, result, is_forced=is_forced)
        elif planned.steps:
            judge_models(run, dataset, result)
    if result.status == "unchanged":
        fill_unchanged(run, dataset, result)


def _run_stages(run: Run, dataset: Dataset, result: DatasetResult, *, is_forced: bool) -> None:
    if ingest_sources(run, dataset, result) and publish_version(run, dataset, result, is_forced=is_forced):
        judge_models(run, dataset, result)


def _not_understood(run: Run) -> Iterator[DatasetResult]:
    """The datasets that could not be run because their file says what cannot be."""
    for name in run.project.names:
        if problems := run.project.problems_of(name):
            version = latest(run.warehouse.meta, name)
            yield DatasetResult(
                name=name,
                status="failed",
                version=version.version if version else None,
                error="\n".join(map(str, problems)),
                exit_code=2,
            )


@contextmanager
def _told(result: DatasetResult, dataset: Dataset) -> Iterator[None]:
    """Put an error into the result, and remember it: one dataset's failure does not stop the others."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told with its kind, remembered, and raised again under --debug
        told = error if isinstance(error, Known) else _failed(error, dataset, result)
        result.status, result.error, result.exit_code = "failed", str(told), told.exit_code
        result.hint = "; ".join(note.removeprefix("Hint: ") for note in getattr(told, "__notes__", ())) or None
        result.fault = None if isinstance(error, Known) else error
        result.is_busy = isinstance(error, Busy)


def _remember(run: Run, dataset: Dataset, result: DatasetResult) -> None:
    """Keep how the run ended for a dataset, unless it is as it was: up to date."""
    meta = run.warehouse.meta
    before = next(iter(meta.steps(dataset.name, step="run")), None)
    if result.is_busy:  # the other process will say how it ended
        return
    if result.status != "unchanged" or (before and before.status not in {"published", "unchanged"}):
        detail = {"error": result.error, "blocked_by": result.blocked_by}
        meta.add(run.new_step(dataset, "run", "", status=result.status, detail=detail))


def _failed(error: Exception, dataset: Dataset, result: DatasetResult) -> StepFailed:
    step = result.steps[-1]["step"] if result.steps else "a step"
    if isinstance(error, OSError | duckdb.OutOfMemoryException):
        hint = "free some disk or memory and run again"
    elif isinstance(error, duckdb.Error):
        hint = "`gristmill --debug run` shows where"
    else:
        hint = f"this is a fault of Gristmill ({type(error).__name__}); `gristmill --debug run` shows where"
    return StepFailed(dataset.name, step, (str(error) or type(error).__name__).splitlines()[0], hint)
