"""TEST1: what it costs to judge many models on one test set."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from checks.best_of import WARN_FROM, judged_often, widening


@pytest.mark.parametrize("k", [1, 2, 10, 12, 1000])
def test_the_factor_is_bonferronis(k: int) -> None:
    assert widening(k) == pytest.approx(norm.ppf(1 - 0.05 / (2 * k)) / norm.ppf(0.975))


def test_the_widened_interval_of_the_best_misses_in_5_of_100_and_the_plain_one_of_ten_in_22() -> None:
    n_sets, n_rows, rate = 4_000, 2_000, 0.2
    drawn = np.random.default_rng(3)
    best = drawn.binomial(n_rows, rate, (n_sets, WARN_FROM)).min(axis=1) / n_rows  # ten equal models, apart
    half = 1.96 * np.sqrt(best * (1 - best) / n_rows)
    plain = float(np.mean(np.abs(best - rate) > half))
    widened = float(np.mean(np.abs(best - rate) > half * widening(WARN_FROM)))
    assert plain == pytest.approx(1 - 0.975**WARN_FROM, abs=0.03)
    assert widened <= 0.05


@pytest.mark.parametrize(("n", "outcome"), [(1, "pass"), (9, "pass"), (10, "warn"), (500, "warn")])
def test_it_warns_from_ten_models_on(n: int, outcome: str) -> None:
    found = judged_often(n, ["ana"], "2026-03-01")
    assert (found.code, found.outcome, bool(found.advice)) == ("TEST1", outcome, outcome == "warn")


def test_it_says_how_many_who_since_when_and_what_it_costs() -> None:
    assert judged_often(12, ["ana", "ben", "eva"], "2026-03-01").seen == (
        "12 models were judged on this test set by 3 people since 2026-03-01: an interval of the best of them is 1.46"
        " times as wide"
    )
    assert judged_often(1, ["ana"], "2026-03-01").seen == "1 model was judged on this test set by ana since 2026-03-01"


def test_a_test_set_that_was_never_used_is_not_applicable() -> None:
    assert judged_often(0, [], None).outcome == "not_applicable"
