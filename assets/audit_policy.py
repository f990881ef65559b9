"""What an audit asks of the policy: is it the last version's, who moved, who was trained on, are strata within bound?

The questions are `checks.placement`; how rows were placed is `assets.placing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.plan import latest
from assets.policies import Numbered, is_split_alike, numbered, policy_facts
from assets.project import Dataset
from assets.step import Run
from checks.finding import Finding
from checks.placement import moved_rows, once_trained, tested_elsewhere, within_bound
from checks.words import plural
from warehouse.identity import entity_sql
from warehouse.placements import placed_entities_sql, remembered_sql, trained_sql, who_sql
from warehouse.records import Policy, Step

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_VERSION = "nothing was published with it"
BEFORE, NOW, OTHER = "_policy_before", "_policy_now", "_policy_other"


def audit_policy(run: Run, dataset: Dataset, build: Step, table: ir.Table) -> list[Finding]:
    """The findings SPLIT3, SPLIT4, SPLIT5 and SPLIT7 on a build.

    Args:
        run: The run.
        dataset: The dataset.
        build: The build, not published yet.
        table: Its rows: `_entity`, `_split`, `_unused`.
    """
    policy = numbered(run.warehouse.meta, dataset, has_new_policy=run.has_new_policy)
    findings = _same_policy(run, dataset, build, policy)
    trained = None
    if policy.first > 1 or (dataset.policy.predefined and policy.last):
        trained = _mounted(run, dataset, build, "trained", policy.first)
    allowed = dataset.file.spec.splits.allow_trained
    # Splits that were made elsewhere may change under one policy.
    when = "in an earlier version" if dataset.policy.predefined else "under an earlier policy"
    findings += [once_trained(table, trained, allowed=allowed, when=when), *_other_datasets(run, dataset, table)]
    if dataset.policy.stratified:
        counts = _mounted(run, dataset, build, "split", policy.first)
        findings.append(within_bound(counts, dataset.policy.shares_by_pool))
    return findings


def _mounted(run: Run, dataset: Dataset, build: Step, kind: str, number: int) -> ir.Table:
    """What is remembered of one kind, this build's too."""
    lake = run.warehouse.lake
    steps = [*(version.step_id for version in run.warehouse.meta.versions(dataset.name)), build.step_id]
    select = remembered_sql(lake, dataset.name, kind, steps=steps, policy=number)
    name = f"_audited_{kind}"
    lake.keep(name, placed_entities_sql(select) if kind == "split" else select)
    return lake.ibis.table(name)


def _same_policy(run: Run, dataset: Dataset, build: Step, policy: Numbered) -> list[Finding]:
    """Rows move only when the policy changes, and then readers are told how many."""
    if policy.last is None:
        return []
    if not policy.is_new:
        return [_same_origins(run, dataset, build, f"policy {policy.number}, as before")]
    changed = " and ".join(_changed(dataset, policy.last)) or "the policy"
    moved = _moved(run, dataset, build)
    return [Finding(code="SPLIT3", outcome="warn", seen=f"{changed} changed: {moved.said if moved else NO_VERSION}")]


def _same_origins(run: Run, dataset: Dataset, build: Step, seen: str) -> Finding:
    """Under one policy old rows move where what they were made from is told, or told otherwise, later."""
    moved = _moved(run, dataset, build) if dataset.file.spec.splits.derived_from else None
    if moved is None or not moved.n_moved:
        return Finding(code="SPLIT3", outcome="pass", seen=seen)
    told = f"{seen}, but `derived_from` tells another origin: {moved.said}"
    into = f", {moved.n_into_test:,} of them from train into dev or test" if moved.n_into_test else ""
    return Finding(code="SPLIT3", outcome="warn", seen=f"{told}{into}")


def _changed(dataset: Dataset, last: Policy) -> list[str]:
    """What of a policy is not as it was, by the words of the YAML."""
    thresholds, entity = policy_facts(dataset)
    names = {"lines": "shares"}
    keys = dict.fromkeys([*last.thresholds, *thresholds])
    if "predefined" in keys:
        keys.pop("lines", None)  # of splits that were made elsewhere they place nothing
    words = [names.get(key, key) for key in keys if last.thresholds.get(key) != thresholds.get(key)]
    words += ["entity"] if last.entity != entity else []
    return [*words, *(["salt"] if last.salt != dataset.policy.salt else [])]


@dataclass(frozen=True, kw_only=True)
class _Told:
    """Rows that moved, counted and in words."""

    n_moved: int
    n_into_test: int
    said: str


def _moved(run: Run, dataset: Dataset, build: Step) -> _Told | None:
    """How many entities, or rows by their key, are in another split than in the last version; None without one."""
    lake, before = run.warehouse.lake, latest(run.warehouse.meta, dataset.name)
    key, columns = dataset.file.spec.key, dict(build.detail["columns"])
    if before is None:
        return None
    has_key = bool(key) and set(key) <= set(before.columns)
    for name, table_columns, snapshot in ((BEFORE, before.columns, before.snapshot), (NOW, columns, build.snapshot)):
        who = entity_sql(table_columns, key) if has_key else "_entity"
        lake.keep(name, who_sql(dataset.name, int(snapshot or 0), who))
    moved = moved_rows(lake.ibis.table(BEFORE), lake.ibis.table(NOW))
    both = plural(moved.n_both, "row" if has_key else "entity")
    said = f"{moved.n_moved:,} of {both} of version {before.version} are in another split, or unused"
    return _Told(n_moved=moved.n_moved, n_into_test=moved.n_into_test, said=said)


def _other_datasets(run: Run, dataset: Dataset, table: ir.Table) -> list[Finding]:
    """Datasets that split the same entities in another way: who of dev and test is in their train?"""
    entity = dataset.file.spec.splits.entity
    if not entity:
        return [Finding(code="SPLIT5", outcome="not_applicable", seen="the dataset names no entity")]
    lake, meta, found = run.warehouse.lake, run.warehouse.meta, []
    others = [other for other in run.project.datasets.values() if other.file.spec.splits.entity == entity]
    versions = [(other, latest(meta, other.name)) for other in others if other.name != dataset.name]
    for other, version in versions:
        if version and not is_split_alike(dataset, other):
            lake.keep(OTHER, trained_sql(other.name, version.snapshot, "_entity"))
            said = f"{other.name}, version {version.version}"
            found.append(tested_elsewhere(table, lake.ibis.table(OTHER), other=said))
    seen = f"no entity of dev and test is in train of another dataset by {', '.join(entity)}"
    return [warned for warned in found if warned] or [Finding(code="SPLIT5", outcome="pass", seen=seen)]
