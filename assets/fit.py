"""Step five: fit a model on the labelled train rows of a published version, and on nothing else.

Where the estimator comes from is `assets.estimators`, how columns become numbers `assets.preparation`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from assets.errors import ModelFailed
from assets.estimators import ITS_OWN, Loaded, load_estimator
from assets.model_plan import SEED, Model
from assets.predicted import refuse_odd_numbers
from assets.preparation import is_text, prepared
from assets.step import Run
from assets.task import Task
from assets.weights import Weights
from warehouse.modelled import LABEL, kind_of, texts_sql
from warehouse.policy import PLACE
from warehouse.portions import ROW
from warehouse.query import quoted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LIBRARIES = ("scikit-learn", "numpy", "scipy", "polars", "duckdb", "skops")
# Of three or more threads OpenMP adds the sums in the order in which they end, and other orders are other bits.
THREADS = 2
# Below this many rows a second thread costs more than it brings.
FEW_ROWS = 20_000
LOOK_AT_FEATURES = "look at `features` and `not_features`"


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fitted model.

    Attributes:
        pipeline: Preparation and estimator; speaks of classes by their number in the task.
        features: The columns that it sees, and their DuckDB types.
        left_out: Columns that it does not see, because no model can take them as they are, and why.
        loaded: Its estimator.
        weights: What the weights of its rows cost, in words; empty where they count the same.
    """

    pipeline: Any
    features: Mapping[str, str]
    left_out: Mapping[str, str]
    loaded: Loaded
    weights: str = ""

    @property
    def hint(self) -> str | None:
        """What was left out and how rows were weighted, in words, or None."""
        told = [self.weights] if self.weights else []
        if self.left_out:
            said = " and ".join(f"{name!r}, which {why}" for name, why in self.left_out.items())
            told.append(f"fitted without {said}: let the query make numbers or categories of it")
        return "; ".join(told) or None


def fit(run: Run, task: Task, model: Model, weights: Weights | None = None) -> Fitted:
    """Fit one model.

    Args:
        run: The run.
        task: What is asked.
        model: The model.
        weights: Of the rows of train, where they do not count the same.

    Raises:
        ModelFailed: Its estimator cannot be had, a column is no number and no category, or fitting fails.
    """
    loaded = load_estimator(run.project.settings.root, model, is_quantity=task.is_quantity)
    features, left_out = _features(run, task, model)
    sql = task.rows_sql(features=features, split="train", key=[PLACE] if weights else [])
    frame = run.warehouse.lake.reader().execute(sql).pl()
    y = labels_of(frame, task)
    _refuse_one_label(model, task, y)
    empty = {n: "has no value in train" for n in features if frame[n].null_count() == len(frame)}
    features, left_out = {n: kind for n, kind in features.items() if n not in empty}, left_out | empty
    if not features:
        raise ModelFailed(model.name, "no column is left for it to see: none has a value in train", LOOK_AT_FEATURES)
    x = frame.select(list(features))
    pipeline = prepared(loaded.estimator, features)
    with repeatable(len(frame)):
        try:
            pipeline.fit(x, y, **_weighted(model, loaded, frame, weights))
        except ITS_OWN as error:
            found = f"{loaded.named} cannot be fitted: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            raise ModelFailed(model.name, found, "mend its `params` or its code; `--debug` shows where") from error
    line = weights.line if weights else ""
    return Fitted(pipeline=pipeline, features=features, left_out=left_out, loaded=loaded, weights=line)


def _weighted(model: Model, loaded: Loaded, frame: pl.DataFrame, weights: Weights | None) -> dict[str, Any]:
    """What `fit` is told of the weights of its rows, in their order."""
    import polars as pl
    from sklearn.utils.validation import has_fit_parameter

    if weights is None:
        return {}
    if not has_fit_parameter(loaded.estimator, "sample_weight"):
        found = f"{loaded.named} takes no `sample_weight`"
        raise ModelFailed(model.name, found, "leave `weights` out, or take an estimator that does")
    places = frame.select(pl.col("_key_0").alias(ROW))
    told = places.join(weights.frame, on=ROW, how="left", maintain_order="left")["weight"]
    return {"estimator__sample_weight": told.fill_null(0.0).to_numpy()}  # a label that is no number has no weight


def _refuse_one_label(model: Model, task: Task, y: np.ndarray) -> None:
    """Nothing can be learned, nor R2 and AUC be told, where every row of train has one label."""
    import numpy as np

    if len(y) > 1 and y.min() == y.max():
        label = f"{y[0]:g}" if task.is_quantity else repr(task.classes[int(y[0])])
        hint = "a model needs rows that differ: look at the target, at the entity and at `evaluate_on`"
        raise ModelFailed(model.name, f"every labelled row of train has {task.target!r} {label}", hint)
    if task.is_quantity:
        refuse_odd_numbers(model.name, np.asarray(y, dtype=np.float64), f"the target {task.target!r}")


@contextmanager
def repeatable(n_rows: int) -> Iterator[None]:
    """Whatever draws or sums inside gives the same bits each time: chance is seeded, threads are counted."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    state, drawn = random.getstate(), np.random.get_state()
    random.seed(SEED)
    np.random.seed(SEED)
    try:
        with threadpool_limits(limits=1 if n_rows < FEW_ROWS else THREADS):
            yield
    finally:
        random.setstate(state)
        np.random.set_state(drawn)


def labels_of(frame: pl.DataFrame, task: Task) -> np.ndarray:
    """The labels as numbers: a class's place among the task's, or the quantity itself."""
    import polars as pl

    if task.is_quantity:
        return frame[LABEL].to_numpy()
    return frame[LABEL].cast(pl.Enum(task.classes)).to_physical().cast(pl.Int64).to_numpy()


def libraries() -> dict[str, str]:
    """The versions of the libraries that a model depends on."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version_of(name)
        except PackageNotFoundError:
            continue
    return found


def _features(run: Run, task: Task, model: Model) -> tuple[dict[str, str], dict[str, str]]:
    """The columns that the model sees; what nobody asked for leaves texts out, what was declared refuses them."""
    texts = [name for name, kind in task.features.items() if kind_of(kind) == "category"]
    why = {name: f"is {kind}" for name, kind in task.features.items() if kind_of(kind) == "other"}
    if texts:
        sql = texts_sql(f"SELECT {', '.join(map(quoted, texts))} FROM ({_train(task, texts)})", texts)
        counts = run.warehouse.lake.reader().execute(sql).fetchone() or ()
        for name, n_distinct, n_values in zip(texts, counts[::2], counts[1::2], strict=True):
            if is_text(n_distinct, n_values):
                why[name] = f"is text ({n_distinct:,} different ones in {n_values:,} rows)"
    if why and model.is_declared:
        name, found = next(iter(why.items()))
        hint = f"name {name!r} under `not_features`, or let the query make numbers or categories of it"
        raise ModelFailed(model.name, f"the column {name!r} {found}, which it cannot take", hint)
    features = {name: kind for name, kind in task.features.items() if name not in why}
    if not features:
        raise ModelFailed(model.name, "no column is left for it to see", LOOK_AT_FEATURES)
    return features, why


def _train(task: Task, texts: list[str]) -> str:
    return task.rows_sql(features=dict.fromkeys(texts, "VARCHAR"), split="train")
