"""Label shares by split with their intervals: cases are entities, not rows.

Where every entity has one row, rows are the cases and nothing is counted again. The intervals are `checks.proportion`;
the shares themselves come from `checks.sizes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.collect import collect
from checks.proportion import Interval, exact, mean_of_clusters, of_clusters, told
from checks.sizes import LARGEST_TO_SQUARE, is_unlabelled
from checks.student import quantile
from checks.units import N_BUCKETS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

Label = dict[str, Any]


def with_intervals(
    sizes: Iterable[Mapping[str, Any]], table: ir.Table, *, target: str | None, has_entities: bool
) -> list[dict[str, Any]]:
    """The rows of `checks.sizes.split_sizes`, each label with its intervals.

    Args:
        sizes: What each split holds.
        table: The same rows, with `_split`, `_entity` and `_bucket`.
        target: Its column, or None.
        has_entities: Whether an entity may have several rows.

    Returns:
        `label` has in addition `intervals` (by class, both ends) or `interval` (of the mean): 95 %, or None where too
        few entities tell none.
    """
    rows = [dict(row) for row in sizes]
    if target is None or not any(row["label"] for row in rows):
        return rows
    if not has_entities:
        return [row | {"label": _of_rows(row)} for row in rows]
    labels = [row["label"] for row in rows if row["label"]]
    labelled = table.filter(table["_split"].notnull(), ~is_unlabelled(table[target]))
    if labels[0]["kind"] == "classes":
        counted = _classes(labelled, target)
        return [row | {"label": _of_classes(row, counted.filter(split=row["split"]))} for row in rows]
    # Beyond it no number holds the squares that a variance is made of.
    most = max(abs(value) for label in labels for value in (label["mean"], label["sd"] or 0.0))
    scale = most if most > LARGEST_TO_SQUARE else 1.0
    counted = _sums(labelled, target, scale)
    return [row | {"label": _of_means(row, counted.filter(split=row["split"]), scale)} for row in rows]


def _of_rows(row: Mapping[str, Any]) -> Label | None:
    """Every entity is one row: the binomial interval of the rows, Student's t for a mean."""
    label, n = row["label"], row["n_rows"] - row["n_unlabelled"]
    if label is None:
        return None
    if label["kind"] == "classes":
        by_class = {name: exact(round(share * n), n).to_json() for name, share in label["shares"].items()}
        return dict(label) | {"intervals": by_class}
    if label["sd"] is None or n < 2:
        return dict(label) | {"interval": None}
    half = quantile(n - 1) * label["sd"] / math.sqrt(n)
    found = Interval(low=label["mean"] - half, high=label["mean"] + half)
    return dict(label) | {"interval": told(found)}


def _classes(labelled: ir.Table, target: str) -> pl.DataFrame:
    """Labelled rows by split, bucket and class."""
    by = {"split": labelled["_split"], "bucket": labelled["_bucket"], "label": labelled[target].cast("string")}
    return collect(labelled.group_by(**by).agg(n=labelled.count()))


def _sums(labelled: ir.Table, target: str, scale: float) -> pl.DataFrame:
    """Labelled rows and the sum of their labels by split and bucket."""
    by = {"split": labelled["_split"], "bucket": labelled["_bucket"]}
    total = (labelled[target].cast("float64") / scale).sum()
    return collect(labelled.group_by(**by).agg(n=labelled.count(), total=total))


def _of_classes(row: Mapping[str, Any], counted: pl.DataFrame) -> Label | None:
    label = row["label"]
    if label is None:
        return None
    rows, n_entities = _by_bucket(counted, "n"), _fewest_entities(row)
    by_class = {
        name: told(of_clusters(_by_bucket(counted.filter(label=name), "n"), rows, n_entities))
        for name in label["shares"]
    }
    return dict(label) | {"intervals": by_class}


def _of_means(row: Mapping[str, Any], counted: pl.DataFrame, scale: float) -> Label | None:
    label = row["label"]
    if label is None:
        return None
    found = mean_of_clusters(_by_bucket(counted, "total"), _by_bucket(counted, "n"), _fewest_entities(row))
    whole = Interval(low=found.low * scale, high=found.high * scale) if found else None
    return dict(label) | {"interval": told(whole)}


def _fewest_entities(row: Mapping[str, Any]) -> int:
    """At most as many entities with a label as there are rows with one."""
    return min(int(row["n_entities"]), int(row["n_rows"] - row["n_unlabelled"]))


def _by_bucket(counted: pl.DataFrame, column: str) -> np.ndarray:
    found = np.zeros(N_BUCKETS)
    np.add.at(found, counted["bucket"].to_numpy(), counted[column].cast(float).to_numpy())
    return found
