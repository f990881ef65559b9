"""What a model's change of loss is made of: from one split to the next where these are meant to differ, and last month.

The statistics are `checks.loss_change`; the gap beside which it stands, `checks.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.evaluate import predict
from assets.fit import Fitted, labels_of, repeatable
from assets.model_plan import Model
from assets.step import Run
from assets.task import Task
from checks.domain import rows_of
from checks.loss_change import FEWEST_ROWS, LossChange, Part, explain
from checks.metrics import METRICS
from checks.months import bucket_of_day
from checks.thinning import below, shares_of
from warehouse.meta import Meta
from warehouse.modelled import kind_of, thinned_sql
from warehouse.schema import LOSS_CHANGES

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

# Ten small learners of so many rows a side take a second or two, and the intervals are a point wide.
MOST_ROWS = 10_000
PARTS = ("total", "inputs", "relation")


@dataclass(frozen=True, kw_only=True)
class Losses:
    """What a model sees of a row, and how its loss is told.

    Attributes:
        features: The columns that it sees, and their DuckDB types.
        key: Columns that `of` needs beside them, each as `_key_<i>`.
        of: The loss of each row of a frame; NaN where nothing was predicted.
    """

    features: Mapping[str, str]
    key: Sequence[str] = ()
    of: Callable[[pl.DataFrame], np.ndarray]


def losses_of_fitted(task: Task, model: Model, fitted: Fitted) -> Losses:
    """Those of a model that was fitted here: it predicts the rows anew."""
    import numpy as np

    def of(frame: pl.DataFrame) -> np.ndarray:
        if frame.is_empty():
            return np.zeros(0)
        with repeatable(len(frame)):
            predicted = predict(model, fitted, frame.select(list(fitted.features)), task)["predicted"]
        return _loss(frame, predicted, task)

    return Losses(features=fitted.features, of=of)


def losses_of_predictions(task: Task, predicted: pl.DataFrame, key: Sequence[str]) -> Losses:
    """Those of predictions that were made elsewhere.

    Args:
        task: What was asked.
        predicted: The key as `_key_<i>`, and `_predicted`.
        key: The key's columns.
    """
    same = [f"_key_{i}" for i in range(len(key))]

    def of(frame: pl.DataFrame) -> np.ndarray:
        told = frame.select(same).join(predicted, on=same, how="left", maintain_order="left")["_predicted"]
        return _loss(frame, told.cast(_float()).fill_null(float("nan")).to_numpy(), task)

    features = {name: kind for name, kind in task.features.items() if kind_of(kind) != "other"}
    return Losses(features=features, key=key, of=of)


def _float() -> Any:
    import polars as pl

    return pl.Float64


def _loss(frame: pl.DataFrame, predicted: np.ndarray, task: Task) -> np.ndarray:
    import numpy as np

    truth = labels_of(frame, task)
    loss = np.abs(predicted - truth) if task.is_quantity else (predicted != truth).astype(np.float64)
    return np.where(np.isnan(predicted), np.nan, loss)


def loss_changes(run: Run, task: Task, losses: Losses) -> dict[str, LossChange]:
    """By gap, what the change of the error rate (of a quantity: of the mean absolute error) comes from.

    Also of the last month of dev and test against the months before it, by its name, where both have rows enough.
    """
    found = {}
    for gap, *pair in _unlike_splits(run.warehouse.meta, task):
        asked = [task.rows_sql(features=losses.features, split=split, key=losses.key) for split in pair]
        found[gap] = _explained(_read(run, asked, [task.n_rows[split] for split in pair]), losses)
    return found | _last_month(run, task, losses)


def _unlike_splits(meta: Meta, task: Task) -> Iterator[tuple[str, str, str]]:
    """Gaps between splits of different distributions: train_dev is of the other pool, and time goes on."""
    if {"train_dev", "dev"} <= set(task.n_rows):
        yield "data_mismatch", "train_dev", "dev"
    policy = next((one for one in meta.policies(task.version.dataset) if one.policy == task.version.policy), None)
    if policy is not None and policy.thresholds.get("time") and {"dev", "test"} <= set(task.n_rows):
        yield "overfitting_to_dev", "dev", "test"


def _read(run: Run, asked: Sequence[str], n_rows: Sequence[int]) -> list[pl.DataFrame]:
    """The rows of two sides, of some entities of every bucket where there are many."""
    shares = shares_of(n_rows[0], n_rows[1], is_paired=False, most=MOST_ROWS)
    thinned = [thinned_sql(sql, below(share)) if share < 1 else sql for sql, share in zip(asked, shares, strict=True)]
    return [run.warehouse.lake.reader().execute(sql).pl() for sql in thinned]


def _last_month(run: Run, task: Task, losses: Losses) -> dict[str, LossChange]:
    """The last month of what the model was not fitted on, against the months before; the unit is the day."""
    import polars as pl

    held_out = [split for split in ("dev", "test") if split in task.n_rows]
    if task.time is None or not held_out:
        return {}
    key = [*losses.key, task.time]
    rows = " UNION ALL ".join(task.rows_sql(features=losses.features, split=split, key=key) for split in held_out)
    day = f"CAST(_key_{len(losses.key)} AS DATE)"
    dated = f"SELECT *, {day} AS _day, strftime({day}, '%Y-%m') AS _month FROM ({rows}) WHERE {day} IS NOT NULL"
    counted = f"SELECT _month, count(*) FROM ({dated}) GROUP BY _month ORDER BY _month"
    months = run.warehouse.lake.reader().execute(counted).fetchall()
    if len(months) < 2:
        return {}
    (first, _), (last, n_last) = months[0], months[-1]
    n_before = sum(n for _, n in months[:-1])
    if min(n_before, n_last) < FEWEST_ROWS:
        return {}
    asked = [f"SELECT * FROM ({dated}) WHERE _month {which} '{last}'" for which in ("<", "=")]
    sides = []
    for side in _read(run, asked, [n_before, n_last]):
        number = side["_day"].to_physical().cast(pl.Int64)
        sides.append(side.with_columns(_bucket=bucket_of_day(number), _entity=number))
    earlier = first if len(months) == 2 else f"{first} to {months[-2][0]}"
    return {f"{last} against {earlier}": _explained(sides, losses)}


def _explained(sides: Sequence[pl.DataFrame], losses: Losses) -> LossChange:
    """The change of the mean loss from one frame to another."""
    import numpy as np
    import polars as pl

    told = [losses.of(frame) for frame in sides]
    frames = [frame.filter(pl.Series(~np.isnan(loss))) for frame, loss in zip(sides, told, strict=True)]
    loss = np.concatenate([one[~np.isnan(one)] for one in told])
    parts = [frame.with_columns(_part=pl.lit(name)) for frame, name in zip(frames, ("before", "after"), strict=True)]
    rows = rows_of(pl.concat(parts), list(losses.features), second="after")
    return explain(rows, loss, min(frame["_entity"].n_unique() for frame in frames))


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


def windows_of(changes: Mapping[tuple[str, str], dict[str, Any]], gaps: Collection[str]) -> list[dict[str, Any]]:
    """The changes that stand beside no gap: those of the last month."""
    return [told for (_, name), told in changes.items() if name not in gaps]


def told_changes(meta: Meta, model_run_id: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The changes of a run, by metric and gap, each with its sentence as `line` and its remedy."""
    found = {}
    for row in meta.rows(LOSS_CHANGES, model_run_id=model_run_id):
        parts: dict[str, Any] = {
            name: Part(value=row[name], low=row[f"{name}_low"], high=row[f"{name}_high"])
            for name in PARTS
            if row[name] is not None
        }
        known = {name: row[name] for name in ("verdict", "why", "overlap", "n_before", "n_after")}
        change = LossChange(**known | parts)
        told = {name: value for name, value in row.items() if name not in {"model_run_id", "ordinal"}}
        found[row["metric"], row["name"]] = told | {
            "line": change.line(METRICS[row["metric"]].title),
            "remedy": change.remedy,
        }
    return found
