from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from checks.family import log_p_of_quadratic, log_p_of_z, step_down


def test_step_down_by_hand() -> None:
    """Two hypotheses, four assignments after the truth: counted with a pencil."""
    scores = np.array([[-3.0, -2.0], [-4.0, 0.0], [-1.0, -2.5], [0.0, -1.0], [-0.5, -0.5]])
    adjusted = step_down(scores)
    # By themselves: one of 4 drawn is <= -3 in the first, one of 4 is <= -2 in the second.
    assert adjusted.p_values.tolist() == [2 / 5, 2 / 5]
    # First: minima over both are -4, -2.5, -1, -.5: one is <= -3. Second: alone, 2 / 5, and not below the first.
    assert adjusted.p_corrected.tolist() == [2 / 5, 2 / 5]


def test_ties_within_float32_count_as_ties() -> None:
    assert step_down(np.array([[-1.0], [-1.0 + 1e-6]])).p_values.tolist() == [1.0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_a_corrected_p_is_never_below_the_p_alone_and_follows_its_order(seed: int, n: int) -> None:
    scores = np.random.default_rng(seed).normal(size=(50, n)).round(1)
    adjusted = step_down(scores)
    assert (adjusted.p_corrected >= adjusted.p_values).all()
    order = np.argsort(scores[0], kind="stable")
    assert (np.diff(adjusted.p_corrected[order]) >= 0).all()
    assert adjusted.p_values.min() >= 1 / 50
    assert adjusted.p_corrected.max() <= 1


def test_one_hypothesis_needs_no_correction() -> None:
    adjusted = step_down(np.random.default_rng(1).normal(size=(200, 1)))
    assert adjusted.p_values.tolist() == adjusted.p_corrected.tolist()


def test_the_map_of_z_is_the_normal_law() -> None:
    z = np.random.default_rng(2).normal(size=(200_000, 1))
    assert np.exp(log_p_of_z(z)[:, 0]) == pytest.approx(2 * stats.norm.sf(np.abs(z[:, 0])), abs=0.01)


@pytest.mark.parametrize("df", [1, 4, 20])
def test_the_map_of_sums_of_squares_is_near_the_chi_squared_law(df: int) -> None:
    q = np.random.default_rng(3).chisquare(df, size=(200_000, 1))
    exact = stats.chi2.logsf(q[:, 0], df)
    near = exact < np.log(0.5)  # where evidence is: log p within 15 % of itself, whatever the degrees of freedom
    assert log_p_of_quadratic(q)[near, 0] == pytest.approx(exact[near], rel=0.15, abs=0.05)


def test_the_map_of_sums_of_squares_never_turns_the_order() -> None:
    q = np.sort(np.random.default_rng(4).chisquare(2, size=(5_000, 1)), axis=0)
    assert (np.diff(log_p_of_quadratic(q)[:, 0]) <= 1e-12).all()


def test_many_quiet_hypotheses_alarm_at_the_stated_rate() -> None:
    """500 families of 10 correlated hypotheses, no effect: alarms at .05 are binomial, .05 +- 3 standard errors."""
    drawn = np.random.default_rng(5)
    alarms = 0
    for _ in range(500):
        shared = drawn.normal(size=(100, 1))
        alarms += step_down(drawn.normal(size=(100, 10)) + shared).p_corrected.min() <= 0.05
    assert abs(alarms / 500 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 500)
