from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from checks.bins import level_cells, ordered_cells
from checks.distances import distances


def test_distances_of_numbers_are_those_of_scipy_but_for_the_cells() -> None:
    drawn = np.random.default_rng(0)
    one, two = drawn.normal(size=20_000), drawn.normal(0.3, 1.2, 20_000)
    cells = ordered_cells("x", "double", "numeric", np.concatenate([one, two]), has_precision=False)
    counts = [np.append(np.histogram(values, [-np.inf, *cells.edges])[0], 0.0) for values in (one, two)]
    told = distances(cells, *counts)
    assert told["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(one, two).statistic, abs=0.005)
    assert told["wasserstein"] == pytest.approx(stats.wasserstein_distance(one, two), rel=0.02)


def test_distances_of_levels_by_hand() -> None:
    cells = level_cells("c", "string", "category", {"a": 3, "b": 1})
    one, two = np.array([50.0, 50.0, 0.0, 0.0]), np.array([80.0, 20.0, 0.0, 0.0])
    told = distances(cells, one, two)
    assert told["total_variation"] == pytest.approx(0.3)
    assert told["psi"] == pytest.approx(0.3 * np.log(1.6) + 0.3 * np.log(2.5))
    middle = np.array([0.65, 0.35])
    divergence = (stats.entropy([0.5, 0.5], middle, base=2) + stats.entropy([0.8, 0.2], middle, base=2)) / 2
    assert told["jensen_shannon"] == pytest.approx(np.sqrt(divergence))
    assert "wasserstein" not in told


def test_equal_sides_have_no_distance() -> None:
    cells = ordered_cells("x", "double", "numeric", np.arange(100.0), has_precision=False)
    counts = np.append(np.histogram(np.arange(100.0), [-np.inf, *cells.edges])[0], 7.0)
    assert distances(cells, counts, 2 * counts) == pytest.approx(dict.fromkeys(distances(cells, counts, counts), 0.0))
