"""Rows of numbers that are copies but for noise or a sign."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.near_numbers import is_fine, near_numbers, pairs_of_numbers, spread

NAN = float("nan")


def rows(near: object, kind: np.ndarray, left: np.ndarray, right: np.ndarray) -> set[tuple[int, int]]:
    first = {int(k): int(np.flatnonzero(kind == k)[0]) for k in np.unique(kind)}
    return {tuple(sorted((first[int(a)], first[int(b)]))) for a, b in zip(left, right, strict=True)}  # type: ignore[misc]


def brute(values: np.ndarray, tolerance: float) -> set[tuple[int, int]]:
    """The near pairs of distinct rows, by looking at every pair."""
    scaled = values / spread(values)
    return {
        (i, j)
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if 0 < np.abs(scaled[i] - scaled[j]).max() <= tolerance
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_fine=st.integers(0, 3), n_coarse=st.integers(0, 2))
def test_near_pairs_are_those_that_looking_at_every_pair_finds(seed: int, n_fine: int, n_coarse: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.normal(size=(40, 1)), rng.normal(size=(40, n_fine)), rng.integers(-1, 2, (40, n_coarse))]
    )
    values[20:30] = values[:10] + rng.uniform(-0.03, 0.03, values[:10].shape)

    near = near_numbers(values, tolerance=0.02)

    assert len(np.unique(near.kind)) == len(np.unique(values, axis=0))
    assert rows(near, near.kind, near.left, near.right) == brute(values, 0.02)


def test_identical_rows_are_one_kind_and_no_pair() -> None:
    near = near_numbers(np.array([[0.0, NAN], [-0.0, NAN], [1.0, 2.0], [1.0, 2.0]]))

    assert near.kind[0] == near.kind[1]
    assert near.kind[2] == near.kind[3]
    assert len(near.left) == 0


def test_a_missing_value_is_near_a_missing_one_alone() -> None:
    values = np.array([[5.0, NAN], [5.000001, NAN], [5.0, 0.0], [9.0, 1.0], [5.0, np.inf], [5.000001, -np.inf]])

    near = near_numbers(values, tolerance=0.01)

    assert rows(near, near.kind, near.left, near.right) == {(0, 1)}


@pytest.mark.parametrize(("sign", "n_turned"), [([-1, 1, 1], 1), ([-1, -1, -1], 3)])
def test_a_mirrored_row_is_found(sign: list[int], n_turned: int) -> None:
    values = np.random.default_rng(0).normal(size=(200, 3))
    values[150] = values[7] * sign

    pairs = pairs_of_numbers(values, tolerance=1e-4)

    assert rows(pairs, pairs.kind, pairs.left, pairs.right) == {(7, 150)}
    assert (pairs.turned.tolist(), pairs.is_mirrored.tolist()) == ([n_turned], [True])


def test_a_column_of_whole_numbers_is_coarse() -> None:
    values = np.column_stack([np.arange(50) % 5, np.random.default_rng(0).normal(size=50), np.full(50, 3.0)])

    assert is_fine(values, 0.1).tolist() == [False, True, False]


def test_the_work_is_bounded_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(3_000, 2))

    pairs = pairs_of_numbers(values, tolerance=1.0, most=10_000)

    assert not pairs.is_complete


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.full((3, 2), NAN), np.array([[1.0, 2.0]]), np.zeros((4, 2))])
def test_where_there_is_nothing_to_compare_nothing_is_near(values: np.ndarray) -> None:
    assert len(near_numbers(values).left) == 0
