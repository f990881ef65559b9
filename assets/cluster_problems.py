"""What is wrong with `splits.clusters` and `splits.derived_from`: combinations without meaning, unfit columns.

What clusters do is `assets.clustering`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from assets.errors import Problem
from assets.yaml_file import DatasetFile
from warehouse.errors import closest
from warehouse.identity import FLOATS

ANOTHER_WAY = ("stratified", "time", "predefined")
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")


def wrong_combinations(file: DatasetFile) -> Iterator[Problem]:
    """What the file tells by itself."""
    splits = file.spec.splits
    clusters = splits.clusters
    if clusters is not None:
        if not (clusters.linked_by or clusters.text or clusters.numbers):
            hint = "name columns: `linked_by: [user, device]`, `text: body` or `numbers: [x, y]`"
            yield file.problem("splits.clusters", "says nothing by which rows belong together", hint)
        for key in ANOTHER_WAY:
            if getattr(splits, key):
                found = f"stands beside `{key}`, and the two are not built together"
                yield file.problem("splits.clusters", found, "keep one of them")
        for name in clusters.linked_by:
            if ":" in name:
                hint = "rename the column in the query"
                yield file.problem(
                    "splits.clusters.linked_by", f"names {name!r}, and its values stand behind a ':'", hint
                )
    if splits.derived_from and len(file.spec.key) != 1:
        has = "a key of several columns" if file.spec.key else "no key"
        found = f"names {splits.derived_from!r}, and the dataset has {has}"
        yield file.problem("splits.derived_from", found, "name the one column that it points to as `key`")
    if splits.derived_from and splits.evaluate_on and splits.apart == "pool":
        found = (
            "stands beside `apart: pool`: a row and what it was made from may lie in two pools, and then in two splits"
        )
        yield file.problem("splits.derived_from", found, "leave `apart` out, so that both are in one split")


def wrong_columns(file: DatasetFile, columns: Mapping[str, str]) -> Iterator[Problem]:
    """What the columns and their types tell."""
    splits = file.spec.splits
    clusters = splits.clusters
    asked = [("splits.derived_from", name, "link") for name in (splits.derived_from,) if name]
    if clusters is not None:
        asked += [("splits.clusters.linked_by", name, "link") for name in clusters.linked_by]
        asked += [("splits.clusters.text", name, "text") for name in clusters.text]
        asked += [("splits.clusters.numbers", name, "number") for name in clusters.numbers]
    for key, name, use in asked:
        if name not in columns:
            close = closest(name, columns)
            hint = f"did you mean {close!r}?" if close else f"its columns are {', '.join(columns)}"
            yield file.problem(key, f"names {name!r}, which is not a column", hint)
        elif wrong := _wrong_use(columns[name], use):
            yield file.problem(key, f"names {name!r}, {wrong[0]}", wrong[1])
    yield from _other_type(file, columns)


def _wrong_use(kind: str, use: str) -> tuple[str, str] | None:
    if use == "link" and FLOATS.match(kind):
        hint = "make it an integer or a text under `contract.columns`; rows of nearly the same numbers: `numbers`"
        return "a float: equal amounts may differ in the last digit", hint
    if use == "text" and kind != "VARCHAR":
        return f"which is of type {kind}", "name a column of texts; equal values link rows under `linked_by`"
    if use == "number" and not kind.startswith(NUMBERS):
        return f"which is of type {kind}", "name columns of numbers; equal values link rows under `linked_by`"
    return None


def _other_type(file: DatasetFile, columns: Mapping[str, str]) -> Iterator[Problem]:
    name, key = file.spec.splits.derived_from, file.spec.key
    if name and name in columns and len(key) == 1 and key[0] in columns and not FLOATS.match(columns[name]):
        kinds = [columns[key[0]], columns[name]]
        if len({kind == "VARCHAR" for kind in kinds}) > 1 or any(kind.startswith("DECIMAL") for kind in kinds):
            found = f"names {name!r}, which is of type {kinds[1]}, and the key {key[0]!r} is {kinds[0]}"
            yield file.problem("splits.derived_from", found, "give both one type under `contract.columns`")
