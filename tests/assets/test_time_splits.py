"""Splits by time as a dataset has them: cuts found once or anew, entities whole, and what their audit says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from assets.project import Project
from warehouse.client import Warehouse

YAML = "source: HERE/*.csv\nkey: id\ntime: sold_on\nsplits: "
Sale = tuple[int, str, str]  # id, day of January 2024 or "", customer


def csv(sales: Sequence[Sale]) -> str:
    lines = [f"{number},{f'2024-01-{int(day):02}' if day else ''},{customer}" for number, day, customer in sales]
    return "\n".join(["id,sold_on,customer", *lines]) + "\n"


def first(make_versions: Any, splits: str, sales: Sequence[Sale]) -> Any:
    versions = make_versions(YAML + splits)
    versions.write("a.csv", csv(sales))
    return versions


def places(frame: pl.DataFrame) -> dict[int, str]:
    """Where each sale is: its split, or why it has none."""
    return {row["id"]: row["_split"] or row["_unused"] for row in frame.to_dicts()}


def test_cuts_gap_and_rows_without_time(make_versions) -> None:
    sales = [(1, "1", "a"), (2, "9", "a"), (3, "10", "a"), (4, "19", "a"), (5, "20", "b"), (6, "", "b"), (7, "8", "b")]
    versions = first(make_versions, "{time: {dev: 2024-01-10, test: 2024-01-20, gap: 1d}}", sales)
    found = places(versions.publish())
    assert found == {1: "train", 2: "gap", 3: "dev", 4: "gap", 5: "test", 6: "no time", 7: "train"}


def test_the_last_days_are_found_at_version_1_and_stay(make_versions) -> None:
    sales = [(day, str(day), "a") for day in range(1, 11)]
    versions = first(make_versions, "{time: {dev: 2d, test: 3d}}", sales)
    before = versions.publish()
    assert places(before) == {day: "train" if day < 6 else "dev" if day < 8 else "test" for day in range(1, 11)}
    versions.write("b.csv", csv([(day, str(day), "a") for day in range(11, 21)]))
    after = versions.publish()
    assert places(after) | places(before) == places(after)
    assert list(places(after).values()).count("test") == 13
    kept = {name: versions.facts["time"][name] for name in ("dev", "test", "newest", "tested")}
    dev, test, newest = "2024-01-06T00:00:00", "2024-01-08T00:00:00", "2024-01-20T00:00:00"
    assert kept == {"dev": dev, "test": test, "newest": newest, "tested": [[dev, newest]]}


def test_shares_of_rows_are_drawn_as_shares_of_rows(make_project: Any, run_project: Any) -> None:
    sales = [(day, str(day), "a") for day in range(1, 11)]
    root = make_project({"t.yaml": YAML.replace("HERE/*", "t") + "{time: {}}\n"}, {"t.csv": csv(sales)})
    run_project(root)
    with Warehouse(Project.open(root).settings) as warehouse:
        (audit,) = warehouse.meta.steps("t", step="audit")
    (drawn,) = [one for one in audit.detail["split_figures"] if one["kind"] == "shares"]
    assert (drawn["title"], drawn["thing"]) == ("t: share of rows asked and got", "rows")
    assert {split: row["n"] for split, row in drawn["series"].items()} == {"train": 8, "dev": 1, "test": 1}


@pytest.mark.slow
def test_shares_of_rows_find_the_cuts_and_rows_of_one_moment_go_together(make_versions) -> None:
    days = [1, 2, 3, 4, 5, 6, 7, 7, 7, 8]
    versions = first(make_versions, "{time: {}}", [(i, str(day), "a") for i, day in enumerate(days)])
    found = places(versions.publish())
    # 10 % of ten rows is the last one; the next 10 % is the whole of the 7th.
    assert found == {**dict.fromkeys(range(6), "train"), **dict.fromkeys((6, 7, 8), "dev"), 9: "test"}


def test_an_entity_is_where_it_was_first_seen_and_a_late_early_row_moves_nothing(make_versions) -> None:
    sales = [(1, "2", "old"), (2, "12", "old"), (3, "12", "new"), (4, "22", "new"), (5, "22", "newest")]
    versions = first(make_versions, "{time: {dev: 2024-01-10, test: 2024-01-20}, entity: customer}", sales)
    before = versions.publish()
    assert places(before) == {1: "train", 2: "held back", 3: "dev", 4: "held back", 5: "test"}
    versions.write("b.csv", csv([(6, "1", "newest"), (7, "11", "newest"), (8, "23", "newest"), (9, "23", "old")]))
    after = versions.publish()
    assert places(after) | places(before) == places(after)
    assert places(after) == places(before) | {6: "held back", 7: "held back", 8: "test", 9: "held back"}


@pytest.mark.slow
def test_by_pool_an_entity_is_in_train_and_later_in_dev_or_test_but_not_in_both(make_versions) -> None:
    sales = [(1, "2", "old"), (2, "12", "old"), (3, "22", "old"), (4, "22", "new"), (5, "3", "other")]
    versions = first(make_versions, "{time: {dev: 2024-01-10, test: 2024-01-20}, entity: customer, apart: pool}", sales)
    before = versions.publish()
    assert places(before) == {1: "train", 2: "dev", 3: "held back", 4: "test", 5: "train"}
    versions.write("b.csv", csv([(6, "12", "new"), (7, "1", "new"), (8, "12", "other"), (9, "25", "other")]))
    after = versions.publish()
    assert places(after) | places(before) == places(after)
    assert places(after) == places(before) | {6: "held back", 7: "train", 8: "dev", 9: "held back"}


@pytest.mark.slow
def test_without_a_key_identical_rows_share_a_split_even_if_time_does_not_tell_them_apart(make_versions) -> None:
    text = "source: HERE/*.csv\ntime: sold_on\nnot_features: [sold_on]\nsplits: {time: {test: 2024-01-20}}\n"
    versions = make_versions(text)
    versions.write("a.csv", csv([(1, "1", "a"), (1, "22", "a"), (2, "22", "a")]))
    found = versions.publish()
    assert found.select("_split", "_unused").rows() == [("train", None), (None, "held back"), ("test", None)]


ROLLING = "{time: {dev: 3d, test: 3d, roll: true}}"


def week(first: int, last: int) -> list[Sale]:
    return [(day, str(day), "a") for day in range(first, last + 1)]


def test_rolling_cuts_move_on_and_no_row_passes_from_dev_or_test_into_train(make_versions) -> None:
    versions = first(make_versions, ROLLING, week(1, 10))
    one = places(versions.publish())
    versions.write("b.csv", csv(week(11, 14)))
    two = places(versions.publish())
    versions.write("c.csv", csv(week(15, 24)))
    three = places(versions.publish())
    assert one == {d: "train" if d < 5 else "dev" if d < 8 else "test" for d in range(1, 11)}
    assert two == {d: "train" if d < 5 else "tested" if d < 9 else "dev" if d < 12 else "test" for d in range(1, 15)}
    # Version 2 tested up to the 14th: the 15th to 18th are new, and the first that train gains.
    expected = {d: "train" if d < 5 else "tested" if d < 15 else "train" if d < 19 else "dev" for d in range(1, 22)}
    assert three == expected | {22: "test", 23: "test", 24: "test"}


@pytest.mark.slow
def test_released_rows_pass_into_train(make_versions) -> None:
    versions = first(make_versions, ROLLING.replace("true", "true, release: true"), week(1, 10))
    versions.publish()
    versions.write("b.csv", csv(week(11, 14)))
    two = places(versions.publish())
    assert two == {d: "train" if d < 9 else "dev" if d < 12 else "test" for d in range(1, 15)}


@pytest.mark.slow
def test_what_an_earlier_policy_tested_on_does_not_pass_into_train_either(make_versions) -> None:
    versions = first(make_versions, ROLLING, week(1, 10))
    versions.publish()
    versions.say(YAML + ROLLING.replace("dev: 3d", "dev: 2d"))
    versions.write("b.csv", csv(week(11, 14)))
    two = places(versions.publish())
    # Another policy: what the first one tested on is not train, what it trained on is not dev.
    assert two == {d: "train" if d < 5 else "tested" if d < 10 else "dev" if d < 12 else "test" for d in range(1, 15)}


@pytest.mark.slow
def test_cuts_do_not_roll_back_when_the_newest_rows_go(make_versions) -> None:
    versions = first(make_versions, ROLLING, week(1, 10))
    versions.say((YAML + ROLLING).replace("HERE/*.csv", "{path: HERE/*.csv, mode: replace}"))
    versions.publish()
    versions.write("a.csv", csv(week(1, 8)))
    assert places(versions.publish()) == {d: "train" if d < 5 else "dev" if d < 8 else "test" for d in range(1, 9)}


@pytest.mark.slow
def test_a_rolling_entity_stays_on_its_side_of_the_first_cut(make_versions) -> None:
    sales = [(1, "1", "old"), (2, "5", "dev"), (3, "9", "test"), (4, "10", "old")]
    versions = first(make_versions, "{time: {dev: 3d, test: 3d, roll: true}, entity: customer}", sales)
    assert places(versions.publish()) == {1: "train", 2: "dev", 3: "test", 4: "held back"}
    later = [(5, "20", "old"), (6, "20", "test"), (7, "18", "dev"), (8, "12", "dev"), (9, "12", "fresh")]
    versions.write("b.csv", csv([*later, (10, "20", "dev")]))
    found = places(versions.publish())
    # Cuts are now the 15th and the 18th: what lies between the 11th and the 14th is train's, but not of `dev`.
    expected = {1: "train", 2: "tested", 3: "tested", 4: "tested", 5: "held back", 6: "test", 7: "test"}
    assert found == expected | {8: "held back", 9: "train", 10: "test"}


def test_what_another_policy_trained_on_is_not_tested_on(make_versions) -> None:
    early = [(i, "2", f"early{i}") for i in range(8)]
    versions = first(make_versions, "{entity: customer}", [*early, *((i, "22", f"late{i}") for i in range(10, 18))])
    before = versions.publish()
    trained = set(before.filter(_split="train")["customer"])
    versions.write("b.csv", csv([(i, "25", f"early{i - 20}") for i in range(20, 28)]))
    versions.say(f"{YAML}{{time: {{dev: 2024-01-10, test: 2024-01-20}}, entity: customer, apart: pool}}")
    after = versions.publish()
    tested = set(after.filter(pl.col("_split") == "test")["customer"])
    # Rows that were trained on lie behind the cut of the late ones alone; the early ones come again, as in production.
    assert tested == {f"early{i}" for i in range(8)} | {f"late{i}" for i in range(10, 18)} - trained
    assert set(after.filter(_unused="trained on")["customer"]) == {c for c in trained if c.startswith("late")} != set()


def test_the_audit_says_that_a_gap_is_longer_than_the_data_and_that_nothing_overlaps(make_project, run_project) -> None:
    yaml = f"{YAML}{{time: {{gap: 60d}}}}\n".replace("HERE/*", "a")
    root = make_project({"sales.yaml": yaml}, {"a.csv": csv(week(1, 20))})
    found = {f["code"]: (f["outcome"], f["seen"]) for f in run_project(root).datasets[0].findings}
    empty = "no row is in train, dev; the gap of 60d before dev and test takes 18 rows"
    assert found["SPLIT2"] == ("warn", empty)
    assert found["LEAK6"] == (
        "pass",
        "each split begins after the ones before it end and the gap of 60 days: test to 2024-01-20",
    )
    assert found["LEAK1"] == ("pass", "0 of 2 entities are in two splits")
    assert "SPLIT8" not in found


@pytest.mark.slow
@pytest.mark.parametrize(("more_said", "outcome", "n_train"), [("", "pass", 4), (", release: true", "warn", 8)])
def test_the_audit_counts_what_rolled_on(make_project, run_project, more_said: str, outcome: str, n_train: int) -> None:
    yaml = (YAML + ROLLING.replace("true", f"true{more_said}")).replace("HERE", "data")
    root = make_project({"sales.yaml": yaml}, {"data/a.csv": csv(week(1, 10))})
    run_project(root)
    (root / "data" / "b.csv").write_text(csv(week(11, 14)), "utf-8")
    result = run_project(root).datasets[0]
    found = {f["code"]: f for f in result.findings}
    assert (found["SPLIT8"]["outcome"], found["LEAK6"]["outcome"]) == (outcome, "pass")
    assert "4 rows" in found["SPLIT8"]["seen"]
    assert next(row["n_rows"] for row in result.splits if row["split"] == "train") == n_train
