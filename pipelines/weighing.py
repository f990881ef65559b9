"""A weight for each labelled row, aligned with `xy`: by entity, by class, by a column, or like another split.

What is done with them is the model's; how weights come about that let a split look like another is `checks.importance`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.labelled import LabelledRows, known_columns, refuse_quantity
from warehouse.errors import NotPossible
from warehouse.modelled import DIGEST, is_number
from warehouse.portions import named_sql, number_sql
from warehouse.query import quoted
from warehouse.tables import SPLIT_NAMES

if TYPE_CHECKING:
    import polars as pl

NAME = "weight"


class FewRowsCount(UserWarning):
    """A few rows carry nearly all the weight: what is learned with it has a large variance."""


def weights_of(rows: LabelledRows, by: str) -> pl.Series:
    """A weight for each of `rows`; see `Trainable.weights`.

    Raises:
        NotPossible: The column holds something that is no weight.
        NotFound: There is no such column.
    """
    import polars as pl

    if by == "entity":
        frame = rows.frame(["_entity"])
        return frame.select((1 / pl.len().over("_entity")).alias(NAME))[NAME]
    if not isinstance(by, str):
        raise NotPossible(f"weights by {by!r}", "it names no column", '`by="entity"`, `by="class"` or one column')
    if by == "class":
        frame = rows.frame([named_sql(quoted(rows.target), "_label")])
        labels = frame["_label"].unique()
        refuse_quantity(rows, labels, "weights by class", '`by="entity"`, or name a column of weights')
        n_of_class, n_classes = pl.len().over("_label"), pl.col("_label").n_unique()
        return frame.select((pl.len() / (n_classes * n_of_class)).alias(NAME))[NAME]
    return _column(rows, by)


def _column(rows: LabelledRows, column: str) -> pl.Series:
    import polars as pl

    known_columns(rows.version, [column])
    kind = rows.version.columns[column]
    if not is_number(kind):
        raise NotPossible(f"weights by {column!r}", f"it is {kind}", "a number, `entity` or `class` is meant")
    weights = rows.frame([named_sql(number_sql(column), NAME)])[NAME]
    is_weight = weights.is_finite() & (weights >= 0)
    if n_wrong := int((~is_weight.fill_null(False)).sum()):
        found = f"{n_wrong:,} of {len(weights):,} rows have none, a negative or no finite number there"
        raise NotPossible(f"weights by {column!r}", found, "let the query give every row a weight: `coalesce(...)`")
    return weights.cast(pl.Float64)


def weights_like(rows: LabelledRows, other: LabelledRows, features: Sequence[str]) -> pl.Series:
    """A weight for each of `rows`, by which their features look like those of `other`; see `Trainable.weights`.

    Raises:
        NotPossible: There is nothing to learn a difference from.
    """
    import polars as pl

    from assets.weights import computed, weighable

    asked = f"weights like {other.split!r}"
    if SPLIT_NAMES[rows.split] == SPLIT_NAMES[other.split]:
        raise NotPossible(asked, "these are its own rows", "name another split")
    if (kept := _kept(rows, SPLIT_NAMES[other.split])) is not None:
        return kept
    seen = weighable(rows.version, features)
    if not seen:
        raise NotPossible(asked, "no feature is a number or a category", "let the query make some")
    listed = [*map(quoted, seen), "_bucket", named_sql(DIGEST, "_who")]
    sides = [side.frame(listed) for side in (rows, other)]
    found = computed(sides[0], sides[1], seen)
    if found is None:
        sizes = f"{len(sides[0]):,} rows of {rows.split} and {len(sides[1]):,} of {other.split}"
        raise NotPossible(asked, f"{sizes} are too few to learn a difference from", "label more rows")
    if found.is_thin:
        said = f"{asked}: {len(found.weights):,} rows count as {found.n_effective:,.0f} of equal weight"
        warnings.warn(f"{said}: the splits have little in common", FewRowsCount, stacklevel=3)
    return pl.Series(NAME, found.weights)


def _kept(rows: LabelledRows, like: str) -> pl.Series | None:
    """The weights that are kept with the version, in the order of `rows`; None where there are none of these rows."""
    from warehouse.weights import kept_weights, weights_sql

    if rows.share != 1 or SPLIT_NAMES[rows.split] != "train":
        return None
    step = kept_weights(rows.warehouse.meta, rows.version, like)
    if step is None:
        return None
    frame = rows.warehouse.lake.execute(weights_sql(rows.version.dataset, step.step_id)).pl()
    return frame.sort("_row")["weight"].alias(NAME)
