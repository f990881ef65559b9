"""A pipeline run's page: what each step of it did to which dataset, how long it took, why it stopped.

How it looks does not belong here.
"""

from __future__ import annotations

from typing import Any

from pipelines.web.catalog import Catalog
from warehouse.records import Step
from warehouse.schema import RUNS

ORDER = ("ingest", "build", "audit", "publish", "fit", "evaluate", "diagnose", "run")


def run(catalog: Catalog, run_id: str) -> dict[str, Any] | None:
    """What is known of a run; None when it left nothing behind."""
    steps = catalog.meta.run_steps(run_id)
    models = catalog.meta.rows(RUNS, run_id=run_id)
    if not steps and not models:
        return None
    names = list(dict.fromkeys(step.dataset for step in steps))
    times = [step.started_at for step in steps] + [row["started_at"] for row in models if row["started_at"]]
    return {
        "run_id": run_id,
        "started_at": min(times),
        "datasets": [_of_dataset(catalog, name, [s for s in steps if s.dataset == name], models) for name in names],
        "models": models,
    }


def _of_dataset(catalog: Catalog, name: str, steps: list[Step], models: list[dict[str, Any]]) -> dict[str, Any]:
    ended = next((step for step in steps if step.step == "run"), None)
    worked = sorted((s for s in steps if s.step != "run"), key=lambda s: (s.started_at, ORDER.index(s.step) if s.step in ORDER else 99))
    failed = [
        row for s in worked if s.status == "blocked" for row in catalog.meta.findings(s.step_id) if row["outcome"] == "fail"
    ]
    return {
        "name": name,
        "status": ended.status if ended else worked[-1].status if worked else "unchanged",
        "error": ended.detail.get("error") if ended else None,
        "findings": failed,
        "steps": [_step(s) for s in worked],
        "models": [row for row in models if row["dataset"] == name],
    }


def _step(step: Step) -> dict[str, Any]:
    seconds = (step.finished_at - step.started_at).total_seconds() if step.finished_at else None
    return {"step": step.step, "source": step.source, "status": step.status, "seconds": seconds, "at": step.started_at}
