"""Whose turn is it? An endless sequence of splits whose counts stay beside their shares at every length.

Which row stands at which place of the sequence is `warehouse.strata`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm

from warehouse.policy import ORDER

LONGEST_PERIOD = 10_000


def _weights(shares: Mapping[str, Decimal]) -> dict[str, Fraction]:
    exact = {split: Fraction(shares[split]) for split in ORDER if shares.get(split)}
    total = sum(exact.values(), Fraction(0))
    return {split: share / total for split, share in exact.items()}


def period_of(shares: Mapping[str, Decimal]) -> int:
    """After how many places the sequence of `shares` begins again.

    >>> period_of({"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")})
    10
    """
    return lcm(*(weight.denominator for weight in _weights(shares).values()))


def turns(shares: Mapping[str, Decimal]) -> tuple[str, ...]:
    """One period of the sequence: after n places each split has had its share of n, give or take less than one.

    The shares are scaled to add up to 1. A stretch of the sequence that begins anywhere is the difference of two
    beginnings: there each split has its share of the stretch, give or take less than two.

    The rule is Tijdeman's (The chairman assignment problem, Discrete Mathematics 32, 1980): of the splits that are far
    enough behind their share, the one that must come soonest.

    Raises:
        ValueError: The period is longer than 10,000 places, for the shares have many digits.

    >>> turns({"train": Decimal("0.75"), "test": Decimal("0.25")})
    ('train', 'test', 'train', 'train')
    """
    weights = _weights(shares)
    period = period_of(shares)
    if period > LONGEST_PERIOD:
        raise ValueError(f"shares that repeat after {period} places, not within {LONGEST_PERIOD}")
    slack = 1 - Fraction(1, 2 * max(len(weights) - 1, 1))
    had = dict.fromkeys(weights, 0)
    sequence = []
    for n in range(1, period + 1):
        behind = {split: weight * n - had[split] for split, weight in weights.items()}
        # A period of one split has no slack to divide; it is always that split's turn.
        waiting = [split for split, by in behind.items() if by >= 1 - slack] or list(behind)
        next_split = min(waiting, key=lambda split: ((slack - behind[split]) / weights[split], ORDER.index(split)))
        had[next_split] += 1
        sequence.append(next_split)
    return tuple(sequence)
