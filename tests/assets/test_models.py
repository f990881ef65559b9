"""Models from the YAML to rows in `meta`: fitted on train alone, judged by split, stored without pickle, repeatable."""

from __future__ import annotations

from pathlib import Path

import gristmill as gm
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from assets.errors import ModelFailed
from assets.judge import refit
from assets.model_file import read_model
from assets.plan import plan_dataset
from assets.project import Project
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.errors import NotFound
from warehouse.schema import ERROR_RATES, GAPS, RUNS

YAML = "source: t.csv\nkey: id\ntarget: left\n"
OWN = """\
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Majority(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.share = float(np.mean(y))
        return self

    def predict(self, x):
        return np.full(len(x), int(self.share > 0.5))


def make(shout=False):
    return Majority()


def fails():
    raise RuntimeError("no licence found")
"""


def rows(n: int = 800, seed: int = 0) -> pl.DataFrame:
    """A mixed table: numbers with gaps, a category with a level that is rare, dates, truth values, a target of two."""
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 60, n)
    plan = np.where(rng.random(n) < 0.004, "rare", rng.choice(["basic", "plus", "family"], n))
    left = (rng.random(n) < 1 / (1 + np.exp((months - 25) / 12 - (plan == "basic")))).astype(int)
    spent = np.where(rng.random(n) < 0.2, np.nan, rng.gamma(2, 30, n).round(2))
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "months": months,
            "plan": plan,
            "spent": pl.Series(spent).fill_nan(None),
            "since": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=n - 1), eager=True),
            "is_young": rng.random(n) < 0.4,
            "left": left,
        }
    )


@pytest.fixture
def project(make_project):
    def make(more: str = "", frame: pl.DataFrame | None = None, files: dict[str, str] | None = None) -> Path:
        return make_project(
            {"t.yaml": YAML + more}, {"t.csv": (frame if frame is not None else rows()).write_csv()} | (files or {})
        )

    return make


def meta_rows(root: Path, table, **equal) -> list[dict]:
    with Warehouse(Project.open(root).settings) as warehouse:
        return warehouse.meta.rows(table, **equal)


def one_model(report) -> dict:
    (model,) = report.datasets[-1].models
    return model


def test_a_target_without_models_gets_a_baseline_with_a_ladder_of_every_split(project, run_project) -> None:
    root = project()
    model = one_model(run_project(root))
    assert (model["name"], model["status"], model["version"]) == ("baseline", "succeeded", 1)
    assert [metric["metric"] for metric in model["metrics"]] == ["auc", "error_rate"]
    for metric in model["metrics"]:
        assert list(metric["rates"]) == ["train", "dev", "test"]
        assert [gap["name"] for gap in metric["gaps"]] == [
            "avoidable_bias", "variance", "data_mismatch", "overfitting_to_dev"
        ]  # fmt: skip
        assert metric["gaps"][0]["verdict"] == "not_applicable"
    run = meta_rows(root, RUNS)[0]
    assert run["estimator"] == "sklearn.ensemble:HistGradientBoostingClassifier"
    assert run["features"] == ["months", "plan", "spent", "since", "is_young"]
    assert run["seed"] == 0
    assert len(run["code_sha256"]) == 64
    assert set(run["libraries"]) >= {"scikit-learn", "numpy", "skops"}
    assert run["started_at"] < run["finished_at"]


def test_the_figures_are_those_of_scikit_learn_on_the_model_that_was_stored(project, run_project) -> None:
    root = project()
    model = one_model(run_project(root))
    pipeline = read_model(root / ".gristmill" / meta_rows(root, RUNS)[0]["file"])
    x, y = gm.dataset("t", project=root).xy("dev")
    epoch = pl.col("since").cast(pl.Int32).cast(pl.Float32)
    x = x.with_columns(epoch, pl.col("months", "spent", "is_young").cast(pl.Float32))
    rates = model["metrics"][0]["rates"]["dev"]
    assert rates["n"] == len(y)
    assert rates["estimate"] == pytest.approx(roc_auc_score(y, pipeline.predict_proba(x)[:, 1]))
    assert rates["low"] < rates["estimate"] < rates["high"]


def test_nothing_but_train_is_seen_by_fit(project, run_project) -> None:
    frame = rows().with_columns(plan=pl.lit("basic"))
    root = project("models: {}\n", frame)
    run_project(root)
    parts = gm.sql("select id, split from t", project=root)
    dev = parts.filter(split="dev")["id"].to_list()
    changed = frame.with_columns(plan=pl.when(pl.col("id").is_in(dev)).then(pl.lit("only in dev")).otherwise("plan"))
    (root / "t.csv").write_text(changed.write_csv())
    (root / "datasets" / "t.yaml").write_text(
        YAML + "models:\n  logistic: {estimator: 'sklearn.linear_model:LogisticRegression'}\n"
    )
    model = one_model(run_project(root))
    pipeline = read_model(root / ".gristmill" / meta_rows(root, RUNS)[0]["file"])
    encoder = pipeline.named_steps["preparation"].named_transformers_["categories"]
    assert encoder.categories_[0].tolist() == ["basic"]
    assert model["metrics"][0]["rates"]["dev"]["n"] == len(dev)


@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param("sklearn.ensemble:HistGradientBoostingClassifier", marks=pytest.mark.slow),
        "sklearn.linear_model:LogisticRegression",  # what is scaled and filled in for it is fitted on train too
    ],
)
def test_a_model_is_the_same_to_the_bit_whatever_dev_and_test_hold(project, run_project, estimator: str) -> None:
    """Preparation (scaling, medians, levels) and estimator are fitted on train alone: LEAK15 by construction."""
    frame = rows()
    root = project("models: {}\n", frame)
    run_project(root)
    parts = gm.sql("select id, split from t", project=root)
    is_train = pl.col("id").is_in(parts.filter(split="train")["id"].to_list())
    other = frame.with_columns(
        months=pl.when(is_train).then("months").otherwise(pl.col("months") * 100),
        spent=pl.when(is_train).then("spent").otherwise(None),
        plan=pl.when(is_train).then("plan").otherwise(pl.lit("of another world")),
        left=pl.when(is_train).then("left").otherwise(1 - pl.col("left")),
    )
    probabilities = []
    for table in (frame, other):
        (root / "t.csv").write_text(table.write_csv())
        (root / "datasets" / "t.yaml").write_text(YAML + f"models:\n  m: {{estimator: '{estimator}'}}\n")
        assert one_model(run_project(root))["status"] == "succeeded"
        pipeline = read_model(root / ".gristmill" / meta_rows(root, RUNS)[-1]["file"])
        x, _ = gm.dataset("t@1", project=root).xy("train")
        epoch = pl.col("since").cast(pl.Int32).cast(pl.Float32)
        x = x.with_columns(epoch, pl.col("months", "spent", "is_young").cast(pl.Float32))
        probabilities.append(pipeline.predict_proba(x))
    assert np.array_equal(*probabilities)


def test_an_unchanged_model_on_an_unchanged_version_is_not_fitted_again(project, run_project) -> None:
    root = project("models:\n  own: {estimator: 'models/own.py:make'}\n", files={"models/own.py": OWN})
    assert one_model(run_project(root))["status"] == "succeeded"
    again = run_project(root).datasets[0]
    assert (again.status, again.steps, again.models) == ("unchanged", [], [])
    (root / "models" / "own.py").write_text(OWN + "\n# another text\n")
    changed = run_project(root).datasets[0]
    assert (changed.status, [model["name"] for model in changed.models]) == ("unchanged", ["own"])
    assert [step["step"] for step in changed.steps] == ["fit", "evaluate", "evaluate", "diagnose"]


def test_the_plan_names_the_model_that_is_due(project, run_project) -> None:
    root = project("models: {}\n")
    run_project(root)
    (root / "datasets" / "t.yaml").write_text(YAML)
    opened = Project.open(root)
    with Warehouse(opened.settings) as warehouse:
        planned = plan_dataset(opened, opened.datasets["t"], warehouse.meta)
    assert planned.steps == ("fit", "evaluate", "diagnose")
    assert planned.reasons == ("model baseline was not judged on version 1 as it is",)
    assert not planned.has_data_due


def test_a_model_that_fails_leaves_the_version_published_and_the_others_go_on(project, run_project) -> None:
    more = "models:\n  bad: {estimator: 'models/own.py:fails'}\n  good: {estimator: 'models/own.py:make'}\n"
    root = project(more, files={"models/own.py": OWN})
    report = run_project(root)
    result = report.datasets[0]
    assert (report.exit_code, result.status, result.version) == (1, "published", 1)
    bad, good = result.models
    assert (bad["status"], good["status"]) == ("failed", "succeeded")
    assert bad["error"] == "model 'bad': models/own.py:fails cannot be made: RuntimeError: no licence found"
    assert bad["hint"] == "mend its `params`"
    assert {row["model"]: row["status"] for row in meta_rows(root, RUNS)} == {"bad": "failed", "good": "succeeded"}
    assert [model["name"] for model in run_project(root).datasets[0].models] == ["bad"], "it is tried again"


def test_a_model_without_probabilities_is_judged_by_its_balanced_error_rate(project, run_project) -> None:
    root = project("models:\n  own: {estimator: 'models/own.py:make'}\n", files={"models/own.py": OWN})
    model = one_model(run_project(root))
    balanced, plain = model["metrics"]
    assert (balanced["metric"], plain["metric"]) == ("balanced_error_rate", "error_rate")
    assert balanced["rates"]["dev"]["estimate"] == 0.5
    assert plain["rates"]["dev"]["estimate"] < 0.5


@pytest.mark.parametrize(
    "estimator",
    [
        "sklearn.linear_model:LogisticRegression",
        "sklearn.svm:LinearSVC",
        "sklearn.ensemble:RandomForestClassifier",
        "sklearn.naive_bayes:GaussianNB",
        "sklearn.neighbors:KNeighborsClassifier",
        "sklearn.dummy:DummyClassifier",
    ],
)
def test_estimators_of_scikit_learn_take_the_mixed_table_and_are_stored_and_trusted(
    project, run_project, estimator: str
) -> None:
    root = project(f"models:\n  it: {{estimator: '{estimator}'}}\n")
    model = one_model(run_project(root))
    assert model["status"] == "succeeded", model["error"]
    assert {metric["metric"] for metric in model["metrics"]} >= {"auc", "error_rate"}
    assert read_model(root / ".gristmill" / meta_rows(root, RUNS)[0]["file"])


def test_a_stored_model_with_a_strangers_type_is_not_loaded(tmp_path: Path) -> None:
    from assets.model_file import write_model

    class Stranger:
        pass

    write_model(Stranger(), tmp_path / "m.skops")
    with pytest.raises(ModelFailed, match="Stranger, which is not trusted"):
        read_model(tmp_path / "m.skops")


def test_the_baseline_leaves_texts_out_and_does_without_them(project, run_project) -> None:
    frame = rows().with_columns(note=pl.format("called about bill {}", pl.col("id") * 7))
    root = project("", frame)
    model = one_model(run_project(root))
    assert model["status"] == "succeeded"
    assert model["hint"].startswith("fitted without 'note', which is text (")
    assert "note" not in meta_rows(root, RUNS)[0]["features"]


def again(root: Path, name: str = "baseline", version: int = 1) -> dict:
    opened = Project.open(root)
    with Warehouse(opened.settings) as warehouse:
        run = Run(project=opened, warehouse=warehouse, author="test")
        found = warehouse.meta.versions("t")[version - 1]
        return refit(run, opened.datasets["t"], found, name)


@pytest.mark.parametrize("estimator", ["", "sklearn.ensemble:RandomForestClassifier"])
def test_a_model_that_is_judged_again_gives_the_same_figures_bit_for_bit(project, run_project, estimator: str) -> None:
    more = f"models:\n  baseline: {{estimator: '{estimator}'}}\n" if estimator else ""
    root = project(more)
    run_project(root)
    (root / "t.csv").write_text(rows(900).write_csv())
    assert run_project(root).datasets[0].version == 2
    told = again(root)
    assert (told["version"], told["replicates"], told["differences"]) == (1, True, [])
    assert len(meta_rows(root, RUNS, version=1)) == 2


def test_figures_that_differ_are_named(project, run_project) -> None:
    drawn = "np.random.default_rng(time.time_ns()).integers(0, 2, len(x))"
    steady = "np.full(len(x), int(self.share > 0.5))"
    unsteady = OWN.replace(steady, drawn).replace("import numpy", "import time\nimport numpy", 1)
    root = project("models:\n  own: {estimator: 'own.py:make'}\n", files={"own.py": unsteady})
    run_project(root)
    told = again(root, "own")
    assert told["replicates"] is False
    assert any(difference.startswith("error_rate on train, estimate: 0.") for difference in told["differences"])


def test_a_model_that_there_is_not_cannot_be_judged_again(project, run_project) -> None:
    root = project()
    run_project(root)
    with pytest.raises(NotFound, match="'basline'"):
        again(root, "basline")


def test_a_quantity_is_judged_by_r2_mae_and_rmse(make_project, run_project) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    frame = pl.DataFrame({"id": np.arange(500), "x": x, "y": 3 * x + rng.normal(size=500)})
    root = make_project(
        {"t.yaml": "source: t.csv\nkey: id\ntarget: y\nhuman_level: {value: 0.5, who: an expert}\n"},
        {"t.csv": frame.write_csv()},
    )
    model = one_model(run_project(root))
    assert [metric["metric"] for metric in model["metrics"]] == ["r2", "mae", "rmse"]
    assert model["metrics"][1]["rates"]["human"] == {
        "estimate": 0.5,
        "low": None,
        "high": None,
        "n": None,
        "n_entities": None,
    }
    assert meta_rows(root, RUNS)[0]["estimator"] == "sklearn.ensemble:HistGradientBoostingRegressor"


def test_of_several_human_levels_the_best_is_the_reference(project, run_project) -> None:
    levels = "human_level:\n  - {value: 0.25, who: one person}\n  - {value: 0.02, who: a crowd}\n"
    root = project(levels)
    model = one_model(run_project(root))
    plain = next(metric for metric in model["metrics"] if metric["metric"] == "error_rate")
    assert plain["rates"]["human"]["estimate"] == 0.02
    assert "0.02 (a crowd), the best of 2: also one person 0.25" in plain["gaps"][0]["why"]
    assert "declared as error rate, not as AUC" in model["metrics"][0]["gaps"][0]["why"]


def test_a_table_without_target_ends_without_models(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": rows().write_csv()})
    result = run_project(root).datasets[0]
    assert (result.status, result.models) == ("published", [])
    assert meta_rows(root, RUNS) == []
    assert meta_rows(root, GAPS) == []


def test_the_rows_in_meta_are_in_the_order_of_the_ladder(project, run_project) -> None:
    root = project()
    run_project(root)
    assert [(row["metric"], row["split"]) for row in meta_rows(root, ERROR_RATES)] == [
        (metric, split) for metric in ("auc", "error_rate") for split in ("train", "dev", "test")
    ]


def test_positive_is_for_two_classes(project, run_project) -> None:
    frame = rows().with_columns(left=pl.col("id") % 3)
    assert (
        "`positive` names one of two classes, and 'left' has 3"
        in one_model(run_project(project("positive: 1\n", frame)))["error"]
    )


ODD = """\
import sys

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Odd(ClassifierMixin, BaseEstimator):
    def __init__(self, way="exits"):
        self.way = way

    def fit(self, x, y):
        if self.way == "exits":
            sys.exit(3)
        self.classes_ = np.unique(y)
        return self

    def predict(self, x):
        return {"short": np.zeros(3), "long": np.zeros(len(x) + 1), "table": np.zeros((len(x), 2))}.get(
            self.way, np.full(len(x), np.nan)
        )


class Sure(Odd):
    def predict_proba(self, x):
        return np.tile([5.0, -4.0], (len(x), 1))
"""


@pytest.mark.parametrize(
    ("estimator", "found"),
    [
        ("Odd, params: {way: exits}", "cannot be fitted: SystemExit"),
        ("Odd, params: {way: short}", "asked for 800 rows, it gives 3 values"),
        ("Odd, params: {way: long}", "asked for 800 rows, it gives 801 values"),
        ("Odd, params: {way: table}", "asked for 800 rows, it gives 800 x 2 values"),
        ("Odd, params: {way: nan}", "is no finite number in 800 of 800 rows"),
        ("Sure, params: {way: nan}", "the probabilities of 800 rows are below 0 or do not add up to 1"),
    ],
)
def test_a_model_that_answers_oddly_fails_alone(project, run_project, estimator: str, found: str) -> None:
    more = f"models:\n  odd: {{estimator: odd.py:{estimator}}}\n  good: {{estimator: own.py:make}}\n"
    report = run_project(project(more, files={"odd.py": ODD, "own.py": OWN}))
    odd, good = report.datasets[0].models
    assert (report.exit_code, odd["status"], good["status"]) == (1, "failed", "succeeded")
    assert found in odd["error"]


def test_what_a_model_prints_is_not_among_results(project, run_project, capsys) -> None:
    loud = "print('loaded')\n" + OWN
    run_project(project("models:\n  own: {estimator: own.py:make}\n", files={"own.py": loud}))
    printed = capsys.readouterr()
    assert (printed.out, "loaded" in printed.err) == ("", True)


def test_a_column_without_any_value_in_train_is_left_out_and_said(project, run_project) -> None:
    empty = rows().with_columns(never=pl.lit(None, dtype=pl.Float64))
    yaml = "contract: {columns: {never: {type: float, nullable: true}}}\n"
    told = one_model(run_project(project(yaml, empty)))
    assert told["status"] == "succeeded"
    assert told["hint"].startswith("fitted without 'never', which has no value in train")


def test_a_train_set_of_one_label_is_said_to_be_so(project, run_project) -> None:
    root = project("models: {}\n")
    run_project(root)
    in_dev = gm.dataset("t", project=root).load("dev")["id"].to_list()
    few = rows().with_columns(left=pl.col("id").is_in(in_dev).cast(pl.Int64))
    (root / "t.csv").write_text(few.write_csv())
    (root / "datasets" / "t.yaml").write_text(YAML + "not_features: [id]\n")
    assert one_model(run_project(root))["error"] == "model 'baseline': every labelled row of train has 'left' '0'"


def test_a_quantity_that_never_changes_is_said_to_be_so(project, run_project) -> None:
    still = rows().with_columns(left=pl.lit(3.5))
    assert "every labelled row of train has 'left' 3.5" in one_model(run_project(project(frame=still)))["error"]
