"""Step six: what a fitted model predicts for the labelled rows of every split, and its error rates with intervals.

Rows come in batches and only their predictions are kept. The statistics are `checks.error_rates`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from assets.errors import ModelFailed
from assets.estimators import ITS_OWN
from assets.fit import Fitted, labels_of, repeatable
from assets.model_plan import Model
from assets.predicted import refuse_improbable, refuse_odd_numbers, refuse_wrong_shape
from assets.step import Run
from assets.task import Task
from checks.error_rates import Rate, rate
from checks.leave_one_out import Judged
from checks.metrics import METRICS
from warehouse.policy import SPLITS

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

BATCH_ROWS = 100_000


def evaluate(run: Run, task: Task, model: Model, fitted: Fitted) -> dict[str, Judged]:
    """What a model predicts, by split.

    Raises:
        ModelFailed: It cannot predict.
    """
    import polars as pl

    sql = task.rows_sql(features=fitted.features)
    parts: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    for batch in run.warehouse.lake.reader().execute(sql).to_arrow_reader(BATCH_ROWS):
        frame = pl.DataFrame(batch)
        if frame.is_empty():
            continue
        with repeatable(len(frame)):
            told = predict(model, fitted, frame.select(list(fitted.features)), task)
        refuse_wrong_shape(model.name, told, len(frame))
        if task.is_quantity:
            refuse_odd_numbers(model.name, told["predicted"], "what it predicts")
        told |= {"truth": labels_of(frame, task), "bucket": frame["_bucket"].to_numpy()}
        for split in SPLITS:
            here = (frame["_split"] == split).to_numpy()
            if here.any():
                parts[split].append({name: value[here] for name, value in told.items() if value is not None})
    return {split: joined(found, task, task.n_entities[split]) for split, found in parts.items() if found}


def joined(parts: Iterable[Mapping[str, np.ndarray]], task: Task, n_entities: int) -> Judged:
    """The predictions of one split from those of its batches."""
    import numpy as np

    listed = list(parts)
    whole = {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}
    return Judged(**whole, n_classes=len(task.classes), n_entities=n_entities)


def predict(model: Model, fitted: Fitted, x: pl.DataFrame, task: Task) -> dict[str, Any]:
    """What a model predicts: `predicted`, and what it says of scores and probabilities.

    Raises:
        ModelFailed: It cannot predict.
    """
    import numpy as np

    try:
        if task.is_quantity:
            return {"predicted": np.asarray(fitted.pipeline.predict(x), dtype=np.float64)}
        if hasattr(fitted.pipeline, "predict_proba"):
            told = _of_all_classes(np.asarray(fitted.pipeline.predict_proba(x)), fitted, task)
            refuse_improbable(model.name, told)
            return from_probabilities(told, task)
        predicted = np.asarray(fitted.pipeline.predict(x), dtype=np.float64)
        refuse_odd_numbers(model.name, predicted, "what it predicts")
        predicted, scores = predicted.astype(np.int64), None
        if len(task.classes) == 2 and hasattr(fitted.pipeline, "decision_function"):
            scores = np.asarray(fitted.pipeline.decision_function(x), dtype=np.float64)
            refuse_odd_numbers(model.name, np.nan_to_num(scores, nan=np.nan, posinf=0, neginf=0), "its score")
    except ModelFailed:
        raise
    except ITS_OWN as error:
        found = f"it cannot predict: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        raise ModelFailed(model.name, found, "mend its code; `--debug` shows where") from error
    return {"predicted": predicted, "score": scores}


def _of_all_classes(told: np.ndarray, fitted: Fitted, task: Task) -> np.ndarray:
    """Probabilities with a column for each class, also for those that train does not have."""
    import numpy as np

    whole = np.zeros((len(told), len(task.classes)))
    whole[:, np.asarray(fitted.pipeline.classes_, dtype=np.int64)] = told
    return whole


def from_probabilities(told: np.ndarray, task: Task) -> dict[str, Any]:
    """Prediction, score and probabilities from a column of probabilities for each class."""
    return {
        "predicted": told.argmax(axis=1),
        "score": told[:, 1] if len(task.classes) == 2 else None,
        "probabilities": told if len(task.classes) > 2 else told.astype("float32"),
    }


def metrics_for(task: Task, judged: Mapping[str, Judged], wanted: str | None) -> list[str]:
    """The metrics that a model is judged by: one that is aware of the base rate first, then the plain ones.

    Args:
        task: What was asked.
        judged: Its predictions by split.
        wanted: The metric that the YAML names, or None.
    """
    if task.is_quantity:
        return [name for name, metric in METRICS.items() if metric.of_quantities]
    one = next(iter(judged.values()))
    if one.score is not None:
        names = ["auc", "error_rate"]
    else:
        names = ["log_loss_skill" if one.probabilities is not None else "balanced_error_rate", "error_rate"]
    can = {"balanced_error_rate", "error_rate"} | ({"log_loss_skill"} if one.probabilities is not None else set())
    return names + ([wanted] if wanted in can and wanted not in names else [])


def error_rates(task: Task, judged: Mapping[str, Judged], wanted: str | None) -> dict[str, dict[str, Rate]]:
    """The rates by metric and split."""
    found: dict[str, dict[str, Rate]] = {}
    for metric in metrics_for(task, judged, wanted):
        of_splits = {split: told for split in SPLITS if split in judged if (told := rate(metric, judged[split]))}
        if of_splits:
            found[metric] = of_splits
    return found
