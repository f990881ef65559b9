"""Step three: ask a build everything that must hold before anybody reads it.

The questions are `checks`; what was counted while building is not counted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assets.audit_copies import audit_copies
from assets.audit_policy import audit_policy
from assets.compare_versions import compare_with_last
from assets.ingest import unread_rows
from assets.plan import latest
from assets.profile import Learned, Subject, learn
from assets.project import Dataset
from assets.step import Run
from checks.broken import broken_rules, rejected_share
from checks.collect import collect
from checks.finding import Finding
from checks.giveaway import giveaways
from checks.leakage import identical_rows, shared_entities
from checks.rules import rules_of
from checks.sizes import accounted, empty_splits, is_unlabelled, labels, split_sizes, unused_rows
from checks.units import N_BUCKETS
from warehouse.policy import RESERVED, SPLITS
from warehouse.records import Step
from warehouse.tables import version_sql

AUDITED = "_audited"
JUDGED_ROWS = 200_000


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an audit found.

    Attributes:
        findings: The answers; one that fails keeps the build from being published.
        splits: What each split holds.
        unused: Rows in no split, by reason.
        learned: Columns, counts and comparisons.
    """

    findings: list[Finding]
    splits: list[dict[str, Any]]
    unused: list[dict[str, Any]]
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
        lake.execute(f"CREATE VIEW {AUDITED} AS {version_sql(dataset.name, int(build.snapshot or 0), named=RESERVED)}")
        table = lake.ibis.table(AUDITED, database=(workspace, "main"))
        run.tell(dataset, "audit", "splits")
        sizes = split_sizes(table, target=spec.target, time=spec.time)
        unused = unused_rows(table, target=spec.target)
        findings += [
            accounted(sizes, unused, n_rows=int(detail["n_accepted"])),
            empty_splits(sizes, tuple(dataset.policy.shares)),
            labels(sizes, spec.target),
            *audit_policy(run, dataset, build, table),
        ]
        run.tell(dataset, "audit", "leakage")
        findings += [
            shared_entities(table, apart=dataset.policy.apart),
            identical_rows(table, spec.compared_among(detail["columns"]), has_key=bool(spec.key)),
            *audit_copies(run, dataset, build, table),
            *_giveaways(dataset, table, detail["columns"], int(detail["n_accepted"])),
        ]
        run.tell(dataset, "audit", "shift")
        learned = _learn(run, dataset, build, table, sizes)
        findings += learned.findings
    sizes.sort(key=lambda row: SPLITS.index(row["split"]))
    return Audited(findings=findings, splits=sizes, unused=unused, learned=learned)


def _learn(run: Run, dataset: Dataset, build: Step, table: Any, sizes: list[dict[str, Any]]) -> Learned:
    """Profile the build, and compare its splits, its months, and the last version with it."""
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
    learned = learn(subject)
    compare_with_last(run, subject, int(build.snapshot or 0), learned)
    return learned


def _giveaways(dataset: Dataset, table: Any, columns: Any, n_rows: int) -> list[Finding]:
    spec = dataset.file.spec
    if spec.target is None:
        return [
            Finding(code=code, outcome="not_applicable", seen="the dataset has no target")
            for code in ("LEAK3", "LEAK4")
        ]
    features = spec.features_among(columns)
    n_buckets = N_BUCKETS if n_rows <= JUDGED_ROWS else max(8, N_BUCKETS * JUDGED_ROWS // n_rows)
    rows = table.filter(~is_unlabelled(table[spec.target]), table["_bucket"] < n_buckets)
    frame = collect(rows.select(*features, spec.target, "_bucket"))
    share = "" if n_buckets == N_BUCKETS else f", those of about {n_buckets / N_BUCKETS:.0%} of the entities"
    return giveaways(frame, features, spec.target, judged_on=f"{len(frame):,} labelled rows{share}")


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
