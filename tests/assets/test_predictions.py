"""Predictions made elsewhere are judged like our own models, or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import gristmill as gm
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from assets.errors import ModelFailed

N = 300


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    x = rng.normal(size=N)
    kind = np.where(x + rng.normal(size=N) > 0, "cat", np.where(x < -0.8, "cow", "dog"))
    return pl.DataFrame({"id": np.arange(N), "x": x, "y": (x + rng.normal(size=N) > 0).astype(int), "kind": kind})


@pytest.fixture
def published(make_project, run_project):
    def make(target: str, more: str = "models: {}\n", files: dict[str, str] | None = None) -> Path:
        yaml = (
            f"source: t.csv\nkey: id\ntarget: {target}\nnot_features: [{'y' if target == 'kind' else 'kind'}]\n{more}"
        )
        root = make_project({"t.yaml": yaml}, {"t.csv": rows().write_csv()} | (files or {}))
        run_project(root)
        return root

    return make


def scores(**more: object) -> pl.DataFrame:
    return rows().select("id", p_1=1 / (1 + (-pl.col("x")).exp())).with_columns(**more)


def test_a_frame_of_probabilities_is_judged_and_remembered(published, capsys) -> None:
    root = published("y")
    told = gm.dataset("t", project=root).evaluate("elsewhere", scores())
    auc = told["metrics"][0]
    assert (told["name"], told["estimator"], auc["metric"]) == ("elsewhere", None, "auc")
    test = gm.sql("select x, y from t.test", project=root)
    assert auc["rates"]["test"]["estimate"] == pytest.approx(roc_auc_score(test["y"], test["x"]))
    assert [rate["n"] for rate in auc["rates"].values()] == [
        gm.sql(f"select count(*) from t.{split}", project=root).item() for split in ("train", "dev", "test")
    ]
    assert gm.sql("select model, status from meta.runs", project=root).rows() == [("elsewhere", "succeeded")]


def test_the_probability_of_either_class_will_do(published) -> None:
    d = gm.dataset("t", project=published("y"))
    both = scores(p_0=1 - pl.col("p_1"))
    told = [
        d.evaluate(name, frame)["metrics"] for name, frame in (("a", scores()), ("b", both), ("c", both.drop("p_1")))
    ]
    assert told[0] == told[1]
    assert told[2][0]["rates"]["dev"]["estimate"] == pytest.approx(told[0][0]["rates"]["dev"]["estimate"])


def test_labels_alone_are_judged_by_both_error_rates(published) -> None:
    frame = rows().select("id", prediction=(pl.col("x") > 0).cast(pl.Float64))
    told = gm.dataset("t", project=published("y")).evaluate("elsewhere", frame)
    assert [metric["metric"] for metric in told["metrics"]] == ["balanced_error_rate", "error_rate"]


def test_three_classes_are_judged_by_their_log_loss_skill(published) -> None:
    frame = rows().select("id", p_cat=pl.lit(0.5), p_dog=pl.lit(0.3), p_cow=pl.lit(0.2))
    told = gm.dataset("t", project=published("kind")).evaluate("elsewhere", frame)
    assert told["metrics"][0]["metric"] == "log_loss_skill"
    assert told["metrics"][0]["rates"]["train"]["estimate"] <= 0


def test_a_quantity_is_predicted_by_a_number(published) -> None:
    frame = rows().select("id", prediction=pl.col("x") * 0.9)
    root = published("x")
    told = gm.dataset("t", project=root).evaluate("elsewhere", frame)
    assert told["metrics"][0]["rates"]["dev"]["estimate"] == pytest.approx(0.99, abs=0.01)


def test_files_are_found_by_their_glob_and_judged_again_when_they_change(published, run_project) -> None:
    half = scores().with_row_index().filter(pl.col("index") < N // 2).drop("index")
    rest = scores().filter(~pl.col("id").is_in(half["id"].to_list()))
    more = "models:\n  elsewhere: {predictions: 'runs/*.csv'}\n"
    root = published("y", more, {"runs/1.csv": half.write_csv(), "runs/2.csv": rest.write_csv()})
    assert gm.sql("select status from meta.runs", project=root).rows() == [("succeeded",)]
    assert run_project(root).datasets[0].models == []
    (root / "runs" / "2.csv").write_text(rest.with_columns(p_1=1 - pl.col("p_1")).write_csv())
    assert len(run_project(root).datasets[0].models) == 1


@pytest.mark.parametrize(
    ("frame", "found", "hint"),
    [
        (scores().head(200), "lack rows", "partial: true"),
        (scores().vstack(scores().head(1)), "0 is predicted 2 times", "one prediction for each key"),
        (scores(id=pl.col("id") + 7), "7 predictions are for no row of version 1, such as 300", "predict the rows"),
        (scores(p_7=pl.lit(0.0)), "`p_7` is for a class that 'y' does not have", "the labels are 0, 1"),
        (scores(p_1=pl.lit(3.0)), "below 0 or do not add up to 1", "normalise"),
        (scores(p_1=pl.lit(None, dtype=pl.Float64)), "a prediction is missing", "leave no value out"),
        (scores().rename({"p_1": "told"}), "the predictions have only id, told", "`p_0`, `p_1`"),
        (scores().rename({"p_1": "prediction"}), "which is no label of 'y'", "write probabilities as `p_1`"),
        (scores(id=pl.col("id") + 0.3), "300 predictions are for no row of version 1", "predict the rows"),
        (scores(id=pl.format("{}.7", "id")), "300 predictions are for no row of version 1", "predict the rows"),
        (scores(id=pl.format("{}", "id")).vstack(scores(id=pl.format("0{}", "id"))), "is predicted 2 times", "one"),
        (scores(p_1=pl.lit("many")), "Could not convert string 'many'", "look at that value"),
        (scores().select("id", prediction=pl.lit(float("inf"))), "`prediction` is 'inf'", "the labels are 0, 1"),
        (scores().drop("id"), "have no column 'id'", "they need the key, id"),
    ],
)
def test_what_is_wrong_with_predictions_is_said_with_the_way_out(published, frame, found, hint) -> None:
    root = published("y")
    with pytest.raises(ModelFailed) as refused:
        gm.dataset("t", project=root).evaluate("elsewhere", frame)
    assert found in str(refused.value)
    assert hint in refused.value.hint
    assert gm.sql("from meta.runs", project=root).is_empty(), "who holds the frame is told, and may mend it"


def test_a_quantity_that_is_predicted_as_nan_is_refused(published) -> None:
    frame = rows().select("id", prediction=pl.when(pl.col("id") == 7).then(float("nan")).otherwise(1.0))
    with pytest.raises(ModelFailed, match="`prediction` is no finite number in 1 of 300 rows"):
        gm.dataset("t", project=published("x", "models: {}\n")).evaluate("elsewhere", frame)


def test_partial_predictions_are_judged_on_the_rows_that_they_have(published) -> None:
    d = gm.dataset("t", project=published("y"))
    told = d.evaluate("elsewhere", scores().head(200), partial=True)
    assert sum(rate["n"] for rate in told["metrics"][0]["rates"].values()) == 200


def test_keys_are_found_whatever_type_says_them(published) -> None:
    d = gm.dataset("t", project=published("y"))
    for i, key in enumerate([pl.format(" 0{}", "id"), pl.col("id").cast(pl.Float64), pl.format("{}.0", "id")]):
        told = d.evaluate(f"way-{i}", scores(id=key))
        assert sum(rate["n"] for rate in told["metrics"][0]["rates"].values()) == N


def test_no_prediction_at_all_is_refused(published) -> None:
    d = gm.dataset("t", project=published("y"))
    with pytest.raises(ModelFailed, match="no labelled row is predicted"):
        d.evaluate("elsewhere", scores().head(0), partial=True)
    with pytest.raises(ModelFailed, match="there is no frame of predictions"):
        d.evaluate("elsewhere", None)
    assert gm.sql("from meta.runs", project=d._warehouse.settings.root).is_empty()


@pytest.mark.parametrize("name", ["", "../up", "a b", "<script>"])
def test_a_model_is_called_as_in_the_yaml(published, name: str) -> None:
    with pytest.raises(ModelFailed, match="that is no name of a model"):
        gm.dataset("t", project=published("y")).evaluate(name, scores())


def test_a_name_of_the_yaml_is_taken(published) -> None:
    root = published("y", "")
    with pytest.raises(ModelFailed, match="has a model of that name"):
        gm.dataset("t", project=root).evaluate("baseline", scores())


def test_a_label_that_is_a_float_may_be_said_as_an_integer(make_project, run_project) -> None:
    yaml = "source: {path: t.csv, types: {y: DOUBLE}}\nkey: id\ntarget: y\ntask: classification\npositive: 1\n"
    root = make_project({"t.yaml": yaml + "models: {}\nnot_features: [kind]\n"}, {"t.csv": rows().write_csv()})
    run_project(root)
    d = gm.dataset("t", project=root)
    told = [d.evaluate(f"way-{i}", frame) for i, frame in enumerate([scores(), scores().rename({"p_1": "p_1.0"})])]
    assert [m["metric"] for m in told[0]["metrics"]] == ["auc", "error_rate"]
    assert told[0]["metrics"] == told[1]["metrics"]
    assert d.evaluate("labels", rows().select("id", prediction="y"))["metrics"][1]["rates"]["dev"]["estimate"] == 0
