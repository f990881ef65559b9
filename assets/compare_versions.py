"""Part of the audit: does a build differ from the version that readers have? The nightly gate.

Where rows were only added, the added ones are compared with those that were there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assets.plan import latest
from assets.policies import policy_facts
from assets.profile import Learned, Subject
from assets.step import Run
from checks.comparison import IS_WHEN, Both, compare_both, moments_of, other_times, unite, with_target
from checks.finding import Finding
from checks.shift import Question
from warehouse.policy import RESERVED
from warehouse.profiles import ADDED, add_rows_since
from warehouse.records import Version
from warehouse.tables import version_sql

CODE = "SHIFT4"
BEFORE, AFTER = "_before", "_after"
KEPT = ("_entity", "_bucket")


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What became of a version's rows: how many a build adds, and how many it lacks."""

    n_added: int
    n_removed: int


def compare_with_last(run: Run, subject: Subject, snapshot: int, learned: Learned) -> None:
    """Compare a build with the last version, and put report and finding into `learned`.

    Args:
        run: The run.
        subject: The build.
        snapshot: Where it lies. The lake is in a workspace.
        learned: Takes the answer.
    """
    before = latest(run.warehouse.meta, subject.dataset.name)
    if before is None or before.step_id == subject.step_id:
        seen = "there is no earlier version"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return
    if changed := _changed_units(run, subject, before):
        seen = f"the {changed} changed since version {before.version}, so nothing is swapped that both have"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return
    lake, name = run.warehouse.lake, subject.dataset.name
    selects = {
        BEFORE: version_sql(name, before.snapshot, named=RESERVED),
        AFTER: version_sql(name, snapshot, named=RESERVED),
    }
    for view, select in selects.items():
        # Unused rows are in no comparison.
        lake.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM ({select}) WHERE _split IS NOT NULL")
    one, two = (lake.ibis.table(view) for view in (BEFORE, AFTER))
    shared = [c for c in subject.columns if c in before.columns and before.columns[c] == str(_types(run, AFTER)[c])]
    growth = _growth(run, shared)
    last = f"version {before.version}"
    if not growth.n_added and not growth.n_removed:
        learned.findings.append(Finding(code=CODE, outcome="pass", seen=f"the rows are those of {last}"))
        return
    is_grown = not growth.n_removed
    current = lake.ibis.table(ADDED) if is_grown else two
    both = unite(one.select(*shared, *KEPT), current.select(*shared, *KEPT), kept=KEPT)
    both, question = _asked(subject, before, both)
    words = f"{growth.n_added:,} rows added since" if is_grown else "this build"
    report = with_target(compare_both(both, question, reference=last, current=words), subject.dataset.file.spec.target)
    learned.add("versions", report)
    learned.findings.append(report.finding(CODE))


def _changed_units(run: Run, subject: Subject, before: Version) -> str:
    """What makes rows belong together otherwise than in the last version: `salt`, `entity`, or nothing."""
    policies = {policy.policy: policy for policy in run.warehouse.meta.policies(subject.dataset.name)}
    policy = policies.get(before.policy or 0)
    if policy is None:
        return ""
    if policy.salt != subject.dataset.policy.salt:
        return "salt"
    return "entity" if policy.entity != policy_facts(subject.dataset)[1] else ""


def _types(run: Run, view: str) -> dict[str, str]:
    rows: list[Any] = run.warehouse.lake.execute(f"DESCRIBE {view}").fetchall()
    return {row[0]: row[1] for row in rows}


def _growth(run: Run, shared: list[str]) -> Growth:
    lake = run.warehouse.lake
    columns = [*shared, *KEPT]
    n_added = add_rows_since(lake, f"SELECT * FROM {BEFORE}", f"SELECT * FROM {AFTER}", columns)
    sizes = [lake.execute(f"SELECT count(*) FROM {view}").fetchone() for view in (BEFORE, AFTER)]
    n_before, n_after = (int(row[0]) if row else 0 for row in sizes)
    return Growth(n_added=n_added, n_removed=n_before - (n_after - n_added))


def _asked(subject: Subject, before: Version, both: Both) -> tuple[Both, Question]:
    spec = subject.dataset.file.spec
    silent = {c: why for c, why in subject.silent().items() if c in both.columns}
    unlike = ""
    if spec.time and _is_later(both, spec.time):
        silent = dict.fromkeys(moments_of(both.table), IS_WHEN) | silent
        unlike = "" if subject.is_unit_the_day else other_times(subject.unit)
    question = Question(
        unit=subject.unit,
        seed=f"{before.fingerprint} {subject.fingerprint}",
        unlike=unlike,
        target=spec.target,
        time=spec.time,
    )
    return Both(table=both.table, columns=both.columns, not_compared={**both.not_compared, **silent}), question


def _is_later(both: Both, time: str) -> bool:
    """Whether one side ends before the other begins."""
    from checks.collect import collect

    if time not in both.table.columns:
        return False
    table = both.table
    ends = collect(table.group_by("_part").agg(first=table[time].min(), last=table[time].max())).drop_nulls().to_dicts()
    return len(ends) == 2 and (ends[0]["last"] < ends[1]["first"] or ends[1]["last"] < ends[0]["first"])
