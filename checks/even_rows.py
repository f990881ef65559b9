"""As many rows of an entity on both sides, where one side has several times as many.

Units hold as many entities on either side. Where those of one side have more rows, its sums are nearer to normal than
those of the other: exchanged, both sides are a mixture, and the truth lies further out than most assignments. Sums of
fewer rows of the one are like those of the other. Which entities a unit holds is `checks.units`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.statistics import Column
from checks.units import Side, Units

Array = NDArray[Any]
# Random halves of the same entities never differ by so much.
MOST_UNEVEN = 1.5


def even_shares(one: Side, two: Side) -> tuple[float, float]:
    """Which share of each side's rows leaves both with as many rows an entity.

    >>> few, many = (Side(name="", rows=np.full(256, n), entities=np.full(256, 2.0), counts={}) for n in (2.0, 8.0))
    >>> even_shares(few, many), even_shares(many, few), even_shares(few, few)
    ((1.0, 0.25), (0.25, 1.0), (1.0, 1.0))
    """
    rows = [side.n_rows / max(side.n_entities, 1) for side in (one, two)]
    fewer, more = max(min(rows), 1e-12), max(rows)
    if more <= MOST_UNEVEN * fewer:
        return 1.0, 1.0
    return (fewer / more, 1.0) if rows[0] == more else (1.0, fewer / more)


def of_even_rows(column: Column, units: Units, shares: tuple[float, float], seed: str) -> Column:
    """The column with a share of each side's rows, drawn at random within each unit.

    Args:
        column: Its counts by unit.
        units: The units.
        shares: Which share of the rows of the first and of the second side.
        seed: From it the rows are drawn.
    """
    if min(shares) >= 1:
        return column
    digest = hashlib.sha256(f"{seed} {column.cells.column} rows".encode()).digest()
    drawn = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    share = np.where(units.is_first, *shares)[:, None]

    def some(counts: Array) -> Array:
        return drawn.binomial(counts.astype(np.int64), share).astype(np.float64)

    precision = some(column.precision) if column.precision is not None else None
    return replace(column, counts=some(column.counts), precision=precision)


def said_of(shares: tuple[float, float], names: tuple[str, str]) -> str:
    """What is said of it, or nothing.

    >>> said_of((1.0, 0.25), ("version 1", "this build"))
    'this build has 4.0 times as many rows an entity: p is of as many rows an entity on both sides'
    """
    least = min(shares)
    if least >= 1:
        return ""
    name = names[shares.index(least)]
    return f"{name} has {1 / least:.1f} times as many rows an entity: p is of as many rows an entity on both sides"
