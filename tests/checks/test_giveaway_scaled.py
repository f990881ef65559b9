"""Columns that were scaled over all rows (LEAK15)."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from checks.finding import Finding
from checks.giveaway_scaled import scaled_over_all

N_ROWS = 1_000
CHANCE = np.random.default_rng(0)
X = CHANCE.lognormal(1, 1, N_ROWS)
SPLITS = np.where(CHANCE.random(N_ROWS) < 0.8, "train", "dev")
IN_TRAIN = SPLITS == "train"
X[int(np.flatnonzero(~IN_TRAIN)[0])] = 1_000.0  # the largest is in dev


def asked(splits: Any = SPLITS, **columns: Any) -> list[Finding]:
    con = duckdb.connect()
    con.register("_frame", pl.DataFrame({**columns, "_split": splits}).to_arrow())
    con.execute("CREATE TABLE t AS SELECT * FROM _frame")
    return scaled_over_all(ibis.duckdb.from_connection(con).table("t"), list(columns))


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("decimals", [17, 6])
def test_standardised_over_all_rows_warns(ddof: int, decimals: int) -> None:
    (found,) = asked(f=np.round((X - X.mean()) / X.std(ddof=ddof), decimals))

    assert (found.code, found.outcome, found.column) == ("LEAK15", "warn", "f")
    assert found.seen == "f: standardised over all 1,000 rows, dev and test among them, and not over train"


def test_by_scikit_learn_over_all_rows_warns_and_over_train_alone_passes() -> None:
    table = X[:, None]
    for scaler in (StandardScaler(), MinMaxScaler()):
        assert asked(f=scaler.fit_transform(table)[:, 0])[0].outcome == "warn"
        assert asked(f=scaler.fit(table[IN_TRAIN]).transform(table)[:, 0])[0].outcome == "pass"


def test_ranks_over_all_rows_warn() -> None:
    assert asked(f=(X.argsort().argsort() + 1) / N_ROWS)[0].seen.startswith("f: ranked over all")


def test_columns_of_one_kind_are_one_finding() -> None:
    (found,) = asked(**{f"x{i}": StandardScaler().fit_transform((X**i)[:, None])[:, 0] for i in range(1, 8)})

    assert found.column is None
    assert found.seen.startswith("x1, x2, x3, x4, x5 and 2 more: standardised")


def test_what_has_such_a_mean_or_such_ends_by_nature_passes() -> None:
    normal, shares = CHANCE.normal(size=N_ROWS), CHANCE.random(N_ROWS).round(2)

    assert [f.outcome for f in asked(normal=normal, shares=shares, flag=(shares > 0.5) * 1.0)] == ["pass"]


def test_nothing_to_ask_where_all_rows_are_in_train_or_no_feature_is_a_float() -> None:
    scaled = (X - X.mean()) / X.std()

    assert asked(np.full(N_ROWS, "train"), f=scaled)[0].outcome == "not_applicable"
    assert asked(f=np.arange(N_ROWS))[0].outcome == "not_applicable"
    assert asked(np.where(np.arange(N_ROWS) < 10, "train", "dev"), f=scaled)[0].outcome == "cannot_tell"


def test_missing_values_count_as_none() -> None:
    scaled = (X - X.mean()) / X.std()
    with_gaps = np.append(scaled, [np.nan, np.inf])

    assert asked(np.append(SPLITS, ["dev", "dev"]), f=with_gaps)[0].outcome == "warn"


def test_diabetes_as_scikit_learn_ships_it_is_scaled_over_all_rows_and_breast_cancer_is_not() -> None:
    for load, outcome in ((load_diabetes, "warn"), (load_breast_cancer, "pass")):
        data = load()
        splits = np.where(np.random.default_rng(1).random(len(data.target)) < 0.8, "train", "dev")
        columns = dict(zip(map(str, data.feature_names), data.data.T, strict=True))
        assert asked(splits, **columns)[0].outcome == outcome
