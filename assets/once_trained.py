"""Once trained on, never tested on: entities of train stay out of dev and test when the policy becomes another.

What they are under the new policy is `warehouse.identity`; that no row moves under one policy is its own matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from assets.project import Dataset
from assets.step import Run
from warehouse.identity import entity_sql, row_sql
from warehouse.placements import all_names_sql, names_sql, remembered_sql, since_sql, trained_sql
from warehouse.policy import TARGET_POOL, TRAINED_ON
from warehouse.query import parse
from warehouse.records import Version

if TYPE_CHECKING:
    import ibis.expr.types as ir

TRAINED, TRAINED_ROWS = "_trained", "_trained_rows"
KNOWN_TRAINED, KNOWN_ROWS = "_known_trained", "_known_trained_rows"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells who a row is, by columns.

    Attributes:
        entity: The columns of the entity; none when rows are known by themselves, or by their cluster.
        row: The columns that tell one row from another: the key, or those that the policy froze.
        has_key: Whether `row` is the key.
        columns: The types that columns have now: of old versions, too, texts are made by them.
    """

    entity: tuple[str, ...]
    row: tuple[str, ...]
    has_key: bool
    columns: Mapping[str, str]

    @property
    def row_text(self) -> str:
        """SQL for the text of a row."""
        return entity_sql(self.columns, self.row) if self.has_key else row_sql(self.columns, self.row)

    def retyped(self, before: Mapping[str, str]) -> dict[str, str]:
        """The columns of an identity that had another type, with the one that they have."""
        named = {*self.entity, *self.row} & set(before) & set(self.columns)
        return {name: self.columns[name] for name in sorted(named) if before[name] != self.columns[name]}


def mount_trained(
    run: Run, dataset: Dataset, table: ir.Table, number: int, identity: Identity, *, since: datetime | None = None
) -> list[str]:
    """Keep the entities that were in train under an earlier policy as the table `_trained` of the workspace.

    Splits that were made elsewhere may change under the same policy: what the last version trained on counts.

    Args:
        run: The run.
        dataset: The dataset.
        table: The rows: `_entity`, `_row`.
        number: The first of the policies that place alike.
        identity: Who a row is, by columns.
        since: Where dev and test begin, of splits by time.

    Returns:
        What is to be remembered of it, so that the next build need not look again.
    """
    lake, versions = run.warehouse.lake, run.warehouse.meta.versions(dataset.name)
    steps = [version.step_id for version in versions]
    for name, kind in ((KNOWN_TRAINED, "trained"), (KNOWN_ROWS, "trained row")):
        lake.keep(name, names_sql(remembered_sql(lake, dataset.name, kind, steps=steps, policy=number)))
    if any((version.policy or 0) >= number for version in versions):
        # What the versions before the last one trained on was remembered as they were followed by the next.
        versions = versions[-1:] if dataset.policy.predefined else []
    by_entity = [v for v in versions if identity.entity and set(identity.entity) <= set(v.columns)]
    # By rows too: an old version may hold the entity's column with no value yet, or another one.
    is_row = identity.has_key and identity.entity == identity.row
    by_row = [] if is_row else [v for v in versions if set(identity.row) <= set(v.columns)]
    by, row = entity_sql(identity.columns, identity.entity) if identity.entity else "", identity.row_text
    entities = [_names(dataset, version, identity, by, since) for version in by_entity]
    rows = [_names(dataset, version, identity, row, since) for version in by_row]
    lake.keep(TRAINED_ROWS, all_names_sql([KNOWN_ROWS], rows))
    # Rows are looked for in every build: one that is not among its rows may come back.
    lake.keep(TRAINED, all_names_sql([KNOWN_TRAINED], [*entities, _entities_of_rows(run, table)]))
    return [
        _new_names(run, TRAINED, KNOWN_TRAINED, "trained"),
        _new_names(run, TRAINED_ROWS, KNOWN_ROWS, "trained row"),
    ]


def _new_names(run: Run, now: str, known: str, kind: str) -> str:
    """SELECT of the names that are to be remembered as of one kind."""
    backend = run.warehouse.lake.ibis
    new = backend.table(now).anti_join(backend.table(known), "name")
    sql: str = backend.compile(new.select(kind=ibis.literal(kind), name=new["name"]))
    return sql


def _names(dataset: Dataset, version: Version, identity: Identity, name: str, since: datetime | None) -> str:
    condition, casts = _condition(dataset, version, since), identity.retyped(version.columns)
    return trained_sql(dataset.name, version.snapshot, name, condition, casts=casts)


def _condition(dataset: Dataset, version: Version, since: datetime | None) -> str | None:
    """Where an entity may be in train of one pool and in dev of the other, only its rows of the target pool count.

    Of splits by time that pool is what lies behind the first cut.
    """
    time = dataset.policy.time
    if time and since and dataset.policy.apart == "pool":
        return since_sql(time.column, since) if time.column in version.columns else None
    condition = dataset.file.spec.splits.evaluate_on
    if condition is None or not dataset.policy.is_by_pool:
        return None
    return condition if parse(f"SELECT ({condition}\n)").columns <= set(version.columns) else None


def _entities_of_rows(run: Run, table: ir.Table) -> str:
    backend = run.warehouse.lake.ibis
    rows = backend.table(TRAINED_ROWS)
    is_one = table["_row"].isin(rows["name"])
    sql: str = backend.compile(table.filter(is_one, table["_entity"].notnull()).select(name="_entity").distinct())
    return sql


def hold_trained(table: ir.Table, trained: ir.Table) -> ir.Table:
    """Leave the rows of dev and test unused whose entity is among `trained`."""
    is_held = table["_split"].isin(TARGET_POOL) & table["_entity"].isin(trained["name"])
    return table.mutate(
        _split=ibis.ifelse(is_held, ibis.null("string"), table["_split"]),
        _unused=ibis.ifelse(is_held, ibis.literal(TRAINED_ON), table["_unused"]),
    )
