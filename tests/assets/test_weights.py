"""Weights by which train looks like dev: kept with the version, given to the estimator, refused where few count."""

from __future__ import annotations

from pathlib import Path

import gristmill as gm
import numpy as np
import polars as pl
import pytest

from assets.judge import refit
from assets.project import Project
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.errors import NotFound

OWN = """\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Weighted(ClassifierMixin, BaseEstimator):
    def fit(self, x, y, sample_weight):
        self.classes_ = np.unique(y)
        self.shares_ = np.bincount(y.astype(int), weights=sample_weight) / sample_weight.sum()
        return self

    def predict_proba(self, x):
        return np.tile(self.shares_, (len(x), 1))

    def predict(self, x):
        return np.full(len(x), int(self.shares_[1] > 0.5))


class Plain(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, x):
        return np.zeros(len(x), dtype=int)
"""
YAML = """\
source: t.csv
key: id
target: late
splits: {evaluate_on: %s, shares: {train: .4, train_dev: .1, dev: .25, test: .25}}
models:
  weighted: {estimator: "models/own.py:Weighted", weights: {like: dev}}
"""


def rows(n: int = 1600) -> str:
    """Outside the pool `x` is spread, inside it lies high; `far` lies apart."""
    rng = np.random.default_rng(0)
    is_new = rng.random(n) < 0.5
    x = np.where(is_new, rng.uniform(0.5, 1, n), rng.uniform(0, 1, n)).round(3)
    late = (rng.random(n) < x).astype(int)
    frame = {"id": np.arange(n), "is_new": is_new, "x": x, "late": late}
    return pl.DataFrame(frame).write_csv()


@pytest.fixture(scope="module")
def weighted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from pipelines.commands_run import run_project

    root = tmp_path_factory.mktemp("weighted")
    yaml = YAML % "is_new" + "not_features: [is_new]\n"
    files = {"gristmill.toml": 'salt = "s"\n', "t.csv": rows(), "datasets/t.yaml": yaml, "models/own.py": OWN}
    for file, text in files.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text, "utf-8")
    (one,) = run_project(root, is_quiet=True).datasets
    (model,) = one.models
    assert model["status"] == "succeeded", model
    assert "rows of train are weighted like dev: " in model["hint"]
    assert "of equal weight" in model["hint"]
    return root


def test_weights_are_a_column_in_sql_and_in_python_and_let_train_look_like_dev(weighted: Path) -> None:
    by_sql = gm.sql("select x, _weight_dev from t.train order by id", project=weighted)
    d = gm.dataset("t", project=weighted)
    assert by_sql["_weight_dev"].null_count() == 0
    assert abs(by_sql["_weight_dev"].mean() - 1) < 1e-9
    loaded = d.load("train", columns=["id", "_weight_dev"]).sort("id")
    assert loaded["_weight_dev"].equals(by_sql["_weight_dev"])
    dev = d.load("dev")["x"].mean()
    weighed = (by_sql["x"] * by_sql["_weight_dev"]).mean()
    assert abs(weighed - dev) < abs(by_sql["x"].mean() - dev) / 2
    assert gm.sql("select * from t.train limit 1", project=weighted).columns == ["id", "is_new", "x", "late"]
    assert gm.sql("select _weight_dev from t.dev", project=weighted)["_weight_dev"].null_count() > 0


def test_weights_like_dev_are_those_that_are_kept_in_the_order_of_xy(weighted: Path) -> None:
    d = gm.dataset("t", project=weighted)
    x, _ = d.xy("train")
    kept = d.load("train", columns=["x", "_weight_dev"]).sort("x", "_weight_dev")
    told = pl.DataFrame({"x": x["x"], "_weight_dev": d.weights("train", like="dev")}).sort("x", "_weight_dev")
    assert told.equals(kept)
    assert len(d.weights("train", like="dev", share=0.5)) == len(d.xy("train", share=0.5)[1])


def test_they_are_computed_once_for_a_version_and_a_model_replicates_with_them(weighted: Path) -> None:
    project = Project.open(weighted)
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse, run_id="again", author="ana")
        told = refit(run, project.datasets["t"], warehouse.meta.versions("t")[-1], "weighted")
        assert told["replicates"] is True
        (step,) = warehouse.meta.steps("t", step="weights")
        assert step.detail["n_effective"] < step.detail["n_rows"]
        assert warehouse.reconcile() == 0


def test_without_weights_the_column_is_told_to_be_missing_and_how_to_have_it(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": rows(60)})
    assert run_project(root).exit_code == 0
    with pytest.raises(NotFound, match="_weight_dev") as caught:
        gm.sql("select _weight_dev from t.train", project=root)
    assert "weights: {like: dev}" in str(caught.value.__notes__)


def one_failure(report) -> dict:
    (model,) = report.datasets[-1].models
    assert (model["status"], report.datasets[-1].status) == ("failed", "published")
    return model


def test_weights_under_which_few_rows_count_are_refused(make_project, run_project) -> None:
    frame = pl.read_csv(rows(1600).encode()).with_columns(
        x=pl.when(pl.col("is_new")).then(pl.col("x") + 0.48).otherwise(pl.col("x")).round(3)
    )
    files = {"t.csv": frame.write_csv(), "models/own.py": OWN}
    root = make_project({"t.yaml": YAML % "is_new" + "not_features: [is_new]\n"}, files)
    failed = one_failure(run_project(root))
    assert "of equal weight, under 10 %: the splits have little in common" in failed["error"]
    assert failed["hint"] == "collect rows like those of dev, or leave `weights` out"


def test_an_estimator_that_takes_no_weights_is_refused(make_project, run_project) -> None:
    yaml = (YAML % "is_new").replace("Weighted", "Plain") + "not_features: [is_new]\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": rows(400), "models/own.py": OWN})
    assert "takes no `sample_weight`" in one_failure(run_project(root))["error"]
