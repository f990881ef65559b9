"""A run: the steps in order, dataset by dataset, each after those that it reads.

    ingest -> build -> audit -> publish

What is due is decided by `assets.plan`, before the lake is opened.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any

import duckdb

from assets.errors import AssetError, SpecError, StepFailed
from assets.plan import Planned, fingerprint_of, finished_build, latest, parts_of, plan_dataset
from assets.project import Dataset, Project
from assets.sources import kept_without_file, source_files
from assets.step import Run
from checks.finding import Finding
from warehouse.errors import Busy, WarehouseError
from warehouse.records import Step

Known = (AssetError, WarehouseError)


@dataclass(kw_only=True)
class DatasetResult:
    """How a run ended for one dataset, as scripts get it.

    Attributes:
        name: The dataset.
        status: `published`, `unchanged`, `blocked`, `failed` or `skipped`.
        blocked_by: Codes of the findings that failed.
        version: The version that readers have now, or None.
        error: Why it failed or was skipped.
    """

    name: str
    status: str = "unchanged"
    blocked_by: list[str] = field(default_factory=list)
    version: int | None = None
    n_rows_ingested: int = 0
    n_rows_accepted: int = 0
    n_rows_rejected: int = 0
    n_unlabelled: int = 0
    seconds: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    splits: list[dict[str, Any]] = field(default_factory=list)
    unused: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    hint: str | None = None
    exit_code: int = 0
    fault: Exception | None = None
    is_busy: bool = False

    def to_json(self) -> dict[str, Any]:
        """The result as JSON types."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"exit_code", "fault", "is_busy"}}


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """How a run ended."""

    run_id: str
    datasets: tuple[DatasetResult, ...]

    @property
    def exit_code(self) -> int:
        """0: all is well; 1: something failed; 2: a file cannot be understood; 3: a finding blocks. The first wins."""
        codes = {result.exit_code for result in self.datasets}
        return next((code for code in (1, 2, 3) if code in codes), max(codes, default=0))


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
        is_due = is_forced or plan_dataset(run.project, dataset, meta).steps
        if is_due and run.warehouse.reconcile():  # what a dead process had done may be all that was due
            is_due = is_forced or plan_dataset(run.project, dataset, meta).steps
        if is_due:
            _run_dataset(run, dataset, result, is_forced=is_forced)
    if result.status == "unchanged":
        _fill_unchanged(run, dataset, result)


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


def _run_dataset(run: Run, dataset: Dataset, result: DatasetResult, *, is_forced: bool) -> None:
    from assets.bind import Binder
    from assets.build import build, frozen_policy
    from assets.ingest import ingest
    from assets.publish import publish

    meta = run.warehouse.meta
    found: list[Finding] = []
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        with _timed(run, dataset, result, "ingest"):
            found += ingest(run, dataset, name, source)
    if _is_blocked(found):
        _block(result, found)
        return
    if problems := [p for p in Binder(run.project, meta).problems(dataset.name) if not p.is_warning]:
        raise SpecError(tuple(problems))
    frozen_policy(run, dataset)  # also of a build that is there already: its salt may be one that was given up
    built = finished_build(meta, dataset.name, fingerprint_of(parts_of(dataset, meta)))
    if built is None or is_forced:
        with _timed(run, dataset, result, "build"):
            built = build(run, dataset)
    audited = _audit(run, dataset, result, built, found)
    _fill(result, built, audited, meta.findings(audited.step_id))
    if audited.status == "blocked":
        _block(result, found)
        return
    before = latest(meta, dataset.name)
    if before is None or before.step_id != built.step_id:
        with _timed(run, dataset, result, "publish"):
            publish(run, dataset, built, audited)
        result.status = "published"


def _audit(run: Run, dataset: Dataset, result: DatasetResult, built: Step, found: list[Finding]) -> Step:
    """Audit a build and remember the answers beside those on its sources, which `found` holds."""
    from assets.audit import audit

    with _timed(run, dataset, result, "audit"):
        audited = audit(run, dataset, built)
    found += audited.findings
    detail = {
        "build": built.step_id,
        "splits": audited.splits,
        "unused": audited.unused,
        "n_unlabelled": audited.n_unlabelled,
    }
    status = "blocked" if _is_blocked(found) else "succeeded"
    step = run.new_step(dataset, "audit", built.fingerprint, status=status, detail=detail)
    run.warehouse.meta.add(step)
    run.warehouse.meta.set_findings(step.step_id, [finding.to_json() | {"dataset": dataset.name} for finding in found])
    run.tell(dataset, "audit", "remembered")
    return step


def _is_blocked(found: Sequence[Finding]) -> bool:
    return any(finding.outcome == "fail" for finding in found)


@contextmanager
def _timed(run: Run, dataset: Dataset, result: DatasetResult, step: str) -> Iterator[None]:
    record = {"step": step, "status": "failed", "seconds": 0.0}
    result.steps.append(record)
    started = time.monotonic()
    run.tell(dataset, step, "start")
    try:
        yield
        record["status"] = "succeeded"
    finally:
        record["seconds"] = round(time.monotonic() - started, 3)


def _block(result: DatasetResult, found: Sequence[Finding]) -> None:
    result.status, result.exit_code = "blocked", 3
    result.blocked_by = sorted({finding.code for finding in found if finding.outcome == "fail"})
    result.findings = [finding.to_json() for finding in found]


def _fill(result: DatasetResult, built: Step, audited: Step, findings: list[dict[str, Any]]) -> None:
    """Complete a result from a build and its audit."""
    detail, found = built.detail, audited.detail
    result.n_rows_ingested = int(detail["n_rows"]) + int(detail["n_unread"])
    result.n_rows_accepted = int(detail["n_accepted"])
    result.n_rows_rejected = int(detail["n_rejected"]) + int(detail["n_unread"])
    result.n_unlabelled, result.splits, result.unused = int(found["n_unlabelled"]), found["splits"], found["unused"]
    result.findings = findings


def _fill_unchanged(run: Run, dataset: Dataset, result: DatasetResult) -> None:
    """Complete the result of a dataset that is up to date; a file that is gone is told each time."""
    meta = run.warehouse.meta
    if version := latest(meta, dataset.name):
        steps = {step.step_id: step for step in meta.steps(dataset.name)}
        _fill(result, steps[version.step_id], steps[version.audit_id], meta.findings(version.audit_id))
    told = {finding["seen"] for finding in result.findings}
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        found = source_files(run.project.settings.root, meta, dataset.name, name, source)
        result.findings += [f.to_json() for f in kept_without_file(source, found) if f.seen not in told]
