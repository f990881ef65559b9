"""Intervals of shares: exact for independent cases, wider for rows of entities, and right as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from checks.proportion import exact, mean_of_clusters, of_clusters


@pytest.mark.parametrize(("k", "n"), [(0, 20), (3, 20), (10, 20), (20, 20), (45, 92), (1, 100_000)])
def test_the_exact_interval_is_that_of_scipy(k: int, n: int) -> None:
    theirs = binomtest(k, n).proportion_ci(0.95, method="exact")
    assert (exact(k, n).low, exact(k, n).high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_without_a_case_in_k_the_share_is_at_most_what_k_cases_can_hide() -> None:
    assert exact(0, 20).high == pytest.approx(1 - 0.025 ** (1 / 20))


def in_buckets(entities: np.ndarray, cases: np.ndarray, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Cases and rows by bucket, of entities with `n_rows` rows each."""
    return np.bincount(entities % 256, cases, 256), np.bincount(entities % 256, minlength=256) * float(n_rows)


def test_rows_that_copy_each_other_tell_no_more_than_their_entities() -> None:
    drawn = np.random.default_rng(0)
    entities = drawn.integers(0, 256 * 50, 200)
    is_case = drawn.random(200) < 0.3
    one = of_clusters(*in_buckets(entities, is_case * 1.0, 1), 200)
    many = of_clusters(*in_buckets(entities, is_case * 40.0, 40), 200)
    assert one
    assert many
    assert (many.low, many.high) == pytest.approx((one.low, one.high), abs=0.01)
    assert (one.low, one.high) == pytest.approx(
        (exact(is_case.sum(), 200).low, exact(is_case.sum(), 200).high), abs=0.03
    )


def test_rows_that_know_nothing_of_each_other_count_as_rows() -> None:
    drawn = np.random.default_rng(1)
    entities = np.arange(5_000)
    cases, rows = in_buckets(entities, drawn.binomial(20, 0.3, 5_000) * 1.0, 20)
    found, of_rows = of_clusters(cases, rows, 5_000), exact(cases.sum(), rows.sum())
    assert found
    assert 0.85 < (found.high - found.low) / (of_rows.high - of_rows.low) < 1.15


@pytest.mark.parametrize(("n_entities", "share"), [(60, 0.3), (200, 0.05), (2_000, 0.005)])
def test_the_interval_of_clusters_holds_the_truth_in_at_least_93_of_100_tables(n_entities: int, share: float) -> None:
    drawn = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        of_entity = drawn.beta(share * 4, (1 - share) * 4, n_entities)  # entities differ: their rows know each other
        cases, rows = in_buckets(drawn.integers(0, 256, n_entities), drawn.binomial(10, of_entity) * 1.0, 10)
        found = of_clusters(cases, rows, n_entities)
        held += bool(found and found.low <= share <= found.high)
    assert held >= 372


def test_the_interval_of_a_mean_holds_the_truth_in_at_least_93_of_100_tables() -> None:
    drawn = np.random.default_rng(8)
    held = 0
    for _ in range(400):
        of_entity = drawn.normal(3, 2, 80)
        sums, rows = in_buckets(drawn.integers(0, 256, 80), 10 * of_entity + drawn.normal(0, 3, 80), 10)
        found = mean_of_clusters(sums, rows, 80)
        held += bool(found and found.low <= 3 <= found.high)
    assert held >= 372


def test_under_five_entities_or_in_one_bucket_there_is_no_interval() -> None:
    one, two = np.zeros(256), np.zeros(256)
    one[0], two[:2] = 10, 10
    assert of_clusters(one / 2, one, 9) is None
    assert of_clusters(two / 2, two, 4) is None
    assert mean_of_clusters(one, one, 9) is None


def test_a_class_that_all_rows_have_is_bounded_by_the_entities() -> None:
    rows = np.zeros(256)
    rows[:10] = 100
    found = of_clusters(rows, rows, 10)
    assert found == exact(10, 10)
