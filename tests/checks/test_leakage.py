"""What crosses splits, counted exactly."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.finding import Finding
from checks.leakage import identical_rows, shared_entities

SPLITS = ("train", "train_dev", "dev", "test", None)


def bound(frame: pl.DataFrame) -> Any:
    con = duckdb.connect()
    con.register("_frame", frame.to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def rows(*given: tuple[Any, ...], columns: str = "a b _split") -> Any:
    return bound(pl.DataFrame(given, schema=columns.split(), orient="row"))


def number(found: Finding) -> int:
    """The count that a finding begins with; 0 when it passes."""
    told = re.match(r"([\d,]+) row", found.seen)
    return int(told.group(1).replace(",", "")) if told else 0


def entities(*given: tuple[str, str | None]) -> Any:
    return bound(pl.DataFrame(given, schema={"_entity": pl.String, "_split": pl.String}, orient="row"))


def test_entities_that_stay_in_one_split_pass() -> None:
    table = entities(("a", "train"), ("a", "train"), ("b", "dev"), ("c", "test"), ("c", None))

    found = shared_entities(table, apart="everywhere")

    assert (found.code, found.outcome) == ("LEAK1", "pass")
    assert "0 of 3 entities" in found.seen


@pytest.mark.parametrize(
    "pair",
    [
        ("train", "train_dev"),
        ("train", "dev"),
        ("train", "test"),
        ("train_dev", "dev"),
        ("train_dev", "test"),
        ("dev", "test"),
    ],
)
def test_an_entity_in_any_two_splits_blocks(pair: tuple[str, str]) -> None:
    found = shared_entities(entities(("a", pair[0]), ("a", pair[1]), ("b", "train")), apart="everywhere")

    assert found.outcome == "fail"
    assert "1 of 2 entities" in found.seen


def test_an_entity_in_three_splits_is_counted_once() -> None:
    found = shared_entities(entities(("a", "train"), ("a", "dev"), ("a", "test"), ("b", "dev")), apart="pool")

    assert found.outcome == "fail"
    assert "1 of 2 entities are in two splits of one pool" in found.seen
    assert "1 are in both pools" in found.seen


@pytest.mark.parametrize("pair", [("train", "dev"), ("train", "test"), ("train_dev", "dev"), ("train_dev", "test")])
def test_apart_pool_allows_an_entity_in_both_pools_and_counts_it(pair: tuple[str, str]) -> None:
    found = shared_entities(entities(("a", pair[0]), ("a", pair[1]), ("b", "train")), apart="pool")

    assert found.outcome == "pass"
    assert "0 of 2 entities" in found.seen
    assert "1 are in both pools" in found.seen


@pytest.mark.parametrize("pair", [("train", "train_dev"), ("dev", "test")])
def test_apart_pool_keeps_the_splits_of_a_pool_apart(pair: tuple[str, str]) -> None:
    assert shared_entities(entities(("a", pair[0]), ("a", pair[1])), apart="pool").outcome == "fail"


@pytest.mark.parametrize("apart", ["everywhere", "pool"])
def test_a_table_in_no_split_shares_nothing(apart: Any) -> None:
    assert shared_entities(entities(("a", None), ("a", None)), apart=apart).outcome == "pass"


@settings(max_examples=30, deadline=None)
@given(given=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(SPLITS)), min_size=1, max_size=12))
def test_shared_entities_are_those_that_python_counts(given: list[tuple[str, str | None]]) -> None:
    splits = defaultdict(set)
    for entity, split in given:
        if split:
            splits[entity].add(split)
    n_shared = sum(len(found) > 1 for found in splits.values())

    found = shared_entities(entities(*given), apart="everywhere")

    assert found.outcome == ("fail" if n_shared else "pass")
    assert found.seen.startswith(f"{n_shared} of {len(splits)} ")


VALUES = st.tuples(
    st.none() | st.integers(0, 2), st.none() | st.sampled_from(["", "x", "0"]), st.none() | st.booleans()
)


@settings(max_examples=40, deadline=None)
@given(given=st.lists(st.tuples(VALUES, st.sampled_from(SPLITS)), min_size=1, max_size=14))
def test_rows_with_a_copy_in_another_split_are_those_that_python_counts(given: list[tuple[Any, str | None]]) -> None:
    splits = defaultdict(list)
    for values, split in given:
        if split:
            splits[values].append(split)
    expected = sum(len(found) for found in splits.values() if len(set(found)) > 1)
    schema = {"n": pl.Int64, "s": pl.String, "b": pl.Boolean, "_split": pl.String}
    table = bound(pl.DataFrame([(*values, split) for values, split in given], schema=schema, orient="row"))

    found = identical_rows(table, ["n", "s", "b"], has_key=False)

    assert (number(found), found.outcome) == (expected, "fail" if expected else "pass")


def test_every_row_of_a_kind_that_crosses_is_counted() -> None:
    table = rows((1, 1, "train"), (1, 1, "train"), (1, 1, "dev"), (2, 2, "train"), (2, 2, "train"), (3, 3, None))

    found = identical_rows(table, ["a", "b"], has_key=False)

    assert (found.code, found.outcome, number(found)) == ("LEAK2", "fail", 3)


def test_with_a_key_copies_warn() -> None:
    others = [(i, -i, ("train", "dev")[i % 2]) for i in range(2, 40)]

    assert identical_rows(rows((1, 1, "train"), (1, 1, "test"), *others), ["a", "b"], has_key=True).outcome == "warn"


def shirts(n: int = 600) -> pl.DataFrame:
    """Things of few columns: every kind of them stands in every split."""
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "colour": rng.choice(["blue", "red", "white"], n),
            "size": rng.integers(36, 46, n),
            "price": rng.integers(10, 40, n),
            "_split": rng.choice(["train", "dev", "test"], n, p=[0.8, 0.1, 0.1]),
        }
    )


def test_with_a_key_as_many_copies_as_chance_gives_say_nothing_and_that_is_said() -> None:
    found = identical_rows(bound(shirts()), ["colour", "size", "price"], has_key=True)

    assert found.outcome == "cannot_tell"
    n_pairs, by_chance = map(float, re.findall(r": (\d+) pairs, where independent .* give ([\d.]+)", found.seen)[0])
    assert n_pairs == pytest.approx(by_chance, rel=0.5)


def test_with_a_key_more_copies_than_chance_gives_warn() -> None:
    rng = np.random.default_rng(1)
    frame = shirts().with_columns(weight=pl.Series(rng.normal(size=600)))
    copies = frame.filter(pl.col("_split") == "train").head(3).with_columns(_split=pl.lit("test"))

    found = identical_rows(bound(pl.concat([frame, copies])), ["colour", "size", "price", "weight"], has_key=True)

    assert (found.outcome, number(found)) == ("warn", 6)


def test_rows_whose_values_swap_columns_are_not_identical() -> None:
    assert identical_rows(rows((1, 2, "train"), (2, 1, "dev")), ["a", "b"], has_key=False).outcome == "pass"


def test_rows_of_one_value_in_all_columns_are_not_all_identical() -> None:
    assert identical_rows(rows((1, 1, "train"), (2, 2, "dev")), ["a", "b"], has_key=False).outcome == "pass"


def test_nulls_equal_nulls() -> None:
    table = rows((1, None, "train"), (1, None, "dev"), (2, None, "dev"), (None, 1, "test"))

    assert number(identical_rows(table, ["a", "b"], has_key=False)) == 2


def test_a_row_of_nothing_but_nulls_has_copies_too() -> None:
    table = bound(pl.DataFrame({"a": [None, None], "_split": ["train", "dev"]}, schema_overrides={"a": pl.Int64}))

    assert number(identical_rows(table, ["a"], has_key=False)) == 2


def test_only_the_named_columns_are_compared() -> None:
    assert number(identical_rows(rows((1, 5, "train"), (1, 6, "dev")), ["a"], has_key=False)) == 2


def test_an_unused_row_is_no_copy() -> None:
    assert identical_rows(rows((1, 1, "train"), (1, 1, None)), ["a", "b"], has_key=False).outcome == "pass"


def test_lists_and_structs_are_compared_too() -> None:
    frame = pl.DataFrame({"l": [[1, 2], [1, 2], [2, 1]], "s": [{"k": 1}] * 3, "_split": ["train", "dev", "test"]})

    assert number(identical_rows(bound(frame), ["l", "s"], has_key=False)) == 2


def test_columns_may_have_any_name() -> None:
    table = rows((1, 1, 1, 1, "train"), (1, 1, 1, 1, "dev"), columns="n first last n_rows _split")

    assert number(identical_rows(table, ["n", "first", "last", "n_rows"], has_key=False)) == 2


def test_zeros_of_either_sign_and_all_nans_are_equal() -> None:
    frame = pl.DataFrame({"x": [0.0, -0.0, float("nan"), -float("nan")], "_split": ["train", "dev", "train", "dev"]})

    assert number(identical_rows(bound(frame), ["x"], has_key=False)) == 4


def test_without_a_column_to_compare_the_question_has_no_meaning() -> None:
    assert identical_rows(rows((1, 1, "train")), [], has_key=False).outcome == "not_applicable"
