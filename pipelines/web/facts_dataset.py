"""A dataset's page: what it is, whose, how fresh, its contract, splits, versions, neighbours and rejected rows.

Its columns and shift are `facts_columns`, its models `facts_models`, its splits `facts_splits`. How they look does not
belong here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from assets.model_plan import models_of as declared_models
from assets.spec import DatasetSpec
from pipelines.web.catalog import Catalog
from pipelines.web.facts_columns import columns_of
from pipelines.web.facts_home import status_of
from pipelines.web.facts_models import models_of
from pipelines.web.facts_shift import shift_of
from pipelines.web.facts_splits import splits_of
from pipelines.web.words import ago
from warehouse.records import Step, Version

MOST_VERSIONS = 12
MOST_RUNS = 8
PROOF = ("SPLIT", "LEAK", "TARGET")
SHIFT = ("SHIFT", "WATCH")
LOUD = ("warn", "fail")


def dataset(catalog: Catalog, name: str, now: datetime, *, page: int | None = 1) -> dict[str, Any] | None:
    """All that the page of a dataset says; None when there is no such dataset.

    Args:
        catalog: Where to look.
        name: The dataset.
        now: To say how long ago something was.
        page: The page of its columns, None for all of them.
    """
    meta = catalog.meta
    versions, runs = meta.versions(name), meta.newest_steps(name, "run", MOST_RUNS)
    if not versions and not runs and name not in catalog.names:
        return None
    version = versions[-1] if versions else None
    spec = catalog.spec(name)
    audit, build = (
        (_step(catalog, name, version.audit_id), _step(catalog, name, version.step_id)) if version else 2 * (None,)
    )
    findings = meta.findings(version.audit_id) if version else []
    shift = shift_of(meta, version, spec.target if spec else None)
    return {
        "name": name,
        "description": spec.description if spec else "",
        "owners": spec.owners if spec else (),
        "tags": spec.tags if spec else (),
        "file": catalog.datasets[name].file.file if spec else None,
        "unknown": _unknown(catalog, name),
        "status": status_of(catalog, name, runs[0].status if runs else None, has_version=bool(version)),
        "trouble": _trouble(catalog, name, runs),
        "version": version,
        "updated_ago": ago(version.created_at, now) if version else "",
        "checked": runs[0] if runs else None,
        "spec": spec,
        "findings": [row for row in findings if not row["code"].startswith((*PROOF, *SHIFT))],
        "contract": contract_of(spec, build),
        "max_rejected_share": spec.contract.max_rejected_share if spec else None,
        "splits": splits_of(meta, version, audit),
        "proof": [row for row in findings if row["code"].startswith(PROOF)],
        "columns": columns_of(meta, version, spec, shift, page=page),
        "shift": shift,
        "shift_findings": [_brief(row) for row in findings if row["code"].startswith(SHIFT) and row["outcome"] in LOUD],
        "models": models_of(meta, name, version, _declared(catalog, name)),
        "versions": list(reversed(versions))[:MOST_VERSIONS],
        "n_versions": len(versions),
        "runs": runs,
        "lineage_of": _lineage(catalog, name, version),
        "rejected": _rejected(build),
        "snippets": snippets(name, version, spec),
    }


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """A finding of shift; what to do stands with its comparison, where it has one."""
    return row if row["code"] == "WATCH1" else row | {"advice": ""}


def _step(catalog: Catalog, name: str, step_id: str) -> Step | None:
    return next(iter(catalog.meta.steps(name, step_id=step_id)), None)


def _trouble(catalog: Catalog, name: str, runs: list[Step]) -> dict[str, Any] | None:
    """Why its newest run is no success: problems of its file, findings that block, or an error."""
    if problems := catalog.problems(name):
        return {"kind": "broken", "problems": problems}
    ended = runs[0] if runs else None
    if ended is None or ended.status not in {"blocked", "failed", "skipped"}:
        return None
    found = []
    if ended.status == "blocked":
        steps = (step for step in catalog.meta.run_steps(ended.run_id) if step.dataset == name)
        audits = [step for step in steps if step.status == "blocked" and step.step != "run"]
        found = [row for step in audits for row in catalog.meta.findings(step.step_id) if row["outcome"] == "fail"]
    return {
        "kind": ended.status,
        "run": ended,
        "findings": found,
        "has_rejected": _has_rejected(found),
        **told_of(ended),
    }


def _declared(catalog: Catalog, name: str) -> Collection[str] | None:
    return declared_models(catalog.datasets[name]) if name in catalog.datasets else None


def _unknown(catalog: Catalog, name: str) -> str | None:
    """Why it is not known what the file of a dataset says: nothing may then be said to be missing from it."""
    if name in catalog.datasets:
        return None
    if not catalog.is_read:
        return "its file is still being read"
    return "its file cannot be understood" if catalog.problems(name) else "its file is gone"


def _has_rejected(found: list[dict[str, Any]]) -> bool:
    return any(row["code"].startswith("CONTRACT") for row in found)


def told_of(ended: Step) -> dict[str, Any]:
    """Why a run stopped for a dataset, whether trying again helps, and what to type then."""
    detail, name = ended.detail, ended.dataset
    upstream = " --with-upstream" if ended.status == "skipped" else ""
    return {
        "error": detail.get("error"),
        "hint": detail.get("hint"),
        "may_retry": bool(detail.get("retry")),
        "next": f"gristmill run {name}{upstream}",
    }


def contract_of(spec: DatasetSpec | None, build: Step | None) -> list[dict[str, Any]]:
    """One row a rule: what it promises, what a broken one does, how many rows broke it."""
    if build is None:
        return []
    return [{"rule": rule, "n_broken": n} | _promise(spec, rule) for rule, n in build.detail.get("rules", ())]


def _promise(spec: DatasetSpec | None, rule: str) -> dict[str, Any]:
    contract = spec.contract if spec else None
    if contract and rule in contract.rules:
        return {"promise": contract.rules[rule].expr, "severity": contract.rules[rule].severity}
    if spec and rule == "key":
        return {"promise": f"({', '.join(spec.key)}) is unique", "severity": "reject"}
    column, _, kind = rule.rpartition(".")
    if contract and column in contract.columns:
        promise = contract.columns[column]
        argument = getattr(promise, "in_" if kind == "in" else kind, None)
        return {"promise": _said(column, kind, argument), "severity": promise.severity}
    if spec and kind == "nullable" and column in spec.key:
        return {"promise": f"{column} is never missing: it is part of the key", "severity": "reject"}
    return {"promise": "", "severity": ""}


def _said(column: str, kind: str, argument: Any) -> str:
    told = ", ".join(map(str, argument)) if isinstance(argument, tuple) else str(argument)
    words = {
        "nullable": f"{column} is never missing",
        "unique": f"{column} is unique",
        "type": f"{column} is {told}",
        "in": f"{column} is one of {told}",
        "min": f"{column} ≥ {told}",
        "max": f"{column} ≤ {told}",
        "pattern": f"{column} matches {told}",
        "references": f"{column} is in {told}",
    }
    return words.get(kind, "")


def _lineage(catalog: Catalog, name: str, version: Version | None) -> dict[str, Any]:
    declared = catalog.datasets[name].inputs if name in catalog.datasets else ()
    reads = dict(version.inputs) if version else dict.fromkeys(declared)
    sources = sorted(catalog.datasets[name].file.spec.sources_of(name)) if name in catalog.datasets else []
    return {"reads": reads, "read_by": catalog.readers(name), "sources": sources}


def _rejected(build: Step | None) -> dict[str, Any] | None:
    if build is None:
        return None
    detail = build.detail
    n_unread = int(detail.get("n_unread", 0))
    rules = [(rule, n) for rule, n in detail.get("rules", ()) if n]
    n_rejected = int(detail["n_rejected"]) + n_unread
    return {"n_rows": n_rejected, "n_read": int(detail["n_rows"]) + n_unread, "n_unread": n_unread, "rules": rules}


def snippets(name: str, version: Version | None, spec: DatasetSpec | None) -> list[tuple[str, str]]:
    """What to type to have the data, by language."""
    if version is None:
        return []
    has_target = bool(spec and spec.target)
    load = f'X, y = {name}.xy("train")' if has_target else f'rows = {name}.load("train")'
    python = f'import gristmill as gm\n\n{name} = gm.dataset("{name}@{version.version}")\n{load}'
    sql = f"select * from {name}_v{version.version}.train limit 5"
    return [("Python", python), ("SQL", sql), ("Command line", f'gristmill sql "{sql}"')]
