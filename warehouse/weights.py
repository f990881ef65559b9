"""Weights of a version's train rows that are kept for training: table `weights.<dataset>` of the lake.

Rows are only ever added, in the commit of a step `weights` that says of which version and like which split they are.
How weights come about is `checks.importance`; when, `assets.weights`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from warehouse.errors import NotFound
from warehouse.lake import Lake
from warehouse.meta import Meta
from warehouse.query import literal, quoted
from warehouse.records import Step, Version

STEP = "weights"
# By the split that train looks like under them, the column that holds them.
COLUMNS = {"dev": "_weight_dev"}


def keep_weights(lake: Lake, dataset: str, select: str, *, step_id: str) -> None:
    """Add what `select` gives (`_row`, `weight`). Inside the transaction of the step `step_id`."""
    lake.execute(
        f"CREATE TABLE IF NOT EXISTS lake.weights.{quoted(dataset)} (step_id VARCHAR, _row BIGINT, weight DOUBLE)"
    )
    lake.execute(
        f"INSERT INTO lake.weights.{quoted(dataset)} SELECT {literal(step_id)} AS step_id, _row, weight FROM ({select})"
    )


def kept_weights(meta: Meta, version: Version, like: str) -> Step | None:
    """The step that computed the weights of a version's train rows; None where there are none."""
    steps = meta.steps(version.dataset, step=STEP, status="succeeded")
    asked = (version.version, like)
    return next((step for step in reversed(steps) if (step.detail["version"], step.detail["like"]) == asked), None)


def weights_sql(dataset: str, step_id: str) -> str:
    """SELECT of kept weights: `_row`, `weight`."""
    return f"SELECT _row, weight FROM lake.weights.{quoted(dataset)} WHERE step_id = {literal(step_id)}"


def named_weights(meta: Meta, version: Version, named: Iterable[str]) -> Mapping[str, str]:
    """By column, SQL of the weights that a query names.

    Raises:
        NotFound: They are not kept with this version.
    """
    found = {}
    for like, column in COLUMNS.items():
        if column in set(named):
            if (step := kept_weights(meta, version, like)) is None:
                where = f"{version.dataset}@{version.version}"
                error = NotFound(f"column of {where!r}", column, tuple(version.columns))
                error.add_note(f"Hint: weights are kept once a model with `weights: {{like: {like}}}` was fitted on it")
                raise error
            found[column] = weights_sql(version.dataset, step.step_id)
    return found
