"""Step three: ask a build everything that must hold before anybody reads it.

The questions are `checks`; what was counted while building is not counted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assets.audit_copies import audit_copies
from assets.audit_policy import audit_policy
from assets.audit_splits import are_copies, asked_splits, named_splits, times
from assets.compare_months import compare_by_month
from assets.compare_versions import BEFORE, Growth, compare_with_last, growth_since_last, row_sum
from assets.ingest import unread_rows
from assets.kept_profile import KeptProfile
from assets.plan import latest
from assets.profile import Counted, Learned, Subject, count, counted_as, learn
from assets.project import Dataset
from assets.split_facts import split_facts
from assets.step import Run
from assets.target import given_away
from assets.watch import watch
from checks.broken import broken_rules, rejected_share
from checks.finding import Finding
from checks.leakage import identical_rows, shared_entities
from checks.rules import rules_of
from checks.sizes import accounted, labels, split_sizes, unused_rows
from warehouse.policy import PLACE, RESERVED, SPLITS
from warehouse.profiles import ADDED
from warehouse.records import Step
from warehouse.tables import version_sql

AUDITED = "_audited"


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an audit found.

    Attributes:
        findings: The answers; one that fails keeps the build from being published.
        splits: What each split holds.
        unused: Rows in no split, by reason.
        split_figures: Pictures of the splits.
        learned: Columns, counts and comparisons.
    """

    findings: list[Finding]
    splits: list[dict[str, Any]]
    unused: list[dict[str, Any]]
    split_figures: list[dict[str, Any]]
    learned: Learned

    @property
    def n_unlabelled(self) -> int:
        """Rows without label, in splits and unused."""
        return sum(int(row["n_unlabelled"]) for row in (*self.splits, *self.unused))


def audit(run: Run, dataset: Dataset, build: Step) -> Audited:
    """Ask a build every question."""
    spec, detail = dataset.file.spec, build.detail
    run.tell(dataset, "audit", "contract")
    rules = rules_of(spec.contract, key=spec.key)
    n_unread = int(detail["n_unread"])
    findings = [
        *unread_rows(dataset, run.warehouse.meta),
        *broken_rules(rules, dict(detail["rules"]), n_rows=detail["n_rows"], examples=detail["examples"]),
        rejected_share(
            detail["n_rejected"] + n_unread, detail["n_rows"] + n_unread, most=spec.contract.max_rejected_share
        ),
        *_kept_columns(run, dataset, detail["columns"]),
    ]
    lake = run.warehouse.lake
    with lake.workspace() as workspace:
        # A column of that name hides DuckLake's own.
        named = RESERVED if "rowid" in detail["columns"] else (*RESERVED, PLACE)
        lake.execute(f"CREATE VIEW {AUDITED} AS {version_sql(dataset.name, int(build.snapshot or 0), named=named)}")
        table = lake.ibis.table(AUDITED, database=(workspace, "main"))
        run.tell(dataset, "audit", "splits")
        sizes = split_sizes(table, target=spec.target, time=spec.time)
        sizes.sort(key=lambda row: SPLITS.index(row["split"]))
        told = split_facts(dataset, table, sizes)
        unused = unused_rows(table, target=spec.target)
        findings += [
            accounted(sizes, unused, n_rows=int(detail["n_accepted"])),
            asked_splits(dataset, sizes, unused),
            labels(sizes, spec.target),
            *audit_policy(run, dataset, build, table),
            *named_splits(dataset, build),
        ]
        run.tell(dataset, "audit", "leakage")
        findings += [
            shared_entities(table, apart=dataset.policy.apart),
            identical_rows(table, spec.compared_among(detail["columns"]), has_key=not are_copies(dataset)),
            *audit_copies(run, dataset, build, table),
            *times(dataset, build, table, sizes, unused),
            *given_away(dataset, table, detail["columns"], int(detail["n_accepted"])),
        ]
        run.tell(dataset, "audit", "shift")
        learned = _learn(run, dataset, build, table, sizes)
        findings += learned.findings
    splits = sorted(told.splits, key=lambda row: SPLITS.index(row["split"]))
    return Audited(findings=findings, splits=splits, unused=unused, split_figures=told.figures, learned=learned)


def _learn(run: Run, dataset: Dataset, build: Step, table: Any, sizes: list[dict[str, Any]]) -> Learned:
    """Profile the build, compare its splits, its months, the last version with it, and judge its new days."""
    n_rows = int(build.detail["n_accepted"])
    if not n_rows:
        return Learned()
    subject = Subject(
        dataset=dataset,
        table=table,
        columns=list(build.detail["columns"]),
        sizes={row["split"]: row for row in sizes},
        n_rows=n_rows,
        step_id=build.step_id,
        fingerprint=build.fingerprint,
    )
    growth = growth_since_last(run, subject, int(build.snapshot or 0))
    counted = _count(run, subject, growth)
    learned = learn(subject, counted)
    learned.row_sum = growth.row_sum if growth else row_sum(run, subject)
    compare_with_last(run, subject, growth, counted.grown, learned)
    run.tell(dataset, "audit", "days")
    compare_by_month(subject, watch(run, subject, growth, learned), learned)
    return learned


def _count(run: Run, subject: Subject, growth: Growth | None) -> Counted:
    """Count a build, the rows behind those of the last version alone where they may be added to its counts."""
    if growth is None or not growth.is_appended:
        return count(subject, None, None, None)
    kept = KeptProfile.of(run.warehouse.meta, growth.before, counted_as(subject))
    added, before = (run.warehouse.lake.ibis.table(name) for name in (ADDED, BEFORE))
    return count(subject, kept, added, before)


def _kept_columns(run: Run, dataset: Dataset, columns: Any) -> list[Finding]:
    """A version that lacks a column of the last one, or has it in another type, breaks its readers."""
    before = latest(run.warehouse.meta, dataset.name)
    if before is None:
        return []
    changed = [f"{name} is gone" for name in before.columns if name not in columns]
    changed += [
        f"{name} was {kind} and is {columns[name]}"
        for name, kind in before.columns.items()
        if columns.get(name, kind) != kind
    ]
    if not changed:
        return []
    outcome: Any = "warn" if dataset.file.spec.breaking else "fail"
    return [Finding(code="SCHEMA1", outcome=outcome, seen=f"against version {before.version}: {'; '.join(changed)}")]
