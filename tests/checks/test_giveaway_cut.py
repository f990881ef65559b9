"""Classes that are cut from one column (LEAK3), and classes between which a gap lies (LEAK4)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris

from checks.giveaway import determining_columns, giveaways
from checks.labelled import Labelled

N_ROWS = 1_000
X = np.random.default_rng(0).normal(size=N_ROWS)


def outcomes(target: np.ndarray, **columns: np.ndarray) -> dict[str, tuple[str, str | None]]:
    """The outcome and the column of either code."""
    buckets = np.random.default_rng(1).integers(0, 256, len(target))
    noise = np.random.default_rng(2).normal(size=len(target))
    frame = pl.DataFrame({"noise": noise, **columns, "target": target, "_bucket": buckets})
    rows = Labelled(frame=frame, features=("noise", *columns), target="target", judged_on="all rows")
    return {found.code: (found.outcome, found.column) for found in giveaways(rows, determining_columns(rows))}


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_a_threshold_where_rows_lie_close_on_both_sides_determines(share: float) -> None:
    assert outcomes(np.quantile(X, 1 - share) < X, x=X)["LEAK3"] == ("fail", "x")


def test_a_cut_on_both_sides_of_zero_determines() -> None:
    assert outcomes(np.abs(X) < 0.7, x=X)["LEAK3"] == ("fail", "x")


def test_three_classes_cut_by_two_thresholds_are_determined() -> None:
    assert outcomes(np.array(["low", "middle", "top"])[np.digitize(X, [-0.5, 0.8])], x=X)["LEAK3"] == ("fail", "x")


def test_a_cut_on_both_sides_that_errs_a_little_is_suspicious() -> None:
    near = X + np.random.default_rng(3).normal(0, 0.1, N_ROWS)

    found = outcomes(np.abs(near) < 0.7, x=X)

    assert (found["LEAK3"][0], found["LEAK4"]) == ("pass", ("warn", "x"))


@pytest.mark.parametrize("is_rounded", [False, True])
def test_classes_with_a_gap_between_them_are_suspicious_and_no_definition(is_rounded: bool) -> None:
    is_tall = np.arange(N_ROWS) % 2 == 0
    height = np.where(is_tall, 60.0, 20.0) + X * 4

    found = outcomes(is_tall, height=np.round(height) if is_rounded else height)

    assert (found["LEAK3"][0], found["LEAK4"]) == ("pass", ("warn", "height"))


@pytest.mark.parametrize("spread", [0.0, 0.01], ids=["code", "points"])
def test_a_code_of_the_classes_determines_them(spread: float) -> None:
    is_tall = np.arange(N_ROWS) % 2 == 0

    assert outcomes(is_tall, code=np.where(is_tall, 7.0, 3.0) + X * spread)["LEAK3"] == ("fail", "code")


def test_petals_of_two_flowers_never_block() -> None:
    data = load_iris()
    is_setosa = np.tile(data.target == 0, 4)
    petals = np.tile(data.data[:, 2], 4)

    found = outcomes(is_setosa, petals=petals + np.random.default_rng(4).normal(0, 0.01, len(petals)))

    assert (found["LEAK3"][0], found["LEAK4"]) == ("pass", ("warn", "petals"))
