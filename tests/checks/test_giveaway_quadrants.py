from __future__ import annotations

import numpy as np
from scipy import stats

from checks.giveaway_quadrants import quadrants


def test_crossed_thresholds_are_found_whatever_they_are() -> None:
    for seed in range(30):
        drawn = np.random.default_rng(seed)
        a, b = (stats.rankdata(values).astype(int) for values in drawn.normal(size=(2, 2_000)))
        cut_a, cut_b = drawn.uniform(500, 1_500, 2)
        label = (a > cut_a) ^ (b > cut_b)
        fitted = drawn.random(2_000) < 0.5
        assert (quadrants(a, b, label, fitted) != label)[~fitted].mean() < 0.01


def test_columns_that_tell_nothing_predict_as_chance_does() -> None:
    drawn = np.random.default_rng(0)
    a, b = drawn.integers(0, 1_000, (2, 2_000))
    label, fitted = drawn.random(2_000) < 0.5, drawn.random(2_000) < 0.5
    assert (quadrants(a, b, label, fitted) != label)[~fitted].mean() > 0.4


def test_columns_of_one_value_are_no_trouble() -> None:
    ones = np.ones(10, dtype=int)
    label = np.arange(10) < 7
    assert quadrants(ones, ones, label, label).tolist() == [1] * 10
