"""Features that hold what is to come (LEAK13), told from those that hold the past."""

from __future__ import annotations

import datetime as dt

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest

from checks import giveaway_aggregate
from checks.finding import Finding
from checks.giveaway_aggregate import Series, group_columns
from checks.giveaway_ahead import rows_to_come
from checks.labelled import Labelled

N_ROWS, N_SHOPS = 900, 30
CHANCE = np.random.default_rng(0)
X, Y = pl.col("x"), pl.col("target").cast(pl.Float64)
FRAME = pl.DataFrame(
    {
        "shop": [f"s{i:02}" for i in np.arange(N_ROWS) % N_SHOPS],
        "day": [dt.date(2024, 1, 1) + dt.timedelta(days=int(i)) for i in np.arange(N_ROWS) // N_SHOPS],
        "x": CHANCE.normal(size=N_ROWS),
        "target": CHANCE.random(N_ROWS) < 0.4,
        "_bucket": CHANCE.integers(0, 256, N_ROWS),
    }
).filter(pl.Series(CHANCE.random(N_ROWS) < 0.85))


def asked(*columns: pl.Expr, target: pl.Expr | None = None, time: str | None = "day", x: pl.Expr = X) -> list[Finding]:
    """The findings on `f` (and `g`, ...), which are made of the rows in the order of time."""
    frame = FRAME.with_columns(target=pl.col("target") if target is None else target).with_columns(
        **dict(zip("fgh", columns, strict=False)), x=x
    )
    con = duckdb.connect()
    con.register("_frame", frame.to_arrow())
    con.execute("CREATE TABLE t AS SELECT * FROM _frame")
    numbers = ("x", *"fgh"[: len(columns)])
    rows = Labelled(frame=frame, features=("shop", *numbers), target="target", judged_on="all rows")
    table = ibis.duckdb.from_connection(con).table("t")
    groups = group_columns(rows, ["shop"])
    return rows_to_come(Series(table=table, rows=rows, groups=groups, time=time, numbers=numbers))


def seen(*columns: pl.Expr, **options: object) -> list[str]:
    return [found.seen for found in asked(*columns, **options) if found.outcome == "warn"]  # type: ignore[arg-type]


M = 8.0
OVER_ALL = {
    "the mean of x over all rows of one shop": X.mean().over("shop"),
    "the sum of x over all rows of one shop": X.sum().over("shop"),
    "the least of x over all rows of one shop": X.min().over("shop"),
    "the most of x over all rows of one shop": X.max().over("shop"),
    "the last of x over all rows of one shop": X.last().over("shop"),
    "the count over all rows of one shop": pl.len().over("shop").cast(pl.Int64),
    "the mean of target over all rows of one shop": Y.mean().over("shop"),
    "the smoothed mean of target over all rows of one shop": (Y.sum().over("shop") + M * 0.4)
    / (pl.len().over("shop") + M),
    "the mean of target over all other rows of one shop": (Y.sum().over("shop") - Y) / (pl.len().over("shop") - 1),
}


HELD = {
    "the mean of x over all rows of one shop": X.mean().over("shop").round(2),
    "the median of x over all rows of one shop": X.median().over("shop"),
    "the standard deviation of x over all rows of one shop": X.std().over("shop"),
    "the mean of target over all rows of one shop": Y.mean().over("shop").round(2),
}


@pytest.mark.parametrize("what", HELD)
def test_of_a_table_that_is_held_rounded_ones_medians_and_deviations_are_told(what: str) -> None:
    assert seen(HELD[what]) == [f"f is {what}"]


RISING = X.abs().cum_sum().over("shop") + pl.col("shop").str.slice(1).cast(pl.Float64) * 7 % 13


@pytest.mark.parametrize("most_held", [100, 20_000], ids=["engine", "held"])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_least_so_far_of_numbers_that_rise_is_known_from_the_start(
    sign: int, most_held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giveaway_aggregate, "HELD_ROWS", most_held)
    of_past = (RISING * sign).cum_min() if sign > 0 else (RISING * sign).cum_max()

    assert seen(of_past.over("shop"), x=RISING * sign) == []


SO_FAR = {
    "sum": X.cum_sum(),
    "sum before": X.cum_sum().shift(1),
    "least": X.cum_min(),
    "most": X.cum_max(),
    "most before": X.cum_max().shift(1),
    "label before": Y.cum_sum().shift(1),
}


@pytest.mark.parametrize("by", ["shop", None])
@pytest.mark.parametrize("how", SO_FAR)
@pytest.mark.parametrize("x", [X, X.abs().cum_sum().over("shop")], ids=["any", "rising"])
def test_sums_and_extremes_of_the_past_pass(how: str, by: str | None, x: pl.Expr) -> None:
    assert seen(SO_FAR[how].over(by) if by else SO_FAR[how], x=x) == []


@pytest.mark.parametrize("what", OVER_ALL)
def test_an_aggregate_over_all_rows_of_a_group_is_told(what: str) -> None:
    assert seen(OVER_ALL[what]) == [f"f is {what}"]


@pytest.mark.parametrize("what", OVER_ALL)
def test_a_table_too_large_to_hold_is_asked_on_the_engine(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giveaway_aggregate, "HELD_ROWS", 100)

    assert seen(OVER_ALL[what]) == [f"f is {what}"]


IS_GAP = X < -0.8


@pytest.mark.parametrize("gap", [None, float("nan")], ids=["null", "nan"])
@pytest.mark.parametrize("most_held", [100, 20_000], ids=["engine", "held"])
@pytest.mark.parametrize("what", ["mean", "last"])
def test_gaps_do_not_hide_an_aggregate(
    what: str, most_held: int, gap: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giveaway_aggregate, "HELD_ROWS", most_held)
    there = pl.when(~IS_GAP).then(X)
    of_shop = (there.mean() if what == "mean" else there.drop_nulls().last()).over("shop")

    assert seen(of_shop, x=pl.when(IS_GAP).then(pl.lit(gap, pl.Float64)).otherwise(X))[0].endswith(
        f"the {what} of x over all rows of one shop"
    )


def test_a_target_encoding_is_told_without_a_time_and_a_mean_of_another_column_is_not() -> None:
    assert seen(Y.mean().over("shop"), X.mean().over("shop"), time=None) == [
        "f is the mean of target over all rows of one shop"
    ]


def test_what_is_known_of_a_group_is_no_aggregate() -> None:
    size = pl.col("shop").replace_strict({f"s{i:02}": int(n) for i, n in enumerate(CHANCE.integers(1, 99, N_SHOPS))})

    assert asked(size)[0].outcome == "pass"


def test_an_encoding_from_train_alone_passes() -> None:
    in_train = pl.col("_bucket") < 200

    assert asked((Y.filter(in_train).sum() / in_train.sum()).over("shop"))[0].outcome == "pass"


TO_COME = {
    "target of the next row to come": Y.shift(-1).over("shop"),
    "target of the second row to come": Y.shift(-2).over("shop"),
    "the mean of target of the 3 rows about it": Y.rolling_mean(3, center=True).over("shop"),
    "the mean of target of the last 3 rows, its own among them": Y.rolling_mean(3).over("shop"),
    "the mean of target of the next 2 rows": Y.shift(-2).rolling_mean(2).over("shop"),
    "x of the next row to come": X.shift(-1).over("shop"),
    "the mean of x of the 5 rows about it": X.rolling_mean(5, center=True, min_samples=1).over("shop"),
    "the mean of x of the row and the next 2": X.shift(-2).rolling_mean(3).over("shop"),
}


@pytest.mark.parametrize("what", TO_COME)
@pytest.mark.parametrize("engine", ["held", "engine"])
def test_rows_to_come_are_told(what: str, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine == "engine":
        monkeypatch.setattr(giveaway_aggregate, "HELD_ROWS", 100)

    assert seen(TO_COME[what]) == [f"f is {what}"]


def test_rows_of_one_day_have_no_order_but_in_their_shops() -> None:
    assert seen(X.shift(-1)) == []


PAST = {
    "lag": [X.shift(1).over("shop")],
    "lags": [X.shift(1).over("shop"), X.shift(2).over("shop"), X.shift(1).rolling_mean(3).over("shop")],
    "lag of lags": [X.shift(2).over("shop"), X.shift(1).rolling_mean(3).over("shop")],
    "trailing mean": [X.rolling_mean(3).over("shop"), X.rolling_mean(4, min_samples=1).over("shop")],
    "label before": [Y.shift(1).over("shop"), Y.shift(1).rolling_mean(3).over("shop")],
    "rate before": [Y.shift(1).cum_sum().over("shop") / pl.int_range(pl.len()).over("shop")],
    "rows before": [pl.int_range(pl.len()).over("shop")],
}


@pytest.mark.parametrize("what", PAST)
def test_what_is_past_passes(what: str) -> None:
    found = asked(*PAST[what])

    assert [finding.outcome for finding in found] == ["pass"], found


def test_a_forecast_of_the_next_value_may_see_today_s() -> None:
    tomorrow = X.shift(-1).over("shop").fill_null(0.0)

    assert seen(X.shift(1).over("shop"), target=tomorrow) == []


def test_a_table_without_time_group_or_number_is_not_asked() -> None:
    rows = Labelled(frame=FRAME, features=("shop",), target="target", judged_on="all rows")
    nothing = Series(table=ibis.table({"x": "int"}, name="t"), rows=rows, groups=(), time=None, numbers=("x",))

    assert rows_to_come(nothing)[0].outcome == "not_applicable"
