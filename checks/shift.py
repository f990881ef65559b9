"""Do two sides differ in distribution, by how much, and could we tell? The question of shift, asked of counts.

An alarm needs evidence and size: significance over the whole family of columns, and an effect beyond the tolerance.
Where counts come from is `checks.profile`; comparing two tables, `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells, added, merged
from checks.distances import distances
from checks.effect import Change, Effect, changes_of, design_effect, effect_of
from checks.family import Adjusted, step_down
from checks.pairs import Pairs, correlate_pairs, judged
from checks.report import ColumnShift, ShiftReport
from checks.score_columns import Scored
from checks.statistics import Column, column_scores, statistics_of
from checks.units import FEWEST_ASSIGNMENTS_TIMES_ALPHA, MOST_RATIO, Side, Units, are_paired, form_units, pair_units

Scores = Callable[[], Scored | None]

MOST_GROUPS, FEWEST_UNITS = 10, 5
MOST_DESIGN_RATIO = 2.0
N_ASSIGNMENTS = 1_999
# Of the family-wise error; a difference of correlations below the tolerance is no alarm.
PAIRS_SHARE, PAIR_TOLERANCE = 0.1, 0.05
DIFFERS = "a difference exists, smaller than or near the tolerance"


@dataclass(frozen=True, kw_only=True)
class Question:
    """How two sides are to be compared.

    Attributes:
        unit: What was sampled or assigned at random, in a word or two.
        seed: From it the assignments are drawn.
        alpha: The family-wise error that is allowed.
        tolerance: Effects below it are no alarm.
        n_common_entities: How many entities are on both sides.
        declared: The sides are meant to differ: shift is stated, not warned of.
        unlike: Why p values speak of these units alone, where the sides differ in time.
        refused: Why nothing can be told, where the caller knows that already.
        n_assignments: How many assignments are drawn.
        target: What a model is to predict: its relation to other columns is asked.
        time: The column of time: trends inside the sides are asked.
    """

    unit: str
    seed: str = "shift"
    alpha: float = 0.05
    tolerance: float = 0.02
    n_common_entities: int = 0
    declared: bool = False
    unlike: str = ""
    refused: str = ""
    n_assignments: int = N_ASSIGNMENTS
    target: str | None = None
    time: str | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was computed of one column before the family is judged."""

    cells: Cells
    scores: NDArray[Any]
    statistic: str
    effect: Effect
    changes: tuple[Change, ...]
    design_ratio: float
    distances: Mapping[str, float]


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
    )
    # In one fixed order, so that exchanging the sides changes nothing but their names.
    is_turned = _rank(reference) > _rank(current)
    first, second = (current, reference) if is_turned else (reference, current)
    units = _units(first, second, question)
    n_groups = (units.n_second, units.n_first) if is_turned else (units.n_first, units.n_second)
    empty = replace(empty, n_groups=n_groups)
    named = _unit_words(question.unit, reference, current, units)
    if why := question.refused or _too_little(reference, current, units, question.alpha):
        told = tuple(
            _silent(c, "not_applicable" if c.why else "cannot_tell", c.why or why, question.unit) for c in columns
        )
        return replace(empty, unit=named, columns=told, note=why)
    chosen = units.assignments(question.n_assignments, question.seed)
    measured, silent = _measure(first, second, columns, units, chosen, question, is_turned=is_turned)
    scored = scores()
    asked = partial(correlate_pairs, target=question.target, seed=question.seed, alpha=question.alpha)
    pairs = asked(scored, units, chosen, is_turned=is_turned) if scored else None
    empty = replace(empty, unit=named, pair_rows=scored.n_rows if scored and pairs else None)
    return _told(empty, measured, silent, pairs, question, is_turned=is_turned)


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
        return replace(empty, columns=tuple(sorted(silent, key=_place)))
    adjusted, n = _family(measured, pairs), len(measured)
    report = replace(empty, columns=tuple(sorted([*_judge(measured, adjusted, question), *silent], key=_place)))
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
    return question.refused or _too_little(reference, current, _units(reference, current, question), question.alpha)


def _units(first: Side, second: Side, question: Question) -> Units:
    is_paired = are_paired(question.n_common_entities, first, second)
    return pair_units(first, second) if is_paired else form_units(first, second)


def _rank(side: Side) -> tuple[Any, ...]:
    counted = b"".join(side.counts[name].tobytes() for name in sorted(side.counts))
    return (-side.n_entities, -side.n_rows, side.rows.tobytes(), counted)


def _unit_words(unit: str, reference: Side, current: Side, units: Units) -> str:
    paired = ", swapped in pairs" if units.is_paired else ""
    return f"{unit}: {reference.n_entities:,} against {current.n_entities:,}{paired}"


def _too_little(reference: Side, current: Side, units: Units, alpha: float) -> str:
    """Why nothing can be told of these sides, or nothing."""
    if units.fewest < FEWEST_UNITS:
        return f"there are only {units.fewest} groups of whole entities on one side, and {FEWEST_UNITS} are needed"
    if units.n_assignments < FEWEST_ASSIGNMENTS_TIMES_ALPHA / alpha:
        return f"there are only {units.n_assignments} ways to swap them, too few for alpha {alpha:g}"
    sizes = sorted((max(reference.n_rows, 1), max(current.n_rows, 1)))
    if units.is_paired and sizes[1] > MOST_RATIO * sizes[0]:
        return f"the sides share entities and differ in size by {sizes[1] / sizes[0]:.1f}, more than {MOST_RATIO:g}"
    return ""


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
    rows = units.sums(first.rows, second.rows)
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
        found = statistics_of(column, units)
        if not found:
            why = "it is constant" if column.has_one_cell else "no two of its cells are frequent enough"
            silent.append(_silent(cells, "not_applicable", why, question.unit))
            continue
        scores, leading = column_scores(found, rows, chosen, units)
        groups = added(column.counts, merged(column.pooled, cells, MOST_GROUPS))
        sums = [column.counts[side].sum(axis=0) for side in (units.is_first, ~units.is_first)]
        moments = units.sums(first.moments[name], second.moments[name]) if name in first.moments else None
        ones, twos = groups[units.is_first], groups[~units.is_first]
        measured.append(
            Measured(
                cells=cells,
                scores=scores,
                statistic=leading,
                effect=effect_of(groups, chosen, units),
                changes=tuple(changes_of(cells, column.counts, moments, units, is_turned=is_turned)),
                design_ratio=design_effect(ones) / max(design_effect(twos), 1e-12),
                distances=distances(cells, *(sums[::-1] if is_turned else sums)),
            )
        )
    return measured, silent


def _family(measured: Sequence[Measured], pairs: Pairs | None) -> Adjusted:
    """All columns and pairs as one family: of its error columns may spend nine tenths, pairs the rest."""
    scores = [m.scores[:, None] for m in measured]
    if pairs is not None and measured:
        scores = [s - np.log((1 - PAIRS_SHARE) / len(measured)) for s in scores]
        scores.append(pairs.scores - np.log(PAIRS_SHARE / len(pairs.named)))
    elif pairs is not None:
        scores = [pairs.scores]
    return step_down(np.concatenate(scores, axis=1))


def _judge(measured: Sequence[Measured], adjusted: Adjusted, question: Question) -> list[ColumnShift]:
    ratios = np.array([max(m.design_ratio, 1 / max(m.design_ratio, 1e-12)) for m in measured])
    ratio = float(np.median(ratios[np.isfinite(ratios)])) if np.isfinite(ratios).any() else 1.0
    return [
        _column(m, float(p), float(corrected), ratio, question)
        for m, p, corrected in zip(measured, adjusted.p_values, adjusted.p_corrected, strict=False)
    ]


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
    )


def _verdict(effect: Effect, corrected: float, smallest: float, question: Question) -> tuple[Any, str]:
    if corrected <= question.alpha and effect.low > question.tolerance:
        return "shifted", question.unlike
    if effect.high < question.tolerance:
        return "same", ""
    if corrected <= question.alpha:
        return "cannot_tell", DIFFERS
    return "cannot_tell", (
        f"the interval reaches beyond the tolerance of {question.tolerance:g};"
        f" with these rows a shift of {min(smallest, 1.0):.2f} would be seen"
    )


def _silent(cells: Cells, verdict: Any, why: str, unit: str) -> ColumnShift:
    return ColumnShift(column=cells.column, verdict=verdict, why=why, unit=unit)


def _place(column: ColumnShift) -> tuple[int, float]:
    order: Mapping[str, int] = {"shifted": 0, "cannot_tell": 1, "same": 1, "not_applicable": 2}
    return order[column.verdict], -(column.effect or 0.0)
