"""How the newest work on each dataset ended, where it stopped and what to do: the facts of `gristmill status`.

How they look is `pipelines.commands_operate`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets.facts import model_runs
from assets.gate import BY_POLICY
from assets.model_plan import models_of
from assets.project import Project
from pipelines import views
from pipelines.incidents import open_incident
from pipelines.occasions import Occasion, occasions
from warehouse.client import Warehouse
from warehouse.meta import Meta
from warehouse.records import Step

Facts = dict[str, Any]
BAD = frozenset({"blocked", "broken", "failed", "skipped"})


def status_rows(project: Project, warehouse: Warehouse, at: datetime | None = None) -> list[Facts]:
    """One row a dataset.

    Its keys: `name`, `status`, `version` (that readers have), `last_run_at`, `why`, `step`, `file` and `line` (where it
    stopped), `findings` (that block), `n_rejected` (rows of the build that was blocked), `retry` (whether trying again
    may help as it is), `hint`, `next` (commands), `schedule`, `watch`, `next_at`, `late_since`, `run_by`,
    `failed_since` and `told_at` (of its incident), `failed_models` (with `error` and `hint`).
    """
    by_name = {one.dataset: one for one in occasions(project, warehouse, at)}
    return [
        _row(project, warehouse.meta, row, by_name.get(row["name"])) for row in views.status(project, warehouse.meta)
    ]


def is_bad(row: Facts) -> bool:
    """Whether somebody has to look at a dataset."""
    return row["status"] in BAD or row["late_since"] is not None or bool(row["failed_models"])


def _row(project: Project, meta: Meta, row: Facts, occasion: Occasion | None) -> Facts:
    name, is_stopped = row["name"], row["status"] in BAD
    ended = views.last_run(meta, name) if is_stopped and row["status"] != "broken" else None
    detail = ended.detail if ended else {}
    blocked = views.blocked_step(meta, name) if row["status"] == "blocked" else None
    findings = [f for f in meta.findings(blocked.step_id) if f["outcome"] == "fail"] if blocked else []
    problems = project.problems_of(name)
    incident = open_incident(meta, name)
    return row | {
        "step": "check" if problems else detail.get("step"),
        "file": problems[0].file if problems else detail.get("file"),
        "line": problems[0].line if problems else None,
        "findings": findings,
        "n_rejected": _n_rejected(meta, blocked),
        "failed_models": _failed_models(project, meta, name),
        "retry": bool(detail.get("retry")) if is_stopped else None,
        "hint": problems[0].hint if problems else detail.get("hint"),
        "next": _next(row, findings, is_fault=bool(detail.get("is_fault"))),
        "schedule": occasion.schedule if occasion else None,
        "watch": occasion.watch if occasion else False,
        "next_at": _time(occasion.next_at if occasion else None),
        "late_since": _time(occasion.late_since if occasion else None),
        "run_by": occasion.run_by if occasion else None,
        "failed_since": _time(incident["opened_at"] if incident else None),
        "told_at": _time(incident["told_at"] if incident else None),
    }


def _n_rejected(meta: Meta, audit: Step | None) -> int | None:
    """Rows that the build that was blocked has among the rejected, those that could not be read included."""
    built = (
        [step for step in meta.steps(audit.dataset, step="build") if step.step_id == audit.detail.get("build")]
        if audit
        else []
    )
    return int(built[0].detail["n_rejected"]) + int(built[0].detail["n_unread"]) if built else None


def _failed_models(project: Project, meta: Meta, name: str) -> list[Facts]:
    """The models that could not be judged on the version that readers have, and are not taken out of the file since."""
    declared = models_of(project.datasets[name]) if name in project.datasets else None
    failed = [
        run
        for run in model_runs(meta, name).values()
        if run["status"] == "failed" and (declared is None or run["model"] in declared)
    ]
    return [{key: run[key] for key in ("model", "error", "hint")} for run in failed]


def _next(row: Facts, findings: list[Facts], *, is_fault: bool) -> list[str]:
    """The commands to type next."""
    name = row["name"]
    match row["status"]:
        case "broken":
            return ["gristmill check", f"gristmill run {name}"]
        case "skipped":
            return [f"gristmill run {name} --with-upstream"]
        case "blocked":
            looks = [f"gristmill rejected {name}"] if any(f["code"].startswith("CONTRACT") for f in findings) else []
            is_policy = bool(findings) and all(f["code"] in BY_POLICY for f in findings)
            passes = [f"gristmill accept {name} {f['code']} --why WHY" for f in findings if is_policy]
            looks += [f"gristmill shift {name} --held-back"] if is_policy else []
            return [*looks, *passes, f"gristmill run {name}"]
        case "failed":
            return [f"gristmill --debug run {name}" if is_fault else f"gristmill run {name}"]
    return []


def _time(at: datetime | None) -> str | None:
    return f"{at.isoformat()}Z" if at else None
