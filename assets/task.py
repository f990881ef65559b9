"""What a model of a version is asked: which target, of which classes or as a quantity, from which features.

Read from the version as it was published, so that an old version is judged as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.errors import ModelFailed
from assets.project import Dataset
from assets.step import Run
from warehouse.modelled import classes_sql, entities_sql, is_number, is_time, is_whole_number, labelled_sql
from warehouse.records import Version

MOST_CLASSES = 100
MOST_CLASSES_OF_INTEGERS = 20
TRUTHS = {"true": {"true", "t", "yes", "y", "1", "1.0"}, "false": {"false", "f", "no", "n", "0", "0.0"}}


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is asked of every model of a version.

    Attributes:
        version: The version.
        target: Its target.
        is_quantity: Whether the target is a number to come near to, and not a class.
        is_truth: Whether the target is a truth value, so that `yes` and 1 are ways to write it.
        classes: The labels as texts; of two, the positive class stands last. Empty for a quantity.
        features: The columns that a model sees, and their DuckDB types.
        n_entities: By split, the entities of labelled rows.
        n_rows: By split, the labelled rows.
        time: The column that says when a row happened, where it is a date or a timestamp.
    """

    version: Version
    target: str
    is_quantity: bool
    is_truth: bool
    classes: tuple[str, ...]
    features: Mapping[str, str]
    n_entities: Mapping[str, int]
    n_rows: Mapping[str, int]
    time: str | None = None

    @property
    def name(self) -> str:
        """`classification` or `regression`."""
        return "regression" if self.is_quantity else "classification"

    def rows_sql(self, **more: Any) -> str:
        """SELECT of its labelled rows; see `warehouse.modelled.labelled_sql`."""
        asked: dict[str, Any] = {"is_quantity": self.is_quantity, "features": {}} | more
        return labelled_sql(self.version.dataset, self.version.snapshot, self.target, **asked)


def task_of(run: Run, dataset: Dataset, version: Version, model: str) -> Task:
    """What is asked of the models of `version`.

    Raises:
        ModelFailed: Nothing can be asked: no labels, one class, too many, or a positive class that is no label.
    """
    build = next(s for s in run.warehouse.meta.steps(version.dataset, step="build") if s.step_id == version.step_id)
    target = build.detail["target"]
    if target is None:
        found = f"version {version.version} of {version.dataset!r} has no target"
        raise ModelFailed(model, found, "name a `target` and publish again")
    reader = run.warehouse.lake.reader()
    is_quantity = _is_quantity(run, dataset, version, target, model)
    rows = labelled_sql(version.dataset, version.snapshot, target, is_quantity=is_quantity, features={})
    counts = reader.execute(entities_sql(rows)).fetchall()
    if not any(split == "train" for split, *_ in counts):
        hint = f"look at {target!r} and at the shares of `splits`"
        raise ModelFailed(model, "train has no labelled row", hint)
    return Task(
        version=version,
        target=target,
        is_quantity=is_quantity,
        is_truth=version.columns[target] == "BOOLEAN",
        classes=() if is_quantity else _classes(reader, rows, dataset, version, model),
        features={name: version.columns[name] for name in build.detail["features"]},
        n_entities={split: n for split, _, n in counts},
        n_rows={split: n for split, n, _ in counts},
        time=_moment(build.detail.get("time"), version),
    )


def _moment(time: str | None, version: Version) -> str | None:
    """The column of time, where it is one."""
    return time if time and is_time(version.columns.get(time, "")) else None


def as_label(value: object, *, is_truth: bool, among: Sequence[str] = ()) -> str:
    """How a label that a person wrote is kept: `yes` and 1 are `true` where the target is a truth value.

    Of the labels `among` which it is not, it is the one that is the same number.

    >>> as_label("yes", is_truth=True), as_label("yes", is_truth=False), as_label(1, is_truth=False)
    ('true', 'yes', '1')
    >>> as_label(1, is_truth=False, among=["0.0", "1.0"])
    '1.0'
    """
    said = str(value).lower() if isinstance(value, bool) else str(value)
    if is_truth:
        return next((word for word, ways in TRUTHS.items() if said.lower() in ways), said)
    if said in among or (number := _number(said)) is None:
        return said
    return next((label for label in among if _number(label) == number), said)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_quantity(run: Run, dataset: Dataset, version: Version, target: str, model: str) -> bool:
    """As declared; else a float is a quantity, and an integer of more than 20 values."""
    kind, declared = version.columns[target], dataset.file.spec.task
    if declared == "regression" and not is_number(kind):
        raise ModelFailed(model, f"the target {target!r} is {kind}, no number", "leave `task: regression` out")
    if declared is not None:
        return declared == "regression"
    if not is_whole_number(kind):
        return is_number(kind)
    rows = labelled_sql(version.dataset, version.snapshot, target, is_quantity=False, features={})
    found = run.warehouse.lake.reader().execute(classes_sql(rows, most=MOST_CLASSES_OF_INTEGERS)).fetchall()
    return len(found) > MOST_CLASSES_OF_INTEGERS


def _classes(reader: Any, rows: str, dataset: Dataset, version: Version, model: str) -> tuple[str, ...]:
    target = str(dataset.file.spec.target)
    labels = sorted(label for label, _ in reader.execute(classes_sql(rows, most=MOST_CLASSES)).fetchall())
    if len(labels) < 2:
        found = f"every row of {target!r} is {labels[0]!r}" if labels else f"no row of {target!r} has a label"
        raise ModelFailed(model, found, "a model needs two classes: look at the target and at `evaluate_on`")
    if len(labels) > MOST_CLASSES:
        found = f"{target!r} has more than {MOST_CLASSES} classes"
        raise ModelFailed(model, found, "`task: regression` if it is a quantity; else group its rare labels")
    positive = dataset.file.spec.positive
    if positive is None:
        return tuple(labels)
    if len(labels) > 2:
        found = f"`positive` names one of two classes, and {target!r} has {len(labels)}"
        raise ModelFailed(model, found, "leave it out")
    said = as_label(positive, is_truth=version.columns.get(target) == "BOOLEAN", among=labels)
    if said not in labels:
        found = f"`positive` is {said!r}, and the labels of {target!r} are {' and '.join(map(repr, labels))}"
        raise ModelFailed(model, found, "name one of the labels")
    return tuple(sorted(labels, key=lambda label: label == said))
