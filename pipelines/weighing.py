"""A weight for each labelled row, aligned with `xy`: each entity counts once, each class counts the same, or a column.

What is done with them is the model's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.labelled import LabelledRows, known_columns, refuse_quantity
from warehouse.errors import NotPossible
from warehouse.modelled import is_number
from warehouse.portions import named_sql, number_sql
from warehouse.query import quoted

if TYPE_CHECKING:
    import polars as pl

NAME = "weight"


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
