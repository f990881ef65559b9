"""Part of the audit: every new day against all days before it, and the last 28 days against a frozen reference.

How days are counted and judged is `checks.day_counts` and `checks.watching`; what `meta` knows of them,
`assets.day_profile`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assets.compare_versions import KEPT, Growth, growth_between, version_before
from assets.day_profile import Known, Recipe, cells_row, day_rows, moved_on, watched_among, watched_rows
from assets.gate import gated
from assets.profile import Learned, Subject
from assets.step import Run, digest
from checks.bins import Cells
from checks.both_sides import moments_of
from checks.collect import one_row
from checks.comparison import IS_WHEN
from checks.day_counts import DayCounts, count_days, day_cells, told_by_days
from checks.finding import Finding
from checks.shift_question import Question
from checks.watch_report import (
    CODE,
    beginning,
    compare_window,
    continuing,
    not_yet,
    reference_until,
    with_dayless,
    with_days_to_come,
)
from checks.watch_size import size_of
from checks.watching import FEWEST_DAYS, YEAR, judge_days
from warehouse.profiles import ADDED
from warehouse.records import now

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days of a build, and how they came.

    Attributes:
        recipe: How they are counted.
        cells: The cells of every column.
        counted: Counts of all days.
        added: What this audit adds to the stored counts.
        late: By day that was known before, the rows that were added to it.
        n_read: The rows that were read for what was added, those without a day among them.
    """

    recipe: Recipe
    cells: tuple[Cells, ...]
    counted: DayCounts
    added: DayCounts
    n_read: int
    late: tuple[int, ...] = ()

    def n_until(self, day: date) -> int:
        """How many of the days are `day` or earlier."""
        return sum(one <= day for one in self.counted.days)


def watch(run: Run, subject: Subject, growth: Growth | None, learned: Learned) -> Days | None:
    """Count the days of a build and judge those that are new; put counts, judgements and finding into `learned`.

    Args:
        run: The run.
        subject: The build.
        growth: What became of the last version's rows, where there is one.
        learned: Takes the answer.

    Returns:
        The days, or None where there is none to watch.
    """
    spec = subject.dataset.file.spec
    if spec.time is None or spec.time not in moments_of(subject.table):
        seen = "the dataset has no time" if spec.time is None else f"{spec.time} is no date or timestamp"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return None
    before = version_before(run, subject)
    known = Known.of(run.warehouse.meta, before)
    if known and known.recipe.time != spec.time:
        known = None  # days of another time are other days: watching begins anew
    days = _days(run, subject, spec.time, known, growth)
    if not days.counted.days or not watched_among(days.cells):
        nothing = "no column can be watched: each names its rows or its days, or has no distribution"
        seen = nothing if days.counted.days else f"no row has a {spec.time}"
        learned.findings.append(Finding(code=CODE, outcome="not_applicable", seen=seen))
        return None
    recipe = days.recipe
    learned.watch = recipe.to_json()
    learned.days = list(day_rows(recipe, days.added, days.cells))
    if recipe.cells_of == _audit_of(run, subject):
        learned.day_cells = [cells_row(recipe, days.cells)]
    alarm = _judge(subject, days, known, learned)
    dayless = (before.n_rows - known.counted.n_rows, before.n_rows) if known and before else None
    lacking = (days.n_read - days.added.n_rows, days.n_read)
    finding = with_dayless(alarm, spec.time, lacking, dayless, Question(unit="row", tolerance=spec.shift.tolerance))
    finding = finding if finding.outcome == alarm.outcome else gated(finding, subject.dataset)
    learned.findings.append(with_days_to_come(finding, days.counted.days[-1], now().date()))
    return days


def _days(run: Run, subject: Subject, time: str, known: Known | None, growth: Growth | None) -> Days:
    """The counts of a build: those of the last version and of what was added, or of all rows where that is not all."""
    made_of = _made_of(subject)
    if known is None or known.recipe.made_of != made_of:
        return _anew(subject, time, made_of, known, _audit_of(run, subject))
    if (added := _added(run, growth)) is not None:
        more = count_days(added, time, watched_among(known.cells))
        counted = known.counted + more
        newest = known.counted.days[-1]
        late = tuple(int(n) for day, n in zip(more.days, more.rows, strict=True) if day <= newest)
        recipe = moved_on(known.recipe, known.recipe.counted_by, counted.days)
        n_read = int(one_row(added.aggregate(n=added.count()))["n"])
        return Days(recipe=recipe, cells=known.cells, counted=counted, added=more, n_read=n_read, late=late)
    counted = count_days(subject.table, time, watched_among(known.cells))
    recipe = moved_on(known.recipe, _audit_of(run, subject), counted.days)
    return Days(recipe=recipe, cells=known.cells, counted=counted, added=counted, n_read=subject.n_rows)


def _audit_of(run: Run, subject: Subject) -> str:
    """The name of this audit: its build, and how many audits that build had before. A build that comes back has two."""
    audits = run.warehouse.meta.steps(subject.dataset.name, step="audit")
    n_before = sum(audit.detail.get("build") == subject.step_id for audit in audits)
    return f"{subject.step_id}.{n_before}" if n_before else subject.step_id


def _made_of(subject: Subject) -> str:
    types = {name: str(subject.table[name].type()) for name in subject.columns}
    return digest({"types": types, "silent": sorted(subject.silent())})


def _anew(subject: Subject, time: str, made_of: str, known: Known | None, audit: str) -> Days:
    """All rows counted by cells of this build, which stay."""
    silent = dict.fromkeys(moments_of(subject.table), IS_WHEN) | subject.silent()
    kept = [c for c in subject.columns if c not in silent]
    cells = day_cells(subject.table, kept, n_rows=subject.n_rows)
    counted = count_days(subject.table, time, watched_among(cells))
    cells = told_by_days(cells, counted)
    watched = {c.column for c in watched_among(cells)}
    counted = DayCounts(
        days=counted.days,
        rows=counted.rows,
        counts={c: n for c, n in counted.counts.items() if c in watched},
        moments={c: n for c, n in counted.moments.items() if c in watched},
    )
    first = known.recipe if known else None
    recipe = Recipe(
        time=time,
        made_of=made_of,
        cells_of=audit,
        counted_by=audit,
        began_after=first.began_after if first else counted.days[-1] if counted.days else date.min,
        reference_until=first.reference_until if first else reference_until(counted.days),
    )
    return Days(recipe=recipe, cells=cells, counted=counted, added=counted, n_read=subject.n_rows)


def _added(run: Run, growth: Growth | None) -> ir.Table | None:
    """The rows that were added since the last version; None where others are gone or are not the same."""
    if growth is None:
        return None
    n_removed = growth.n_removed
    if growth.n_unused and not growth.is_appended:
        # Unused rows have their day too: of other comparisons they are left out.
        n_removed = growth_between(run, [*growth.shared, *KEPT])[1]
    return None if n_removed else run.warehouse.lake.ibis.table(ADDED)


def _judge(subject: Subject, days: Days, known: Known | None, learned: Learned) -> Finding:
    recipe, counted, watched = days.recipe, days.counted, watched_among(days.cells)
    spec = subject.dataset.file.spec
    seed = f"{recipe.cells_of} {counted.days[-1]}"
    question = Question(unit="day", seed=seed, tolerance=spec.shift.tolerance, target=spec.target, code=CODE)
    window = compare_window(counted, watched, question, until=recipe.reference_until)
    if window:
        learned.add("days", window)
    if known is None:
        first = max(FEWEST_DAYS, len(counted.days) - YEAR)
        played = judge_days(counted.days, counted.counts, watched, first=first)
        learned.watched = list(watched_rows(recipe, played, is_played_back=True))
        return beginning(counted.days, played) if len(counted.days) >= FEWEST_DAYS else not_yet(counted.days)
    newest = known.counted.days[-1]
    has_same_cells = known.recipe.cells_of == recipe.cells_of
    judged = known.judged(is_played_back=False) if has_same_cells else []
    first = days.n_until(newest if has_same_cells else recipe.began_after)
    more = judge_days(counted.days, counted.counts, watched, first=first, last=judged[-1] if judged else None)
    learned.watched = list(watched_rows(recipe, more, is_played_back=False))
    if not judged and not more and len(counted.days) <= FEWEST_DAYS:
        return not_yet(counted.days)
    new, judged = [one for one in more if one.day > newest], [*judged, *more]
    size = size_of(counted, watched, judged)
    found = continuing(judged, new, late=days.late, window=window, size=size, tolerance=question.tolerance)
    return gated(found, subject.dataset, size.at_least if size else None)
