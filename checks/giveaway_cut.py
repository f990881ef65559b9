"""Is a target of classes cut from one column, by one threshold or a few? Or does a gap lie between the classes?

A map from value to label, and how well a column predicts, are `checks.giveaway`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from checks.labelled import FEWEST_OF_A_CLASS, Array, Labelled, is_ordered

Cut = Literal["defined", "apart"]
MOST_CODED = 20
WINDOW, FEWEST_INSIDE, FEWEST_OF_A_RUN = 0.1, 0.015, 0.1
POINTS, SCREENED_ROWS = 10, 2_000


def cut_of(name: str, rows: Labelled) -> Cut | None:
    """How the classes lie along a column of numbers or times; None unless each fills a few whole stretches of it.

    *Defined*: rows lie close to every cut on both sides, as only a definition cuts them; or the column holds at most
    20 values, as a code does; or the stretches are points beside the gaps between them. *Apart*: a gap lies at a cut.
    Kinds that nature keeps apart (the petals of two flowers) lie so too, so it proves nothing.
    """
    if not is_ordered(rows.frame[name]) or (found := _stretches(rows.numbers(name), rows)) is None:
        return None
    x, starts = found
    is_coded = len(np.unique(x)) <= MOST_CODED
    return "defined" if is_coded or _is_dense(x, starts) or _are_points(x, starts) else "apart"


def is_cut_where_rows_are(x: Array, rows: Labelled) -> bool:
    """Whether the classes fill a few whole stretches of numbers, with rows close to every cut on both sides."""
    found = _stretches(x, rows)
    return found is not None and _is_dense(*found)


def _stretches(x: Array, rows: Labelled) -> tuple[Array, Array] | None:
    """The sorted numbers, and where each stretch of one class begins; None if there are more than a definition has.

    There are at most `2 k - 1` stretches of `k` classes (two thresholds may cut two classes), no value stands in two,
    and there are 30 rows of each class in either half. On so few stretches nothing is fitted: a column that merely
    predicts changes its class hundreds of times.
    """
    if rows.is_quantity or rows.n_labels < 2:
        return None
    at, most = np.flatnonzero(np.isfinite(x)), 2 * rows.n_labels - 1
    # A few rows tell most columns off without sorting them all.
    few = at[:: max(len(at) // SCREENED_ROWS, 1)]
    if len(_starts(x[few], rows.y[few])) > most:
        return None
    classes = rows.y[at] + rows.n_labels * rows.fitted[at]
    if (np.bincount(classes, minlength=2 * rows.n_labels) < FEWEST_OF_A_CLASS).any():
        return None
    starts, x = _starts(x[at], rows.y[at]), np.sort(x[at])
    if len(starts) > most or (x[starts[1:]] == x[starts[1:] - 1]).any():
        return None
    return x, starts


def _starts(x: Array, y: Array) -> Array:
    """Where each stretch of one label begins when rows are sorted by value."""
    y = y[np.lexsort((y, x))]
    return np.flatnonzero(np.append(True, y[1:] != y[:-1]))


def _is_dense(x: Array, starts: Array) -> bool:
    """Whether within a tenth of the column's width of each cut there are enough rows on both sides."""
    width = WINDOW * float(np.subtract(*np.quantile(x, [0.9, 0.1])))
    ends = np.append(starts, len(x))
    for i, start in enumerate(starts[1:], 1):
        cut = (x[start] + x[start - 1]) / 2
        below = start - np.searchsorted(x, cut - width, side="left")
        above = np.searchsorted(x, cut + width, side="right") - start
        for n, size in ((below, start - ends[i - 1]), (above, ends[i + 1] - start)):
            if n < max(min(FEWEST_INSIDE * len(x), FEWEST_OF_A_RUN * size), 1):
                return False
    return True


def _are_points(x: Array, starts: Array) -> bool:
    """Whether each gap is ten times as wide as any stretch."""
    ends = np.append(starts[1:], len(x))
    widest = max(float(x[end - 1] - x[start]) for start, end in zip(starts, ends, strict=True))
    return bool((x[starts[1:]] - x[starts[1:] - 1] >= POINTS * widest).all())
