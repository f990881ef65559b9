"""Weights that let one side look like another: against the true ratio of densities, clipped, and what they leave."""

from __future__ import annotations

import numpy as np
import pytest

from checks.domain import Rows
from checks.importance import Importance, importance


def sides(rng, n: int, shift: float) -> Rows:
    x = rng.normal(size=(2 * n, 2))
    is_second = np.repeat([False, True], n)
    x[is_second, 0] += shift
    return Rows(x=x, names=("a", "b"), is_level=(False, False), is_second=is_second, bucket=rng.integers(0, 256, 2 * n))


def test_weighted_rows_look_like_the_other_side() -> None:
    rows = sides(np.random.default_rng(0), 3_000, 0.8)
    found = importance(rows)
    x = rows.x[~rows.is_second, 0]
    true = np.exp(0.8 * x - 0.32)
    assert found.weights.mean() == pytest.approx(1)
    assert np.corrcoef(np.log(found.weights), np.log(true))[0, 1] > 0.9
    assert np.average(x, weights=found.weights) == pytest.approx(0.8, abs=0.15)
    assert 0.35 < found.n_effective / 3_000 < 0.75  # exp(-.64) = .53 by the true ratio, unclipped
    assert not found.is_thin


def test_the_largest_odds_count_as_the_99_percent_quantile() -> None:
    found = importance(sides(np.random.default_rng(1), 1_000, 0.8))
    assert (found.weights == found.most).mean() == pytest.approx(0.01, abs=0.005)


def test_a_fit_on_some_buckets_weighs_all_rows() -> None:
    rows = sides(np.random.default_rng(2), 2_000, 0.8)
    found = importance(rows, most=500)
    assert len(found.weights) == 2_000
    assert (found.weights > 0).all()


def test_few_rows_that_carry_all_are_thin() -> None:
    weights = np.concatenate([np.full(950, 1e-3), np.full(50, 20.0)])
    assert Importance(weights=weights, most=20.0).is_thin
    assert Importance(weights=weights, most=20.0).n_effective == pytest.approx(50, rel=0.01)


def test_a_side_that_lies_in_one_fold_has_no_weights() -> None:
    rows = sides(np.random.default_rng(3), 50, 0.0)
    together = Rows(
        x=rows.x,
        names=rows.names,
        is_level=rows.is_level,
        is_second=rows.is_second,
        bucket=np.where(rows.is_second, 5, 7),
    )
    assert importance(together) is None
