"""What each split holds, and whether every row is accounted for."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import ibis
import polars as pl
import pytest

from checks.sizes import accounted, empty_splits, labels, split_sizes, unused_rows

TIMES = ("first_time", "last_time")


def bound(**columns: Any) -> Any:
    con = duckdb.connect()
    con.register("_frame", pl.DataFrame(columns).to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def sizes_of(target: str | None = None, time: str | None = None, **columns: Any) -> dict[str, dict[str, Any]]:
    columns = {"_entity": [str(i) for i in range(len(columns["_split"]))]} | columns
    return {row["split"]: row for row in split_sizes(bound(**columns), target=target, time=time)}


def test_rows_entities_and_times_are_counted_by_split() -> None:
    found = sizes_of(
        time="day",
        _entity=["a", "a", "b", "c", "d"],
        _split=["train", "train", "train", "dev", None],
        day=[date(2013, 1, 2), None, date(2013, 1, 1), date(2013, 2, 1), date(2014, 1, 1)],
    )

    common = {"n_unlabelled": 0, "label": None}
    january, february = {"first_time": "2013-01-01", "last_time": "2013-01-02"}, dict.fromkeys(TIMES, "2013-02-01")
    assert found == {
        "train": {"split": "train", "n_rows": 3, "n_entities": 2} | january | common,
        "dev": {"split": "dev", "n_rows": 1, "n_entities": 1} | february | common,
    }


def test_without_time_there_is_no_time() -> None:
    found = sizes_of(_split=["train"])

    assert (found["train"]["first_time"], found["train"]["last_time"]) == (None, None)


@pytest.mark.parametrize(
    ("late", "shares"),
    [
        (["yes", "no", "no", None], {"no": 2 / 3, "yes": 1 / 3}),
        ([True, False, False, None], {"false": 2 / 3, "true": 1 / 3}),
        ([1, 0, 0, None], {"0": 2 / 3, "1": 1 / 3}),
    ],
    ids=["text", "boolean", "integer"],
)
def test_classes_have_shares_of_the_labelled_rows(late: list[Any], shares: dict[str, float]) -> None:
    found = sizes_of("late", _split=["train"] * 4, late=late)

    assert found["train"]["n_unlabelled"] == 1
    assert found["train"]["label"] == {"kind": "classes", "shares": pytest.approx(shares)}


def test_shares_are_of_each_split_by_itself() -> None:
    found = sizes_of("late", _split=["train", "train", "dev"], late=["yes", "no", "no"])

    assert found["train"]["label"]["shares"] == {"no": 0.5, "yes": 0.5}
    assert found["dev"]["label"]["shares"] == {"no": 1.0}


def test_a_float_has_mean_and_standard_deviation() -> None:
    found = sizes_of("y", _split=["train"] * 3 + ["dev"], y=[1.0, 2.0, 3.0, 5.0])

    assert found["train"]["label"] == {"kind": "numeric", "mean": 2.0, "sd": 1.0}
    assert found["dev"]["label"] == {"kind": "numeric", "mean": 5.0, "sd": None}


@pytest.mark.parametrize(("n_values", "kind"), [(20, "classes"), (21, "numeric")])
def test_an_integer_of_more_than_20_values_is_a_number(n_values: int, kind: str) -> None:
    found = sizes_of("y", _split=["train"] * n_values, y=list(range(n_values)))

    assert found["train"]["label"]["kind"] == kind


def test_a_text_of_more_than_20_values_has_no_label_to_show() -> None:
    found = sizes_of("y", _split=["train"] * 21, y=[f"v{i}" for i in range(21)])

    assert found["train"]["label"] is None


def test_a_split_without_label_shows_none() -> None:
    found = sizes_of("y", _split=["train", "train", "dev"], y=["a", "b", None])

    assert (found["dev"]["n_unlabelled"], found["dev"]["label"]) == (1, None)


@pytest.mark.parametrize("target", ["split", "label", "n", "n_rows", "mean"])
def test_a_target_may_have_any_name(target: str) -> None:
    found = sizes_of(target, _split=["train", "train"], **{target: ["a", "b"]})

    assert found["train"]["label"]["shares"] == {"a": 0.5, "b": 0.5}


def test_unused_rows_are_counted_by_reason() -> None:
    table = bound(
        _split=["train", None, None, None], _unused=[None, "held back", "no time", "held back"], y=[1, None, 2, 3]
    )

    assert unused_rows(table, target="y") == [
        {"n_unlabelled": 1, "reason": "held back", "n_rows": 2},
        {"n_unlabelled": 0, "reason": "no time", "n_rows": 1},
    ]


def test_a_target_that_is_not_a_number_is_no_label() -> None:
    nan = float("nan")
    found = sizes_of("y", _split=["train"] * 4, y=[1.0, 3.0, nan, None])
    assert (found["train"]["n_unlabelled"], found["train"]["label"]["mean"]) == (2, 2.0)
    (unused,) = unused_rows(bound(_split=[None, None], _unused=["x", "x"], y=[nan, 1.0]), target="y")
    assert unused["n_unlabelled"] == 1


def test_without_target_no_unused_row_is_unlabelled() -> None:
    assert unused_rows(bound(_split=["train", None], _unused=[None, "x"]), target=None) == [
        {"n_unlabelled": 0, "reason": "x", "n_rows": 1}
    ]


@pytest.mark.parametrize(
    ("unused", "n_rows", "outcome"),
    [
        ([], 10, "pass"),
        ([{"reason": "no time", "n_rows": 2}], 12, "pass"),
        ([{"reason": "held back", "n_rows": 2}], 12, "warn"),
        ([], 11, "fail"),
        ([{"reason": "held back", "n_rows": 2}], 11, "fail"),
        ([{"reason": None, "n_rows": 2}], 12, "fail"),
    ],
    ids=["all placed", "with a reason", "held back", "one lost", "one too many", "without a reason"],
)
def test_every_row_has_a_split_or_a_reason(unused: list[dict[str, Any]], n_rows: int, outcome: str) -> None:
    found = accounted([{"n_rows": 7}, {"n_rows": 3}], unused, n_rows=n_rows)

    assert (found.code, found.outcome) == ("SPLIT1", outcome)


def test_held_back_rows_are_said_with_their_share() -> None:
    found = accounted([{"n_rows": 750}], [{"reason": "held back", "n_rows": 250}], n_rows=1000)

    assert "250 of them held back (25.0%)" in found.seen


def test_no_row_at_all_is_accounted_for() -> None:
    assert accounted([], [], n_rows=0).outcome == "pass"


def test_a_split_that_was_asked_for_and_is_empty_warns() -> None:
    found = empty_splits([{"split": "train"}, {"split": "dev"}], ["train", "dev", "test"])

    assert (found.code, found.outcome) == ("SPLIT2", "warn")
    assert "test" in found.seen


def test_splits_that_all_have_rows_pass() -> None:
    assert empty_splits([{"split": "dev"}, {"split": "train"}], ["train", "dev"]).outcome == "pass"


def size(split: str, n_unlabelled: int, shares: dict[str, float] | None) -> dict[str, Any]:
    label = None if shares is None else {"kind": "classes", "shares": shares}
    return {"split": split, "n_rows": 10, "n_unlabelled": n_unlabelled, "label": label}


@pytest.mark.parametrize(
    ("dev", "outcome"),
    [
        (size("dev", 0, {"a": 0.5, "b": 0.5}), "pass"),
        (size("dev", 9, {"a": 0.5, "b": 0.5}), "pass"),
        (size("dev", 0, None), "pass"),
        (size("dev", 10, None), "warn"),
        (size("dev", 0, {"a": 1.0}), "warn"),
    ],
    ids=["two classes", "mostly unlabelled", "a text of many values", "unlabelled", "one class"],
)
def test_a_split_needs_labels_of_more_than_one_class(dev: dict[str, Any], outcome: str) -> None:
    found = labels([size("train", 0, {"a": 0.5, "b": 0.5}), dev], "y")

    assert (found.code, found.outcome) == ("TARGET1", outcome)
    assert ("dev" in found.seen) == (outcome == "warn")


def test_a_numeric_target_is_never_of_one_class() -> None:
    row = {"split": "train", "n_rows": 1, "n_unlabelled": 0, "label": {"kind": "numeric", "mean": 1.0, "sd": None}}

    assert labels([row], "y").outcome == "pass"


def test_without_target_labels_are_not_applicable() -> None:
    assert labels([size("train", 0, None)], None).outcome == "not_applicable"


def test_labels_whose_squares_are_no_numbers_still_have_a_mean_and_a_standard_deviation() -> None:
    label = sizes_of("y", _split=["train"] * 30, y=[1e300 * i for i in range(30)])["train"]["label"]
    assert label["mean"] == pytest.approx(14.5e300)
    assert label["sd"] == pytest.approx(8.803408430829505e300)


def test_an_infinite_target_is_no_label() -> None:
    found = sizes_of("y", _split=["train"] * 3, y=[1.0, float("inf"), -float("inf")])["train"]
    assert (found["n_unlabelled"], found["label"]["mean"]) == (2, 1.0)
