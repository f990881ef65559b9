"""A target that is a quantity, told by one column: in its order (LEAK3), or nearly (LEAK4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from checks.giveaway import determining_columns, giveaways
from checks.labelled import Labelled

N_ROWS = 1_000
CHANCE = np.random.default_rng(0)
PRICE = CHANCE.lognormal(3, 1, N_ROWS)


def outcomes(column: Any, target: Any = PRICE) -> tuple[str, str]:
    """The outcomes of LEAK3 and LEAK4."""
    n = len(target)
    frame = pl.DataFrame({"noise": CHANCE.normal(size=n), "x": column, "target": target, "_bucket": np.arange(n) % 251})
    rows = Labelled(frame=frame, features=("noise", "x"), target="target", judged_on="all rows")
    found = {finding.code: finding for finding in giveaways(rows, determining_columns(rows))}
    assert all(finding.column in {"x", None} for finding in found.values())
    return found["LEAK3"].outcome, found["LEAK4"].outcome


IN_ORDER = {
    "exponential": np.exp(PRICE / 100),
    "root, downwards": -np.sqrt(PRICE),
    "rank": PRICE.argsort().argsort(),
    "rounded": np.round(PRICE),
    "twelve bins": np.digitize(PRICE, np.quantile(PRICE, np.linspace(0, 1, 13)[1:-1])),
    "with a little noise": PRICE + CHANCE.normal(0, 1e-4, N_ROWS),
    "with gaps": np.where(np.arange(N_ROWS) % 3 == 0, np.nan, np.log(PRICE)),
}


@pytest.mark.parametrize("how", IN_ORDER)
def test_a_column_in_the_order_of_a_quantity_determines_it(how: str) -> None:
    assert outcomes(IN_ORDER[how]) == ("fail", "pass")


WORDS = np.array(["low", "fair", "high", "top"])
NEARLY = {
    "four bins in words": WORDS[np.digitize(PRICE, np.quantile(PRICE, [0.25, 0.5, 0.75]))],
    "a flag": np.median(PRICE) < PRICE,
    "four bins": np.digitize(PRICE, np.quantile(PRICE, [0.25, 0.5, 0.75])),
    "with noise": np.log(PRICE) + CHANCE.normal(0, 0.2, N_ROWS),
}


@pytest.mark.parametrize("how", NEARLY)
def test_a_column_that_nearly_tells_a_quantity_is_suspicious(how: str) -> None:
    assert outcomes(NEARLY[how]) == ("pass", "warn")


def test_a_column_from_which_a_quantity_is_made_both_ways_is_suspicious() -> None:
    x = CHANCE.normal(size=N_ROWS)

    assert outcomes(x, target=x**2) == ("pass", "warn")


def test_zeros_say_nothing_and_the_rest_is_in_order() -> None:
    rain = np.where(CHANCE.random(N_ROWS) < 0.8, 0.0, PRICE)

    assert outcomes(np.log1p(rain), target=rain) == ("fail", "pass")


def test_a_good_predictor_passes() -> None:
    assert outcomes(np.log(PRICE) + CHANCE.normal(0, 0.7, N_ROWS)) == ("pass", "pass")


def test_yesterday_of_a_walk_never_blocks() -> None:
    walk = np.random.default_rng(5).normal(size=200_000).cumsum()

    assert outcomes(walk[:-1], target=walk[1:]) == ("pass", "warn")


def test_a_strong_column_beside_another_is_a_good_model() -> None:
    x = CHANCE.normal(size=(2, N_ROWS))
    frame = pl.DataFrame({"a": x[0], "b": x[1], "target": x[0] * 2 + x[1] * 1.7, "_bucket": np.arange(N_ROWS) % 251})
    rows = Labelled(frame=frame, features=("a", "b"), target="target", judged_on="all rows")

    assert [finding.outcome for finding in giveaways(rows, determining_columns(rows))] == ["pass", "pass"]
