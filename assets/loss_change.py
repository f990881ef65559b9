"""What a model's change of loss from one split to the next is made of, where the splits are meant to differ.

The statistics are `checks.loss_change`; the gap beside which it stands, `checks.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assets.evaluate import predict
from assets.fit import Fitted, labels_of, repeatable
from assets.model_plan import Model
from assets.step import Run
from assets.task import Task
from checks.domain import rows_of
from checks.loss_change import LossChange, Part, explain
from checks.metrics import METRICS
from checks.thinning import below, shares_of
from warehouse.meta import Meta
from warehouse.modelled import thinned_sql
from warehouse.schema import LOSS_CHANGES

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

# Ten small learners of so many rows a side take a second or two, and the intervals are a point wide.
MOST_ROWS = 10_000
PARTS = ("total", "inputs", "relation")


def loss_changes(run: Run, task: Task, model: Model, fitted: Fitted) -> dict[str, LossChange]:
    """By gap, what the change of the error rate (of a quantity: of the mean absolute error) comes from."""
    return {
        gap: _between(run, task, model, fitted, before, after)
        for gap, before, after in _unlike_splits(run.warehouse.meta, task)
    }


def _unlike_splits(meta: Meta, task: Task) -> Iterator[tuple[str, str, str]]:
    """Gaps between splits of different distributions: train_dev is of the other pool, and time goes on."""
    if {"train_dev", "dev"} <= set(task.n_rows):
        yield "data_mismatch", "train_dev", "dev"
    policy = next((one for one in meta.policies(task.version.dataset) if one.policy == task.version.policy), None)
    if policy is not None and policy.thresholds.get("time") and {"dev", "test"} <= set(task.n_rows):
        yield "overfitting_to_dev", "dev", "test"


def _between(run: Run, task: Task, model: Model, fitted: Fitted, before: str, after: str) -> LossChange:
    import numpy as np
    import polars as pl

    shares = shares_of(task.n_rows[before], task.n_rows[after], is_paired=False, most=MOST_ROWS)
    frames = []
    for split, share in zip((before, after), shares, strict=True):
        asked = task.rows_sql(features=fitted.features, split=split)
        asked = thinned_sql(asked, below(share)) if share < 1 else asked
        frames.append(run.warehouse.lake.reader().execute(asked).pl())
    loss = np.concatenate([_loss(frame, task, model, fitted) for frame in frames])
    parts = zip(frames, (before, after), strict=True)
    rows = rows_of(
        pl.concat([frame.with_columns(_part=pl.lit(part)) for frame, part in parts]),
        list(fitted.features),
        second=after,
    )
    return explain(rows, loss, min(frame["_entity"].n_unique() for frame in frames))


def _loss(frame: pl.DataFrame, task: Task, model: Model, fitted: Fitted) -> np.ndarray:
    import numpy as np

    if frame.is_empty():
        return np.zeros(0)
    with repeatable(len(frame)):
        predicted = predict(model, fitted, frame.select(list(fitted.features)), task)["predicted"]
    truth = labels_of(frame, task)
    return np.asarray(np.abs(predicted - truth) if task.is_quantity else predicted != truth, dtype=np.float64)


def remember(meta: Meta, model_run_id: str, changes: Mapping[str, LossChange], *, is_quantity: bool) -> None:
    """Keep the changes of a run of a model."""
    metric = "mae" if is_quantity else "error_rate"
    rows = [{"name": name, "metric": metric, "ordinal": i, **_row(c)} for i, (name, c) in enumerate(changes.items())]
    meta.set_rows(LOSS_CHANGES, {"model_run_id": model_run_id}, rows)


def _row(change: LossChange) -> dict[str, Any]:
    told = {name: getattr(change, name) for name in ("verdict", "why", "overlap", "n_before", "n_after")}
    for name in PARTS:
        part: Part | None = getattr(change, name)
        told |= {name: part and part.value, f"{name}_low": part and part.low, f"{name}_high": part and part.high}
    return told


def told_changes(meta: Meta, model_run_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The changes of a run, by metric and gap, each with its sentence as `line`."""
    found = {}
    for row in meta.rows(LOSS_CHANGES, model_run_id=model_run_id):
        parts: dict[str, Any] = {
            name: Part(value=row[name], low=row[f"{name}_low"], high=row[f"{name}_high"])
            for name in PARTS
            if row[name] is not None
        }
        known = {name: row[name] for name in ("verdict", "why", "overlap", "n_before", "n_after")}
        line = LossChange(**known | parts).line(METRICS[row["metric"]].title)
        told = {name: value for name, value in row.items() if name not in {"model_run_id", "ordinal"}}
        found[row["metric"], row["name"]] = told | {"line": line}
    return found
