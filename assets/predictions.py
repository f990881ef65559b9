"""Predictions that were made elsewhere, brought beside the labels of a version: all of its rows, or a clear error.

They carry the dataset's key and `prediction`, or one `p_<class>` for each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.errors import ModelFailed
from assets.evaluate import from_probabilities, joined
from assets.fit import labels_of
from assets.model_files import prediction_files
from assets.model_plan import Model
from assets.predicted import refuse_improbable, refuse_odd_numbers
from assets.project import Dataset
from assets.step import Run
from assets.task import Task, as_label
from checks.leave_one_out import Judged
from warehouse.errors import Unreadable, closest
from warehouse.modelled import entities_sql
from warehouse.policy import SPLITS
from warehouse.predictions import (
    FOUND,
    JOINED,
    columns_of,
    join,
    lacking_sql,
    read_predictions,
    repeated_sql,
    unknown_sql,
)
from warehouse.query import quoted

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """Predictions that were made elsewhere.

    Attributes:
        judged: They and the labels, by split.
        rows: By row the key, as `_key_<i>`, and what was `_predicted`.
        key: The key's columns.
    """

    judged: dict[str, Judged]
    rows: pl.DataFrame
    key: list[str]


def judge_predictions(run: Run, dataset: Dataset, task: Task, model: Model, *, frame: Any | None = None) -> Predicted:
    """Predictions by split and by row, from the model's files or from `frame`, which speaks the Arrow stream protocol.

    Raises:
        ModelFailed: They lack rows or columns, name keys or classes that there are not, or name a key twice.
    """
    key = {name: task.version.columns[name] for name in dataset.file.spec.key if name in task.version.columns}
    if not key:
        hint = f"name the columns that identify a row as `key` in {dataset.file.file}"
        raise ModelFailed(model.name, f"predictions are found by key, and {dataset.name!r} has none", hint)
    import polars as pl

    lake = run.warehouse.lake
    with lake.workspace():
        connection = lake.connection
        if frame is None:
            _read(run, model, connection)
        else:
            connection.register("_given", pl.DataFrame(frame).to_arrow())
            connection.execute(f"CREATE TABLE {FOUND} AS SELECT * FROM _given")
            connection.unregister("_given")
        told = _told(columns_of(connection), key, task, model)
        _refuse_wrong_keys(connection, task, key, model)
        join(connection, task.rows_sql(key=list(key)), key, told)
        _refuse_lacking(connection, task, len(key), model)
        counts = connection.execute(entities_sql(f"SELECT * FROM {JOINED} WHERE _is_told")).fetchall()
        n_entities = {split: n for split, _, n in counts}
        rows = connection.execute(f"SELECT * FROM {JOINED} WHERE _is_told").pl()
    values = _values(rows, list(told), task, model)
    values |= {"truth": labels_of(rows, task), "bucket": rows["_bucket"].to_numpy()}
    found = {}
    for split in SPLITS:
        here = (rows["_split"] == split).to_numpy()
        if here.any():
            part = {name: value[here] for name, value in values.items() if value is not None}
            found[split] = joined([part], task, n_entities[split])
    if not found:
        raise ModelFailed(model.name, "no labelled row is predicted", "predict the rows of train and dev at least")
    told_rows = rows.select([f"_key_{i}" for i in range(len(key))])
    predicted = pl.Series("_predicted", values["predicted"])
    return Predicted(judged=found, rows=told_rows.with_columns(predicted), key=list(key))


def _read(run: Run, model: Model, connection: Any) -> None:
    paths = prediction_files(run.project.settings.root, model.spec)
    if not paths:
        named = ", ".join(map(repr, model.spec.predictions))
        raise ModelFailed(model.name, f"no file matches {named}", "paths are taken from the project's folder")
    try:
        read_predictions(connection, paths)
    except Unreadable as error:
        hint = "; ".join(note.removeprefix("Hint: ") for note in error.__notes__)
        raise ModelFailed(model.name, f"{paths[0].name} cannot be read: {error.found}", hint) from error


def _told(columns: Mapping[str, str], key: Mapping[str, str], task: Task, model: Model) -> dict[str, str]:
    """What the predictions say, by its name in `_joined`, as SQL; `_p_<i>` is the probability of class i."""
    if missing := [name for name in key if name not in columns]:
        hint = f"they need the key, {', '.join(key)}, and `prediction` or `p_<class>`"
        raise ModelFailed(model.name, f"the predictions have no column {missing[0]!r}", hint)
    given = [name for name in columns if name.startswith("p_") and name not in key]
    if given and not task.is_quantity:
        return _told_classes(given, task, model)
    if "prediction" not in columns:
        wanted = (
            "`prediction`" if task.is_quantity else "`prediction`, or " + ", ".join(f"`p_{c}`" for c in task.classes)
        )
        raise ModelFailed(
            model.name, f"the predictions have only {', '.join(columns)}", f"write {wanted} beside the key"
        )
    column = quoted("prediction")
    if task.is_quantity:
        return {"_told": f"CAST({column} AS DOUBLE)"}
    text = f"CAST({column} AS VARCHAR)"
    if columns["prediction"] in {"DOUBLE", "FLOAT"} and all(c.lstrip("-").isdigit() for c in task.classes):
        whole = f"CAST(TRY_CAST({column} AS BIGINT) AS VARCHAR)"  # 1.0 is how a float says the class 1
        text = f"CASE WHEN {column} = trunc({column}) THEN coalesce({whole}, {text}) ELSE {text} END"
    return {"_told": text}


def _told_classes(given: list[str], task: Task, model: Model) -> dict[str, str]:
    named = {as_label(name.removeprefix("p_"), is_truth=task.is_truth, among=task.classes): name for name in given}
    if unknown := [label for label in named if label not in task.classes]:
        close = closest(unknown[0], task.classes)
        hint = f"did you mean `p_{close}`?" if close else f"the labels are {', '.join(task.classes)}"
        raise ModelFailed(model.name, f"`{named[unknown[0]]}` is for a class that {task.target!r} does not have", hint)
    missing = [label for label in task.classes if label not in named]
    if len(task.classes) == 2 and len(missing) == 1:
        (other,) = named
        sql = f"CAST({quoted(named[other])} AS DOUBLE)"
        return {f"_p_{i}": sql if label == other else f"1 - {sql}" for i, label in enumerate(task.classes)}
    if missing:
        hint = "write a column for each class"
        raise ModelFailed(model.name, f"there is no `p_{missing[0]}` among the predictions", hint)
    return {f"_p_{i}": f"CAST({quoted(named[label])} AS DOUBLE)" for i, label in enumerate(task.classes)}


def _refuse_wrong_keys(connection: Any, task: Task, key: Mapping[str, str], model: Model) -> None:
    n_unknown, first = connection.execute(unknown_sql(task.version.dataset, task.version.snapshot, key)).fetchone()
    if n_unknown:
        found = f"{n_unknown:,} predictions are for no row of version {task.version.version}, such as {first}"
        raise ModelFailed(model.name, found, "predict the rows of that version: `gristmill sql` gives their keys")
    if row := connection.execute(repeated_sql(key)).fetchone():
        shown = " ".join(map(str, row[:-1]))
        raise ModelFailed(model.name, f"{shown} is predicted {row[-1]} times", "keep one prediction for each key")


def _refuse_lacking(connection: Any, task: Task, n_key: int, model: Model) -> None:
    lacking = connection.execute(lacking_sql(n_key)).fetchall()
    if not lacking or model.spec.partial:
        return
    order = {split: i for i, split in enumerate(SPLITS)}
    lacking.sort(key=lambda row: order[row[0]])
    counts = ", ".join(f"{n:,} of {task.n_rows[split]:,} of {split}" for split, n, _ in lacking)
    hint = "predict every labelled row of train, train_dev, dev and test, or say `partial: true`"
    raise ModelFailed(model.name, f"the predictions lack rows: {counts}, such as {lacking[0][2]}", hint)


def _values(rows: pl.DataFrame, told: list[str], task: Task, model: Model) -> dict[str, Any]:
    import polars as pl

    if sum(rows[name].null_count() for name in told):
        raise ModelFailed(model.name, "a prediction is missing in a row that has its key", "leave no value out")
    if task.is_quantity:
        refuse_odd_numbers(model.name, rows["_told"].to_numpy(), "`prediction`")
        return {"predicted": rows["_told"].to_numpy()}
    if told == ["_told"]:
        ways = {said: as_label(said, is_truth=task.is_truth, among=task.classes) for said in rows["_told"].unique()}
        if unknown := sorted(said for said, label in ways.items() if label not in task.classes):
            labels = ", ".join(task.classes)
            hint = f"the labels are {labels}; write probabilities as `p_{task.classes[-1]}`"
            raise ModelFailed(model.name, f"`prediction` is {unknown[0]!r}, which is no label of {task.target!r}", hint)
        codes = rows["_told"].replace_strict(ways).cast(pl.Enum(task.classes)).to_physical().cast(pl.Int64)
        return {"predicted": codes.to_numpy()}
    p = rows.select(told).to_numpy()
    refuse_improbable(model.name, p)
    return from_probabilities(p / p.sum(axis=1, keepdims=True), task)
