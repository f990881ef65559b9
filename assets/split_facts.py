"""Part of the audit: what is told of each split beyond its rows, and the pictures of all of them.

What is counted is `checks.shares`, `checks.label_shares` and `checks.timeline`. It is kept in the audit's detail, so
that no page scans data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.project import Dataset
from assets.spec import DatasetSpec
from checks.collect import collect
from checks.label_shares import with_intervals
from checks.shares import shares_figure, with_shares
from checks.timeline import timeline
from warehouse.policy import TRAINED_ON, SplitPolicy
from warehouse.splits import on_line

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class SplitFacts:
    """What is told of the splits of a build.

    Attributes:
        splits: What each split holds, with label intervals and the share asked and got, of entities (by time: of rows).
        figures: Pictures: rows over time, shares asked and got.
    """

    splits: Rows
    figures: Rows


def split_facts(dataset: Dataset, table: ir.Table, sizes: Rows) -> SplitFacts:
    """Tell of each split what it holds, and draw all of them.

    Args:
        dataset: The dataset.
        table: The build's rows, with the reserved columns.
        sizes: What `checks.sizes.split_sizes` counted.
    """
    spec, is_random = dataset.file.spec, is_by_digest(dataset)
    rows = with_intervals(sizes, table, target=spec.target, has_entities=has_entities(spec))
    # Cuts in time are found by rows, not by entities.
    thing = "rows" if spec.splits.time else "entities"
    counted = {row["split"]: int(row[f"n_{thing}"]) for row in sizes}
    if is_random:
        counted = _on_line(dataset.policy, table, counted)
    rows = with_shares(rows, asked_lines(dataset), counted, is_random=is_random)
    figures = (
        timeline(table, spec.time, title=f"{dataset.name}: rows by split over time"),
        shares_figure(rows, title=f"{dataset.name}: share of {thing} asked and got", thing=thing),
    )
    return SplitFacts(splits=rows, figures=[figure for figure in figures if figure])


def has_entities(spec: DatasetSpec) -> bool:
    """Whether an entity may have several rows."""
    if spec.splits.clusters or spec.splits.derived_from:
        return True
    entity = set(spec.splits.entity) or set(spec.key)
    return not (spec.key and set(spec.key) <= entity)


def is_by_digest(dataset: Dataset) -> bool:
    """Whether the digest places each entity (a cluster is one) by itself; strata, times and files do not."""
    splits = dataset.file.spec.splits
    return not (dataset.policy.stratified or splits.time or splits.predefined)


def asked_lines(dataset: Dataset) -> list[dict[str, float]]:
    """The shares that a dataset asks for, one map for each line that entities are placed on; each adds up to 1.

    Where cuts in time are found by shares, these are shares of rows. Without any where the file says by itself what
    is in dev and test: moments, durations or names of splits.
    """
    splits = dataset.file.spec.splits
    if splits.predefined or (splits.time and (splits.time.dev or splits.time.test)):
        return []
    by_pool = [dataset.policy.shares] if splits.time else dataset.policy.shares_by_pool.values()
    lines = [line for line in by_pool if any(line.values())]
    return [{split: float(share / sum(line.values())) for split, share in line.items()} for line in lines]


def _on_line(policy: SplitPolicy, table: ir.Table, counted: Mapping[str, int]) -> dict[str, int]:
    """Entities by the split that the digest gave them: with those whose rows are unused all the same."""
    if policy.has_pools and not policy.is_by_pool:
        entities, found = table.filter(table["_entity"].notnull()), dict.fromkeys(counted, 0)
    else:
        entities, found = table.filter(table["_unused"] == TRAINED_ON), dict(counted)
    pool = "inside" if policy.is_by_pool else "all"
    placed = on_line(entities.select("_entity").distinct(), policy, pool)
    for row in collect(placed.group_by("_placed").agg(n=placed.count())).to_dicts():
        found[row["_placed"]] = found.get(row["_placed"], 0) + int(row["n"])
    return found
