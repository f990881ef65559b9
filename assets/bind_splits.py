"""Does a dataset have the columns that its splits go by, and are they of a type that can tell?

What the file says by itself is checked by `assets.split_problems`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from assets.errors import Problem
from assets.project import Dataset
from warehouse.errors import Unreadable, closest
from warehouse.keys_file import columns_of
from warehouse.time_cuts import DAY, NOTHING

MOMENT = re.compile(r"DATE|TIMESTAMP.*")

Columns = Mapping[str, str]


def moments_and_names(dataset: Dataset, columns: Columns, given: Columns) -> Iterator[Problem]:
    """What is wrong with the columns that splits by time, and splits that were made elsewhere, go by.

    Args:
        dataset: The dataset.
        columns: Its columns and their types.
        given: The columns that its query gives; the one that names the splits may be called `split`.
    """
    yield from _moments(dataset, columns)
    yield from _named(dataset, given)
    yield from _keys_file(dataset)


def _moments(dataset: Dataset, columns: Columns) -> Iterator[Problem]:
    time, file = dataset.policy.time, dataset.file
    kind = columns.get(time.column, "DATE") if time else ""
    if time is None:
        return
    if not MOMENT.fullmatch(kind):
        found = f"splits by {time.column!r}, which is of type {kind}"
        hint = "make it a date or a timestamp: `contract.columns`, or the query"
        yield file.problem("splits.time", found, hint)
    spans = {"dev": time.dev, "test": time.test, "gap": time.gap}
    said = file.spec.splits.time
    for key, span in spans.items():
        if kind == "DATE" and isinstance(span, timedelta) and span % DAY != NOTHING:
            found = f"is {getattr(said, key)}, and {time.column!r} holds whole days"
            yield file.problem(f"splits.time.{key}", found, "give it in days or weeks, such as `1d`")


def _named(dataset: Dataset, given: Columns) -> Iterator[Problem]:
    predefined, file = dataset.policy.predefined, dataset.file
    if predefined is None or predefined.column is None:
        return
    if predefined.column not in given:
        found = f"names {predefined.column!r}, which is not a column"
        yield file.problem("splits.predefined", found, _near(predefined.column, given))
    elif given[predefined.column] != "VARCHAR" and not given[predefined.column].startswith("ENUM"):
        found = f"names {predefined.column!r}, which is of type {given[predefined.column]}: splits have names"
        hint = "make them texts in the query: train, train_dev, dev, test"
        yield file.problem("splits.predefined", found, hint)


def _keys_file(dataset: Dataset) -> Iterator[Problem]:
    predefined, file = dataset.policy.predefined, dataset.file
    if predefined is None or predefined.file is None:
        return
    try:
        found_columns = columns_of(predefined.file)
    except Unreadable as error:
        hint = "; ".join(note.removeprefix("Hint: ") for note in error.__notes__)
        yield file.problem("splits.predefined.file", f"names {predefined.file.shown!r}: {error.found}", hint)
        return
    if predefined.split not in found_columns:
        found = f"is {predefined.split!r}, which is not a column of {predefined.file.shown}"
        yield file.problem("splits.predefined.split", found, _near(predefined.split, found_columns))
    spec = file.spec
    if not any(by and set(by) <= set(found_columns) for by in (spec.key, spec.splits.entity)):
        by = spec.key or spec.splits.entity
        lacking = ", ".join(repr(name) for name in by if name not in found_columns)
        found = f"names {predefined.file.shown!r}, which lacks {lacking}"
        yield file.problem(
            "splits.predefined.file", found, f"it needs the columns {', '.join(by)}, as the dataset has them"
        )


def _near(name: str, columns: Columns) -> str:
    close = closest(name, columns)
    return f"did you mean {close!r}?" if close else f"its columns are {', '.join(columns)}"
