"""The stages of a dataset's run, each a part that an orchestrator may call by itself.

    ingest_sources -> publish_version (build, audit, publish) -> judge_models (fit, evaluate, diagnose)

Nothing is handed from one to the next but what is in the lake and in `meta`. Which datasets run, and when, is
`assets.run`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from assets.errors import SpecError
from assets.gate import let_pass
from assets.judged import finding_on_test, uses_of_test
from assets.model_plan import due_models
from assets.plan import fingerprint_of, finished_build, latest, parts_of
from assets.project import Dataset
from assets.result import DatasetResult
from assets.sources import kept_without_file, source_files
from assets.step import Run
from checks.finding import Finding
from warehouse.records import Step, now
from warehouse.schema import COLUMNS, COMPARISONS, DAY_CELLS, DAYS, PASSES, PROFILES, WATCHED

if TYPE_CHECKING:
    from assets.profile import Learned


def ingest_sources(run: Run, dataset: Dataset, result: DatasetResult) -> bool:
    """Take in what is due of every source of a dataset; whether the dataset may go on.

    Raises:
        Unreadable: A file is missing or is not of its format.
    """
    from assets.ingest import ingest

    everything: list[Finding] = []
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        with timed(run, dataset, result, "ingest"):
            found = ingest(run, dataset, name, source)
        if found:
            status = "blocked" if _is_blocked(found) else "succeeded"
            step = run.new_step(dataset, "sources", "", status=status, source=name)
            run.warehouse.meta.add(step)
            _keep_findings(run, dataset, step, found)
        everything += found
    if _is_blocked(everything):
        _block(result, everything)
    return not _is_blocked(everything)


def publish_version(run: Run, dataset: Dataset, result: DatasetResult, *, is_forced: bool = False) -> bool:
    """Build, audit and publish a dataset from what was taken in; whether its models may go on.

    Raises:
        SpecError: Its query does not fit what was taken in.
        NotPublished, QueryError, SaltChanged, IdentityGone, IdentityRetyped, NotRepeatable: See `assets.build`.
    """
    from assets.bind import Binder
    from assets.build import build, frozen_policy
    from assets.publish import publish

    meta = run.warehouse.meta
    if problems := [p for p in Binder(run.project, meta).problems(dataset.name) if not p.is_warning]:
        raise SpecError(tuple(problems))
    frozen_policy(run, dataset)  # also of a build that is there already: its salt may be one that was given up
    fingerprint = fingerprint_of(parts_of(dataset, meta))
    built = finished_build(meta, dataset, fingerprint, has_new_policy=run.has_new_policy)
    if built is None or is_forced:
        with timed(run, dataset, result, "build"):
            built = build(run, dataset)
    found = _found_in_sources(run, dataset)
    audited = _audit(run, dataset, result, built, found)
    _fill(result, built, audited, meta.findings(audited.step_id))
    if audited.status == "blocked":
        _block(result, found)
        return False
    before = latest(meta, dataset.name)
    if before is None or before.step_id != built.step_id:
        with timed(run, dataset, result, "publish"):
            publish(run, dataset, built, audited)
        meta.set_rows(PASSES, {"dataset": dataset.name}, [])  # who let a build pass let it pass once
        result.status = "published"
    return True


def judge_models(run: Run, dataset: Dataset, result: DatasetResult) -> None:
    """Fit, evaluate and diagnose what is due of a dataset's models, on the version that readers have.

    A model that fails leaves the version published; the others go on.
    """
    version = latest(run.warehouse.meta, dataset.name)
    due = due_models(run.project.settings.root, dataset, run.warehouse.meta, version) if version else {}
    if version is None or not due:
        return
    from assets.judge import judge

    for model in due.values():
        told = judge(run, dataset, version, model, timed=partial(timed, run, dataset, result))
        result.models.append(told)
        if told["status"] == "failed":
            result.exit_code = result.exit_code or 1
    used = finding_on_test(uses_of_test(run.warehouse.meta, version))
    result.findings += [used.to_json()] if used.outcome == "warn" else []


def _found_in_sources(run: Run, dataset: Dataset) -> list[Finding]:
    """What this run found while it took in the sources."""
    meta = run.warehouse.meta
    steps = reversed(meta.steps(dataset.name, step="sources", run_id=run.run_id))
    return [Finding.from_json(raw) for step in steps for raw in meta.findings(step.step_id)]


def _keep_findings(run: Run, dataset: Dataset, step: Step, found: Sequence[Finding]) -> None:
    run.warehouse.meta.set_findings(step.step_id, [f.to_json() | {"dataset": dataset.name} for f in found])


def _audit(run: Run, dataset: Dataset, result: DatasetResult, built: Step, found: list[Finding]) -> Step:
    """Audit a build and remember the answers beside those on its sources, which `found` holds."""
    from assets.audit import audit

    started_at = now()
    with timed(run, dataset, result, "audit"):
        audited = audit(run, dataset, built)
    found += let_pass(run.warehouse.meta, dataset.name, built.fingerprint, audited.findings)
    detail = {
        "build": built.step_id,
        "splits": audited.splits,
        "unused": audited.unused,
        "n_unlabelled": audited.n_unlabelled,
        "figures": audited.learned.figures,
        "split_figures": audited.split_figures,
        "watch": audited.learned.watch,
        "counted": audited.learned.counted,
        "n_counted": audited.learned.n_counted,
        "row_sum": audited.learned.row_sum,
    }
    status = "blocked" if _is_blocked(found) else "succeeded"
    step = run.new_step(dataset, "audit", built.fingerprint, status=status, started_at=started_at, detail=detail)
    run.warehouse.meta.add(step)
    _keep_findings(run, dataset, step, found)
    _keep_learned(run, dataset, step, audited.learned)
    run.tell(dataset, "audit", "remembered")
    return step


def _keep_learned(run: Run, dataset: Dataset, step: Step, learned: Learned) -> None:
    kept = {
        COLUMNS: learned.columns,
        PROFILES: learned.profiles,
        COMPARISONS: learned.comparisons,
        DAY_CELLS: learned.day_cells,
        DAYS: learned.days,
        WATCHED: learned.watched,
    }
    for table, rows in kept.items():
        run.warehouse.meta.set_rows(table, {"step_id": step.step_id}, [row | {"dataset": dataset.name} for row in rows])


def _is_blocked(found: Sequence[Finding]) -> bool:
    return any(finding.outcome == "fail" for finding in found)


@contextmanager
def timed(run: Run, dataset: Dataset, result: DatasetResult, step: str) -> Iterator[None]:
    """Record a step in the result, with its seconds."""
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


def fill_unchanged(run: Run, dataset: Dataset, result: DatasetResult) -> None:
    """Complete the result of a dataset that is up to date; a file that is gone is told each time."""
    meta, of_models = run.warehouse.meta, result.findings
    if version := latest(meta, dataset.name):
        steps = {step.step_id: step for step in meta.steps(dataset.name)}
        _fill(result, steps[version.step_id], steps[version.audit_id], meta.findings(version.audit_id))
    result.findings = [*result.findings, *of_models]
    told = {finding["seen"] for finding in result.findings}
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        found = source_files(run.project.settings.root, meta, dataset.name, name, source)
        result.findings += [f.to_json() for f in kept_without_file(source, found) if f.seen not in told]
