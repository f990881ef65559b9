"""A pipeline run's page: what each step of it did to which dataset, how long it took, why it stopped.

How it looks does not belong here.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipelines.web.catalog import Catalog
from pipelines.web.facts_dataset import told_of
from warehouse.records import Step
from warehouse.schema import RUNS

RANK = {
    step: i for i, step in enumerate(("ingest", "sources", "build", "audit", "publish", "fit", "evaluate", "diagnose"))
}


PAGE = 25
ENDED_BADLY = ("failed", "blocked", "skipped")


def run(catalog: Catalog, run_id: str, *, page: int = 1) -> dict[str, Any] | None:
    """What is known of a run, what ended badly first, a page of datasets; None when it left nothing behind."""
    steps = catalog.meta.run_steps(run_id)
    models = catalog.meta.rows(RUNS, run_id=run_id)
    if not steps and not models:
        return None
    by_name: dict[str, list[Step]] = {}
    for step in steps:
        by_name.setdefault(step.dataset, []).append(step)
    ended = {name: _ended(mine) for name, mine in by_name.items()}
    names = sorted(by_name, key=lambda name: ended[name] not in ENDED_BADLY)  # else in the order of the run
    n_pages = max(1, -(-len(names) // PAGE))
    number = min(max(page, 1), n_pages)
    shown = names[(number - 1) * PAGE : number * PAGE]
    times = [step.started_at for step in steps] + [row["started_at"] for row in models]
    return {
        "run_id": run_id,
        "started_at": min(times),
        "n_datasets": len(names),
        "counted": Counter(ended.values()),
        "datasets": [_of_dataset(catalog, name, by_name[name], models) for name in shown],
        "page": number,
        "n_pages": n_pages,
    }


def _ended(steps: list[Step]) -> str:
    """How a run ended for a dataset: as its last word says, or as its last step, of a run that is not over."""
    return next((step.status for step in steps if step.step == "run"), steps[-1].status)


def _of_dataset(catalog: Catalog, name: str, steps: list[Step], models: list[dict[str, Any]]) -> dict[str, Any]:
    worked = sorted((s for s in steps if s.step != "run"), key=lambda s: (s.started_at, RANK.get(s.step, 99)))
    blocked = [row for s in worked if s.status == "blocked" for row in catalog.meta.findings(s.step_id)]
    return {
        "name": name,
        "status": _ended(steps),
        "why": _why(catalog, name, steps),
        "findings": [row for row in blocked if row["outcome"] == "fail"],
        "steps": [_step(s) for s in worked],
        "models": [row for row in models if row["dataset"] == name],
    }


def _why(catalog: Catalog, name: str, steps: list[Step]) -> dict[str, Any] | None:
    ended = next((s for s in steps if s.step == "run" and s.status in ENDED_BADLY), None)
    found = catalog.meta.steps(name, step_id=ended.step_id) if ended else []
    return told_of(found[0]) if found else None


def _step(step: Step) -> dict[str, Any]:
    seconds = (step.finished_at - step.started_at).total_seconds() if step.finished_at else None
    return {"step": step.step, "source": step.source, "status": step.status, "seconds": seconds, "at": step.started_at}
