"""Can a classifier tell two sides apart on rows that it was not fitted on? What sees dependence of any form.

Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests" (2017). Folds are judged one after the other, each by a
classifier of those before it: given these, the units of a fold are exchangeable, so exchanging them is exact. Scores of
cross-fitted classifiers must not be exchanged: their folds know each other. What stands in a report is
`checks.pair_shift.Classifier`; how it is judged beside the columns, `checks.classified`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.collect import collect, one_row
from checks.domain import N_FOLDS, Learner, Rows, rows_of, told_by_others, trees
from checks.error_rates import rate
from checks.family import TIE
from checks.kinds import as_number, kind_of
from checks.leave_one_out import Judged
from checks.pair_shift import Classifier
from checks.profile import count_entities, count_rows
from checks.shift_question import Question
from checks.statistics import studentised
from checks.student import quantile
from checks.thinning import is_kept, shares_of
from checks.units import (
    FEWEST_ASSIGNMENTS_TIMES_ALPHA,
    MOST_RATIO,
    N_BUCKETS,
    Side,
    Units,
    are_paired,
    form_units,
    pair_units,
)
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

Array = NDArray[Any]

FEWEST_UNITS_OF_A_FOLD = 2
# Fold statistics share the classifiers' rows: their variance is twice what sums over units see.
TIMES_VARIANCE = 2.0
MOST_LEADING = 3
ROWS_FOR_LEADING = 20_000
# Beside the column that tells most: those that tell a third of that.
LEAST_OF_THE_MOST = 1 / 3
LEARNED = frozenset({"numeric", "time", "category", "boolean"})


@dataclass(frozen=True, kw_only=True)
class ToldApart:
    """What was found, or why nothing was."""

    classifier: Classifier | None
    why: str = ""


def tell_apart(table: ir.Table, columns: Sequence[str], question: Question) -> ToldApart:
    """Whether boosted trees tell `current` from `reference`.

    Args:
        table: Has `_part` (`reference`, `current`), `_entity` and `_bucket` (0-255, whole entities).
        columns: Which columns it sees; lists and the like are left out.
        question: How; entities that are on both sides are counted here.
    """
    if question.refused:
        return ToldApart(classifier=None, why=question.refused)
    columns = [name for name in columns if kind_of(table[name]) in LEARNED]
    if not columns:
        return ToldApart(classifier=None, why="no column to learn from")
    sides = _sides(table)
    if len(sides) < 2:
        return ToldApart(classifier=None, why="one side has no row")
    # In one fixed order, so that exchanging the sides changes nothing.
    first, second = sorted(sides, key=lambda side: (-side.n_entities, -side.n_rows, side.rows.tobytes(), side.name))
    question = replace(question, n_common_entities=_n_common(table, first, second))
    is_paired = are_paired(question.n_common_entities, first, second)
    shares = shares_of(first.n_rows, second.n_rows, is_paired=is_paired)
    if min(shares) < 1:
        kept = [
            (table["_part"] == side.name) & is_kept(table, of) for side, of in zip((first, second), shares, strict=True)
        ]
        table = table.filter(kept[0] | kept[1])
        read = {side.name: side for side in _sides(table)}
        first, second = (
            read.get(side.name, replace(side, rows=side.rows * 0, entities=side.rows * 0)) for side in (first, second)
        )
        question = replace(question, n_common_entities=_n_common(table, first, second) if is_paired else 0)
    rows = rows_of(_frame(table, columns), columns, second=second.name)
    return told_apart(rows, first, second, question)


def _n_common(table: ir.Table, first: Side, second: Side) -> int:
    who = table.select("_entity").distinct()
    return first.n_entities + second.n_entities - int(one_row(who.aggregate(n=who.count()))["n"])


def told_apart(rows: Rows, first: Side, second: Side, question: Question, learner: Learner = trees) -> ToldApart:
    """The same of rows that are at hand.

    Args:
        rows: The rows, `first` and `second` being their sides.
        first: Its rows and entities by bucket.
        second: The same.
        question: How.
        learner: Makes a classifier of scikit-learn's kind from which columns are levels and the number of rows.
    """
    is_paired = are_paired(question.n_common_entities, first, second)
    folds = [_units(first, second, k, is_paired=is_paired) for k in range(N_FOLDS)]
    if why := _too_little(first, second, folds, question):
        return ToldApart(classifier=None, why=why)
    score, rank, last = np.zeros(len(rows.x)), np.zeros(len(rows.x)), None
    total = np.zeros(question.n_assignments + 1)
    for k in range(N_FOLDS):
        asked = rows.fold == k
        score[asked], last = told_by_others(rows, ~asked, asked, learner)
        rank[asked] = _ranks(score[asked])
        if k:
            before = rows.fold < k
            held = score[asked] if k == N_FOLDS - 1 else told_by_others(rows, before, asked, learner)[0]
            total += sqrt(k) * _by_assignment(_ranks(held), rows, k, folds[k], question)
    p = float((1 + (total[1:] >= total[0] - TIE).sum()) / len(total))
    auc, low, high = _auc(rows, rank, first.n_entities + second.n_entities)
    leading = tuple(_leading(last, rows, question.seed)) if p <= question.alpha else ()
    # A total variation of d between the sides lets the best classifier have an AUC of at least (1 + d) / 2.
    is_beyond = p <= question.alpha and low is not None and low > (1 + question.tolerance) / 2
    found = Classifier(
        auc=auc,
        low=low,
        high=high,
        p_value=p,
        n_rows=len(rows.x),
        unit=question.unit,
        leading=leading,
        verdict="shifted" if is_beyond else "cannot_tell",
    )
    return ToldApart(classifier=found)


def _sides(table: ir.Table) -> list[Side]:
    rows = count_rows(table)
    entities = count_entities(table, list(rows), n_rows=int(sum(of.sum() for of in rows.values())))
    return [Side(name=part, rows=n, entities=entities[part], counts={}) for part, n in rows.items()]


def _frame(table: ir.Table, columns: Sequence[str]) -> pl.DataFrame:
    frame = collect(table.select("_part", "_bucket", **{name: _as_read(table[name]) for name in columns}))
    # In one order whatever the engine does, and not by side.
    return frame.sort(["_bucket", *columns, "_part"])


def _as_read(column: ir.Column) -> Any:
    kind = kind_of(column)
    if kind == "boolean":
        return column.cast("int8").cast("float64")
    return column.cast("string") if kind == "category" else as_number(column)


def _units(first: Side, second: Side, k: int, *, is_paired: bool) -> Units:
    """The units of one fold: merged within it, so that none lies in two folds."""
    ones, twos = (
        replace(side, rows=side.rows[k::N_FOLDS], entities=side.entities[k::N_FOLDS]) for side in (first, second)
    )
    return pair_units(ones, twos) if is_paired else form_units(ones, twos)


def _too_little(first: Side, second: Side, folds: Sequence[Units], question: Question) -> str:
    """Why no classifier can tell, or nothing."""
    fewest = min(units.fewest for units in folds)
    if fewest < FEWEST_UNITS_OF_A_FOLD:
        made = plural(fewest, "group")
        return f"a fifth of the entities makes only {made} on one side, and {FEWEST_UNITS_OF_A_FOLD} are needed"
    n_assignments = prod(units.n_assignments for units in folds[1:])
    if n_assignments < FEWEST_ASSIGNMENTS_TIMES_ALPHA / question.alpha:
        return f"only {plural(n_assignments, 'way')} to swap them, too few for alpha {question.alpha:g}"
    sizes = sorted((max(first.n_rows, 1), max(second.n_rows, 1)))
    if folds[0].is_paired and sizes[1] > MOST_RATIO * sizes[0]:
        return f"the sides share entities and differ in size by {sizes[1] / sizes[0]:.1f}, more than {MOST_RATIO:g}"
    return ""


def _ranks(score: Array) -> Array:
    """Mid-ranks, from -.5 to .5: within a fold they do not depend on who is on which side."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(score) - (len(score) + 1) / 2) / len(score))


def _by_assignment(rank: Array, rows: Rows, k: int, units: Units, question: Question) -> Array:
    """How much higher the second side ranks in fold `k`, by assignment, in standard deviations over these."""
    asked = rows.fold == k
    at, is_second = rows.bucket[asked] // N_FOLDS, rows.is_second[asked]

    def sums(values: Array) -> Array:
        size = len(units.of_first)
        first, second = (np.bincount(at[one], values[one], minlength=size) for one in (~is_second, is_second))
        return units.sums(first.astype(np.float64), second.astype(np.float64))

    chosen = units.assignments(question.n_assignments, f"{question.seed} fold {k}")
    z = -studentised(sums(rank)[:, None], sums(np.ones(len(rank))), chosen, units)[:, 0]
    return np.asarray(z / max(float(z.std()), 1e-12))


def _auc(rows: Rows, rank: Array, n_entities: int) -> tuple[float, float | None, float | None]:
    """The AUC and its 95 % interval, which there is none of where its variance is unknown."""
    judged = Judged(
        bucket=rows.bucket,
        truth=rows.is_second.astype(np.int64),
        predicted=(rank > 0).astype(np.int64),
        score=rank,
        n_classes=2,
        n_entities=n_entities,
    )
    found = rate("auc", judged)
    if found is None or not found.is_told:
        return (found.estimate if found else 0.5), None, None
    half = quantile(found.df) * sqrt(TIMES_VARIANCE * found.variance)
    return found.estimate, max(0.0, found.estimate - half), min(1.0, found.estimate + half)


def _leading(model: Any, rows: Rows, seed: str) -> Iterator[str]:
    """The columns without whose values the AUC of the last fold falls most (Breiman 2001), on at most 20,000 rows.

    Two columns that say the same hide each other.
    """
    from sklearn.metrics import roc_auc_score

    chosen = rows.fold == N_FOLDS - 1
    held = np.cumsum(np.bincount(rows.bucket[chosen], minlength=N_BUCKETS))
    chosen &= rows.bucket <= max(int(np.searchsorted(held, ROWS_FOR_LEADING, "right")), 2 * N_FOLDS)
    x, truth = rows.cells[chosen], rows.is_second[chosen]
    if truth.all() or not truth.any():
        return
    whole = roc_auc_score(truth, model.predict_proba(x)[:, 1])
    drawn = np.random.default_rng(int.from_bytes(seed.encode()[:8].ljust(8, b"."), "big"))
    drops = []
    for i in range(len(rows.names)):
        kept = x[:, i].copy()
        x[:, i] = drawn.permutation(kept)
        drops.append(whole - roc_auc_score(truth, model.predict_proba(x)[:, 1]))
        x[:, i] = kept
    for i in np.argsort(drops, kind="stable")[::-1][:MOST_LEADING]:
        if drops[i] > 0 and drops[i] >= LEAST_OF_THE_MOST * max(drops):
            yield rows.names[i]
