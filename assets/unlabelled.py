"""The classes of rows that nobody has labelled yet, as a model's predictions tell them.

Only dev and test are asked: there the model is judged on rows like those. The statistics are `checks.label_shift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.evaluate import BATCH_ROWS, predict
from assets.fit import Fitted, repeatable
from assets.model_plan import Model
from assets.step import Run
from assets.task import Task
from checks.label_shift import ClassShare, ClassShares, class_shares
from warehouse.meta import Meta
from warehouse.modelled import unlabelled_sql
from warehouse.schema import LABEL_SHARES

if TYPE_CHECKING:
    import numpy as np

    from checks.leave_one_out import Judged

SPLITS = ("dev", "test")


def label_shares(
    run: Run, task: Task, model: Model, fitted: Fitted, judged: Mapping[str, Judged]
) -> ClassShares | None:
    """The shares of classes among the unlabelled rows of dev and test, by the model's confusion on dev.

    Returns:
        None where there is nothing to tell: a quantity, no dev, no row without a label.
    """
    if task.is_quantity or "dev" not in judged:
        return None
    import numpy as np
    import polars as pl

    sql = unlabelled_sql(task.version.dataset, task.version.snapshot, task.target, features=fitted.features, of=SPLITS)
    bucket: list[np.ndarray] = []
    predicted: list[np.ndarray] = []
    entities: set[str] = set()
    for batch in run.warehouse.lake.reader().execute(sql).to_arrow_reader(BATCH_ROWS):
        frame = pl.DataFrame(batch)
        if frame.is_empty():
            continue
        with repeatable(len(frame)):
            predicted.append(predict(model, fitted, frame.select(list(fitted.features)), task)["predicted"])
        bucket.append(frame["_bucket"].to_numpy())
        entities.update(frame["_entity"].unique().to_list())
    if not predicted:
        return None
    told = np.concatenate(bucket).astype(np.int64), np.concatenate(predicted).astype(np.int64)
    return class_shares(judged["dev"], *told, classes=task.classes, n_entities=len(entities))


def remember(meta: Meta, model_run_id: str, found: ClassShares | None) -> None:
    """Keep what was found of a run of a model."""
    rows = []
    if found is not None:
        shares = [vars(share) for share in found.shares]
        rows = [{name: getattr(found, name) for name in KEPT} | {"shares": shares}]
    meta.set_rows(LABEL_SHARES, {"model_run_id": model_run_id}, rows)


KEPT = ("verdict", "why", "condition", "n_labelled", "n_rows")


def told_shares(meta: Meta, model_run_id: str) -> dict[str, Any] | None:
    """What was found of a run, with its sentence as `line`; None where there was nothing to tell."""
    rows = meta.rows(LABEL_SHARES, model_run_id=model_run_id)
    if not rows:
        return None
    known = {name: rows[0][name] for name in KEPT}
    found = ClassShares(**known, shares=tuple(ClassShare(**share) for share in rows[0]["shares"]))
    return known | {"shares": rows[0]["shares"], "line": found.line, "remedy": found.remedy}
