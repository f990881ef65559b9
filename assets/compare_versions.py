"""Part of the audit: does a build differ from the version that readers have? The nightly gate.

Where rows were only added, the added ones are compared with those that were there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assets.gate import gated
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
    """What became of a version's rows; those that were added are the table `_added` of the workspace.

    Attributes:
        n_added: How many a build adds.
        n_removed: How many it lacks.
        n_unused: Rows of either side that are in no split, and were left out.
    """

    n_added: int
    n_removed: int
    n_unused: int


def compare_with_last(run: Run, subject: Subject, snapshot: int, learned: Learned) -> Growth | None:
    """Compare a build with the last version, and put report and finding into `learned`.

    Args:
        run: The run.
        subject: The build.
        snapshot: Where it lies. The lake is in a workspace.
        learned: Takes the answer.

    Returns:
        What became of the last version's rows, where they can be compared.
    """
    before = latest(run.warehouse.meta, subject.dataset.name)
    if before is None or before.step_id == subject.step_id:
        seen = "there is no earlier version"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return None
    if changed := _changed_units(run, subject, before):
        seen = f"the {changed} changed since version {before.version}, so nothing is swapped that both have"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return None
    shared = mount_sides(run, subject, before, snapshot)
    growth = growth_since(run, shared, n_rows=before.n_rows + subject.n_rows)
    last = f"version {before.version}"
    if not growth.n_added and not growth.n_removed:
        learned.findings.append(Finding(code=CODE, outcome="pass", seen=f"the rows are those of {last}"))
        return growth
    is_grown = not growth.n_removed
    one, current = (run.warehouse.lake.ibis.table(name) for name in (BEFORE, ADDED if is_grown else AFTER))
    both = unite(one.select(*shared, *KEPT), current.select(*shared, *KEPT), kept=KEPT)
    both, question = _asked(subject, before, both)
    words = f"{growth.n_added:,} rows added since" if is_grown else "this build"
    report = with_target(compare_both(both, question, reference=last, current=words), subject.dataset.file.spec.target)
    learned.add("versions", report)
    learned.findings.append(gated(report.finding(CODE), subject.dataset, report))
    return growth


def _changed_units(run: Run, subject: Subject, before: Version) -> str:
    """What makes rows belong together otherwise than in the last version: `salt`, `entity`, or nothing."""
    policies = {policy.policy: policy for policy in run.warehouse.meta.policies(subject.dataset.name)}
    policy = policies.get(before.policy or 0)
    if policy is None:
        return ""
    if policy.salt != subject.dataset.policy.salt:
        return "salt"
    return "entity" if policy.entity != policy_facts(subject.dataset)[1] else ""


def mount_sides(run: Run, subject: Subject, before: Version, snapshot: int, *, with_unused: bool = False) -> list[str]:
    """Views of a version and of a build in the workspace; the columns that both have in one type.

    Args:
        run: The run.
        subject: The build.
        before: The version.
        snapshot: Where the build lies.
        with_unused: Also the rows in no split, which are in no comparison.
    """
    lake, name = run.warehouse.lake, subject.dataset.name
    where = "" if with_unused else " WHERE _split IS NOT NULL"
    for view, at in ((BEFORE, before.snapshot), (AFTER, snapshot)):
        lake.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM ({version_sql(name, at, named=RESERVED)}){where}")
    described: list[Any] = lake.execute(f"DESCRIBE {AFTER}").fetchall()
    types = {row[0]: str(row[1]) for row in described}
    return [c for c in subject.columns if before.columns.get(c) == types[c]]


def growth_since(run: Run, shared: list[str], *, n_rows: int) -> Growth:
    """What became of the rows of the mounted version in the mounted build; `n_rows` are all rows of both."""
    lake = run.warehouse.lake
    n_added = add_rows_since(lake, f"SELECT * FROM {BEFORE}", f"SELECT * FROM {AFTER}", [*shared, *KEPT])
    sizes = [lake.execute(f"SELECT count(*) FROM {view}").fetchone() for view in (BEFORE, AFTER)]
    n_before, n_after = (int(row[0]) if row else 0 for row in sizes)
    n_unused = n_rows - n_before - n_after
    return Growth(n_added=n_added, n_removed=n_before - (n_after - n_added), n_unused=n_unused)


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
        tolerance=spec.shift.tolerance,
        target=spec.target,
        time=spec.time,
        code=CODE,
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
