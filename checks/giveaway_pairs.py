"""Do two columns together determine the target, when neither does alone (LEAK8)?

A sum that passes a limit, a date later than another, two flags of which one is set: the target in other words, told in
two parts. A pair that predicts well is a good model and no leak. How pairs are looked for is `checks.pair_search`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from checks.finding import Finding
from checks.giveaway_cut import is_cut_where_rows_are
from checks.giveaway_quadrants import quadrants
from checks.giveaway_quantity import orders
from checks.labelled import Array, Labelled, agreement, has_enough, is_ordered, mapped
from checks.measures import best_threshold, is_line, ranks
from checks.pair_search import Searched, combined, search
from checks.words import plural

NEARLY, NEARLY_ERRS = 0.97, 0.01
COVERED_TO_BLOCK, COVERED_TO_WARN = 0.9, 0.5
WINDOW, FEWEST_INSIDE = 0.1, 0.03
FITTED_ROWS = 20_000
MOST_TOLD = 3
MOST_CUT, NEARLY_ORDERED = 10, 0.999


@dataclass(frozen=True, kw_only=True, order=True)
class Pair:
    """What two columns say together.

    Attributes:
        determines: Whether they err on no judged row, in a way that separate clusters would not.
        told: Agreement beyond chance.
        how: The combination, in words.
    """

    determines: bool
    told: float
    how: str

    @property
    def outcome(self) -> Literal["fail", "warn"]:
        """What is determined blocks."""
        return "fail" if self.determines else "warn"


def pairs_together(rows: Labelled, *, told: tuple[str, ...] = ()) -> list[Finding]:
    """The findings LEAK8.

    A rule on two columns is fitted on even buckets and judged on odd ones: a map from the pair of values to the label;
    one threshold of the difference, its size, the sum, the ratio or the product (of two classes also two thresholds, of
    k classes up to 2k - 2); whether they are equal; one threshold of each; a decision tree. Columns that alone have an
    AUC of .95 or agree to .9 (Cohen's kappa) are in no pair, as anything joined to them looks determined.

    It blocks when the rule errs on no row, with at least 30 of each class, and either the map knows nine tenths of
    the rows, or rows lie close to every threshold on both sides: two clusters far apart are separated by many a line,
    and no definition. It warns when a rule errs on at most 1 % of the rows (and agrees to .97): also where a threshold
    errs never but nothing lies near it. A quantity is determined when it is a plane of two columns, or when their sum,
    difference, product or ratio puts its rows in order (a root, a logarithm, a rounded copy of it); from a rank
    correlation of .999 on it warns.

    Args:
        rows: Labelled rows.
        told: Features that are told by another code already.
    """
    searched = search(rows, tuple(name for name in rows.features if name not in told))
    if not searched.n_pairs:
        seen = f"fewer than two features are neither constant nor strong alone, on {rows.judged_on}"
        return [Finding(code="LEAK8", outcome="not_applicable", seen=seen)]
    few = rows.fewer(FITTED_ROWS)  # most candidates err there already
    likely = [names for names in searched.candidates if few is rows or _judged(few, *names) is not None]
    found = [(pair, names) for names in likely if (pair := _judged(rows, *names)) is not None]
    found.sort(key=lambda each: each[0], reverse=True)
    if found:
        return [
            Finding(
                code="LEAK8",
                outcome=pair.outcome,
                seen=f"{a} and {b} together {_verb(pair)} {rows.target}, by {pair.how}, on {rows.judged_on}",
            )
            for pair, (a, b) in found[:MOST_TOLD]
        ]
    return [Finding(code="LEAK8", outcome="pass", seen=f"{_asked(searched)}, on {rows.judged_on}")]


def _verb(pair: Pair) -> str:
    return "determine" if pair.determines else f"all but determine ({pair.told:.3f} of 1)"


def _asked(searched: Searched) -> str:
    looked = plural(searched.n_pairs, "pair")
    if searched.n_judged < searched.n_pairs:
        looked = f"the {searched.n_judged:,} likeliest of {looked}"
    return f"no two columns determine it ({looked})"


def _judged(rows: Labelled, one: str, other: str) -> Pair | None:
    if rows.is_quantity:
        return _as_quantity(rows, one, other)
    pairs = [pair for pair in (_by_map(rows, one, other), *_by_thresholds(rows, one, other)) if pair is not None]
    if not any(pair.determines for pair in pairs):
        pairs += [pair for by in (_by_quadrants, _by_tree) if (pair := by(rows, one, other)) is not None]
    # Of rules that say as much the first: of two flags a map is plainer than a ratio.
    return max(pairs, key=lambda pair: (pair.determines, pair.told), default=None)


def _by_map(rows: Labelled, one: str, other: str) -> Pair | None:
    a, b = rows.codes(one), rows.codes(other)
    _, cells = np.unique(a * (int(b.max()) + 1) + b, return_inverse=True)
    said = mapped(cells, rows)
    if said.covered_share < COVERED_TO_WARN or not has_enough(said.truth):
        return None
    return _pair(
        said.predicted, said.truth, "a map of their values", is_exact_enough=said.covered_share >= COVERED_TO_BLOCK
    )


def _pair(predicted: Array, truth: Array, how: str, *, is_exact_enough: bool) -> Pair | None:
    told = agreement(predicted, truth, is_quantity=False)
    errs = float((predicted != truth).mean())
    if errs > NEARLY_ERRS or told < NEARLY:
        return None
    return Pair(determines=errs == 0 and is_exact_enough, told=told, how=how)


def _by_thresholds(rows: Labelled, one: str, other: str) -> list[Pair | None]:
    found: list[Pair | None] = []
    for how, values in combined(rows, one, other).items():
        if np.isfinite(values).mean() >= COVERED_TO_WARN and is_cut_where_rows_are(values, rows):
            return [Pair(determines=True, told=1.0, how=how)]
        found.append(_by_threshold(rows, values, how) if rows.n_labels == 2 else None)
        found.append(_by_cuts(rows, values, how) if found[-1] is None else None)
    return found


def _by_cuts(rows: Labelled, x: Array, how: str) -> Pair | None:
    """Two or more thresholds of one combination, as a tree of few leaves sets them."""
    from sklearn.tree import DecisionTreeClassifier

    there = np.isfinite(x)
    fit, judge = there & rows.fitted, there & ~rows.fitted
    is_covered = judge.sum() >= COVERED_TO_WARN * (~rows.fitted).sum()
    if not is_covered or rows.n_labels > MOST_CUT or len(np.unique(rows.y[fit])) < 2 or not has_enough(rows.y[judge]):
        return None
    few = np.flatnonzero(fit)[:: max(int(fit.sum()) // FITTED_ROWS, 1)]
    # Ranks: a tree reads 32-bit floats, and far values would hide the others.
    place = ranks(np.where(there, x, np.nanmax(x[there])))
    tree = DecisionTreeClassifier(max_leaf_nodes=2 * rows.n_labels - 1, random_state=0)
    tree.fit(place[few, None], rows.y[few])
    return _pair(tree.predict(place[judge, None]), rows.y[judge], how, is_exact_enough=False)


def _by_threshold(rows: Labelled, x: Array, how: str) -> Pair | None:
    there = np.isfinite(x)
    fit, judge = there & rows.fitted, there & ~rows.fitted
    is_covered = judge.sum() >= COVERED_TO_WARN * (~rows.fitted).sum()
    if not fit.any() or not is_covered or not has_enough(rows.y[judge]):
        return None
    cut, is_above = best_threshold(x[fit], rows.y[fit] == 1)
    predicted = np.where((x[judge] > cut) == is_above, 1, 0)
    return _pair(predicted, rows.y[judge], how, is_exact_enough=_is_dense(x[judge], cut))


def _is_dense(x: Array, cut: float) -> bool:
    """Whether rows lie near the cut on both sides, as where it is a definition, or the pair has two values alone."""
    if len(np.unique(x)) == 2:
        return True
    width = WINDOW * float(np.subtract(*np.quantile(x, [0.9, 0.1])))
    least = FEWEST_INSIDE / 2 * len(x)
    return bool(((x > cut) & (x <= cut + width)).sum() >= least and ((x <= cut) & (x >= cut - width)).sum() >= least)


def _by_quadrants(rows: Labelled, one: str, other: str) -> Pair | None:
    if rows.n_labels != 2 or not rows.fitted.any() or not has_enough(rows.y[~rows.fitted]):
        return None
    if not (is_ordered(rows.frame[one]) and is_ordered(rows.frame[other])):
        return None
    said = quadrants(rows.codes(one), rows.codes(other), rows.y == 1, rows.fitted)
    return _pair(said[~rows.fitted], rows.y[~rows.fitted], "a threshold of each", is_exact_enough=False)


def _by_tree(rows: Labelled, one: str, other: str) -> Pair | None:
    from sklearn.tree import DecisionTreeClassifier

    x = np.column_stack([rows.codes(one), rows.codes(other)])
    fit = np.flatnonzero(rows.fitted)
    if len(fit) > FITTED_ROWS:
        fit = np.sort(np.random.default_rng(0).choice(fit, FITTED_ROWS, replace=False))
    if not has_enough(rows.y[~rows.fitted]) or len(np.unique(rows.y[fit])) < 2:
        return None
    tree = DecisionTreeClassifier(random_state=0).fit(x[fit], rows.y[fit])
    return _pair(tree.predict(x[~rows.fitted]), rows.y[~rows.fitted], "a tree of both", is_exact_enough=False)


def _as_quantity(rows: Labelled, one: str, other: str) -> Pair | None:
    a, b = rows.numbers(one), rows.numbers(other)
    there = np.isfinite(a) & np.isfinite(b)
    fit = there & rows.fitted
    if fit.sum() < 30 or there.sum() < COVERED_TO_WARN * len(a):
        return None
    plane = np.column_stack([a, b, np.ones(len(a))])
    weights, *_ = np.linalg.lstsq(plane[fit], rows.y[fit], rcond=None)
    judge = there & ~rows.fitted
    near: list[Pair] = []
    for how, values in ({"a sum of both": plane @ weights} | combined(rows, one, other)).items():
        x = np.where(judge, values, np.nan)
        if is_line(x, rows.y) or orders(x, rows.y):
            return Pair(determines=True, told=1.0, how=how)
        if np.isfinite(x).sum() >= COVERED_TO_WARN * judge.sum() and (told := _in_ranks(x, rows.y)) >= NEARLY_ORDERED:
            near.append(Pair(determines=False, told=told, how=how))
    best = max(near, default=None)
    if best is None:
        return None
    # What is joined to a column that is strong alone is as strong: together they must leave a tenth of what it leaves.
    alone = max(_in_ranks(np.where(judge, values, np.nan), rows.y) for values in (a, b))
    return best if 1 - best.told <= (1 - alone) / 10 else None


def _in_ranks(x: Array, y: Array) -> float:
    there = np.isfinite(x)
    x, y = x[there], y[there]
    if len(x) < 30 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return abs(float(np.corrcoef(ranks(x), ranks(y))[0, 1]))
