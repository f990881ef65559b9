"""How many models were judged on a test set: by version, and over all versions that share the test set."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.judged import finding_on_test, uses_of_test
from warehouse.meta import Meta
from warehouse.records import Policy, Step, Version
from warehouse.schema import ERROR_RATES

MADE: Any = runpy.run_path(str(Path(__file__).parents[1] / "pipelines" / "web" / "made_rows.py"))
BORN = MADE["BORN"]
LINE = [["test", "199999999999"], ["dev", "333333333333"], ["train", None]]


@pytest.fixture
def meta(tmp_path: Path) -> Iterator[Meta]:
    """Three versions: 1 and 2 of policy 1, 3 of policy 2."""
    opened = Meta.open(tmp_path / "meta.sqlite", duckdb_version="1.5.5")
    opened.add(policy(1, LINE), policy(2, [["test", "400000000000"], *LINE[1:]]))
    for number, its_policy in ((1, 1), (2, 1), (3, 2)):
        opened.add(*version(number, its_policy))
    yield opened
    opened.close()


def policy(number: int, line: list[list[str | None]], **further: Any) -> Policy:
    thresholds = {"apart": "everywhere", "evaluate_on": None, "lines": {"all": line}, **further}
    return Policy(
        dataset="churn", policy=number, salt="s", thresholds=thresholds, entity=["id"], columns=[], frozen_at=BORN
    )


def version(number: int, its_policy: int, **detail: Any) -> tuple[Step, Version]:
    named = {"dataset": "churn", "fingerprint": "f"}
    step = Step(
        step_id=f"s{number}", run_id="r", step="build", status="succeeded", started_at=BORN, detail=detail, **named
    )
    made = Version(
        version=number,
        snapshot=number,
        step_id=step.step_id,
        audit_id=step.step_id,
        policy=its_policy,
        contract_sha256="c",
        inputs={},
        columns={"id": "BIGINT"},
        n_rows=9,
        changed=[],
        created_at=BORN,
        author="ana",
        **named,
    )
    return step, made


def judge(meta: Meta, number: int, model: str, *, auc: float = 0.7, day: int = 0, **row: Any) -> None:
    """A model run on a version, with the AUC on test that it had."""
    at, n_before = BORN + timedelta(days=day), len(meta.judged_on("churn", "test"))
    which = meta.versions("churn")[number - 1]
    identity = {"model_run_id": f"{number} {model} {n_before}"}
    MADE["add_model"](meta, which, model, started_at=at, finished_at=at, **identity, **row)
    rate = {"metric": "auc", "split": "test", "ordinal": 0, "lower_is_better": False, "n": 90, "n_entities": 90}
    meta.set_rows(ERROR_RATES, identity, [rate | {"estimate": auc, "low": auc - 0.1, "high": auc + 0.1}])


def uses(meta: Meta, number: int) -> dict[str, Any]:
    return uses_of_test(meta, meta.versions("churn")[number - 1])


def test_a_test_set_that_nobody_used_says_so(meta: Meta) -> None:
    found = uses(meta, 1)
    assert (found["n_models"], found["versions"], found["best"], found["widening"]) == (0, [], None, 1.0)
    assert finding_on_test(found).outcome == "not_applicable"


def test_models_are_counted_with_who_and_when(meta: Meta) -> None:
    judge(meta, 1, "tree", auc=0.7, author="ana")
    judge(meta, 1, "line", auc=0.8, author="ben", day=3)
    found = uses(meta, 1)
    assert (found["n_models"], found["authors"]) == (2, ["ana", "ben"])
    assert (found["first_at"][:10], found["last_at"][:10]) == ("2026-11-27", "2026-11-30")
    assert "2 models were judged on this test set by 2 people since 2026-11-27" in finding_on_test(found).seen


def test_the_same_model_with_the_same_score_is_one_and_with_another_score_is_another(meta: Meta) -> None:
    judge(meta, 1, "tree", auc=0.7)
    judge(meta, 1, "tree", auc=0.7)
    assert uses(meta, 1)["n_models"] == 1
    judge(meta, 1, "tree", auc=0.71)  # predictions of one name, made anew
    judge(meta, 1, "tree", auc=0.7, params={"depth": 3})
    assert uses(meta, 1)["n_models"] == 3


def test_versions_that_only_grew_share_the_count_and_a_model_judged_again_is_no_new_one(meta: Meta) -> None:
    judge(meta, 1, "tree", auc=0.7)
    judge(meta, 2, "tree", auc=0.72)
    judge(meta, 2, "line", auc=0.6)
    first, second = uses(meta, 1), uses(meta, 2)
    assert (first["n_models"], second["n_models"]) == (2, 2)
    assert [(row["version"], row["n_models"]) for row in second["versions"]] == [(1, 1), (2, 2)]


def test_another_test_set_begins_anew_and_another_train_share_does_not(meta: Meta) -> None:
    judge(meta, 1, "tree")
    judge(meta, 3, "line")
    assert (uses(meta, 1)["n_models"], uses(meta, 3)["n_models"]) == (1, 1)
    meta.add(policy(3, [LINE[0], ["dev", "444444444444"], LINE[2]]))
    meta.add(*version(4, 3))
    assert uses(meta, 4)["n_models"] == 1  # policy 1 has the same entities in test


@pytest.mark.parametrize(
    ("further", "n_models"),
    [
        ({"stratified": "y"}, 1),  # placed anew, in the order in which entities come
        ({"clusters": {"linked_by": ["user"]}}, 1),
        ({"predefined": {"column": "part"}}, 1),
        ({"time": {"test": "30d"}}, 1),
        ({"time": {}}, 1),
        ({"time": {"test": "2024-11-15"}}, 2),  # a moment is the same one under each policy
    ],
)
def test_another_train_share_is_another_test_set_where_entities_are_placed_anew(
    meta: Meta, further: dict[str, Any], n_models: int
) -> None:
    meta.add(policy(3, LINE, **further), policy(4, [LINE[0], ["dev", "444444444444"], LINE[2]], **further))
    meta.add(*version(4, 3), *version(5, 4), *version(6, 4))
    judge(meta, 4, "tree")
    judge(meta, 5, "line")
    assert (uses(meta, 4)["n_models"], uses(meta, 5)["n_models"]) == (n_models, n_models)
    assert uses(meta, 6)["n_models"] == n_models  # it only grew


def test_cuts_that_rolled_on_make_another_test_set(meta: Meta) -> None:
    meta.add(policy(3, LINE, time={"test": "30d", "roll": True}))
    for number, cut in ((4, "2024-11-15"), (5, "2024-11-15"), (6, "2024-11-30")):
        meta.add(*version(number, 3, placing={"time": {"test": cut}}))
        judge(meta, number, f"model of {number}")
    assert [uses(meta, number)["n_models"] for number in (4, 5, 6)] == [2, 2, 1]


def test_another_file_of_splits_makes_another_test_set(meta: Meta) -> None:
    meta.add(policy(3, LINE, predefined={"file": "keys.csv"}))
    for number, sha in ((4, "a"), (5, "a"), (6, "b")):
        meta.add(*version(number, 3, parts={"keys_sha256": sha}))
        judge(meta, number, f"model of {number}")
    assert [uses(meta, number)["n_models"] for number in (4, 5, 6)] == [2, 2, 1]


def test_a_model_that_failed_or_was_not_judged_on_test_does_not_count(meta: Meta) -> None:
    judge(meta, 1, "tree", status="failed")
    MADE["add_model"](meta, meta.versions("churn")[0], "line")
    meta.set_rows(ERROR_RATES, {"model_run_id": "churn-1-line"}, [])
    assert uses(meta, 1)["n_models"] == 0


def test_the_best_has_its_interval_widened(meta: Meta) -> None:
    for i in range(12):
        judge(meta, 1, f"m{i}", auc=0.5 + i / 100)
    best = uses(meta, 1)["best"]
    assert (best["model"], best["estimate"]) == ("m11", 0.61)
    assert best["widened_low"] == pytest.approx(0.61 - 0.1 * 1.4617, abs=1e-3)
    assert finding_on_test(uses(meta, 1)).outcome == "warn"
