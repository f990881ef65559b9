"""What is due, and why: decided from files' sizes and times, the YAML and `meta`. Imports nothing heavy.

The steps are run by `assets.run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assets.model_plan import due_models, models_of
from assets.policies import further, is_placed_alike, numbered
from assets.project import Dataset, Project
from assets.sources import active_ingestions, source_files
from assets.step import digest
from warehouse.meta import Meta
from warehouse.records import Step, Version

DATA_STEPS = ("ingest", "build", "audit", "publish")
MODEL_STEPS = ("fit", "evaluate", "diagnose")
BUILD_VERSION = 1  # of the step's own code: a change of what it writes builds every dataset anew


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is due of one dataset.

    Attributes:
        dataset: Its name.
        steps: The steps that will run, in order; none when it is up to date.
        reasons: Why, in words.
        version: The version that readers have, or None.
    """

    dataset: str
    steps: tuple[str, ...]
    reasons: tuple[str, ...]
    version: int | None

    @property
    def has_data_due(self) -> bool:
        """Whether there is more to do than to judge models."""
        return bool(set(self.steps) & set(DATA_STEPS))

    def to_json(self) -> dict[str, Any]:
        """The plan as scripts get it."""
        return {"name": self.dataset, "steps": list(self.steps), "reasons": list(self.reasons), "version": self.version}


def parts_of(dataset: Dataset, meta: Meta, *, inputs: Mapping[str, int] | None = None) -> dict[str, str]:
    """What a version is made of, each part as a digest: rows, query, contract, splits, columns.

    Two builds of equal parts are the same version.

    Args:
        dataset: The dataset.
        meta: What is known.
        inputs: The versions of other datasets that were read; None takes the latest ones.
    """
    spec = dataset.file.spec
    rows: dict[str, Any] = {
        name: sorted([i.path, i.sha256, i.reading] for i in active_ingestions(meta, dataset.name, name))
        for name in spec.sources_of(dataset.name)
    }
    read = latest_versions(dataset, meta) if inputs is None else inputs
    rows |= {f"@{name}": read.get(name) for name in dataset.inputs}
    policy = dataset.policy
    return {
        "rows": digest(rows),
        "query": digest({"query": dataset.select}),
        "contract": digest({"contract": spec.contract.to_canonical(), "key": spec.key}),
        "splits": digest(
            {
                "salt": policy.salt,
                "lines": policy.lines,
                "apart": policy.apart,
                "entity": spec.splits.entity or spec.key,
                "evaluate_on": spec.splits.evaluate_on,
            }
            | further(dataset)
            | _keys_file(dataset)
        ),
        "columns": digest(
            {"target": spec.target, "time": spec.time, "features": spec.features, "not": spec.not_features}
        ),
    }


def _keys_file(dataset: Dataset) -> dict[str, str]:
    """The content of the file that splits are taken from, where they are."""
    predefined = dataset.policy.predefined
    return {"keys_sha256": predefined.file.sha256()} if predefined and predefined.file else {}


def latest_versions(dataset: Dataset, meta: Meta) -> dict[str, int]:
    """The versions that readers have of the datasets that `dataset` reads."""
    return {name: version.version for name in dataset.inputs if (version := latest(meta, name))}


def fingerprint_of(parts: Mapping[str, str]) -> str:
    """What identifies a build: its parts and the version of the code that makes it."""
    return digest({**parts, "build": BUILD_VERSION})


def latest(meta: Meta, name: str) -> Version | None:
    """The version that readers have."""
    versions = meta.versions(name)
    return versions[-1] if versions else None


def finished_build(meta: Meta, dataset: Dataset, fingerprint: str, *, has_new_policy: bool = False) -> Step | None:
    """A build of this fingerprint that is there already, published or not, and has its rows where they belong now."""
    policy = numbered(meta, dataset, has_new_policy=has_new_policy)
    builds = meta.steps(dataset.name, step="build", status="succeeded", fingerprint=fingerprint)
    return next((build for build in builds if is_placed_alike(meta, dataset, build, policy)), None)


def plan_dataset(
    project: Project, dataset: Dataset, meta: Meta, *, upstream_due: frozenset[str] = frozenset()
) -> Planned:
    """What is due of one dataset.

    Args:
        project: The project.
        dataset: The dataset.
        meta: What is known.
        upstream_due: Datasets that will run before it, so that their next version is not known yet.

    Raises:
        Unreadable: A file of a source is missing.
    """
    version = latest(meta, dataset.name)
    reasons = _due_files(project, dataset, meta)
    steps = ["ingest"] if reasons else []
    waiting = sorted(upstream_due & set(dataset.inputs))
    reasons += [f"{name} will have a new version" for name in waiting]
    parts = parts_of(dataset, meta)
    build = finished_build(meta, dataset, fingerprint_of(parts))
    if not reasons and version and version.fingerprint == fingerprint_of(parts):
        models = due_models(project.settings.root, dataset, meta, version)
        judging = tuple(f"model {name} was not judged on version {version.version} as it is" for name in models)
        steps_of_models = MODEL_STEPS if models else ()
        return Planned(dataset=dataset.name, steps=steps_of_models, reasons=judging, version=version.version)
    if not reasons:
        reasons = changed_words(meta, dataset.name, parts)
    if reasons and not (build and not steps and not waiting):
        steps.append("build")
    return Planned(
        dataset=dataset.name,
        steps=(*steps, "audit", "publish", *(MODEL_STEPS if models_of(dataset) else ())),
        reasons=tuple(reasons),
        version=version.version if version else None,
    )


def _due_files(project: Project, dataset: Dataset, meta: Meta) -> list[str]:
    reasons = []
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        found = source_files(project.settings.root, meta, dataset.name, name, source)
        reasons += [f"{file.shown} is new or changed" for file, _ in found.due]
        if source.mode == "replace":
            reasons += [f"{ingestion.path} is gone" for ingestion in found.gone]
    return reasons


def changed_words(meta: Meta, dataset: str, parts: Mapping[str, str]) -> list[str]:
    """Which parts are not those of the last version, in words."""
    changed = changed_parts(meta, dataset, parts)
    return (
        ["it has no version yet"]
        if changed == ["first version"]
        else [f"{part} changed" for part in changed] or ["its build changed"]
    )


def changed_parts(meta: Meta, dataset: str, parts: Mapping[str, str]) -> list[str]:
    """Which parts are not those of the last version; `["first version"]` when there is none."""
    version = latest(meta, dataset)
    if version is None:
        return ["first version"]
    before: Mapping[str, str] = next(
        (s.detail.get("parts", {}) for s in meta.steps(dataset, step="build") if s.step_id == version.step_id), {}
    )
    return [name for name, part in parts.items() if before.get(name) != part]
