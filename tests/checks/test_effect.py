"""How large a difference is, by hand and beside SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from checks.effect import design_effect, effect_of, mean_change, share_change, total_variation
from checks.student import quantile
from checks.units import Units


def units_of(n_first: int, n_second: int) -> Units:
    return Units(
        of_first=np.arange(n_first), of_second=n_first + np.arange(n_second), n_first=n_first, n_second=n_second
    )


def test_of_units_of_one_row_the_margin_of_a_mean_is_that_of_welch() -> None:
    drawn = np.random.default_rng(1)
    first, second = drawn.normal(0, 1, 30), drawn.normal(0.4, 2, 20)
    x, is_first = np.concatenate([first, second]), np.arange(50) < 30
    found = mean_change(np.stack([np.ones(50), x, x**2], axis=1), is_first, q=2.0)
    welch = stats.ttest_ind(second, first, equal_var=False)
    assert found is not None
    assert found.value == pytest.approx((second.mean() - first.mean()) / x.std())
    assert found.value / (found.margin / 2.0) == pytest.approx(welch.statistic)


def test_of_paired_units_the_margin_of_a_mean_is_that_of_differences() -> None:
    drawn = np.random.default_rng(2)
    level = drawn.normal(0, 5, 25)
    first, second = level + drawn.normal(size=25), level + drawn.normal(0.3, 1, 25)
    x = np.concatenate([first, second])
    found = mean_change(np.stack([np.ones(50), x, x**2], axis=1), np.arange(50) < 25, q=2.0, is_paired=True)
    assert found is not None
    assert found.value / (found.margin / 2.0) == pytest.approx(stats.ttest_rel(second, first).statistic)


def test_there_is_no_change_of_a_mean_without_spread_or_without_a_side() -> None:
    constant = np.array([[2.0, 6.0, 18.0], [1.0, 3.0, 9.0]])
    one_sided = np.array([[2.0, 3.0, 5.0], [0.0, 0.0, 0.0]])
    is_first = np.array([True, False])
    assert mean_change(constant, is_first, q=2.0) is None
    assert mean_change(one_sided, is_first, q=2.0) is None


def test_a_change_of_a_share_by_hand() -> None:
    """Units of 10, 10 | 10, 30 rows, of which 2, 4 | 6, 9 are of the level: .3 before, .375 now."""
    rows, part = np.array([10.0, 10, 10, 30]), np.array([2.0, 4, 6, 9])
    found = share_change(part, rows, np.array([True, True, False, False]), q=3.0, what="level")
    # Without one unit: .4, .2 before and .3, .6 now. Of two units the jackknife's variance is half of the sum of the
    # squared distances from their mean: (.01 + .01) / 2 and (.0225 + .0225) / 2.
    assert (found.what, found.value) == ("level", pytest.approx(0.075))
    assert found.margin == pytest.approx(3.0 * np.sqrt(0.01 + 0.0225))


def test_the_design_effect_by_hand_and_of_single_rows() -> None:
    """Four units of 10 rows, all of one of two groups: ten rows say no more than one."""
    whole = np.array([[10.0, 0], [10, 0], [0, 10], [0, 10]])
    assert design_effect(whole) == pytest.approx(10.0)
    single = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert design_effect(single) == pytest.approx(1.0)
    # 7, 3 | 5, 5 of 10: distances of 1 from 6 and 4; (1 + 1) / (20 x .6 x .4).
    assert design_effect(np.array([[7.0, 3], [5, 5]])) == pytest.approx(2 / 4.8)
    assert np.isnan(design_effect(np.array([[99.0, 1], [100, 0]])))


def test_the_interval_of_total_variation_by_hand() -> None:
    """Two units a side, and four assignments that are written out."""
    groups = np.array([[8.0, 2], [6, 4], [3, 7], [1, 9]])
    chosen = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]], dtype=np.float32)
    found = effect_of(groups, chosen, units_of(2, 2))
    # Shares of the first group are .7 and .2; by chance .55 v .35, .45 v .45, .45 v .45, .35 v .55.
    by_chance = np.array([0.2, 0.0, 0.0, 0.2])
    # Without one unit: .6 or .8 against .2; .7 against .1 or .3.
    left_out = [np.array([0.4, 0.6]), np.array([0.6, 0.4])]
    jackknife = np.sqrt(sum(((of - of.mean()) ** 2).sum() / 2 for of in left_out))
    sd, q = max(jackknife, by_chance.std(ddof=1)), stats.t.ppf(0.975, 1)
    assert q == pytest.approx(quantile(1))
    assert total_variation(groups[:2].sum(axis=0), groups[2:].sum(axis=0)) == pytest.approx(0.5)
    assert found.estimate == pytest.approx(np.sqrt(0.25 - (by_chance**2).mean()))
    assert (found.low, found.high) == (pytest.approx(max(0, 0.5 - 0.1 - q * sd)), pytest.approx(min(1, 0.5 + q * sd)))
    assert found.smallest == pytest.approx(min(1, 0.1 + (q + 0.84) * sd))


def test_an_interval_of_many_units_is_the_jackknife_and_chance_alone_is_taken_off() -> None:
    drawn = np.random.default_rng(3)
    n = 200
    share = np.repeat([0.3, 0.6], n)
    part = drawn.binomial(50, share).astype(float)
    units, groups = units_of(n, n), np.stack([part, 50 - part], axis=1)
    found = effect_of(groups, units.assignments(400, "effect"), units)
    by_rows = np.sqrt(0.3 * 0.7 / (50 * n) + 0.6 * 0.4 / (50 * n))
    assert found.estimate == pytest.approx(0.3, abs=0.02)
    assert found.high - found.estimate > 1.9 * by_rows
    assert found.low < 0.3 < found.high
