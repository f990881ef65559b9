from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.units import Side, form_units, pair_units


def side(entities: np.ndarray) -> Side:
    return Side(name="s", rows=entities * 3.0, entities=entities.astype(float), counts={})


def spread(n_entities: int, seed: int = 0) -> np.ndarray:
    return np.bincount(np.random.default_rng(seed).integers(0, 256, n_entities), minlength=256)


def test_equal_sides_keep_their_256_buckets_as_units() -> None:
    units = form_units(side(spread(5_000)), side(spread(5_000, 1)))
    assert (units.n_first, units.n_second) == (256, 256)


def test_seventy_against_five_percent_is_256_against_18_units() -> None:
    """The figure of the specification: 70 % of entities against 5 %."""
    units = form_units(side(spread(14_000)), side(spread(1_000, 1)))
    assert (units.n_first, units.n_second) == (256, 18)
    turned = form_units(side(spread(1_000, 1)), side(spread(14_000)))
    assert (turned.n_first, turned.n_second) == (18, 256)


def test_buckets_are_merged_by_number_before_empty_units_are_dropped() -> None:
    large, small = np.full(256, 4), np.zeros(256)
    small[[0, 1, 255]] = (100, 56, 100)  # a fourth of the entities: 64 units of 4 buckets
    units = form_units(side(large), side(small))
    assert units.n_second == 2
    assert units.of_second[0] == units.of_second[1] == 256
    assert units.of_second[255] == 257
    assert units.of_second[100] == -1


def test_an_assignment_keeps_the_number_of_units_of_each_side_and_the_truth_comes_first() -> None:
    units = form_units(side(spread(3_000)), side(spread(1_000, 1)))
    chosen = units.assignments(500, "seed")
    assert chosen.shape == (501, units.n)
    assert (chosen.sum(axis=1) == units.n_first).all()
    assert (chosen[0] == units.is_first).all()
    # Every unit is as often on the first side: 500 draws of probability n_first / n, five standard deviations.
    share = units.n_first / units.n
    assert np.abs(chosen[1:].mean(axis=0) - share).max() < 5 * np.sqrt(share * (1 - share) / 500)


def test_the_same_seed_draws_the_same_assignments_and_another_seed_others() -> None:
    units = form_units(side(spread(3_000)), side(spread(3_000, 1)))
    assert (units.assignments(20, "a") == units.assignments(20, "a")).all()
    assert (units.assignments(20, "a") != units.assignments(20, "b")).any()


def test_paired_units_are_swapped_together() -> None:
    units = pair_units(side(spread(3_000)), side(spread(3_000)))
    chosen = units.assignments(100, "seed")
    half = units.n_first
    assert (chosen[:, :half] + chosen[:, half:] == 1).all()
    assert 0.4 < chosen[1:, :half].mean() < 0.6


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=256, max_size=256), st.lists(st.integers(0, 50), min_size=256, max_size=256)
)
def test_no_row_is_lost_in_units(first: list[int], second: list[int]) -> None:
    one, two = side(np.array(first)), side(np.array(second))
    if not (one.n_rows and two.n_rows):
        return
    units = form_units(one, two)
    sums = units.sums(one.rows, two.rows)
    assert sums[: units.n_first].sum() == pytest.approx(one.n_rows)
    assert sums[units.n_first :].sum() == pytest.approx(two.n_rows)
    assert (sums > 0).all()
