"""Do two sides differ in distribution, by how much, and could we tell? The question of shift, asked of counts.

An alarm needs evidence and size: significance over the whole family of columns, and an effect beyond the tolerance.
Where counts come from is `checks.profile`; comparing two tables, `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, added, merged
from checks.column_shift import ColumnShift, place
from checks.distances import distances
from checks.effect import N_FOR_EFFECT, Change, Effect, design_effect, effect_of
from checks.even_rows import even_shares, of_even_rows, said_of
from checks.family import Adjusted, one_family
from checks.pairs import Pairs, correlate_pairs, judged, units_of_pairs
from checks.report import ShiftReport
from checks.score_columns import Scored
from checks.shift_question import Question
from checks.statistics import Column, column_scores, statistics_of
from checks.threads import one_thread
from checks.two_sides import MOST_GROUPS, changes, drawn_as, excesses, picture
from checks.units import Side, Units, are_paired, form_units, pair_units, too_little

Scores = Callable[[], Scored | None]

MOST_DESIGN_RATIO = 2.0
# A family that is quiet among the first of them, which effects are read from, is not held against all: an alarm is
# always one of all, so its rate is not raised (Besag and Clifford 1991 end such tests early likewise).
N_FIRST, QUIET = N_FOR_EFFECT, 0.2
# A difference of correlations below it is no alarm.
PAIR_TOLERANCE = 0.05
RARE = "each of its values is too rare to stand alone"
BELOW = "a difference exists, smaller than the tolerance"
DIFFERS = "a difference exists, but its interval reaches below the tolerance"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was computed of one column before the family is judged; `sides` are rows by cell, the reference's first."""

    cells: Cells
    scores: NDArray[Any]
    statistic: str
    effect: Effect
    changes: tuple[Change, ...]
    design_ratio: float
    distances: Mapping[str, float]
    precise_share: float
    sides: Mapping[str, NDArray[Any]]


@one_thread()
def compare_sides(
    reference: Side, current: Side, columns: Sequence[Cells], question: Question, scores: Scores = lambda: None
) -> ShiftReport:
    """Compare two sides that were counted by the same cells.

    Args:
        reference: What is compared with.
        current: What is compared.
        columns: The cells of every column, of both sides.
        question: How.
        scores: Adds up their rows as scores, once they are needed; without, no pairs of columns are asked.

    Returns:
        One line a column: those that shifted first, by their effect.
    """
    once = cache(scores)
    n_all = question.n_assignments
    for n in (N_FIRST, n_all) if n_all > 2 * N_FIRST else (n_all,):
        report = _compare(reference, current, columns, replace(question, n_assignments=n), once)
        p_corrected = [c.p_corrected for c in report.columns] + [pair.p_corrected for pair in report.pairs]
        if min((p for p in p_corrected if p is not None), default=1.0) > max(QUIET, question.alpha):
            break
    return report


def _compare(
    reference: Side, current: Side, columns: Sequence[Cells], question: Question, scores: Scores
) -> ShiftReport:
    empty = ShiftReport(
        reference=reference.name,
        current=current.name,
        declared=question.declared,
        unit=question.unit,
        n_reference=reference.n_rows,
        n_current=current.n_rows,
        columns=tuple(_silent(cells, "not_applicable", cells.why, question.unit) for cells in columns),
        note=question.unlike,
        tolerance=question.tolerance,
        code=question.code,
        target=question.target,
    )
    # In one fixed order, so that exchanging the sides changes nothing but their names.
    is_turned = reference.is_behind(current)
    first, second = (current, reference) if is_turned else (reference, current)
    units = _units(first, second, question)
    empty = replace(empty, n_groups=_groups(units, is_turned=is_turned))
    paired = ", swapped in pairs" if units.is_paired else ""
    named = f"{question.unit}: {reference.n_entities:,} against {current.n_entities:,}{paired}"
    if why := question.refused or too_little(units, (reference.n_rows, current.n_rows), question.alpha):
        verdicts = ("not_applicable" if c.why else "cannot_tell" for c in columns)
        told = tuple(_silent(c, v, c.why or why, question.unit) for c, v in zip(columns, verdicts, strict=True))
        return replace(empty, unit=named, columns=told, note=why)
    chosen = units.assignments(question.n_assignments, question.seed)
    measured, silent = _measure(first, second, columns, units, chosen, question, is_turned=is_turned)
    said = "" if units.is_paired else said_of(even_shares(reference, current), (reference.name, current.name))
    empty, pairs = replace(empty, unit=named).noted(said), None
    if scored := scores():
        empty, pairs = _paired(empty, scored, units, chosen, question, is_turned=is_turned)
    return _told(empty, measured, silent, pairs, question, is_turned=is_turned)


def _paired(
    report: ShiftReport,
    scored: Scored,
    units: Units,
    chosen: NDArray[np.float32],
    question: Question,
    *,
    is_turned: bool,
) -> tuple[ShiftReport, Pairs | None]:
    """The pairs, and the report with what they were asked of, or why none was asked."""
    of_pairs, groups = units_of_pairs(scored, units, is_turned=is_turned), None
    if of_pairs is not units:
        if why := too_little(of_pairs, scored.n_rows, question.alpha):
            return report.noted(f"no pair of columns was asked: of the rows that are read for pairs, {why}"), None
        chosen = of_pairs.assignments(len(chosen) - 1, f"{question.seed} pairs")
        groups = _groups(of_pairs, is_turned=is_turned)
    pairs = correlate_pairs(scored, of_pairs, chosen, target=question.target, is_turned=is_turned)
    return replace(report, pair_rows=scored.n_rows, pair_groups=groups) if pairs else report, pairs


def _groups(units: Units, *, is_turned: bool) -> tuple[int, int]:
    """How many units the reference and the current side have."""
    return (units.n_second, units.n_first) if is_turned else (units.n_first, units.n_second)


def _told(
    empty: ShiftReport,
    measured: Sequence[Measured],
    silent: Sequence[ColumnShift],
    pairs: Pairs | None,
    question: Question,
    *,
    is_turned: bool,
) -> ShiftReport:
    """The report, all columns and pairs judged as one family."""
    if not measured and pairs is None:
        return replace(empty, columns=tuple(sorted(silent, key=place)))
    adjusted, n = one_family([m.scores for m in measured], pairs.scores if pairs else None), len(measured)
    drawn = _drawn(measured, _judge(measured, adjusted, question), question.most_drawn)
    report = replace(empty, columns=tuple(sorted([*drawn, *silent], key=place)))
    report = report.noted(*_sampled(measured, adjusted, question.alpha))
    if pairs is None:
        return report
    by_pair = judged(
        pairs,
        adjusted.p_values[n:],
        adjusted.p_corrected[n:],
        target=question.target,
        is_turned=is_turned,
        alpha=question.alpha,
        tol=max(question.tolerance, PAIR_TOLERANCE),
    )
    return replace(report, pairs=by_pair, n_pairs=len(pairs.named))


def refused(reference: Side, current: Side, question: Question) -> str:
    """Why nothing can be told of two sides, whatever their columns hold; or nothing."""
    units = _units(reference, current, question)
    return question.refused or too_little(units, (reference.n_rows, current.n_rows), question.alpha)


def _units(first: Side, second: Side, question: Question) -> Units:
    is_paired = are_paired(question.n_common_entities, first, second)
    return pair_units(first, second) if is_paired else form_units(first, second)


def _measure(
    first: Side,
    second: Side,
    columns: Sequence[Cells],
    units: Units,
    chosen: NDArray[np.float32],
    question: Question,
    *,
    is_turned: bool,
) -> tuple[list[Measured], list[ColumnShift]]:
    is_before = units.is_first != is_turned
    shares = (1.0, 1.0) if units.is_paired else even_shares(first, second)
    named = drawn_as(*((second.name, first.name) if is_turned else (first.name, second.name)))
    measured, silent = [], []
    for cells in columns:
        if cells.why:
            silent.append(_silent(cells, "not_applicable", cells.why, question.unit))
            continue
        name = cells.column
        column = Column(
            cells=cells,
            counts=units.sums(first.counts[name], second.counts[name]),
            precision=units.sums(first.precision[name], second.precision[name]) if name in first.precision else None,
            fewest_entities=min(first.n_entities, second.n_entities),
        )
        even = of_even_rows(column, units, shares, question.seed)
        found = statistics_of(even, units)
        if not found:
            why = "it is constant" if column.has_one_cell else RARE
            silent.append(_silent(cells, "not_applicable", why, question.unit))
            continue
        scores, leading = column_scores(found, even.counts.sum(axis=1), chosen, units)
        groups = added(column.counts, merged(column.pooled, cells, MOST_GROUPS))
        before, now = (column.counts[side].sum(axis=0) for side in (is_before, ~is_before))
        moments = units.sums(first.moments[name], second.moments[name]) if name in first.moments else None
        measured.append(
            Measured(
                cells=cells,
                scores=scores,
                statistic=leading,
                effect=effect_of(groups, chosen, units),
                changes=tuple(changes(column, moments, units, leading, is_turned=is_turned)),
                design_ratio=design_effect(groups[units.is_first]) / max(design_effect(groups[~units.is_first]), 1e-12),
                distances=distances(cells, before, now),
                precise_share=column.precise_share,
                sides=dict(zip(named, (before, now), strict=True)),
            )
        )
    return measured, silent


def _sampled(measured: Sequence[Measured], adjusted: Adjusted, alpha: float) -> Iterator[str]:
    """That decimal places, where they tell most, were not counted in all rows."""
    told = zip(measured, adjusted.p_corrected[: len(measured)], strict=True)
    shares = [m.precise_share for m, p in told if m.statistic == "precision" and p <= alpha]
    if shares and (least := min(shares)) < 1:
        yield f"decimal places were counted in {least:.0%} of the rows, whole groups of them"


def _judge(measured: Sequence[Measured], adjusted: Adjusted, question: Question) -> list[ColumnShift]:
    ratios = np.array([max(m.design_ratio, 1 / max(m.design_ratio, 1e-12)) for m in measured])
    ratio = float(np.median(ratios[np.isfinite(ratios)])) if np.isfinite(ratios).any() else 1.0
    n = len(measured)  # the pairs come after the columns
    told = zip(measured, adjusted.p_values[:n], adjusted.p_corrected[:n], strict=True)
    return [_column(m, float(p), float(corrected), ratio, question) for m, p, corrected in told]


def _column(m: Measured, p: float, corrected: float, ratio: float, question: Question) -> ColumnShift:
    smallest = question.tolerance + m.effect.smallest
    verdict, why = _verdict(m.effect, corrected, smallest, question)
    if ratio > MOST_DESIGN_RATIO and corrected <= question.alpha and verdict != "shifted":
        why = f"entities are {ratio:.1f} times as alike on one side, so p is no evidence by itself; the interval is"
    return ColumnShift(
        column=m.cells.column,
        statistic=m.statistic,
        p_value=p,
        p_corrected=corrected,
        effect=m.effect.estimate,
        low=m.effect.low,
        high=m.effect.high,
        verdict=verdict,
        why=why,
        unit=question.unit,
        smallest_effect=min(smallest, 1.0),
        changes=m.changes,
        distances=m.distances,
        excesses=excesses(m.cells, *m.sides.values()) if verdict == "shifted" else (),
    )


def _drawn(measured: Sequence[Measured], columns: Sequence[ColumnShift], most: int) -> list[ColumnShift]:
    """The columns; those of the largest effect with their picture."""
    order = sorted(zip(measured, columns, strict=True), key=lambda pair: -(pair[1].effect or 0.0))
    drawn = [replace(column, figure=picture(m.cells, m.sides)) for m, column in order[:most]]
    return [*drawn, *(column for _, column in order[most:])]


def _verdict(effect: Effect, corrected: float, smallest: float, question: Question) -> tuple[Any, str]:
    if corrected <= question.alpha and effect.low > question.tolerance:
        return "shifted", question.unlike
    if effect.high < question.tolerance:
        return "same", BELOW if corrected <= question.alpha else ""
    if corrected <= question.alpha:
        return "cannot_tell", DIFFERS
    return "cannot_tell", (
        f"the interval reaches beyond the tolerance of {question.tolerance:g};"
        f" with these rows a shift of {min(smallest, 1.0):.2f} would be seen"
    )


def _silent(cells: Cells, verdict: Any, why: str, unit: str) -> ColumnShift:
    return ColumnShift(column=cells.column, verdict=verdict, why=why, unit=unit)
