"""What is known of datasets, as plain facts: one for the command line, `--json` and Python. Read from `meta` alone.

How facts look does not belong here; that is `pipelines.messages`.
"""

from __future__ import annotations

from typing import Any

from assets.errors import NotPublished
from assets.judged import finding_on_test, uses_of_test
from assets.project import Project
from warehouse.errors import NotFound
from warehouse.meta import Meta
from warehouse.records import Step, Version

Facts = dict[str, Any]


def _latest(meta: Meta, name: str) -> Version | None:
    versions = meta.versions(name)
    return versions[-1] if versions else None


def status_of(project: Project, meta: Meta, name: str) -> str:
    """How its newest run ended, or `not run`, `broken` or `removed` (its file)."""
    if project.problems_of(name):
        return "broken"
    if (ended := last_run(meta, name)) and ended.status in {"blocked", "failed", "skipped"}:
        return ended.status
    if _latest(meta, name) is None:
        return "not run"
    return "published" if name in project.datasets else "removed"


def last_run(meta: Meta, name: str) -> Step | None:
    """How the newest run that did anything ended for a dataset."""
    return next(iter(meta.steps(name, step="run")), None)


def list_datasets(project: Project, meta: Meta) -> list[Facts]:
    """One row a dataset: name, version, rows, when, whose, how it stands."""
    rows = []
    for name in sorted({*project.names, *(version.dataset for version in meta.versions())}):
        version, dataset = _latest(meta, name), project.datasets.get(name)
        rows.append(
            {
                "name": name,
                "version": version.version if version else None,
                "n_rows": version.n_rows if version else None,
                "updated_at": version.created_at.isoformat() + "Z" if version else None,
                "owners": list(dataset.file.spec.owners) if dataset else [],
                "status": status_of(project, meta, name),
            }
        )
    return rows


def history(project: Project, meta: Meta, name: str) -> list[Facts]:
    """One row a version, newest first, with what changed.

    Raises:
        NotFound: There is no such dataset.
    """
    versions = meta.versions(name)
    if not versions:
        project.dataset(name)
    return [
        {
            "version": version.version,
            "n_rows": version.n_rows,
            "created_at": version.created_at.isoformat() + "Z",
            "author": version.author,
            "changed": list(version.changed),
            "inputs": dict(version.inputs),
        }
        for version in reversed(versions)
    ]


def audit_of(meta: Meta, version: Version) -> Step:
    """The audit that let a version be published."""
    return next(step for step in meta.steps(version.dataset, step="audit") if step.step_id == version.audit_id)


def published(project: Project, meta: Meta, name: str) -> Version:
    """The version of a dataset that readers see.

    Raises:
        NotFound: There is no such dataset.
        NotPublished: It has no version.
    """
    version = _latest(meta, name)
    if version is None:
        if name not in project.names:
            raise NotFound("dataset", name, project.names)
        raise NotPublished(name, name)
    return version


def last_rows(meta: Meta, name: str) -> int | None:
    """How many rows the published version has: about what a run will read."""
    version = _latest(meta, name)
    return version.n_rows if version else None


def findings(meta: Meta, version: Version) -> list[Facts]:
    """The findings on a version."""
    return meta.findings(version.audit_id)


def show(project: Project, meta: Meta, name: str) -> Facts:
    """All that is known of one dataset.

    Raises:
        NotFound: There is no such dataset.
    """
    version = _latest(meta, name)
    dataset = project.datasets.get(name)
    if dataset is None and version is None:
        project.dataset(name)
    spec = dataset.file.spec if dataset else None
    return {
        "name": name,
        "description": spec.description if spec else "",
        "owners": list(spec.owners) if spec else [],
        "tags": list(spec.tags) if spec else [],
        "status": status_of(project, meta, name),
        "file": dataset.file.file if dataset else None,
        "version": version.version if version else None,
        "n_rows": version.n_rows if version else None,
        "updated_at": version.created_at.isoformat() + "Z" if version else None,
        "inputs": dict(version.inputs) if version else {},
        "key": list(spec.key) if spec else [],
        "target": spec.target if spec else None,
        "columns": dict(version.columns) if version else {},
        "features": spec.features_among(version.columns) if spec and version else [],
        "findings": [*findings(meta, version), *_of_test(meta, version)] if version else [],
    }


def _of_test(meta: Meta, version: Version) -> list[Facts]:
    """How often the version's test set was used, once a model was judged on it."""
    found = finding_on_test(uses_of_test(meta, version))
    return [found.to_json()] if found.outcome != "not_applicable" else []


def status(project: Project, meta: Meta) -> list[Facts]:
    """How the newest work on each dataset ended, and which version readers have."""
    rows = []
    for row in list_datasets(project, meta):
        name, ended = row["name"], last_run(meta, row["name"])
        broken = "; ".join(str(problem) for problem in project.problems_of(name))
        stopped = ended.detail if ended and row["status"] == ended.status else {}
        blocked = _blocking(meta, name) if row["status"] == "blocked" else ""
        rows.append(
            {
                "name": name,
                "status": row["status"],
                "version": row["version"],
                "last_run_at": ended.started_at.isoformat() + "Z" if ended else None,
                "why": broken or blocked or stopped.get("error"),
            }
        )
    return rows


def blocked_step(meta: Meta, name: str) -> Step | None:
    """The newest step whose findings blocked a dataset."""
    return next((s for s in meta.steps(name) if s.status == "blocked" and s.step in {"audit", "sources"}), None)


def _blocking(meta: Meta, name: str) -> str:
    step = blocked_step(meta, name)
    failed = [f for f in meta.findings(step.step_id) if f["outcome"] == "fail"] if step else []
    return "; ".join(f"{f['code']} {f['seen']}" for f in failed)
