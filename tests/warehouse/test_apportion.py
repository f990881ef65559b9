"""Whose turn it is: every split stays beside its share, wherever a stretch of turns begins and ends."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.apportion import period_of, turns

SPLITS = ("train", "train_dev", "dev", "test")
parts = st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any)


@settings(max_examples=40, deadline=None)
@given(parts)
def test_every_beginning_has_its_shares_within_one_and_every_stretch_within_two(given_parts: list[int]) -> None:
    shares = {split: Decimal(part) for split, part in zip(SPLITS, given_parts, strict=True) if part}
    total, sequence = sum(given_parts), turns(shares)
    assert len(sequence) == period_of(shares)
    for split, share in shares.items():
        behind, least, most = Fraction(0), Fraction(0), Fraction(0)
        for n in range(1, len(sequence) + 1):
            behind = sequence[:n].count(split) - Fraction(int(share), total) * n
            least, most = min(least, behind), max(most, behind)
        assert behind == 0
        assert max(-least, most) < 1
        assert most - least < 2


def test_a_known_sequence() -> None:
    shares = {"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
    assert " ".join(turns(shares)) == "train train train test train train train dev train train"


def test_shares_that_do_not_repeat_soon_are_refused() -> None:
    with pytest.raises(ValueError, match="repeat after 10000000 places, not within 10000"):
        turns({"train": Decimal("0.7654321"), "test": Decimal("0.2345679")})
