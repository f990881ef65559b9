"""Where accepted rows go: the one place that gives them `_split`, `_bucket` and `_unused`.

What a policy means is `warehouse.splits`, `warehouse.strata`; what is stored of it `warehouse.placements`. Splits by
time are `assets.placing_time`, those that were made elsewhere `assets.placing_named`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from assets.clustering import cluster_rows, hold_bridges
from assets.derived import with_origins
from assets.errors import StepFailed
from assets.once_trained import TRAINED, Identity, hold_trained, mount_trained
from assets.placing_named import place_by_name
from assets.placing_time import place_by_time
from assets.policies import Numbered
from assets.project import Dataset
from assets.step import Run
from checks.collect import collect
from warehouse.placements import placed_entities_sql, remembered_sql
from warehouse.splits import assign
from warehouse.strata import entities_of, place

if TYPE_CHECKING:
    import ibis.expr.types as ir

LABELS, ENTITIES, KNOWN, NEW = "_labels", "_entities", "_known", "_new"
MOST_STRATA = 1_000


@dataclass(frozen=True, kw_only=True)
class Placing:
    """Rows with their places.

    Attributes:
        table: The rows with `_split`, `_bucket` and `_unused`.
        remembered: SELECTs of what is to be remembered: kind, name, pool, value, stratum as far as they have them.
        facts: What was found out on the way, as JSON, for the audit and for the next build.
    """

    table: ir.Table
    remembered: list[str] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)


def needs_row(dataset: Dataset, policy: Numbered) -> bool:
    """Whether rows are placed by what tells one from another, too."""
    has_origins = dataset.file.spec.splits.derived_from is not None
    return policy.first > 1 or dataset.policy.predefined is not None or dataset.policy.has_clusters or has_origins


def place_rows(run: Run, dataset: Dataset, table: ir.Table, policy: Numbered, identity: Identity) -> Placing:
    """Give every accepted row a split or the reason why it has none.

    Args:
        run: The run.
        dataset: The dataset.
        table: The accepted rows: `_entity`, and as the policy needs them `_in_pool` and `_row`.
        policy: Its number.
        identity: Who a row is, by columns.

    Raises:
        StepFailed: The column that is stratified by has more values than strata make sense for.
    """
    remembered: list[str] = []
    facts: Mapping[str, Any] = {}
    cuts = None
    if dataset.file.spec.splits.derived_from:
        table = with_origins(run.warehouse.lake, table)
    if dataset.policy.has_clusters:
        clustered = cluster_rows(run, dataset, table, policy.first)
        table, remembered = clustered.table, clustered.remembered
    elif dataset.policy.stratified:
        table, select = _by_strata(run, dataset, table, policy.first)
        remembered.append(select)
    elif time := dataset.policy.time:
        by_time = place_by_time(run, dataset, table, time, policy.first, identity)
        table, remembered, facts, cuts = by_time.table, by_time.remembered, by_time.facts, by_time.cuts
    elif named := dataset.policy.predefined:
        by_name = place_by_name(run, dataset, table, named, identity)
        table, facts = by_name.table, by_name.facts
    placed = assign(table, dataset.policy)
    if dataset.policy.has_clusters:
        placed = hold_bridges(placed)
    if policy.first > 1 or dataset.policy.predefined:
        remembered += mount_trained(run, dataset, placed, policy.first, identity, since=cuts.first if cuts else None)
        if not dataset.file.spec.splits.allow_trained:
            placed = hold_trained(placed, run.warehouse.lake.ibis.table(TRAINED))
    return Placing(table=placed, remembered=remembered, facts=facts)


def _by_strata(run: Run, dataset: Dataset, table: ir.Table, number: int) -> tuple[ir.Table, str]:
    """The rows with `_placed`, and what is to be remembered of entities that were not known."""
    lake, policy = run.warehouse.lake, dataset.policy
    backend = lake.ibis
    lake.keep(LABELS, backend.compile(_labels(dataset, table)))
    lake.keep(ENTITIES, backend.compile(entities_of(table, backend.table(LABELS), policy)))
    steps = [version.step_id for version in run.warehouse.meta.versions(dataset.name)]
    lake.keep(KNOWN, placed_entities_sql(remembered_sql(lake, dataset.name, "split", steps=steps, policy=number)))
    lake.keep(NEW, backend.compile(place(backend.table(ENTITIES), backend.table(KNOWN), policy)))
    new, columns = backend.table(NEW), ("_entity", "_pool", "_placed")
    both = new.select(*columns).union(backend.table(KNOWN).select(*columns)).rename(_of_entity="_entity")
    is_its = [table["_entity"] == both["_of_entity"]]
    if policy.is_by_pool:
        is_its.append(table["_in_pool"].fill_null(False) == both["_pool"])
    rows = table.left_join(both, is_its).drop("_of_entity", "_pool")
    kept = new.select(
        kind=ibis.literal("split"),
        name=new["_entity"],
        pool=new["_pool"],
        value=new["_placed"],
        stratum=new["_stratum"],
    )
    return rows, backend.compile(kept)


def _labels(dataset: Dataset, table: ir.Table) -> ir.Table:
    """The strata as text, the rarest first."""
    column = str(dataset.policy.stratified)
    text = table[column].cast("string")
    counts = table.filter(text.notnull()).group_by(_stratum=text).agg(_n=ibis._.count())
    n_strata = collect(counts.aggregate(n=counts.count()))["n"][0]
    if n_strata > MOST_STRATA:
        found = f"{column!r} has {n_strata:,} values, and splits are stratified by at most {MOST_STRATA:,}"
        raise StepFailed(dataset.name, "build", found, "stratify by a column of classes, or leave `stratified` out")
    order = ibis.window(order_by=["_n", "_stratum"])
    return counts.mutate(_ordinal=ibis.row_number().over(order)).select("_stratum", "_ordinal")
