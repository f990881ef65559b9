"""Step two: query, contract and split as one expression; accepted and rejected rows in one transaction.

What the expression says is `checks.rules` and `warehouse.splits`; how it is written is `warehouse.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import ibis

from assets.cluster_nodes import node_sql
from assets.errors import (
    IdentityAbsent,
    IdentityGone,
    IdentityRetyped,
    NotPublished,
    NotRepeatable,
    SaltChanged,
    StrataGone,
)
from assets.hold import Held, accepted_rows, hold
from assets.once_trained import Identity
from assets.placing import Placing, needs_row, place_rows
from assets.plan import fingerprint_of, latest, parts_of
from assets.policies import Numbered, numbered
from assets.project import Dataset
from assets.sources import active_ingestions
from assets.spec import conditions_of
from assets.step import Run
from checks.rules import BITS, is_rejected, masked
from warehouse.identity import entity_sql, has_same_texts, row_sql
from warehouse.kinds import stored_as
from warehouse.placements import remember, retyped_sql
from warehouse.policy import PLACE, RESERVED
from warehouse.query import described, parse, quoted
from warehouse.raw import active_sql, unread_sql
from warehouse.records import Policy, Step, Version, now
from warehouse.tables import CANDIDATE, PLACE_SQL, Candidate, rejected_sql, unread_rows_sql, upstream_sql, version_sql

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend


def build(run: Run, dataset: Dataset) -> Step:
    """Write the accepted and the rejected rows of a dataset, not yet a version.

    Raises:
        NotPublished: It reads a dataset that has no version.
        QueryError: Its query does not hold.
        SaltChanged, IdentityGone, IdentityRetyped: Its rows can no longer be given the splits that they have.
        IdentityAbsent: Nothing tells its rows apart.
        StrataGone: The column is gone by which they were stratified.
        NotRepeatable: Its query gives other rows each time.
    """
    started_at, lake, meta = now(), run.warehouse.lake, run.warehouse.meta
    run.tell(dataset, "build", "query")
    with lake.workspace() as workspace:
        frozen = frozen_policy(run, dataset)
        policy = numbered(meta, dataset, has_new_policy=run.has_new_policy)
        inputs = _mount_inputs(run, dataset)
        candidate = _candidate(run, dataset, frozen, policy)
        # A join or an aggregate is worked out once and kept; a row-by-row query is read again, which costs less.
        kind = "VIEW" if _is_repeatable(dataset) else "TABLE"
        lake.execute(f"CREATE {kind} {quoted(CANDIDATE)} AS {candidate.sql}")
        backend = lake.ibis
        held = hold(run, dataset, backend, workspace)
        identity = _identity(dataset, candidate.columns, frozen)
        placing = place_rows(run, dataset, accepted_rows(held), policy, identity)
        accepted, rejected = _writes(run, dataset, candidate, held, placing, backend)
        after = latest(meta, dataset.name)  # what it placed is known to this build
        detail = _detail(run, dataset, candidate, held, inputs)
        detail |= {"policy": policy.number, "after": after.version if after else None, "placing": dict(placing.facts)}
        step = run.new_step(dataset, "build", fingerprint_of(detail["parts"]), started_at=started_at, detail=detail)
        extra = {"kind": "build", "step": step.to_json()}
        with lake.transaction(run.author, f"build {dataset.name}", extra):
            run.tell(dataset, "build", "begin")
            lake.create_or_replace(f"datasets.{quoted(dataset.name)}", accepted)
            run.tell(dataset, "build", "accepted")
            lake.create_or_replace(f"rejected.{quoted(dataset.name)}", rejected)
            remember(lake, dataset.name, placing.remembered, policy=policy.first, step_id=step.step_id)
            run.tell(dataset, "build", "rejected")
            _prove_counts(run, dataset, held)
            run.tell(dataset, "build", "proved")
        run.tell(dataset, "build", "committed")
    meta.replay(extra, snapshot=lake.snapshot())
    run.tell(dataset, "build", "remembered", f"{held.n_rows:,} rows")
    return meta.steps(dataset.name, step_id=step.step_id)[0]


def _is_repeatable(dataset: Dataset) -> bool:
    """Whether the query and every condition give the same answers when they are read again."""
    return parse(dataset.select).is_repeatable and all(
        parse(f"SELECT ({text}\n)").is_steady for text in conditions_of(dataset.file.spec).values()
    )


def _detail(run: Run, dataset: Dataset, candidate: Candidate, held: Held, inputs: Mapping[str, int]) -> dict[str, Any]:
    """What the audit, the version and `meta` need to know of a build."""
    spec = dataset.file.spec
    return {
        "parts": parts_of(dataset, run.warehouse.meta, inputs=inputs),
        "inputs": dict(inputs),
        "columns": dict(candidate.columns),
        "features": spec.features_among(candidate.columns),
        "target": spec.target,
        "time": spec.time,
        "n_rows": held.n_rows,
        "n_accepted": held.n_rows - held.n_rejected,
        "n_rejected": held.n_rejected,
        "n_unread": _n_unread(run, dataset),
        "rules": [[rule.name, held.counts[rule.name]] for rule in held.rules],
        "examples": dict(held.examples),
    }


def frozen_policy(run: Run, dataset: Dataset) -> Policy | None:
    """The policy that the dataset's rows were split with so far; None when they may be split anew.

    Raises:
        SaltChanged: The project's salt is another one.
    """
    policies = run.warehouse.meta.policies(dataset.name)
    if not policies or run.has_new_policy:
        return None
    if policies[-1].salt != dataset.policy.salt:
        raise SaltChanged(dataset.name)
    return policies[-1]


def _mount_inputs(run: Run, dataset: Dataset) -> dict[str, int]:
    """Views of everything that the query and the references read; the version of each dataset among them."""
    lake, meta, spec = run.warehouse.lake, run.warehouse.meta, dataset.file.spec
    named = parse(dataset.select).columns
    sources = spec.sources_of(dataset.name)
    has_record = dataset.file.query is None or bool(named & {"_file", "_record"})
    for name in sources:
        active = active_ingestions(meta, dataset.name, name)
        snapshot = max(ingestion.snapshot or 0 for ingestion in active)
        select = active_sql(dataset.name, name, snapshot, [i.ingestion for i in active], with_hidden=has_record)
        lake.execute(f"CREATE VIEW {quoted(name)} AS {select}")
    versions = {}
    for name in dataset.inputs:
        if (version := latest(meta, name)) is None:
            raise NotPublished(name, dataset.name)
        versions[name] = version.version
        if name not in sources:
            lake.execute(f"CREATE VIEW {quoted(name)} AS {upstream_sql(name, version.snapshot, named=named)}")
        lake.execute(f"CREATE VIEW {quoted(f'_ref_{name}')} AS {version_sql(name, version.snapshot)}")
    return versions


def _candidate(run: Run, dataset: Dataset, frozen: Policy | None, policy: Numbered) -> Candidate:
    spec, has_row = dataset.file.spec, needs_row(dataset, policy)
    # Joins with what is remembered lose the order of the rows, which is then brought back by their place.
    place = {PLACE: PLACE_SQL} if has_row or dataset.policy.is_remembered else {}
    given = described(run.warehouse.lake.connection, dataset.select)
    # A column `split` is there only as the one that names the splits: it is published as our own.
    kept = {name: kind for name, kind in given.items() if not name.startswith("_") and name.lower() != "split"}
    columns = {name: stored_as(kind) for name, kind in kept.items()}
    casts = {
        name: str(promise.cast)
        for name, promise in spec.contract.columns.items()
        if name in columns and promise.cast and not promise.is_held_by(columns[name])
    }
    columns |= casts
    if frozen is not None:
        _prove_strata(dataset, columns, frozen)
        _prove_same_texts(run, dataset, _identity(dataset, columns, frozen))
    return Candidate(
        select=dataset.select,
        columns=columns,
        given=given,
        casts=casts,
        flags={f"_rule_{name}": f"NOT ({rule.expr}\n)" for name, rule in spec.contract.rules.items()},
        entity=_entity(dataset, columns, frozen),
        in_pool=spec.splits.evaluate_on,
        row=_identity(dataset, columns, frozen).row_text if has_row else None,
        further={**node_sql(spec, columns), **place},
        named=spec.splits.named_by,
    )


def _entity(dataset: Dataset, columns: Mapping[str, str], frozen: Policy | None) -> str:
    spec = dataset.file.spec
    if entity := spec.splits.entity or spec.key:
        return entity_sql(columns, entity)
    by = identity_columns(dataset, columns) if frozen is None else frozen.columns
    if gone := tuple(name for name in by if name not in columns):
        raise IdentityGone(dataset.name, gone)
    if not by:
        raise IdentityAbsent(dataset.name, tuple(columns))
    return row_sql(columns, by)


def _identity(dataset: Dataset, columns: Mapping[str, str], frozen: Policy | None) -> Identity:
    """Who a row is, by columns."""
    spec = dataset.file.spec
    by = spec.key or (identity_columns(dataset, columns) if frozen is None else frozen.columns)
    # With an entity a column may go: rows are then known by those that stay, and more of them are taken for the same.
    by = [name for name in by if name in columns] or list(spec.splits.entity)
    # Of clusters the entity is found, and one of another version is found by its rows.
    entity = () if spec.splits.clusters else spec.splits.entity or spec.key
    return Identity(entity=entity, row=tuple(by), has_key=bool(spec.key), columns=columns)


def _prove_strata(dataset: Dataset, columns: Mapping[str, str], frozen: Policy) -> None:
    """Hold that the column is there by which rows were stratified, unless they are no longer.

    Raises:
        StrataGone: It is gone, as when a target is renamed.
    """
    before, now_ = frozen.thresholds.get("stratified"), dataset.policy.stratified
    if before and now_ and before not in columns:
        raise StrataGone(dataset.name, str(before), now_)


def _prove_same_texts(run: Run, dataset: Dataset, identity: Identity) -> None:
    """Hold that what tells who a row is reads as it did in the last version.

    Raises:
        IdentityRetyped: A column has a type whose texts are others.
    """
    version, clusters = latest(run.warehouse.meta, dataset.name), dataset.file.spec.splits.clusters
    if version is None:
        return
    linked = clusters.linked_by if clusters else ()
    for name in (*(identity.entity or identity.row), *linked):
        before, now_ = version.columns.get(name), identity.columns.get(name)
        if before and now_ and not _reads_alike(run, dataset, version, name, now_):
            raise IdentityRetyped(dataset.name, name, before, now_)


def _reads_alike(run: Run, dataset: Dataset, version: Version, column: str, kind: str) -> bool:
    """Whether the values of a version have the same texts as another type: '7' as a number has, '007' has not."""
    before = version.columns[column]
    if has_same_texts(before, kind):
        return True
    sql = retyped_sql(dataset.name, version.snapshot, column, before, kind)
    n_known, n_other = run.warehouse.lake.execute(sql).fetchall()[0]
    return bool(n_known and not n_other)


def identity_columns(dataset: Dataset, columns: Mapping[str, str]) -> list[str]:
    """The columns by which rows are known that have no key and no entity, frozen with the first version."""
    spec = dataset.file.spec
    return [name for name in columns if name not in {spec.target, spec.splits.named_by, *spec.not_features}]


def _writes(
    run: Run, dataset: Dataset, candidate: Candidate, held: Held, placing: Placing, backend: Backend
) -> tuple[str, str]:
    """SQL of the accepted rows and of the rejected ones."""
    spec = dataset.file.spec
    held_table = masked(held.table, held.rules)
    rejected_if = is_rejected(held_table, held.rules)
    table = placing.table.order_by(PLACE) if PLACE in candidate.further else placing.table
    accepted = table.select(*candidate.columns, *RESERVED)
    has_record = "_record" in candidate.given and "_file" in candidate.given
    rejected = rejected_sql(
        backend.compile(held_table.filter(rejected_if if held.n_rejected else ibis.literal(False))),
        [rule.name for rule in held.rules],
        candidate.columns,
        candidate.casts,
        bits=BITS,
        has_record=has_record,
        source=dataset.name if spec.source else None,
    )
    unread = []
    for name in spec.sources_of(dataset.name):
        active = active_ingestions(run.warehouse.meta, dataset.name, name)
        if any(ingestion.n_rejected for ingestion in active):
            snapshot = max(ingestion.snapshot or 0 for ingestion in active)
            unread.append(unread_rows_sql(unread_sql(dataset.name, name, snapshot, [i.ingestion for i in active])))
    return backend.compile(accepted), " UNION ALL ".join([rejected, *unread])


def _n_unread(run: Run, dataset: Dataset) -> int:
    meta, spec = run.warehouse.meta, dataset.file.spec
    return sum(
        i.n_rejected for name in spec.sources_of(dataset.name) for i in active_ingestions(meta, dataset.name, name)
    )


def _prove_counts(run: Run, dataset: Dataset, held: Held) -> None:
    """What was written is what was counted, accepted and rejected rows alike."""
    name = quoted(dataset.name)
    row = run.warehouse.lake.execute(
        f"SELECT (SELECT count(*) FROM lake.datasets.{name}),"
        f" (SELECT count(*) FROM lake.rejected.{name} WHERE step = 'contract')"
    ).fetchone()
    n_accepted, n_rejected = row or (0, 0)
    if (n_accepted, n_rejected) != (held.n_rows - held.n_rejected, held.n_rejected):
        raise NotRepeatable(dataset.name, held.n_rows - held.n_rejected, n_accepted)
