"""Part of the audit: what is learned of a build's columns, and whether its splits differ.

How columns are counted and compared is `checks`; what is kept of the counts, `assets.kept_profile`. The comparison with
the last version is `assets.compare_versions`, that of months `assets.compare_months`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from assets.kept_profile import KeptProfile, profile_rows
from assets.project import Dataset
from assets.split_facts import has_entities
from assets.step import digest
from checks.bins import Cells
from checks.both_sides import common_entities, moments_of
from checks.column_parts import cells_with_parts, with_parts
from checks.column_stats import figure_of, quartiles, stats_of
from checks.comparison import IS_WHEN, other_times, with_target
from checks.finding import Finding
from checks.growth import Grown, anew, grow, pooled_counts
from checks.profile import IS_A_NUMBER, Profile, scan
from checks.report import ShiftReport
from checks.sampled_rows import Sample
from checks.score_columns import Scored, score_rows
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.time_overlap import are_apart
from checks.units import are_paired
from warehouse.policy import SPLITS
from warehouse.query import parse

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = list[dict[str, Any]]
# Which splits are compared, and which question of the catalogue it is.
PAIRS = (("train", "train_dev", "SHIFT1"), ("dev", "test", "SHIFT2"), ("train", "dev", "SHIFT3"))
IS_ENTITY, IS_KEY, IS_POOL = "it is the entity", "it is the key", "`evaluate_on` selects by it"
IS_NAME = "it names the splits"
# Another one where columns are counted in another way than before: what was kept is then counted anew.
COUNTED_WAY = 1


@dataclass(kw_only=True)
class Learned:
    """What an audit learned of a build, as `meta` keeps it.

    Attributes:
        columns: Rows of `meta.columns`.
        counted: As what the counts were counted.
        n_counted: How many rows were counted; the others were by an earlier audit.
        row_sum: By what its rows are known again in the next build.
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
    counted: str = ""
    n_counted: int = 0
    row_sum: dict[str, Any] = field(default_factory=dict)
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


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The counts of a build.

    Attributes:
        profile: The counts.
        table: Its rows, with the parts of texts and lists, `_part` being the split.
        learned: By column, the rows by cell from which the cells were learned.
        grown: The rows that were added, where those alone were counted.
    """

    profile: Profile
    table: ir.Table
    learned: Mapping[str, Any]
    grown: Grown | None = None


def counted_as(subject: Subject) -> str:
    """A digest of what must be the same for counts to be added up."""
    types = {name: str(subject.table[name].type()) for name in subject.columns}
    return digest({"types": types, "silent": subject.silent(), "entities": subject.has_entities, "way": COUNTED_WAY})


def count(subject: Subject, kept: KeptProfile | None, added: ir.Table | None, before: ir.Table | None) -> Counted:
    """Count a build: the rows that were added alone, or all where their cells are unknown or no longer fit.

    Args:
        subject: The build.
        kept: What the last version's audit kept.
        added: The rows that were added since, where all others are those of the last version.
        before: The last version.
    """
    n_rows, has_entities = subject.n_rows, subject.has_entities
    if kept is not None and added is not None and before is not None:
        is_apart = subject.dataset.policy.apart == "everywhere"  # and the audit holds it: a version was asked
        more, there = _in_splits(added), _in_splits(before)
        grown = grow(kept.profile, more, there, n_rows=n_rows, has_entities=has_entities, is_apart=is_apart)
        has_all = sum(side.n_rows for side in grown.profile.parts.values()) == n_rows
        if has_all and not anew(grown.profile, kept.learned):
            table = with_parts(_in_splits(subject.table), grown.profile.cells)
            return Counted(profile=grown.profile, table=table, learned=kept.learned, grown=grown)
    silent, table = subject.silent(), _in_splits(subject.table)
    table, cells = cells_with_parts(table, subject.columns, n_rows=subject.n_rows, without=silent)
    profile = scan(table, told(cells, silent), n_rows=n_rows, has_entities=has_entities)
    return Counted(profile=profile, table=table, learned=pooled_counts(profile))


def _in_splits(table: ir.Table) -> ir.Table:
    return table.mutate(_part=table["_split"])


def learn(subject: Subject, counted: Counted) -> Learned:
    """What is told of the columns of a build, and whether its splits differ."""
    learned, profile = Learned(), counted.profile
    subject = replace(subject, table=counted.table)
    learned.counted = counted_as(subject)
    scanned = counted.grown.added if counted.grown else profile
    learned.n_counted = sum(side.n_rows for side in scanned.parts.values())
    learned.profiles = list(profile_rows(profile, counted.learned))
    learned.columns = list(_column_rows(subject, profile))
    sizes = {split: side.n_rows for split, side in profile.parts.items() if split in SPLITS}
    time = subject.dataset.file.spec.time
    time = time if time in moments_of(subject.table) else None
    sample = Sample(subject.table, sizes, profile.cells, time)
    for reference, current, code in PAIRS:
        _compare_splits(subject, profile, learned, (reference, current), code, partial(score_rows, sample, time=time))
    return learned


def told(cells: tuple[Cells, ...], silent: Mapping[str, str]) -> tuple[Cells, ...]:
    """Cells with why some are not compared."""
    is_free = {"", IS_A_NUMBER}  # a key is a key before it is a number of rows
    return tuple(replace(c, why=silent[c.column]) if c.column in silent and c.why in is_free else c for c in cells)


def _column_rows(subject: Subject, profile: Profile) -> Iterator[dict[str, Any]]:
    exact = quartiles(subject.table, profile)
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


def _compare_splits(
    subject: Subject,
    profile: Profile,
    learned: Learned,
    pair: tuple[str, str],
    code: str,
    scored: Callable[..., Scored | None],
) -> None:
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
            question = replace(question, n_common_entities=common_entities(table, n_rows=subject.n_rows))
        if is_apart and not subject.is_unit_the_day:
            question = replace(question, unlike=other_times(subject.unit))
    sides = (profile.parts[pair[0]], profile.parts[pair[1]])
    is_paired = are_paired(question.n_common_entities, *sides)
    report = compare_sides(*sides, cells, question, partial(scored, sides, pair, cells, is_paired=is_paired))
    report = with_target(report, spec.target)
    learned.add("splits", report)
    learned.findings.append(report.finding(code))


def _is_apart_in_time(subject: Subject, pair: tuple[str, str]) -> bool:
    one, two = ((subject.sizes[split]["first_time"], subject.sizes[split]["last_time"]) for split in pair)
    return are_apart(one, two)
