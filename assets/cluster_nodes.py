"""By what a row is known to others: the values that it shares, its text, its numbers, each as one text, a node.

Which nodes make a cluster is `assets.clustering`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assets.spec import ClusterSpec, DatasetSpec
from checks.collect import collect
from checks.entities import Near
from checks.near_numbers import near_numbers, spread
from checks.near_text import near_texts
from warehouse.identity import named_text_sql, row_sql, text_sql
from warehouse.lake import Lake

if TYPE_CHECKING:
    import ibis.expr.types as ir

LINK, NUMBERS = "_link_", "_numbers"


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Rows with their nodes.

    Attributes:
        table: The rows with a column for each kind of node; NULL where a row has none.
        columns: The names of these columns.
        pairs: Nodes that are near each other: `left` and `right`.
        spread: The standard deviation of each column of numbers, as it is used from the first version on.
    """

    table: ir.Table
    columns: tuple[str, ...]
    pairs: pl.DataFrame
    spread: Mapping[str, float]


def node_sql(spec: DatasetSpec, columns: Mapping[str, str]) -> dict[str, str]:
    """SQL for what a row's nodes are made of, by the name of the column that is to hold it."""
    clusters, origin = spec.splits.clusters, spec.splits.derived_from
    made_from = {"_origin": text_sql(origin, columns[origin])} if origin else {}
    if clusters is None:
        return made_from
    linked = [named_text_sql(name, columns[name]) for name in clusters.linked_by]
    found = made_from | {f"{LINK}{i}": sql for i, sql in enumerate(linked)}
    return found | ({NUMBERS: row_sql(columns, clusters.numbers)} if clusters.numbers else {})


def nodes_of(lake: Lake, clusters: ClusterSpec, table: ir.Table, known_spread: Mapping[str, float]) -> Nodes:
    """Find the nodes of every row, and which of them are near each other.

    Args:
        lake: Where the tables live.
        clusters: What links rows.
        table: The rows, with what `node_sql` gave.
        known_spread: By column of numbers, its standard deviation at the first version; empty then.
    """
    columns = [name for name in table.columns if name.startswith(LINK)]
    pairs = [pl.DataFrame(schema={"left": pl.String, "right": pl.String})]
    for i, name in enumerate(clusters.text):
        rows = collect(table.filter(table[name].notnull()).select(_of=table[name]).distinct().order_by("_of"))
        near = near_texts(rows["_of"], similarity=clusters.similarity)
        found, of_near = _told(lake, f"_text_{i}", rows["_of"], near, name)
        table = table.left_join(found, table[name] == found[f"_text_{i}_of"])
        columns.append(f"_text_{i}")
        pairs.append(of_near)
    scale = known_spread
    if clusters.numbers:
        table, of_near, scale = _with_numbers(lake, clusters, table, known_spread)
        columns.append("_node_of_numbers")
        pairs.append(of_near)
    return Nodes(table=table, columns=tuple(columns), pairs=pl.concat(pairs), spread=scale)


def _with_numbers(
    lake: Lake, clusters: ClusterSpec, table: ir.Table, known_spread: Mapping[str, float]
) -> tuple[ir.Table, pl.DataFrame, Mapping[str, float]]:
    numbers = [table[name].cast("float64").name(f"_n_{i}") for i, name in enumerate(clusters.numbers)]
    rows = collect(table.select(NUMBERS, *numbers).distinct(on=NUMBERS).order_by(NUMBERS))
    values = rows.drop(NUMBERS).select(pl.all().fill_null(np.nan)).to_numpy()
    scale = dict(known_spread) or dict(zip(clusters.numbers, spread(values).tolist(), strict=True))
    near = near_numbers(
        values, tolerance=clusters.tolerance, scale=np.array([scale[name] for name in clusters.numbers])
    )
    near.kind[np.isnan(values).all(axis=1)] = -1
    found, pairs = _told(lake, "_node_of_numbers", rows[NUMBERS], near, NUMBERS)
    return table.left_join(found, table[NUMBERS] == found["_node_of_numbers_of"]), pairs, scale


def _told(lake: Lake, node: str, of: pl.Series, near: Near, prefix: str) -> tuple[ir.Table, pl.DataFrame]:
    """A table from each text or row of numbers (`<node>_of`) to its node, and the pairs of nodes that are near."""
    names = pl.Series([f"{prefix}:{content:016x}" for content in near.content.tolist()], dtype=pl.String)
    there = near.kind >= 0
    lake.keep_frame(node, pl.DataFrame({f"{node}_of": of.filter(there), node: names.gather(near.kind[there])}))
    pairs = pl.DataFrame({"left": names.gather(near.left), "right": names.gather(near.right)})
    return lake.ibis.table(node), pairs
