"""Shares of classes without labels: by hand, their coverage by simulation, and when they cannot be told."""

from __future__ import annotations

import numpy as np
import pytest

from checks.label_shift import class_shares
from checks.leave_one_out import Judged

CONFUSION = np.array([[0.8, 0.2, 0.1], [0.15, 0.7, 0.2], [0.05, 0.1, 0.7]])


def judged(truth: np.ndarray, predicted: np.ndarray, bucket: np.ndarray, n_classes: int) -> Judged:
    n = len(np.unique(bucket))
    return Judged(bucket=bucket, truth=truth, predicted=predicted, n_classes=n_classes, n_entities=n)


def drawn(rng, n_entities: int, each: int, shares: list[float]) -> tuple[np.ndarray, ...]:
    """Truth and predictions of rows whose entities prefer one class, and the buckets."""
    own = np.repeat(rng.choice(3, n_entities, p=shares), each)
    truth = np.where(rng.random(len(own)) < 0.4, own, rng.choice(3, len(own), p=shares))
    predicted = (rng.random(len(own))[:, None] > CONFUSION.cumsum(axis=0)[:, truth].T).sum(axis=1)
    return truth, predicted, np.repeat(rng.integers(0, 256, n_entities), each)


def test_two_classes_by_hand() -> None:
    # Of 100 positives 80 are found, of 100 negatives 10 are called positive; 45 % are called positive elsewhere:
    # (.45 - .1) / (.8 - .1) = .5.
    truth = np.repeat([1, 0], 100)
    predicted = np.concatenate([np.ones(80), np.zeros(20), np.ones(10), np.zeros(90)]).astype(int)
    bucket = np.arange(200) * 37 % 256
    elsewhere = (np.arange(200) < 90).astype(int)
    told = class_shares(judged(truth, predicted, bucket, 2), bucket, elsewhere, classes=["no", "yes"], n_entities=200)
    assert (told.verdict, told.n_labelled, told.n_rows) == ("told", 200, 200)
    no, yes = told.shares
    assert (yes.label, yes.labelled) == ("yes", 0.5)
    assert (no.estimate, yes.estimate) == pytest.approx((0.5, 0.5))
    # By the delta method: the spread of .45, of .8 and of .1, each over .7.
    sd = np.sqrt(0.45 * 0.55 / 200 + 0.5**2 * 0.8 * 0.2 / 100 + 0.5**2 * 0.1 * 0.9 / 100) / 0.7
    assert (yes.high - yes.low) / 2 == pytest.approx(1.97 * sd, rel=0.05)


def test_a_model_that_tells_nothing_cannot_tell_shares() -> None:
    rng = np.random.default_rng(0)
    truth, predicted, bucket = rng.integers(0, 2, 500), rng.integers(0, 2, 500), rng.integers(0, 256, 500)
    told = class_shares(judged(truth, predicted, bucket, 2), bucket, predicted, classes=["a", "b"], n_entities=300)
    assert told.verdict == "cannot_tell"
    assert told.condition > 10
    assert "tells classes apart too badly" in told.why


def test_a_class_without_a_labelled_row_and_few_entities_cannot_tell() -> None:
    ones, bucket = np.ones(50, dtype=int), np.arange(50)
    told = class_shares(judged(ones, ones, bucket, 2), bucket, ones, classes=["a", "b"], n_entities=50)
    assert told.why == "no labelled row is 'a'"
    few = class_shares(judged(ones, ones, bucket, 2), bucket, ones, classes=["a", "b"], n_entities=3)
    assert few.why == "3 entities are too few, 5 are needed"


def coverage(n_runs: int, n_entities: int, each: int) -> float:
    before, after = [0.6, 0.3, 0.1], [0.3, 0.4, 0.3]
    held = []
    for i in range(n_runs):
        rng = np.random.default_rng(i)
        truth, predicted, bucket = drawn(rng, n_entities, each, before)
        _, elsewhere, there = drawn(rng, n_entities, each, after)
        told = class_shares(
            judged(truth, predicted, bucket, 3), there, elsewhere, classes=["a", "b", "c"], n_entities=n_entities
        )
        if told.verdict == "cannot_tell":  # a class with no row left without some bucket
            continue
        held += [one.low <= true <= one.high for one, true in zip(told.shares, after, strict=True)]
    return float(np.mean(held))


@pytest.mark.parametrize(("n_entities", "each"), [(1_000, 1), (150, 10)])
def test_intervals_hold_the_true_shares_as_often_as_they_say(n_entities: int, each: int) -> None:
    # 60 runs of 3 classes: a true .95 gives under .88 once in some hundred.
    assert coverage(60, n_entities, each) >= 0.88


@pytest.mark.slow
@pytest.mark.parametrize(("n_entities", "each"), [(1_000, 1), (150, 10), (40, 10)])
def test_the_table_of_coverage_in_the_docs(n_entities: int, each: int) -> None:
    held = coverage(400, n_entities, each)
    print(f"\n{n_entities} x {each}: {held:.3f}", flush=True)
    assert held >= 0.93
