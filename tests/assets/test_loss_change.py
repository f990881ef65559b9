"""A model that errs more where its splits differ: what that comes from stands beside the gap, in `meta` and told."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from assets.project import Project
from pipelines.messages_models import diagnosis
from pipelines.views_models import diagnose
from warehouse.client import Warehouse
from warehouse.schema import LOSS_CHANGES

YAML = """\
source: t.csv
key: id
target: left
models: {it: {estimator: "sklearn.linear_model:LogisticRegression"}}
splits:
  evaluate_on: shop = 'new'
  shares: {train: 0.5, train_dev: 0.25, dev: 0.15, test: 0.1}
not_features: [shop]
"""


def rows(*, n: int = 4_000, seed: int = 0) -> pl.DataFrame:
    """In the new shop another half of the customers leaves, whatever their months; its inputs are those of the old."""
    rng = np.random.default_rng(seed)
    months, is_new = rng.normal(size=n), np.arange(n) % 2 == 0
    leaves = rng.random(n) < np.where(is_new, 0.5, np.where(months > 0, 0.9, 0.1))
    shop = np.where(is_new, "new", "old")
    return pl.DataFrame({"id": np.arange(n), "months": months.round(3), "shop": shop, "left": leaves.astype(int)})


def test_predictions_made_elsewhere_are_asked_too_and_so_is_the_last_month(make_project, run_project, capsys) -> None:
    """In June another half of the customers leaves; the predictions are right half of the time then."""
    frame = rows(n=3_000).drop("left")
    drawn = np.random.default_rng(1)
    day = drawn.integers(0, 181, len(frame))  # of January to June
    leaves = (frame["months"] > 0).to_numpy()
    left = np.where(day >= 152, drawn.random(len(frame)) < 0.5, leaves).astype(int)
    moments = [date(2024, 1, 1) + timedelta(days=int(one)) for one in day]
    frame = frame.with_columns(pl.Series("left", left), pl.Series("day", moments))
    told = frame.select("id", prediction=pl.Series(leaves.astype(int)))
    yaml = "source: t.csv\nkey: id\ntime: day\ntarget: left\nnot_features: [shop]\n"
    yaml += "splits: {shares: {train: .3, dev: .35, test: .35}}\nmodels: {told: {predictions: told.csv}}\n"
    root: Path = make_project({"t.yaml": yaml}, {"t.csv": frame.write_csv(), "told.csv": told.write_csv()})
    (model,) = run_project(root).datasets[-1].models
    assert model["status"] == "succeeded", model
    (window,) = model["windows"]
    assert window["name"] == "2024-06 against 2024-01 to 2024-05"
    assert window["verdict"] == "told", window
    assert window["relation_low"] < 0.5 < window["relation_high"]
    assert window["inputs_low"] < 0 < window["inputs_high"]
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        diagnosis(diagnose(project, warehouse.meta, "t"))
    assert f"\n2024-06 against 2024-01 to 2024-05: {window['line']}\n" in capsys.readouterr().out


def test_another_relation_is_told_beside_the_gap_of_mismatch(make_project, run_project, capsys) -> None:
    root: Path = make_project({"t.yaml": YAML}, {"t.csv": rows().write_csv()})
    (model,) = run_project(root).datasets[-1].models
    gaps = {
        gap["name"]: gap for metric in model["metrics"] if metric["metric"] == "error_rate" for gap in metric["gaps"]
    }
    told = gaps["data_mismatch"]["comes_from"]
    assert gaps["variance"]["comes_from"] is None
    assert told["verdict"] == "told"
    assert told["relation_low"] < 0.4 < told["relation_high"]
    assert told["inputs_low"] < 0 < told["inputs_high"]
    assert told["total"] == told["inputs"] + told["relation"]
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        assert [row["name"] for row in warehouse.meta.rows(LOSS_CHANGES)] == ["data_mismatch"]
        diagnosis(diagnose(project, warehouse.meta, "t"))
    labels = "The relation at the same inputs costs: reweighting does not help there, get labels from the new world and"
    assert told["remedy"] == f"{labels} retrain."
    assert f"\ndata mismatch: {told['line']}\n  {labels} retrain.\n" in capsys.readouterr().out
