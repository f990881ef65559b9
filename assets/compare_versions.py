"""Part of the audit: does a build differ from the version that readers have? The nightly gate.

Where rows were only added, the added ones are compared with those that were there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb

from assets.gate import at_least, gated
from assets.plan import latest
from assets.policies import policy_facts
from assets.profile import Learned, Subject
from assets.step import Run, digest
from checks.added_rows import compare_added
from checks.both_sides import Both, compare_both, moments_of, unite
from checks.comparison import IS_WHEN, other_times, with_target
from checks.finding import Finding
from checks.growth import Grown
from checks.kinds import as_float
from checks.profile import UNUSED
from checks.shift_question import Question
from checks.time_overlap import are_apart
from warehouse.policy import PLACE, RESERVED
from warehouse.profiles import ADDED, RowSum, add_rows_since, keep_rows_behind, sum_rows
from warehouse.records import Version
from warehouse.tables import version_sql

CODE = "SHIFT4"
BEFORE, AFTER = "_before", "_after"
KEPT = ("_entity", "_bucket")
PLACED = " WHERE _split IS NOT NULL"


@dataclass(frozen=True, kw_only=True)
class Growth:
    """What became of a version's rows; those that were added are the table `_added` of the workspace.

    Attributes:
        before: The version.
        shared: The columns that it and the build have in one type.
        n_added: How many rows in splits a build adds.
        n_removed: How many it lacks.
        n_unused: Rows of either side that are in no split, and were left out.
        is_appended: All rows of the version are in the build, each in its split: `_added` has the others, also those in
            no split.
        row_sum: By what the rows of this build will be known again, as an audit's detail keeps it.
    """

    before: Version
    shared: list[str]
    n_added: int
    n_removed: int
    n_unused: int
    is_appended: bool
    row_sum: dict[str, Any]


def version_before(run: Run, subject: Subject) -> Version | None:
    """The last version that is not this build."""
    versions = run.warehouse.meta.versions(subject.dataset.name)
    return next((v for v in reversed(versions) if v.step_id != subject.step_id), None)


def growth_since_last(run: Run, subject: Subject, snapshot: int) -> Growth | None:
    """What became of the rows of the last version, where there is one.

    They are mostly the first rows of the build, and then that is quickly told; but files that came together may be
    stored in either order.

    Args:
        run: The run.
        subject: The build.
        snapshot: Where it lies. The lake is in a workspace, which gets views of both.
    """
    if (before := version_before(run, subject)) is None:
        return None
    lake, shared = run.warehouse.lake, mount_sides(run, subject, before, snapshot)
    columns, n_rows = [*shared, *KEPT, "_split"], before.n_rows + subject.n_rows
    n_first = before.n_rows if PLACE in subject.table.columns else 0
    first, now = sum_rows(lake, f"FROM {AFTER}", columns, n_first=n_first)
    was = _kept_sum(run, subject, before, columns) or sum_rows(lake, f"FROM {BEFORE}", columns)[1]
    growth = Growth(
        before=before,
        shared=shared,
        n_added=now.n_placed - was.n_placed,
        n_removed=0,
        n_unused=n_rows - now.n_placed - was.n_placed,
        is_appended=True,
        row_sum=now.to_json(_made_of(subject, columns)),
    )
    if n_first and first == was:
        keep_rows_behind(lake, f"FROM {AFTER}", columns, n_first=n_first)
    elif now.n_rows < was.n_rows or growth_between(run, columns)[1]:
        n_added, n_removed, n_placed = growth_between(run, [*shared, *KEPT], PLACED)
        n_unused = n_rows - n_placed
        return replace(growth, n_added=n_added, n_removed=n_removed, n_unused=n_unused, is_appended=False)
    return growth


def row_sum(run: Run, subject: Subject) -> dict[str, Any]:
    """By what the rows of a first version will be known again, as an audit's detail keeps it."""
    columns = [*subject.columns, *KEPT, "_split"]
    return sum_rows(run.warehouse.lake, f"FROM {subject.table.get_name()}", columns)[1].to_json(
        _made_of(subject, columns)
    )


def _kept_sum(run: Run, subject: Subject, before: Version, columns: list[str]) -> RowSum | None:
    """The sum of a version's rows as its audit kept it; None where it is one of other columns or of another engine."""
    (audit,) = run.warehouse.meta.steps(before.dataset, step_id=before.audit_id)
    return RowSum.from_json(audit.detail.get("row_sum"), _made_of(subject, columns))


def _made_of(subject: Subject, columns: list[str]) -> str:
    types = [(name, str(subject.table[name].type())) for name in columns]
    return digest({"columns": types, "engine": duckdb.__version__})


def growth_between(run: Run, columns: list[str], where: str = "") -> tuple[int, int, int]:
    """How many rows of the mounted build are new, how many of the version are gone, and how many both have in all."""
    n_added = add_rows_since(run.warehouse.lake, f"FROM {BEFORE}{where}", f"FROM {AFTER}{where}", columns)
    n_before, n_after = (_count(run, f"{view}{where}") for view in (BEFORE, AFTER))
    return n_added, n_before - (n_after - n_added), n_before + n_after


def _count(run: Run, source: str) -> int:
    row = run.warehouse.lake.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0


def compare_with_last(run: Run, subject: Subject, growth: Growth | None, grown: Grown | None, learned: Learned) -> None:
    """Compare a build with the last version, and put report and finding into `learned`.

    Args:
        run: The run.
        subject: The build.
        growth: What became of the last version's rows.
        grown: The counts of both, where only the added rows were counted.
        learned: Takes the answer.
    """
    before = latest(run.warehouse.meta, subject.dataset.name)
    if before is None or before.step_id == subject.step_id or growth is None:
        seen = "there is no earlier version"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return
    if changed := _changed_units(run, subject, before):
        seen = f"the {changed} changed since version {before.version}, so nothing is swapped that both have"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return
    last = f"version {before.version}"
    if not growth.n_added and not growth.n_removed:
        learned.findings.append(Finding(code=CODE, outcome="pass", seen=f"the rows are those of {last}"))
        return
    is_grown = not growth.n_removed
    tables = [run.warehouse.lake.ibis.table(name) for name in (BEFORE, ADDED if is_grown else AFTER)]
    one, current = (t.filter(t["_split"].notnull()) if "_split" in t.columns else t for t in tables)
    both = unite(one.select(*growth.shared, *KEPT), current.select(*growth.shared, *KEPT), kept=KEPT)
    both, question = _asked(subject, before, both, grown)
    name = f"{growth.n_added:,} rows added since" if is_grown else "this build"
    report = (
        compare_added(both, grown, question, reference=last, current=name)
        if grown
        else compare_both(both, question, reference=last, current=name)
    )
    report = with_target(report, subject.dataset.file.spec.target)
    learned.add("versions", report)
    learned.findings.append(gated(report.finding(CODE), subject.dataset, at_least(report)))


def _changed_units(run: Run, subject: Subject, before: Version) -> str:
    """What makes rows belong together otherwise than in the last version: `salt`, `entity`, or nothing."""
    policies = {policy.policy: policy for policy in run.warehouse.meta.policies(subject.dataset.name)}
    policy = policies.get(before.policy or 0)
    if policy is None:
        return ""
    if policy.salt != subject.dataset.policy.salt:
        return "salt"
    return "entity" if policy.entity != policy_facts(subject.dataset)[1] else ""


def mount_sides(run: Run, subject: Subject, before: Version, snapshot: int) -> list[str]:
    """Views of a version and of a build in the workspace; the columns that both have in one type.

    Args:
        run: The run.
        subject: The build.
        before: The version.
        snapshot: Where the build lies.
    """
    lake, name = run.warehouse.lake, subject.dataset.name
    place = (PLACE,) if PLACE in subject.table.columns else ()
    for view, at, named in ((BEFORE, before.snapshot, RESERVED), (AFTER, snapshot, (*RESERVED, *place))):
        lake.execute(f"CREATE OR REPLACE VIEW {view} AS {version_sql(name, at, named=named)}")
    described: list[Any] = lake.execute(f"DESCRIBE {AFTER}").fetchall()
    types = {row[0]: str(row[1]) for row in described}
    return [c for c in subject.columns if before.columns.get(c) == types[c]]


def _asked(subject: Subject, before: Version, both: Both, grown: Grown | None) -> tuple[Both, Question]:
    spec = subject.dataset.file.spec
    silent = {c: why for c, why in subject.silent().items() if c in both.columns}
    unlike = ""
    if spec.time and (_is_added_later(grown, spec.time) if grown else _is_later(both, spec.time)):
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


def _is_added_later(grown: Grown, time: str) -> bool:
    """Whether the added rows lie before or after the others, by what was counted, to the second."""
    ends = [
        [found for (column, part), found in profile.extremes.items() if column == time and part != UNUSED]
        for profile in (grown.kept, grown.added)
    ]
    if not all(ends):
        return False
    one, two = ((min(f.low for f in side), max(f.high for f in side)) for side in ends)
    return are_apart(one, two)


def _is_later(both: Both, time: str) -> bool:
    """Whether most rows of one side lie before or after all of the other: a corrected old row among new ones is few."""
    from checks.collect import collect

    if time not in both.table.columns:
        return False
    at = as_float(both.table[time])
    of = collect(both.table.group_by("_part").agg(first=at.min(), middle=at.median(), last=at.max())).rows()
    middle = [(row[2], row[2]) for row in of]
    return len(of) == 2 and any(are_apart(middle[i], of[1 - i][1::2]) for i in range(2))
