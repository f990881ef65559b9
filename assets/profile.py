"""Part of the audit: what is learned of a build's columns, and whether its splits, versions and months differ.

How columns are counted and compared is `checks`; what two versions have in common, `warehouse.profiles`. The
comparison with the last version is `assets.compare_versions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assets.project import Dataset
from assets.split_facts import has_entities
from checks.bins import Cells
from checks.collect import one_row
from checks.column_parts import cells_with_parts
from checks.column_stats import figure_of, quartiles, stats_of
from checks.comparison import IS_WHEN, common_entities, moments_of, other_times, time_among, with_target
from checks.finding import Finding
from checks.months import by_day, compare_months, effect_line, months_finding, target_line
from checks.profile import Profile, scan
from checks.report import ShiftReport
from checks.score_columns import score_rows
from checks.shift import Question, compare_sides
from checks.units import N_BUCKETS
from warehouse.policy import SPLITS
from warehouse.profiles import packed
from warehouse.query import parse

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = list[dict[str, Any]]
# Which splits are compared, and which question of the catalogue it is.
PAIRS = (("train", "train_dev", "SHIFT1"), ("dev", "test", "SHIFT2"), ("train", "dev", "SHIFT3"))
IS_ENTITY, IS_KEY, IS_POOL = "it is the entity", "it is the key", "`evaluate_on` selects by it"
IS_NAME = "it names the splits"


@dataclass(kw_only=True)
class Learned:
    """What an audit learned of a build, as `meta` keeps it.

    Attributes:
        columns: Rows of `meta.columns`.
        profiles: Rows of `meta.profiles`.
        comparisons: Rows of `meta.comparisons`.
        figures: Pictures of the whole build.
        findings: The answers to the questions of shift.
        watch: How days are counted, or nothing.
        day_cells: Rows of `meta.day_cells`.
        days: Rows of `meta.days`.
        watched: Rows of `meta.watched`.
    """

    columns: Rows = field(default_factory=list)
    profiles: Rows = field(default_factory=list)
    comparisons: Rows = field(default_factory=list)
    figures: Rows = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    watch: dict[str, Any] = field(default_factory=dict)
    day_cells: Rows = field(default_factory=list)
    days: Rows = field(default_factory=list)
    watched: Rows = field(default_factory=list)

    def add(self, kind: str, report: ShiftReport) -> None:
        """Keep a comparison."""
        self.comparisons.append(
            {
                "ordinal": len(self.comparisons),
                "kind": kind,
                "reference": report.reference,
                "current": report.current,
                "is_shifted": report.is_shifted,
                "report": report.to_json(),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A build as the questions of shift see it.

    Attributes:
        dataset: Its dataset.
        table: Its rows, with the reserved columns.
        columns: Its columns.
        sizes: What each split holds.
        n_rows: Its rows.
        step_id: Its step.
        fingerprint: What it was made of: assignments are drawn from it, so that a repeated run says the same.
    """

    dataset: Dataset
    table: ir.Table
    columns: list[str]
    sizes: Mapping[str, Mapping[str, Any]]
    n_rows: int
    step_id: str
    fingerprint: str

    @property
    def unit(self) -> str:
        """What is swapped when splits are compared, in words."""
        spec = self.dataset.file.spec
        if spec.splits.clusters:
            return "cluster"
        return ", ".join(spec.splits.entity) or "row"

    @property
    def is_unit_the_day(self) -> bool:
        """Whether an entity is one day."""
        spec = self.dataset.file.spec
        return tuple(spec.splits.entity) == (spec.time,) and not spec.splits.clusters

    @property
    def has_entities(self) -> bool:
        """Whether an entity may have several rows."""
        return has_entities(self.dataset.file.spec)

    def silent(self) -> dict[str, str]:
        """The columns that are no distribution, and why: the entity, a key of one column, the names of splits."""
        spec = self.dataset.file.spec
        key = dict.fromkeys(spec.key, IS_KEY) if len(spec.key) == 1 else {}
        named = {spec.splits.named_by: IS_NAME} if spec.splits.named_by in self.columns else {}
        return key | named | dict.fromkeys(spec.splits.together, IS_ENTITY)

    def pool_columns(self) -> dict[str, str]:
        """The columns that `evaluate_on` reads: the pools differ in them because it says so."""
        condition = self.dataset.file.spec.splits.evaluate_on
        named = parse(f"SELECT 1 WHERE {condition}").columns if condition else frozenset()
        return {c: IS_POOL for c in self.columns if c.lower() in {n.lower() for n in named}}


def learn(subject: Subject) -> Learned:
    """Profile a build and compare its splits and its months."""
    learned = Learned()
    silent = subject.silent()
    table, cells = cells_with_parts(subject.table, subject.columns, n_rows=subject.n_rows, without=silent)
    subject, cells = replace(subject, table=table), told(cells, silent)
    split = table.mutate(_part=table["_split"])
    profile = scan(split, cells, n_rows=subject.n_rows, has_entities=subject.has_entities)
    learned.profiles = list(_profile_rows(subject, profile))
    learned.columns = list(_column_rows(subject, profile, split))
    for reference, current, code in PAIRS:
        _compare_splits(subject, profile, learned, (reference, current), code)
    _compare_months(subject, cells, learned)
    return learned


def told(cells: tuple[Cells, ...], silent: Mapping[str, str]) -> tuple[Cells, ...]:
    """Cells with why some are not compared."""
    return tuple(replace(c, why=silent[c.column]) if c.column in silent and not c.why else c for c in cells)


def _profile_rows(subject: Subject, profile: Profile) -> Iterator[dict[str, Any]]:
    for cells in profile.cells:
        for part, side in profile.parts.items():
            yield {
                "part": part,
                "column": cells.column,
                "dataset": subject.dataset.name,
                "kind": cells.kind,
                "bins": cells.to_json(),
                "n_buckets": N_BUCKETS,
                "counts": packed(side.counts[cells.column]),
            }


def _column_rows(subject: Subject, profile: Profile, table: ir.Table) -> Iterator[dict[str, Any]]:
    exact = quartiles(table, profile.cells, n_rows=subject.n_rows)
    for ordinal, cells in enumerate(c for c in profile.cells if c.column in subject.columns):
        stats = stats_of(profile, cells, SPLITS)
        for part, found in exact.get(cells.column, {}).items():
            if part in stats:
                stats[part] |= found
        yield {
            "ordinal": ordinal,
            "dataset": subject.dataset.name,
            "column": cells.column,
            "type": cells.type,
            "kind": cells.kind,
            "stats": stats,
            "figure": figure_of(profile, cells, ("train", "dev", "test")),
        }


def _compare_splits(subject: Subject, profile: Profile, learned: Learned, pair: tuple[str, str], code: str) -> None:
    if missing := [split for split in pair if split not in profile.parts]:
        seen = f"there is no {' and no '.join(missing)}"
        learned.findings.append(Finding(code=code, outcome="not_applicable", seen=seen))
        return
    spec = subject.dataset.file.spec
    across = code == "SHIFT3" and spec.splits.evaluate_on is not None
    seed = f"{subject.fingerprint} {' '.join(pair)}"
    question = Question(
        unit=subject.unit,
        seed=seed,
        declared=across,
        tolerance=spec.shift.tolerance,
        target=spec.target,
        time=spec.time,
        code=code,
    )
    cells = profile.cells
    if across or (spec.splits.time and code != "SHIFT1"):
        is_apart = _is_apart_in_time(subject, pair)
        when = dict.fromkeys(moments_of(subject.table), IS_WHEN) if is_apart else {}
        silent = when | subject.pool_columns()
        cells = told(cells, silent)
        if code == "SHIFT3" and subject.dataset.policy.apart == "pool":
            table = subject.table.filter(subject.table["_split"].isin(pair))
            question = replace(question, n_common_entities=common_entities(table.mutate(_part=table["_split"])))
        if is_apart and not subject.is_unit_the_day:
            question = replace(question, unlike=other_times(subject.unit))
    sides, table = (profile.parts[pair[0]], profile.parts[pair[1]]), subject.table.mutate(_part=subject.table["_split"])
    scored = score_rows(table, sides, pair, cells, time=time_among(table, question))
    report = compare_sides(*sides, cells, question, scored)
    report = with_target(report, spec.target)
    learned.add("splits", report)
    learned.findings.append(report.finding(code))


def _is_apart_in_time(subject: Subject, pair: tuple[str, str]) -> bool:
    """Whether one side ends before the other begins."""
    first, second = (subject.sizes[split] for split in pair)
    ends = [first["first_time"], first["last_time"], second["first_time"], second["last_time"]]
    return all(ends) and (first["last_time"] < second["first_time"] or second["last_time"] < first["first_time"])


def _compare_months(subject: Subject, cells: tuple[Cells, ...], learned: Learned) -> None:
    spec = subject.dataset.file.spec
    if spec.time is None or spec.time not in moments_of(subject.table):
        seen = "the dataset has no time" if spec.time is None else f"{spec.time} is no date or timestamp"
        learned.findings.append(Finding(code="SHIFT5", outcome="not_applicable", seen=seen))
        return
    placed = by_day(subject.table.filter(subject.table["_split"].notnull()), spec.time)
    if not one_row(placed.aggregate(n=placed.count()))["n"]:
        learned.findings.append(Finding(code="SHIFT5", outcome="not_applicable", seen=f"no row has a {spec.time}"))
        return
    silent = dict.fromkeys(moments_of(subject.table), IS_WHEN) | subject.pool_columns()
    cells = told(cells, silent)
    profile = scan(placed, [c for c in cells if not c.why], n_rows=subject.n_rows)
    seed = f"{subject.fingerprint} months"
    question = Question(unit="day", seed=seed, tolerance=spec.shift.tolerance, code="SHIFT5")
    reports = compare_months(profile, profile.cells, question)
    for report in reports:
        learned.add("months", report)
    learned.findings.append(months_finding(reports, profile))
    target = next((c for c in profile.cells if c.column == spec.target), None)
    drawn = (effect_line(reports, question.tolerance), target_line(profile, target) if target else None)
    learned.figures = [figure for figure in drawn if figure]
