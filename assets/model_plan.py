"""Which models a dataset has, and which of them are due: from the YAML, files' sizes and times, and `meta` alone.

Imports nothing heavy: it decides whether anything heavy is needed. The work is `assets.judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.model_files import file_of, prediction_files, sha256_of
from assets.model_spec import ModelSpec
from assets.project import Dataset
from assets.step import digest
from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import RUNS

BASELINE = "baseline"
JUDGE_VERSION = 2  # of our own code: a change of what is fitted or judged does it anew
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model of a dataset.

    Attributes:
        name: Its name in the YAML.
        spec: What the YAML says of it.
        is_declared: False for the baseline that nobody asked for.
    """

    name: str
    spec: ModelSpec
    is_declared: bool = True


def models_of(dataset: Dataset) -> dict[str, Model]:
    """The models of a dataset: those declared, else one cheap baseline where there is a target."""
    spec = dataset.file.spec
    if spec.target is None:
        return {}
    if spec.models is None:
        return {BASELINE: Model(name=BASELINE, spec=ModelSpec(), is_declared=False)}
    return {name: Model(name=name, spec=model) for name, model in spec.models.items()}


def fingerprint(root: Path, dataset: Dataset, version: int, model: Model) -> str:
    """What identifies a judged model: the version, what the YAML says, the user's code, the predictions' files."""
    spec = dataset.file.spec
    code = file_of(root, model.spec.estimator or "")
    files = [
        [str(path), stat.st_size, stat.st_mtime_ns]
        for path in prediction_files(root, model.spec)
        for stat in [path.stat()]
    ]
    return digest(
        {
            "dataset": dataset.name,
            "version": version,
            "model": model.spec.model_dump(mode="json"),
            "code": sha256_of(code) if code else None,
            "files": files,
            "task": spec.task,
            "positive": spec.positive,
            "metric": spec.metric,
            "human_level": [level.model_dump(mode="json") for level in spec.human_level],
            "seed": SEED,
            "judge": JUDGE_VERSION,
        }
    )


def due_models(root: Path, dataset: Dataset, meta: Meta, version: Version) -> dict[str, Model]:
    """The models that were not yet judged on a version as they are now. One that failed is tried again."""
    rows = meta.rows(RUNS, dataset=dataset.name, version=version.version, status="succeeded")
    done = {(row["model"], row["fingerprint"]) for row in rows}
    return {
        name: model
        for name, model in models_of(dataset).items()
        if (name, fingerprint(root, dataset, version.version, model)) not in done
    }


def newest_runs(meta: Meta, dataset: str, version: int) -> dict[str, dict[str, Any]]:
    """The newest run of each model on a version, by its name, in the order of their first runs."""
    rows = sorted(meta.rows(RUNS, dataset=dataset, version=version), key=lambda row: row["finished_at"])
    newest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        newest[row["model"]] = row
    return {name: dict(row) for name, row in newest.items()}
