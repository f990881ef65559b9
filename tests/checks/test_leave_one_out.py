"""Rates and what they are without each bucket: by hand, against scikit-learn, and as a property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from checks.leave_one_out import BY_NAME, Judged


def judged(n: int = 600, *, n_classes: int = 2, seed: int = 0) -> Judged:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    told = rng.dirichlet(np.ones(n_classes), n)
    told[np.arange(n), truth] += 0.2
    told = np.round(told / told.sum(axis=1, keepdims=True), 2)  # ties
    told = np.clip(told, 0.01, None)
    told = told / told.sum(axis=1, keepdims=True)
    return Judged(
        bucket=rng.integers(0, 256, n).astype(np.uint8),
        truth=truth,
        predicted=told.argmax(axis=1),
        probabilities=told,
        score=told[:, 1] if n_classes == 2 else None,
        n_classes=n_classes,
        n_entities=n,
    )


def quantities(n: int = 600) -> Judged:
    rng = np.random.default_rng(1)
    truth = 1e6 + rng.normal(size=n)
    predicted = truth + rng.normal(size=n) / 2
    return Judged(bucket=rng.integers(0, 256, n), truth=truth, predicted=predicted, n_entities=n)


def skill(y: np.ndarray, p: np.ndarray, n_classes: int) -> float:
    shares = np.bincount(y, minlength=n_classes) / len(y)
    labels = list(range(n_classes))
    base = metrics.log_loss(y, np.tile(shares, (len(y), 1)), labels=labels)
    return 1 - metrics.log_loss(y, p, labels=labels) / base


def by_scikit_learn(name: str, told: Judged, rows: np.ndarray) -> float:
    y, yhat = told.truth[rows], told.predicted[rows]
    return {
        "auc": lambda: metrics.roc_auc_score(y, told.score[rows]),
        "log_loss_skill": lambda: skill(y, told.probabilities[rows], told.n_classes),
        "balanced_error_rate": lambda: 1 - metrics.balanced_accuracy_score(y, yhat),
        "error_rate": lambda: 1 - metrics.accuracy_score(y, yhat),
        "r2": lambda: metrics.r2_score(y, yhat),
        "mae": lambda: metrics.mean_absolute_error(y, yhat),
        "rmse": lambda: metrics.root_mean_squared_error(y, yhat),
    }[name]()


@pytest.mark.parametrize("name", BY_NAME)
def test_every_leave_one_out_value_is_what_scikit_learn_says_without_that_bucket(name: str) -> None:
    told = quantities() if name in {"r2", "mae", "rmse"} else judged(n_classes=3 if name == "log_loss_skill" else 2)
    left = BY_NAME[name](told)
    everything = np.ones(told.n, dtype=bool)
    assert left.estimate == pytest.approx(by_scikit_learn(name, told, everything), rel=1e-9)
    for value, bucket in zip(left.values, np.unique(told.bucket), strict=True):
        assert value == pytest.approx(by_scikit_learn(name, told, told.bucket != bucket), rel=1e-6)


def test_auc_by_hand() -> None:
    # Positives .8 and .3, negatives .5 and .3: three of four pairs in order, the tie counts half: (1 + 1 + 0 + .5) / 4.
    told = Judged(
        bucket=np.array([0, 1, 2, 3]),
        truth=np.array([1, 1, 0, 0]),
        predicted=np.array([1, 0, 1, 0]),
        score=np.array([0.8, 0.3, 0.5, 0.3]),
        n_classes=2,
        n_entities=4,
    )
    left = BY_NAME["auc"](told)
    assert left.estimate == 0.625
    assert left.values.tolist() == [0.25, 1.0, 0.75, 0.5]


def test_a_class_that_nobody_has_left_makes_the_auc_without_that_bucket_nan() -> None:
    told = judged(50)
    lonely = Judged(
        bucket=np.where(told.truth == 1, 7, told.bucket % 7),
        truth=told.truth,
        predicted=told.predicted,
        score=told.score,
        n_classes=2,
        n_entities=50,
    )
    assert np.isnan(BY_NAME["auc"](lonely).values[-1])


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_order_whatever_the_ties(rows: list[tuple[int, bool, int]]) -> None:
    bucket, positive, score = (np.array(column) for column in zip(*rows, strict=True))
    told = Judged(bucket=bucket, truth=positive.astype(int), predicted=score, score=score, n_classes=2, n_entities=9)
    left = BY_NAME["auc"](told)
    for value, keep in [
        (left.estimate, np.ones(len(rows), dtype=bool)),
        *zip(left.values, (bucket != b for b in np.unique(bucket)), strict=True),
    ]:
        up, down = score[keep & positive.astype(bool)], score[keep & ~positive.astype(bool)]
        pairs = (up[:, None] > down).sum() + (up[:, None] == down).sum() / 2
        assert (np.isnan(value) and not len(up) * len(down)) or value == pytest.approx(pairs / (len(up) * len(down)))
