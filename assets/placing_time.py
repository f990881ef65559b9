"""Rows placed by time: cuts found or looked up, entities kept whole, and what the next version has to know of it.

What a cut is stands in `warehouse.time_cuts`, where rows lie in `warehouse.time_splits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from assets.once_trained import Identity
from assets.project import Dataset
from assets.step import Run
from checks.collect import one_row
from warehouse.meta import Meta
from warehouse.placements import placed_entities_sql, remembered_sql
from warehouse.time_cuts import Cuts, TimePolicy, frozen, given_cuts, remembering, rolled
from warehouse.time_splits import (
    cuts_by_shares,
    entities_of,
    moment_of,
    newest_of,
    placed_alone,
    placed_whole,
    windowed,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

SEEN, KNOWN = "_seen", "_known"
FACTS = "time"


@dataclass(frozen=True, kw_only=True)
class ByTime:
    """Rows placed by time.

    Attributes:
        table: The rows with `_placed` and `_why`.
        cuts: Where dev and test begin.
        remembered: SELECTs of entities that were not known, as `assets.placing` keeps them.
        facts: What the build keeps of it.
    """

    table: ir.Table
    cuts: Cuts
    remembered: list[str] = field(default_factory=list)
    facts: Mapping[str, Any] = field(default_factory=dict)


def place_by_time(
    run: Run, dataset: Dataset, table: ir.Table, time: TimePolicy, number: int, identity: Identity
) -> ByTime:
    """Give every accepted row the split that its time stands for.

    Args:
        run: The run.
        dataset: The dataset.
        table: The accepted rows, with `_entity`.
        time: How to split.
        number: The first of the policies that place alike: under an earlier one cuts were others.
        identity: Who a row is, by columns.
    """
    rows = table.mutate(_moment=moment_of(table, time.column))
    past = cuts_before(run.warehouse.meta, dataset.name, time.column)
    before = next((cuts for policy, cuts in reversed(past) if policy >= number), None)
    tested = past[-1][1].tested if past else ()
    cuts = _cuts(dataset, rows, time, before, is_by_day=table[time.column].type().is_date())
    rows = windowed(rows, dataset.policy, cuts, tested)
    cuts = remembering(cuts, tested)
    facts = {FACTS: cuts.to_json() | {"column": time.column, "gap_seconds": time.gap.total_seconds()}}
    if not _is_whole(dataset, identity, time):
        return ByTime(table=placed_alone(rows), cuts=cuts, facts=facts)
    seen, select = _seen(run, dataset, rows, number)
    return ByTime(table=placed_whole(rows, seen, dataset.policy), cuts=cuts, remembered=[select], facts=facts)


def cuts_before(meta: Meta, name: str, column: str) -> list[tuple[int, Cuts]]:
    """The cuts of every published version that was split by `column`, oldest first, each with the policy's number."""
    details = {step.step_id: step.detail for step in meta.steps(name, step="build")}
    kept = [(v.policy, details.get(v.step_id, {}).get("placing", {}).get(FACTS)) for v in meta.versions(name)]
    return [(policy or 0, Cuts.from_json(raw)) for policy, raw in kept if raw and raw["column"] == column]


def _cuts(dataset: Dataset, rows: ir.Table, time: TimePolicy, before: Cuts | None, *, is_by_day: bool) -> Cuts:
    """Where dev and test begin: as the file says, as they were, or found."""
    counted = one_row(newest_of(rows))
    newest = counted["newest"]
    is_known = before is not None and before.first is not None
    if before is not None and is_known and not time.is_rolling and not time.is_fixed:
        return frozen(before, newest)
    if time.is_by_shares:
        found = one_row(cuts_by_shares(rows, dataset.policy.shares, int(counted["n"])))
        cuts = Cuts(dev=found.get("dev"), test=found.get("test"), newest=newest)
    else:
        cuts = given_cuts(time, newest, is_by_day=is_by_day)
    return rolled(cuts, before) if time.is_rolling else cuts


def _is_whole(dataset: Dataset, identity: Identity, time: TimePolicy) -> bool:
    """Whether rows of one entity may differ in time, so that somebody has to say where it belongs.

    Rows of a key stand alone. Rows that are known by their own columns do so unless time is none of these.
    """
    if dataset.file.spec.splits.entity:
        return True
    return not identity.has_key and time.column not in identity.row


def _seen(run: Run, dataset: Dataset, rows: ir.Table, number: int) -> tuple[ir.Table, str]:
    """The split of every entity, and what is to be remembered of them."""
    lake, policy = run.warehouse.lake, dataset.policy
    backend = lake.ibis
    steps = [version.step_id for version in run.warehouse.meta.versions(dataset.name)]
    lake.keep(KNOWN, placed_entities_sql(remembered_sql(lake, dataset.name, "split", steps=steps, policy=number)))
    lake.keep(SEEN, backend.compile(entities_of(rows, backend.table(KNOWN), policy)))
    seen = backend.table(SEEN)
    new = seen.filter(seen["_is_new"])
    kept = new.select(
        kind=ibis.literal("split"),
        name=new["_entity"],
        pool=ibis.literal(True) if policy.apart == "pool" else ibis.null("boolean"),
        value=new["_placed"],
    )
    return seen, backend.compile(kept)
