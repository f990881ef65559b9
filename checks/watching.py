"""Watching a stream of days: is today like all earlier days? A look every day, and few false alarms in a year.

A day is ranked among all earlier ones by its distance from their mean. Such p values are independent where days can be
exchanged (Vovk's online conformal test), so evidence may be multiplied from day to day and looked at every day. How
days are counted is `checks.day_counts`; what is said of an alarm, `checks.watch_report`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.statistics import N_LEGENDRE, legendre_scores

Array = NDArray[Any]

# Mean of k p^(k - 1): each is of mean 1 when p is uniform, and so is their mean (Vovk and Wang 2021).
POWERS = np.array([0.1, 0.25, 0.5, 0.75])
YEAR = 365
ALARM_AT = 20.0
# Evidence beyond it says no more, and a year of it is no number. Less than was earned is always allowed.
MOST_EVIDENCE = 1e9
FEWEST_DAYS = 30
MISSING_WEIGHT = 0.5


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One day that was judged.

    Attributes:
        day: Which.
        number: Its number in the watch's year, 1 to 365; then the next year begins.
        value: The mean of the columns' evidence, of which 20 is an alarm.
        state: Evidence by column.
    """

    day: date
    number: int
    value: float
    state: Mapping[str, float]

    @property
    def is_alarm(self) -> bool:
        """Whether the evidence of all columns together is an alarm."""
        return self.value >= ALARM_AT

    def leading(self, most: int) -> list[str]:
        """The columns with the most evidence: as few as hold nine tenths of it, and at most `most`."""
        order = sorted(self.state, key=lambda column: -self.state[column])
        total, held, led = sum(self.state.values()), 0.0, []
        for column in order[:most]:
            led.append(column)
            held += self.state[column]
            if held >= 0.9 * total:
                break
        return led


def evidence(p: Array) -> Array:
    """What a p value is worth as a factor: 1 on average where nothing changed.

    >>> [round(float(e), 2) for e in evidence(np.array([0.001, 0.5, 1.0]))]
    [28.65, 0.55, 0.4]
    """
    return np.asarray((POWERS * np.asarray(p)[..., None] ** (POWERS - 1)).mean(axis=-1))


def advanced(state: Array, p: Array) -> Array:
    """Evidence by column after a day: it may have begun to differ on this day or on any earlier one.

    The sum of Shiryaev (1963) and Roberts (1966), each day of the year counting for 1/365.
    """
    return np.asarray(np.minimum((state + 1 / YEAR) * evidence(p), MOST_EVIDENCE))


def value_of(state: Array, number: int) -> Array:
    """The mean evidence over columns (the last axis), with what is kept for the days of the year that are to come.

    A fair game that begins with 1, so it reaches 20 in at most one year of twenty, however columns hang together
    (Ville's inequality).
    """
    return np.asarray(state.mean(axis=-1) + (YEAR - number) / YEAR)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where each day lies, by components of every column.

    Attributes:
        at: Days by components.
        floors: The variance that single rows give a component, by day: a day of few rows lies further out.
        weights: What a component counts for.
        starts: Where each column's components begin.
    """

    at: Array
    floors: Array
    weights: Array
    starts: Array

    def ranks(self, n_days: int) -> Array:
        """By column, the share of the first `n_days` days that lie as far out as the last of them, itself among them.

        Every day is treated alike, the last one too, so its rank is uniform where days can be exchanged. Ties count
        against an alarm.
        """
        at, floors = self.at[:n_days], self.floors[:n_days]
        of_days = np.maximum(at.var(axis=0) - floors.mean(axis=0), 0)  # what single rows do not explain
        far = np.add.reduceat((at - at.mean(axis=0)) ** 2 * self.weights / (of_days + floors), self.starts, axis=1)
        # As far up to rounding: days that are alike must tie.
        return np.asarray((far >= far[-1] * (1 - 1e-9)).mean(axis=0))


def places(counts: Mapping[str, Array], cells: Sequence[Cells]) -> Places:
    """Where days lie, all days read by one scale, so that none is told apart by it."""
    found = [_place(counts[c.column], c) for c in cells]
    widths = [len(weights) for _, _, weights in found]
    at, floors, weights = (np.concatenate([one[i] for one in found], axis=-1) for i in range(3))
    return Places(at=at, floors=floors, weights=weights, starts=np.cumsum([0, *widths[:-1]]))


def _place(counts: Array, cells: Cells) -> tuple[Array, Array, Array]:
    """The components of one column by day, their floors, their weights.

    Numbers and moments are read by Legendre components of their mid-rank, weighted as in Anderson and Darling's
    statistic; levels and what is missing by the square roots of their shares, so that rare ones do not drown others.
    """
    rows = np.maximum(counts.sum(axis=1), 1.0)
    roots = np.sqrt(counts / rows[:, None])
    floor = 0.25 / rows[:, None]
    if not cells.is_ordered:
        return roots, np.broadcast_to(floor, roots.shape), 1 - counts.sum(axis=0) / max(counts.sum(), 1.0)
    present = counts[:, :-1]
    n = present.sum(axis=1, keepdims=True)
    scores = legendre_scores(np.maximum(present.sum(axis=0), 1e-12))
    # A day without a value says nothing of place and spread, and lies in the middle.
    means = np.where(n > 0, (present @ scores) / np.maximum(n, 1.0), 0.0)
    order = np.arange(1, N_LEGENDRE + 1)
    floors = np.column_stack([np.broadcast_to(1 / np.maximum(n, 1.0), means.shape), floor])
    return np.column_stack([means, roots[:, -1]]), floors, np.append(1 / (order * (order + 1)), MISSING_WEIGHT)


def judge_days(
    days: Sequence[date],
    counts: Mapping[str, Array],
    cells: Sequence[Cells],
    *,
    first: int,
    last: Judged | None = None,
) -> list[Judged]:
    """Judge each day from the one numbered `first` on against all days before it.

    Args:
        days: The days in order.
        counts: By column, rows by day and cell.
        cells: The columns that are watched.
        first: Where in `days` judging begins; the first 30 days are only judged by.
        last: The last day that was judged, by the same cells; None begins anew.
    """
    found: list[Judged] = []
    placed = places(counts, cells)
    for at in range(max(first, FEWEST_DAYS), len(days)):
        p = placed.ranks(at + 1)
        is_new_year = last is None or last.number >= YEAR
        number = 1 if is_new_year or last is None else last.number + 1
        state = np.zeros(len(cells)) if number == 1 or last is None else np.array([last.state[c.column] for c in cells])
        state = advanced(state, p)
        last = Judged(
            day=days[at],
            number=number,
            value=float(value_of(state, number)),
            state={c.column: float(m) for c, m in zip(cells, state, strict=True)},
        )
        found.append(last)
    return found
