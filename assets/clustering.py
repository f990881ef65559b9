"""Rows that belong together though no column says so: they get one entity, their cluster, and keep it.

By what rows are linked is `assets.cluster_nodes`; how clusters form, and what a bridge is, `checks.clusters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import polars as pl

from assets.cluster_nodes import Nodes, nodes_of
from assets.project import Dataset
from assets.step import Run
from checks.clusters import Resolved, resolve
from checks.collect import collect
from warehouse.placements import NOBODY_SQL, names_sql, remembered_sql
from warehouse.policy import BRIDGE, TARGET_POOL, SplitPolicy
from warehouse.splits import by_digest, digest

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from checks.entities import Array
    from warehouse.lake import Lake

ROWS, NAMES, KNOWN, FOUND = "_nodes_of_rows", "_names", "_known_nodes", "_clusters"
NEW, SPREAD, TRAINED_ON = "_new_nodes", "_spread", "_trained_clusters"


@dataclass(frozen=True, kw_only=True)
class Clustered:
    """Rows with their clusters.

    Attributes:
        table: The rows; `_entity` is the cluster, `_is_bridge` says whether a row would join two that are placed apart.
        remembered: SELECTs of what is to be remembered.
    """

    table: ir.Table
    remembered: list[str]


def cluster_rows(run: Run, dataset: Dataset, table: ir.Table, number: int) -> Clustered:
    """Give every row its cluster as its entity.

    Args:
        run: The run.
        dataset: The dataset, whose policy has clusters.
        table: The accepted rows: `_row`, and what `assets.cluster_nodes.node_sql` gives.
        number: The first of the policies that place alike.
    """
    lake, clusters = run.warehouse.lake, dataset.file.spec.splits.clusters
    if clusters is None:
        return Clustered(table=table, remembered=[])
    steps = [version.step_id for version in run.warehouse.meta.versions(dataset.name)]
    lake.keep(KNOWN, remembered_sql(lake, dataset.name, "cluster", steps=steps, policy=number))
    lake.keep(SPREAD, remembered_sql(lake, dataset.name, "spread", steps=steps, policy=number))
    trained = names_sql(remembered_sql(lake, dataset.name, "trained", steps=steps, policy=number))
    lake.keep(TRAINED_ON, trained if not dataset.file.spec.splits.allow_trained else NOBODY_SQL)
    known_spread = spread_of(lake.ibis.table(SPREAD))
    splits = dataset.file.spec.splits
    if splits.entity or splits.derived_from:
        table = table.mutate(_link_entity=ibis.literal("_entity:") + table["_entity"])
    nodes = nodes_of(lake, clusters, table, known_spread)
    _number_names(lake, nodes)
    _keep_found(lake, nodes, dataset.policy)
    rows, found = nodes.table, lake.ibis.table(FOUND)
    same = [rows[name].identical_to(found[f"{name}_there"]) for name in nodes.columns]
    rows = rows.left_join(found, same)
    rows = rows.mutate(
        _entity=ibis.coalesce(rows["_cluster"], ibis.literal("_row:") + rows["_row"]),
        _is_bridge=rows["_is_bridge"].fill_null(False),
    )
    new = lake.ibis.table(NEW)
    remembered = [lake.ibis.compile(new.select(kind=ibis.literal("cluster"), name=new["name"], value=new["value"]))]
    if not known_spread and nodes.spread:
        texts = [repr(value) for value in nodes.spread.values()]
        lake.keep_frame(SPREAD, pl.DataFrame({"name": list(nodes.spread), "value": texts}))
        told = lake.ibis.table(SPREAD)
        remembered.append(lake.ibis.compile(told.select("name", "value", kind=ibis.literal("spread"))))
    return Clustered(table=rows, remembered=remembered)


def spread_of(remembered: ir.Table) -> dict[str, float]:
    """By column of numbers its standard deviation, as it is remembered."""
    return {name: float(value) for name, value in collect(remembered.select("name", "value")).rows()}


def hold_bridges(table: ir.Table) -> ir.Table:
    """Leave the bridges unused."""
    return table.mutate(
        _split=ibis.ifelse(table["_is_bridge"], ibis.null("string"), table["_split"]),
        _unused=ibis.ifelse(table["_is_bridge"], ibis.literal(BRIDGE), table["_unused"]),
    )


def _number_names(lake: Lake, nodes: Nodes) -> None:
    """Keep the nodes of rows, no two rows the same, and all names in their order: numbers that sort as the texts do."""
    backend = lake.ibis
    rows = nodes.table.select(*nodes.columns).distinct()
    lake.keep(ROWS, backend.compile(rows.mutate(_at=ibis.row_number().over(order_by=list(nodes.columns)))))
    rows, known = backend.table(ROWS), backend.table(KNOWN)
    here = ibis.union(*(rows.select(name=column) for column in nodes.columns), rows.select(name=nodes.columns[0]))
    here = here.filter(here["name"].notnull()).distinct()
    clusters = known.semi_join(here, "name").select(name=known["value"])
    names = here.union(clusters, distinct=True)
    lake.keep(NAMES, backend.compile(names.mutate(number=ibis.row_number().over(order_by="name"))))


def _keep_found(lake: Lake, nodes: Nodes, policy: SplitPolicy) -> None:
    """Decide, and keep the cluster of each row and of each new node."""
    names = lake.ibis.table(NAMES)
    known, place = _known(lake, policy)
    matrix, at = _numbered_rows(lake, nodes)
    found = resolve(matrix, _numbered_pairs(lake, nodes.pairs), known, place)
    _keep_rows(lake, nodes, found, at)
    fresh = np.flatnonzero((known < 0) & (found.cluster >= 0))
    lake.keep_frame("_fresh", pl.DataFrame({"of": fresh, "to": found.cluster[fresh]}))
    new, to = lake.ibis.table("_fresh"), names.rename(value="name", n_value="number")
    named = new.join(names, new["of"] == names["number"]).join(to, new["to"] == to["n_value"])
    lake.keep(NEW, lake.ibis.compile(named.select("name", "value")))


def _known(lake: Lake, policy: SplitPolicy) -> tuple[Array, Array]:
    """By number of a name: the cluster that it was given before, and where that one is placed; -1 for new ones."""
    backend = lake.ibis
    names, before = backend.table(NAMES), backend.table(KNOWN)
    to = names.rename(value="name", n_value="number")
    known = names.join(before.select("name", "value"), "name").join(to, "value").select("number", "n_value", "value")
    pairs = collect(known.select("number", "n_value"))
    n_names = int(collect(names.aggregate(n=names.count()))["n"][0])
    cluster, place = np.full(n_names, -1), np.full(n_names, -1)
    cluster[pairs["number"].to_numpy()] = pairs["n_value"].to_numpy()
    clusters = known.select("n_value", "value").distinct()
    clusters = clusters.mutate(_digest=digest(clusters["value"], policy))
    for side, inside in (("_inside", True), ("_outside", False)):
        clusters = clusters.mutate(_in_pool=ibis.literal(inside))
        clusters = clusters.mutate(**{side: by_digest(clusters, policy)})
    # A cluster that is held out of dev and test, for it was trained on, stands apart from those that are in them.
    is_tested = clusters["_inside"].isin(TARGET_POOL) | clusters["_outside"].isin(TARGET_POOL)
    is_held = is_tested & clusters["value"].isin(backend.table(TRAINED_ON)["name"])
    where = clusters["_inside"] + "/" + clusters["_outside"] + ibis.ifelse(is_held, "/held", "")
    placed = collect(clusters.select("n_value", _place=where))
    place[placed["n_value"].to_numpy()] = placed["_place"].rank("dense").cast(pl.Int64).to_numpy()
    return cluster, place


def _numbered_rows(lake: Lake, nodes: Nodes) -> tuple[Array, Array]:
    """The rows with numbers for names (-1 for none), and their place in the table of rows."""
    rows, names = lake.ibis.table(ROWS), lake.ibis.table(NAMES)
    for i, column in enumerate(nodes.columns):
        of = names.rename({f"name_{i}": "name", f"number_{i}": "number"})
        rows = rows.left_join(of, rows[column] == of[f"name_{i}"])
    numbers = [rows[f"number_{i}"].fill_null(-1).name(f"number_{i}") for i in range(len(nodes.columns))]
    frame = collect(rows.select("_at", *numbers)).sort("_at")
    return frame.drop("_at").to_numpy(), frame["_at"].to_numpy()


def _numbered_pairs(lake: Lake, pairs: pl.DataFrame) -> Array:
    if pairs.is_empty():
        return np.empty((0, 2), np.int64)
    lake.keep_frame("_pairs", pairs)
    near, one = lake.ibis.table("_pairs"), lake.ibis.table(NAMES)
    other = one.rename(name_right="name", number_right="number")
    both = near.join(one, near["left"] == one["name"]).join(other, near["right"] == other["name_right"])
    return collect(both.select("number", "number_right")).unique().sort("number", "number_right").to_numpy()


def _keep_rows(lake: Lake, nodes: Nodes, found: Resolved, at: Array) -> None:
    told = pl.DataFrame({"_of": at, "_number": found.row_cluster, "_is_bridge": found.is_bridge})
    lake.keep_frame("_resolved", told)
    backend = lake.ibis
    rows, told_of, names = backend.table(ROWS), backend.table("_resolved"), backend.table(NAMES)
    both = rows.join(told_of, rows["_at"] == told_of["_of"]).left_join(names, told_of["_number"] == names["number"])
    there = {f"{name}_there": both[name] for name in nodes.columns}
    lake.keep(FOUND, backend.compile(both.select(_cluster=both["name"], _is_bridge=both["_is_bridge"], **there)))
