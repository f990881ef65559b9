"""`gristmill diagnose` and `gristmill run --model`, as people see them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest


def test_the_ladder_the_gaps_and_the_first_fix_are_shown(reading: Path, gristmill) -> None:
    printed = gristmill("diagnose", "churn")
    assert printed.code == 0
    out = printed.out
    assert "churn  version 1, model baseline: sklearn.ensemble:HistGradientBoostingClassifier" in out
    assert re.search(r"AUC \(higher is better\) +estimate +95 % interval +rows +entities", out)
    assert re.search(r"train +1\.000|train +0\.\d{3}", out)
    assert re.search(r"avoidable bias +- +- +not applicable +no human level is declared", out)
    assert re.search(r"\nFirst    \S.*\.\n", out)
    assert "A plain error rate falls when the base rate falls, and so can hide a data mismatch: read AUC first." in out
    assert "1 model was judged on this test set" in out


def test_a_model_is_judged_again_and_said_to_be_the_same(published: Path, gristmill) -> None:
    printed = gristmill("run", "--model", "baseline", "--version", "1")
    assert printed.code == 0
    assert "every figure equals that of the run before, bit for bit" in printed.out
    told = json.loads(gristmill("run", "churn", "--model", "baseline", "--json").out)
    assert told["model"]["replicates"] is True


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "--version", "1"), 2, "--version goes with --model"),
        (("run", "--model", "basline"), 2, "no dataset has a model 'basline'"),
        (("run", "churn", "--model", "basline"), 4, "No model of 'churn' named 'basline'"),
        (("run", "churn", "--model", "baseline", "--version", "9"), 4, "No version of 'churn' named '9'"),
        (("diagnose", "chrun"), 4, "did you mean 'churn'?"),
    ],
)
def test_what_there_is_not_is_said(reading: Path, gristmill, words, code, said) -> None:
    printed = gristmill(*words)
    assert printed.code == code
    assert said in printed.err


def test_a_table_without_target_says_why_there_is_no_model(shop: Path, gristmill) -> None:
    yaml = shop / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("target: churned\n", ""), "utf-8")
    ran = gristmill("run")
    assert (ran.code, "model    none: the dataset has no target" in ran.out) == (0, True)
    printed = gristmill("diagnose", "churn")
    assert printed.code == 0
    assert "churn has no target, so no model is judged: name one as `target` in datasets/churn.yaml" in printed.out


def test_a_model_that_failed_is_told_by_diagnose_with_exit_code_1(shop: Path, gristmill) -> None:
    yaml = shop / "datasets" / "churn.yaml"
    yaml.write_text(yaml.read_text("utf-8") + "models:\n  it: {estimator: 'sklearn.dummy:DummyClasifier'}\n", "utf-8")
    assert gristmill("run").code == 1
    printed = gristmill("diagnose", "churn")
    assert printed.code == 1
    assert "model 'it': sklearn.dummy has no 'DummyClasifier'" in printed.err
    assert "did you mean 'DummyClassifier'?" in printed.err
