"""Rows without a label: what a model says of their classes stands in the diagnosis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from assets.project import Project
from pipelines.messages_models import diagnosis
from pipelines.views_models import diagnose
from warehouse.client import Warehouse

YAML = """\
source: t.csv
key: id
target: left
models: {it: {estimator: "sklearn.linear_model:LogisticRegression"}}
splits: {shares: {train: 0.4, dev: 0.3, test: 0.3}}
"""


def rows(share_unlabelled: float) -> pl.DataFrame:
    """Customers who leave have other months; of those whose label is not known yet, three times as many will leave."""
    rng = np.random.default_rng(0)
    is_known = rng.random(3_000) >= share_unlabelled
    leaves = rng.random(3_000) < np.where(is_known, 0.2, 0.6)
    months = (rng.normal(size=3_000) + 2 * leaves).round(3)
    left = pl.Series(leaves.astype(int)).to_frame("left").select(pl.when(pl.Series(is_known)).then("left"))["left"]
    return pl.DataFrame({"id": np.arange(3_000), "months": months, "left": left})


def test_the_classes_of_rows_without_a_label_are_estimated(make_project, run_project, capsys) -> None:
    root: Path = make_project({"t.yaml": YAML}, {"t.csv": rows(0.4).write_csv()})
    (model,) = run_project(root).datasets[-1].models
    told = model["label_shares"]
    leaves = next(share for share in told["shares"] if share["label"] == "1")
    assert told["verdict"] == "told"
    assert leaves["low"] < 0.6 < leaves["high"]
    assert leaves["low"] > leaves["labelled"]
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        diagnosis(diagnose(project, warehouse.meta, "t"))
    assert f"\nLabels   {told['line']}" in capsys.readouterr().out
