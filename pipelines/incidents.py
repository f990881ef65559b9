"""Incidents: from the run in which a dataset fails to the one in which it is well again. Each is told once.

How somebody is told is `pipelines.notify`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assets.execution import Execution
from assets.result import DatasetResult
from assets.step import Run
from pipelines import messages
from pipelines.notify import tell
from pipelines.occasions import remember_runs
from pipelines.reports import write_reports
from warehouse.meta import Meta
from warehouse.records import now
from warehouse.schema import INCIDENTS

Incident = dict[str, Any]


def ended(execution: Execution) -> None:
    """What is to be done when one process of a run has ended: remember that it was, and tell whom it concerns."""
    reached = [result for name, result in execution.results.items() if execution.is_reached(name)]
    meta = execution.run.warehouse.meta
    remember_runs(execution.run.project, meta, [result.name for result in reached], execution.begun_at)
    write_reports(execution.run.project, meta, reached)
    keep_incidents(execution.run, reached)


def keep_incidents(run: Run, results: Iterable[DatasetResult]) -> None:
    """Open an incident for a dataset that failed, close that of one that is well, and tell of either.

    A dataset that another process is running, or that was skipped for what it reads, says nothing of itself.
    """
    meta = run.warehouse.meta
    for result in results:
        incident = open_incident(meta, result.name)
        if result.is_busy or result.status == "skipped":
            continue
        if result.exit_code:
            _opened(run, result, incident)
        elif incident:
            _closed(run, result, incident)


def open_incident(meta: Meta, dataset: str) -> Incident | None:
    """The incident of a dataset that is not over, or None."""
    return next((row for row in meta.rows(INCIDENTS, dataset=dataset) if row["closed_at"] is None), None)


def _opened(run: Run, result: DatasetResult, incident: Incident | None) -> None:
    new = {"dataset": result.name, "opened_at": now(), "closed_at": None, "told_at": None}
    incident = (incident or new) | {"run_id": run.run_id, "why": why_of(result)}
    if incident["told_at"] is None and _is_told(run, result, incident):
        incident["told_at"] = now()
    _keep(run.warehouse.meta, incident)


def _closed(run: Run, result: DatasetResult, incident: Incident) -> None:
    incident |= {"closed_at": now()}
    if incident["told_at"] is not None:
        _is_told(run, result, incident)
    _keep(run.warehouse.meta, incident)


def _keep(meta: Meta, incident: Incident) -> None:
    key = {name: incident[name] for name in ("dataset", "opened_at")}
    meta.set_rows(INCIDENTS, key, [incident])


def why_of(result: DatasetResult) -> str:
    """Why a dataset failed, in one line."""
    blocking = [f"{row['code']} {row['seen']}" for row in result.findings if row["outcome"] == "fail"]
    models = [f"model {one['name']}: {one.get('error')}" for one in result.models if one["status"] == "failed"]
    said = "; ".join(blocking) if result.status == "blocked" else result.error or "; ".join(models)
    return " ".join((said or result.status).split())


def _is_told(run: Run, result: DatasetResult, incident: Incident) -> bool:
    notify = run.project.settings.notify
    if notify is None:
        return False
    failed = tell(notify, message_of(run, result, incident), root=run.project.settings.root)
    if failed:
        messages.note(f"notify: nobody could be told of {result.name}: {failed}")
    return failed is None


def message_of(run: Run, result: DatasetResult, incident: Incident) -> dict[str, Any]:
    """What is told: the body of the webhook, and the input of the command."""
    is_over = incident["closed_at"] is not None
    has = f"Readers have version {result.version}." if result.version else "Readers have no version yet."
    stands = "is blocked" if result.status == "blocked" else "failed"
    text = f"{result.name} has recovered." if is_over else f"{result.name} {stands}: {incident['why']}"
    return {
        "schema_version": 1,
        "event": "recovered" if is_over else "blocked" if result.status == "blocked" else "failed",
        "text": f"{text} {has}",
        "project": run.project.settings.root.name,
        "dataset": result.name,
        "version": result.version,
        "why": incident["why"],
        "hint": None if is_over else result.hint,
        "retry": result.retry,
        "run_id": run.run_id,
        "opened_at": f"{incident['opened_at'].isoformat()}Z",
        "closed_at": f"{incident['closed_at'].isoformat()}Z" if is_over else None,
        "next": [] if is_over else ["gristmill status", f"gristmill run {result.name}"],
    }
