"""One model from its YAML to its rows in `meta`: fit (or join predictions), evaluate, diagnose.

Which models are due is `assets.model_plan`; a model that fails is a row too, and the others go on.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from assets.diagnose import diagnosis_of, remember, told_model
from assets.errors import AssetError, ModelFailed
from assets.evaluate import error_rates, evaluate
from assets.fit import Fitted, fit, libraries
from assets.loss_change import loss_changes, losses_of_fitted, losses_of_predictions
from assets.loss_change import remember as remember_changes
from assets.model_file import write_model
from assets.model_plan import Model, fingerprint, models_of
from assets.predictions import judge_predictions
from assets.project import Dataset
from assets.step import Run
from assets.task import Task, task_of
from assets.unlabelled import label_shares
from assets.unlabelled import remember as remember_shares
from assets.weights import weights_for
from checks.error_rates import FIGURES
from checks.label_shift import ClassShares
from checks.leave_one_out import Judged
from checks.loss_change import LossChange
from warehouse.errors import NotFound, WarehouseError
from warehouse.records import Version, now
from warehouse.schema import ERROR_RATES, RUNS

Timed = Callable[[str], AbstractContextManager[None]]
Failures = (AssetError, WarehouseError, duckdb.Error, MemoryError)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was learned of a model before it is diagnosed.

    Attributes:
        task: What was asked.
        judged: Its predictions by split.
        changes: By gap and for the last month, what the change of its loss comes from.
        shares: The classes of rows without a label, where it can be asked.
    """

    task: Task
    judged: Mapping[str, Judged]
    changes: Mapping[str, LossChange] = field(default_factory=dict)
    shares: ClassShares | None = None


def judge(
    run: Run,
    dataset: Dataset,
    version: Version,
    model: Model,
    *,
    timed: Timed = lambda _step: nullcontext(),
    frame: Any | None = None,
) -> dict[str, Any]:
    """Judge one model on a version, and remember how it went.

    Args:
        run: The run.
        dataset: The dataset.
        version: One of its versions.
        model: The model.
        timed: Is told of each step, for the length of it.
        frame: Predictions that somebody holds in memory, in place of the model's own.

    Returns:
        As `assets.diagnose.told_model`; `status` is `failed` when it could not be judged.
    """
    meta, row = run.warehouse.meta, _new_row(run, dataset, version, model, is_in_memory=frame is not None)
    try:
        with redirect_stdout(sys.stderr):  # what a model's code prints is no result of ours
            told = _predictions(run, dataset, version, model, row, timed=timed, frame=frame)
        with timed("evaluate"):
            rates = error_rates(told.task, told.judged, dataset.file.spec.metric)
        with timed("diagnose"):
            found = diagnosis_of(dataset, told.task, told.judged, rates)
            row |= {"status": "succeeded", "first_fix": found.first_fix, "finished_at": now()}
            remember(meta, row, found)
            remember_changes(meta, row["model_run_id"], told.changes, is_quantity=told.task.is_quantity)
            remember_shares(meta, row["model_run_id"], told.shares)
    except Failures as error:
        known = error if isinstance(error, AssetError | WarehouseError) else ModelFailed(model.name, *_gave_up(error))
        hints = [note.removeprefix("Hint: ") for note in getattr(known, "__notes__", ())]
        row |= {"status": "failed", "finished_at": now(), "error": str(known), "hint": "; ".join(hints) or None}
        if frame is None:  # who holds the frame is told, and may mend it at once
            remember(meta, row, None)
    return told_model(meta, row)


def _new_row(run: Run, dataset: Dataset, version: Version, model: Model, *, is_in_memory: bool) -> dict[str, Any]:
    """The row of a run of a model, before anything is known of how it went."""
    mark = "" if is_in_memory else fingerprint(run.project.settings.root, dataset, version.version, model)
    return {
        "model_run_id": f"{run.run_id}-{dataset.name}-{model.name}-{secrets.token_hex(3)}",
        "dataset": dataset.name,
        "version": version.version,
        "model": model.name,
        "run_id": run.run_id,
        "status": "failed",
        "fingerprint": mark,
        "task": "",
        "estimator": model.spec.estimator,
        "params": dict(model.spec.params),
        "seed": None,
        "code_sha256": None,
        "libraries": libraries(),
        "features": [],
        "file": None,
        "started_at": now(),
        "error": None,
        "hint": None,
        "author": run.author,
        "first_fix": None,
    }


def _gave_up(error: BaseException) -> tuple[str, str]:
    said = (str(error).splitlines() or [""])[0] or type(error).__name__
    if isinstance(error, duckdb.DataError):
        return said, "look at that value: the column is read as what it stands for in the dataset"
    return said, "free some memory and run again, or see `gristmill --debug run`"


def _predictions(
    run: Run,
    dataset: Dataset,
    version: Version,
    model: Model,
    row: dict[str, Any],
    *,
    timed: Timed,
    frame: Any | None,
) -> Told:
    """What is asked, and what the model predicts; what is learned of it on the way goes to `row`."""
    with timed("fit"):
        task = task_of(run, dataset, version, model.name)
        row["task"] = task.name
        if frame is not None or model.spec.predictions:
            told = judge_predictions(run, dataset, task, model, frame=frame)
            losses = losses_of_predictions(task, told.rows, told.key)
            return Told(task=task, judged=told.judged, changes=loss_changes(run, task, losses))
        asked = model.spec.weights
        weights = weights_for(run, dataset, task, model.name, asked.like) if asked else None
        fitted = fit(run, task, model, weights)
        row |= _known_of(fitted)
    with timed("evaluate"):
        judged = evaluate(run, task, model, fitted)
        changes = loss_changes(run, task, losses_of_fitted(task, model, fitted))
        shares = label_shares(run, task, model, fitted, judged)
    row["file"] = _stored(run, row, fitted)
    return Told(task=task, judged=judged, changes=changes, shares=shares)


def _known_of(fitted: Fitted) -> dict[str, Any]:
    loaded = fitted.loaded
    return {
        "features": list(fitted.features),
        "hint": fitted.hint,
        "estimator": loaded.named,
        "params": loaded.params,
        "seed": loaded.seed,
        "code_sha256": loaded.code_sha256,
    }


def _stored(run: Run, row: dict[str, Any], fitted: Fitted) -> str:
    home: Path = run.project.settings.home
    path = home / "models" / row["dataset"] / f"{row['model_run_id']}.skops"
    try:
        write_model(fitted.pipeline, path)
    except Exception as error:
        found = f"{fitted.loaded.named} cannot be stored by skops: {type(error).__name__}: {error}"
        raise ModelFailed(row["model"], found, "keep only data in it: no lambdas, no open files") from error
    return str(path.relative_to(home).as_posix())


def refit(
    run: Run, dataset: Dataset, version: Version, name: str, *, timed: Timed = lambda _step: nullcontext()
) -> dict[str, Any]:
    """Judge one model again on a version, and tell whether the figures are those of before, bit for bit.

    Returns:
        As `judge`, with `replicates`: True or False, or None when there is nothing to compare with; and
        `differences`, in words.

    Raises:
        NotFound: The dataset has no such model.
    """
    models = models_of(dataset)
    if name not in models:
        raise NotFound(f"model of {dataset.name!r}", name, tuple(models))
    meta = run.warehouse.meta
    mark = fingerprint(run.project.settings.root, dataset, version.version, models[name])
    same = {"dataset": dataset.name, "version": version.version, "model": name, "fingerprint": mark}
    before = sorted(meta.rows(RUNS, **same, status="succeeded"), key=lambda row: row["finished_at"])
    told = judge(run, dataset, version, models[name], timed=timed)
    differences: list[str] = []
    if before and told["status"] == "succeeded":
        differences = _differences(run, before[-1]["model_run_id"], told["model_run_id"])
    compared = bool(before) and told["status"] == "succeeded"
    return told | {"replicates": not differences if compared else None, "differences": differences}


def _differences(run: Run, one: str, other: str) -> list[str]:
    """The figures that two runs of a model do not share."""

    def told(model_run_id: str) -> dict[str, float | int | None]:
        rows = run.warehouse.meta.rows(ERROR_RATES, model_run_id=model_run_id)
        return {f"{row['metric']} on {row['split']}, {name}": row[name] for row in rows for name in FIGURES}

    before, after = told(one), told(other)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [f"{name}: {before.get(name)!r} before, {after.get(name)!r} now" for name in names]
