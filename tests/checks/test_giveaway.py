"""Columns that give the target away: found when planted, not found in noise."""

from __future__ import annotations

import re

import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.metrics import roc_auc_score

from checks.finding import Finding
from checks.giveaway import Score, giveaways, suspicious_columns
from checks.giveaway import determining_columns as determining_of
from checks.giveaway import scores as scores_of
from checks.giveaway_group import group_labels
from checks.labelled import Labelled
from checks.measures import auc
from checks.target_leakage import Roles, target_leakage

N_ROWS = 400


def rows(seed: int = 0, n_rows: int = N_ROWS, **columns: object) -> pl.DataFrame:
    """`target` (half of the rows true), `noise`, and buckets by chance; more columns as given."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "target": np.arange(n_rows) % 2 == 0,
            "noise": rng.normal(size=n_rows),
            "_bucket": rng.integers(0, 256, n_rows),
            **columns,
        }
    )


def labelled(frame: pl.DataFrame, features: list[str]) -> Labelled:
    return Labelled(frame=frame, features=tuple(features), target="target", judged_on="all")


def determining_columns(frame: pl.DataFrame, features: list[str]) -> list[str]:
    return determining_of(labelled(frame, features))


def scores(frame: pl.DataFrame, features: list[str]) -> list[Score]:
    return scores_of(labelled(frame, features), features)


def judged(frame: pl.DataFrame, features: list[str]) -> list[Finding]:
    rows = labelled(frame, features)
    return giveaways(rows, determining_of(rows))


def outcomes(frame: pl.DataFrame, features: list[str] | None = None) -> dict[tuple[str, str], str | None]:
    features = features or [name for name in frame.columns if name not in ("target", "_bucket")]
    return {(found.code, found.outcome): found.column for found in judged(frame, features)}


@given(rows=st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=60))
def test_auc_is_that_of_scikit_learn_with_ties(rows: list[tuple[int, bool]]) -> None:
    values, positive = np.array([v for v, _ in rows], dtype=float), np.array([p for _, p in rows])

    if positive.all() or not positive.any():
        assert np.isnan(auc(values, positive))
    else:
        assert auc(values, positive) == pytest.approx(roc_auc_score(positive, values), abs=1e-12)


def test_auc_by_hand() -> None:
    # pairs (positive, negative): 2>1, 2=2, 3>1, 3>2: 3.5 of 4
    assert auc(np.array([1.0, 2.0, 2.0, 3.0]), np.array([False, False, True, True])) == 3.5 / 4


def test_a_column_that_repeats_the_target_determines_it() -> None:
    frame = rows().with_columns(copy=pl.col("target"))

    assert determining_columns(frame, ["noise", "copy"]) == ["copy"]


def test_a_text_of_many_values_that_maps_to_the_target_determines_it() -> None:
    frame = rows().with_columns(status=pl.format("{}-{}", "target", pl.int_range(pl.len()) % 14))

    assert determining_columns(frame, ["noise", "status"]) == ["status"]


def test_a_map_to_one_of_three_classes_determines_them() -> None:
    label = np.array(["a", "b", "c"])[np.arange(N_ROWS) % 3]
    frame = rows(target=label, code=(np.arange(N_ROWS) % 6) * 10)

    assert determining_columns(frame, ["noise", "code"]) == ["code"]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("has_nulls", [False, True])
def test_a_column_with_a_threshold_determines_the_target(sign: int, has_nulls: bool) -> None:
    rng = np.random.default_rng(1)
    value = sign * (np.where(np.arange(N_ROWS) % 2 == 0, 100.0, -100.0) + rng.normal(size=N_ROWS))
    frame = rows(value=value)
    if has_nulls:
        frame = frame.with_columns(value=pl.when(pl.int_range(pl.len()) % 5 > 0).then("value"))

    assert determining_columns(frame, ["noise", "value"]) == ["value"]


def test_a_date_with_a_threshold_determines_the_target() -> None:
    days = np.random.default_rng(1).permutation(N_ROWS)

    assert determining_columns(rows(day=pl.Series(days).cast(pl.Date), target=days > 220), ["noise", "day"]) == ["day"]


def test_one_row_that_errs_is_enough_not_to_determine() -> None:
    frame = rows()
    at = int(frame.with_row_index().filter(pl.col("_bucket") % 2 == 1)["index"][0])
    frame = frame.with_columns(copy=pl.when(pl.int_range(pl.len()) == at).then(~pl.col("target")).otherwise("target"))

    assert determining_columns(frame, ["copy"]) == []


def test_an_id_determines_nothing_because_its_values_are_seen_once() -> None:
    frame = rows().with_columns(id=pl.format("id-{}", pl.int_range(pl.len())))

    assert determining_columns(frame, ["id"]) == []


def test_values_seen_once_among_the_fitted_rows_are_not_counted() -> None:
    # Every id has one row in each half, and both have one label: a map would never err.
    pair = np.arange(N_ROWS) // 2
    frame = pl.DataFrame({"target": pair % 2 == 0, "id": [f"id-{i}" for i in pair], "_bucket": np.arange(N_ROWS) % 2})
    seen_often = pl.concat([frame] * 15)

    assert determining_columns(frame, ["id"]) == []
    assert determining_columns(seen_often, ["id"]) == ["id"]


def test_what_is_measured_of_a_patient_in_each_of_its_few_rows_is_a_group_and_determines_nothing() -> None:
    rng = np.random.default_rng(8)
    patient = rng.integers(0, 100, 800)
    label, weight = (rng.random(100) < 0.5)[patient], rng.normal(70, 9, 100)[patient]
    frame = rows(n_rows=800, target=label, weight=weight, name=[f"p{i:03}" for i in patient])

    assert outcomes(frame) == {("LEAK3", "pass"): None, ("LEAK4", "pass"): None}
    assert {found.column for found in group_labels(labelled(frame, ["weight", "name"]), ["weight", "name"])} == {
        "weight",
        "name",
    }


def test_that_a_value_is_missing_may_determine_the_target() -> None:
    frame = rows().with_columns(reason=pl.when("target").then(pl.lit("cancelled")))

    assert determining_columns(frame, ["reason"]) == ["reason"]


@pytest.mark.parametrize(
    "value", [pl.concat_list("noise", "noise"), pl.struct("noise"), pl.lit(b"x")], ids=["list", "struct", "bytes"]
)
def test_columns_that_are_no_numbers_are_judged_as_categories(value: pl.Expr) -> None:
    assert ("LEAK3", "pass") in outcomes(rows().with_columns(value=value), ["noise", "value"])


def test_an_id_in_the_order_of_nothing_determines_nothing() -> None:
    frame = rows(number=np.random.default_rng(2).permutation(N_ROWS))

    assert determining_columns(frame, ["number"]) == []


@pytest.mark.parametrize(("n_of_a_class", "determines"), [(29, []), (30, ["copy"])])
def test_30_rows_of_each_class_in_the_judged_half_are_needed(n_of_a_class: int, determines: list[str]) -> None:
    is_rare, is_judged = np.arange(200) < n_of_a_class * 2, np.arange(200) % 2
    frame = pl.DataFrame({"target": is_rare, "copy": np.where(is_rare, "yes", "no"), "_bucket": is_judged})

    assert determining_columns(frame, ["copy"]) == determines


@pytest.mark.parametrize(("n_of_a_class", "determines"), [(29, []), (30, ["value"])])
def test_a_threshold_needs_30_rows_of_each_class_too(n_of_a_class: int, determines: list[str]) -> None:
    is_rare, is_judged = np.arange(200) < n_of_a_class * 2, np.arange(200) % 2
    value = np.where(is_rare, 1000.0, 0.0) + np.arange(200) / 1000
    frame = pl.DataFrame({"target": is_rare, "value": value, "_bucket": is_judged})

    assert determining_columns(frame, ["value"]) == determines


def test_a_straight_line_of_a_numeric_target_determines_it() -> None:
    price = np.random.default_rng(3).normal(100, 20, N_ROWS)
    frame = rows(target=price, in_cents=-100 * price + 7, near=price + np.random.default_rng(4).normal(0, 0.1, N_ROWS))

    assert determining_columns(frame, ["noise", "in_cents", "near"]) == ["in_cents"]


def test_a_straight_line_with_gaps_determines_a_numeric_target() -> None:
    price = np.random.default_rng(3).normal(100, 20, N_ROWS)
    frame = rows(target=price, copy=price).with_columns(copy=pl.when(pl.int_range(pl.len()) % 3 > 0).then("copy"))

    assert determining_columns(frame, ["copy"]) == ["copy"]


def test_ranks_and_no_auc_are_asked_of_a_quantity() -> None:
    price = np.random.default_rng(3).normal(100, 20, N_ROWS)

    [_, found] = judged(rows(target=price), ["noise"])

    assert found.outcome == "pass"
    assert re.fullmatch(r"the best column alone is noise, 0\.\d{3} of 1 of the ranks, on 400 rows", found.seen)


def leaking(noise_of_the_leak: float = 1.0) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    frame = rows()
    signal = frame["target"].to_numpy() * 2.0
    return frame.with_columns(
        leak=pl.Series(signal + rng.normal(0, noise_of_the_leak, N_ROWS)),
        weak=pl.Series(signal * 0.25 + rng.normal(size=N_ROWS)),
    )


def test_a_column_that_predicts_far_better_than_the_next_is_suspicious() -> None:
    assert outcomes(leaking()) == {("LEAK3", "pass"): None, ("LEAK4", "warn"): "leak"}


def test_the_lookalike_of_a_suspicious_column_is_not_the_next_best() -> None:
    frame = leaking().with_columns(twin=pl.col("leak") * 3 + 1)

    warned = judged(frame, ["noise", "weak", "leak", "twin"])

    assert [found.column for found in warned if found.code == "LEAK4"] == ["leak", "twin"]


def test_good_columns_of_like_strength_are_not_suspicious() -> None:
    rng = np.random.default_rng(6)
    frame = leaking().with_columns(other=pl.Series(rows()["target"].to_numpy() * 1.5 + rng.normal(size=N_ROWS)))
    found = {score.column: score for score in scores(frame, ["leak", "other"])}

    assert found["leak"].auc >= 0.85
    assert suspicious_columns(list(found.values())) == []


def test_a_determining_column_is_told_once() -> None:
    frame = rows().with_columns(copy=pl.col("target"))

    assert outcomes(frame) == {("LEAK3", "fail"): "copy", ("LEAK4", "pass"): None}


def test_a_category_is_judged_on_rows_that_it_was_not_fitted_on() -> None:
    frame = rows().with_columns(id=pl.format("id-{}", pl.int_range(pl.len())))

    assert {score.column for score in scores(frame, ["id", "noise"])} == {"noise"}


def test_a_category_that_gives_away_the_middle_one_of_three_classes_is_suspicious() -> None:
    label = np.array(["low", "middle", "tall"])[np.arange(N_ROWS) % 3]
    frame = rows(target=label, size=np.where(label == "middle", "m", "x"))

    [score] = scores(frame, ["size"])

    assert score.auc == 1.0
    assert outcomes(frame) == {("LEAK3", "pass"): None, ("LEAK4", "warn"): "size"}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_score_does_not_depend_on_the_direction(sign: int) -> None:
    frame = leaking().with_columns(leak=pl.col("leak") * sign)
    expected = roc_auc_score(frame["target"].to_numpy(), leaking()["leak"].to_numpy())

    assert scores(frame, ["leak"])[0].auc == pytest.approx(expected)


def test_a_table_without_labels_or_features_is_not_judged() -> None:
    for frame, features in ((rows().clear(), ["noise"]), (rows(), [])):
        found = target_leakage(labelled(frame, features), ibis.table({"target": "boolean"}, name="t"), Roles())
        assert {finding.outcome for finding in found} == {"not_applicable"}
        assert [finding.code for finding in found[:2]] == ["LEAK3", "LEAK4"]


def test_too_few_of_a_class_cannot_tell() -> None:
    frame = rows(target=np.arange(N_ROWS) < 5)

    assert outcomes(frame) == {("LEAK3", "pass"): None, ("LEAK4", "cannot_tell"): None}


def test_one_class_cannot_tell() -> None:
    assert outcomes(rows(target=np.ones(N_ROWS, dtype=bool))) == {
        ("LEAK3", "pass"): None,
        ("LEAK4", "cannot_tell"): None,
    }


def test_a_column_of_nothing_is_passed_over() -> None:
    frame = rows().with_columns(empty=pl.lit(None, pl.Float64), text=pl.lit(None, pl.String))

    assert outcomes(frame) == {("LEAK3", "pass"): None, ("LEAK4", "pass"): None}


def real(name: str) -> tuple[pl.DataFrame, list[str]]:
    data = {"breast cancer": load_breast_cancer, "wine": load_wine}[name]()
    buckets = np.random.default_rng(7).integers(0, 256, len(data.target))
    names = [str(feature) for feature in data.feature_names]
    return pl.DataFrame(
        {**dict(zip(names, data.data.T, strict=True)), "target": data.target, "_bucket": buckets}
    ), names


@pytest.mark.parametrize("name", ["breast cancer", "wine"])
def test_honest_tables_of_scikit_learn_pass(name: str) -> None:
    frame, features = real(name)

    assert set(outcomes(frame, features)) == {("LEAK3", "pass"), ("LEAK4", "pass")}


def noise(seed: int) -> list[Finding]:
    rng = np.random.default_rng(seed)
    n_rows = 300
    return judged(
        pl.DataFrame(
            {
                "number": rng.normal(size=n_rows),
                "count": rng.integers(0, 5, n_rows),
                "flag": rng.random(n_rows) < 0.1,
                "word": rng.choice(["a", "b", "c"], n_rows),
                "many": rng.integers(0, 100, n_rows).astype(str),
                "gaps": np.where(rng.random(n_rows) < 0.5, np.nan, rng.normal(size=n_rows)),
                "target": rng.integers(0, 2 + seed % 2, n_rows),
                "_bucket": rng.integers(0, 256, n_rows),
            }
        ),
        ["number", "count", "flag", "word", "many", "gaps"],
    )


def test_100_tables_of_noise_raise_no_alarm() -> None:
    found = [finding for seed in range(100) for finding in noise(seed)]

    assert {(finding.code, finding.outcome) for finding in found} == {("LEAK3", "pass"), ("LEAK4", "pass")}
