"""`gristmill splits`: sizes asked and got, pictures, why rows are unused, policies, of any version."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gristmill as gm
import pytest

from assets.project import Project
from assets.run import execute
from assets.step import Run
from checks.figure import draw
from pipelines.views_splits import _changed, _told, told_unused
from warehouse.client import Warehouse
from warehouse.records import Policy, now

Gristmill = Callable[..., Any]


def facts(gristmill: Gristmill, name: str = "churn") -> dict[str, Any]:
    printed = gristmill("splits", name, "--json")
    assert printed.code == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    return found


def test_sizes_are_told_as_asked_and_as_got(reading: Path, gristmill: Gristmill) -> None:
    train = next(row for row in facts(gristmill)["splits"] if row["split"] == "train")
    assert (train["asked_share"], train["got_share"]) == (0.8, pytest.approx(237 / 299))
    assert train["got_low"] < train["got_share"] < train["got_high"]
    assert train["label"]["intervals"]["0"][0] < train["label"]["shares"]["0"] < train["label"]["intervals"]["0"][1]
    text = gristmill("splits", "churn").out
    assert "80.0 %" in text
    assert "79.3 % (74.2 to 83.7)" in text


def test_rows_over_time_and_shares_are_pictures_under_two_kilobytes(reading: Path, gristmill: Gristmill) -> None:
    stacks, shares = facts(gristmill)["figures"]
    assert (stacks["kind"], stacks["unit"], shares["kind"]) == ("stacks", "month", "shares")
    assert sum(map(sum, stacks["series"].values())) == 299
    for figure in (stacks, shares):
        assert len(json.dumps(figure)) < 2048
        assert "no data" not in draw(figure)
    text = gristmill("splits", "churn").out
    assert "rows by month, 2024-01 to 2024-12" in text
    assert "█ train 79.3 %" in text


YAML = "source: t.csv\nkey: id\nmodels: {}\n"
OTHER_SHARES = "splits: {shares: {train: 0.75, dev: 0.15, test: 0.1}}\n"


@pytest.fixture(scope="module")
def three_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version 2 has other shares, version 3 another entity and an override."""
    root = tmp_path_factory.mktemp("three")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "t.csv").write_text("id,team\n" + "".join(f"{i},{i % 50}\n" for i in range(600)), "utf-8")
    for splits in ("", OTHER_SHARES, "splits: {entity: team, allow_trained: a new pilot}\n"):
        (root / "datasets" / "t.yaml").write_text(YAML + splits, "utf-8")
        project = Project.open(root)
        with Warehouse(project.settings) as warehouse:
            execute(Run(project=project, warehouse=warehouse, author="ana"), ["t"])
    return root


def test_a_version_is_named_as_everywhere(
    three_versions: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    monkeypatch.chdir(three_versions)
    assert [facts(gristmill, name)["version"] for name in ("t@1", "t@3", "t")] == [1, 3, 3]
    gone = gristmill("splits", "t@7")
    assert (gone.code, "No version of 't' named '7'" in gone.err) == (4, True)


def test_policies_are_told_with_what_changed_and_why_an_override(
    three_versions: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    monkeypatch.chdir(three_versions)
    one, two, three = facts(gristmill, "t")["policies"]
    assert (one["since_version"], one["until_version"], one["changed"], one["entity"]) == (1, 1, [], ["id"])
    assert one["shares"] == {"all": {"train": 0.8, "dev": 0.1, "test": 0.1}}
    assert two["changed"] == ["shares train 0.75, dev 0.15, test 0.1 instead of train 0.8, dev 0.1, test 0.1"]
    assert three["changed"][0] == "entity team instead of id"
    assert (two["allow_trained"], three["allow_trained"]) == (None, "a new pilot")
    text = gristmill("splits", "t").out
    assert "a new pilot" in text
    assert gm.dataset("t", project=three_versions).policies == facts(gristmill, "t")["policies"]


def test_entities_that_are_unused_by_an_earlier_policy_are_still_counted_as_got(
    three_versions: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    monkeypatch.chdir(three_versions)
    told = facts(gristmill, "t@2")
    (unused,) = told["unused"]
    assert unused["reason"] == "trained on"
    assert "in train under an earlier policy" in unused["why"]
    assert sum(row["got_share"] for row in told["splits"]) == pytest.approx(1)
    for row in told["splits"]:
        assert row["got_low"] <= row["asked_share"] <= row["got_high"]


def test_what_is_held_back_is_told_with_its_reason_and_counts_as_got(
    make_project: Any, run_project: Any, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    rows = "".join(f"{i},c{i % 300},{i % 2}\n" for i in range(1200))
    yaml = "source: t.csv\nkey: id\nsplits: {entity: customer, evaluate_on: late = 1}\nmodels: {}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": f"id,customer,late\n{rows}"})
    run_project(root)
    monkeypatch.chdir(root)
    told = facts(gristmill, "t")
    (unused,) = told["unused"]
    assert unused["reason"] == "held back"
    assert "`apart: pool` would use them" in unused["why"]
    assert sum(row["got_share"] for row in told["splits"]) == pytest.approx(1)
    for row in told["splits"]:
        assert row["got_low"] <= row["asked_share"] <= row["got_high"]
    assert "· unused" in gristmill("splits", "t").out


@pytest.mark.parametrize(
    ("facts_of_policy", "said"),
    [
        ({"apart": "everywhere"}, "the other pool; `apart: pool` would use them"),
        ({"apart": "everywhere", "time": {"test": "30d"}}, "another split; `apart: pool` would let it be in train and"),
        ({"apart": "pool", "time": {"test": "30d"}}, "another split; of dev and test an entity is in one"),
    ],
)
def test_what_is_held_back_is_told_by_what_the_policy_says(facts_of_policy: dict[str, Any], said: str) -> None:
    policy = Policy(
        dataset="t", policy=1, salt="s", thresholds=facts_of_policy, entity=["c"], columns=[], frozen_at=now()
    )
    (told,) = told_unused([{"reason": "held back", "n_rows": 2}], policy)
    assert said in told["why"]


def test_of_splits_that_were_made_elsewhere_no_shares_are_told_and_train_was_of_a_version() -> None:
    thresholds = {"apart": "everywhere", "lines": {"all": [["train", None]]}, "predefined": {"column": "part"}}
    policy = Policy(dataset="t", policy=1, salt="s", thresholds=thresholds, entity=["c"], columns=[], frozen_at=now())
    plain = replace(policy, thresholds={name: thresholds[name] for name in ("apart", "lines")})
    assert (_told(policy, [])["shares"], _told(plain, [])["shares"]) == ({}, {"all": {"train": 1.0}})
    assert _changed(plain, policy) == ["predefined column part instead of none"]
    (told,) = told_unused([{"reason": "trained on", "n_rows": 2}], policy)
    assert told["why"].startswith("they were in train of an earlier version")


def test_models_judged_on_test_are_told_in_splits_show_diagnose_and_python(reading: Path, gristmill: Gristmill) -> None:
    told = facts(gristmill)
    assert told["judged_on_test"]["n_models"] == 1
    assert [row["version"] for row in told["judged_on_test"]["versions"]] == [1]
    assert told["findings"][-1]["code"] == "TEST1"
    for words in (("show", "churn"), ("diagnose", "churn"), ("splits", "churn")):
        assert "1 model was judged on this test set by" in gristmill(*words).out
    assert gm.dataset("churn", project=reading).judged_on_test == told["judged_on_test"]


def test_a_run_that_judges_the_tenth_model_warns(published: Path, run_project: Any) -> None:
    judge = "{estimator: 'sklearn.tree:DecisionTreeClassifier', params: {max_depth: %d}}"
    yaml = published / "datasets" / "churn.yaml"
    models = "".join(f"  m{i}: {judge % i}\n" for i in range(1, 10))
    yaml.write_text(f"{yaml.read_text()}models:\n{models}")
    (found,) = [
        row for row in run_project(published).datasets[0].findings if row["outcome"] == "warn" and "TEST" in row["code"]
    ]
    assert "10 models were judged on this test set" in found["seen"]
    assert not [row for row in run_project(published).datasets[0].findings if "TEST1" in row["code"]]  # nothing judged


def test_where_splits_are_cut_in_time_asked_and_got_are_shares_of_rows(
    make_project: Any, run_project: Any, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    rows = "".join(f"{i},2024-{i % 12 + 1:02}-{i % 28 + 1:02}\n" for i in range(900))
    yaml = "source: t.csv\nkey: id\ntime: day\nmodels: {}\nsplits: {time: {gap: 5d}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": f"id,day\n{rows}"})
    run_project(root)
    monkeypatch.chdir(root)
    told = facts(gristmill, "t")
    assert [(row["asked_share"], row["got_low"]) for row in told["splits"]] == [(0.8, None), (0.1, None), (0.1, None)]
    assert sum(row["got_share"] for row in told["splits"]) == pytest.approx(1)
    assert told["policies"][0]["shares"] == {"rows": {"train": 0.8, "dev": 0.1, "test": 0.1}}
    assert "unused: gap: they lie in the gap before a cut" in gristmill("splits", "t").out
