"""`dataset.evaluate(name, frame)`: predictions that somebody holds in memory, judged like our own models.

How they are joined and judged is `assets.predictions` and `assets.judge`.
"""

from __future__ import annotations

from typing import Any

from assets.errors import ModelFailed
from assets.model_plan import Model, models_of
from assets.model_problems import MODEL_NAME
from assets.model_spec import ModelSpec
from assets.project import Project
from assets.step import Run
from pipelines.author import author
from warehouse.client import Warehouse
from warehouse.records import Version


def judge_frame(warehouse: Warehouse, version: Version, name: str, frame: Any, *, is_partial: bool) -> dict[str, Any]:
    """Judge predictions on one version.

    Raises:
        NotFound: The dataset's file is gone, so that nobody knows its key.
        ModelFailed: The predictions are not what they must be, or the name is taken.
    """
    from assets.judge import judge

    project = Project.open(warehouse.settings.root)
    dataset = project.dataset(version.dataset)
    if not MODEL_NAME.fullmatch(name):
        raise ModelFailed(name, "that is no name of a model", "take a letter, then letters, digits, `_`, `.` and `-`")
    if frame is None:
        raise ModelFailed(name, "there is no frame of predictions", "give a frame: the key and `prediction`")
    if name in models_of(dataset):
        raise ModelFailed(name, f"{dataset.file.file} has a model of that name", "take another name")
    run = Run(project=project, warehouse=warehouse, author=author())
    model = Model(name=name, spec=ModelSpec(partial=is_partial))
    told = judge(run, dataset, version, model, frame=frame)
    if told["status"] == "failed":
        found = str(told["error"]).removeprefix(f"model {name!r}: ")
        raise ModelFailed(name, found, told["hint"] or "`gristmill diagnose` shows it")
    return told
