"""A contract as people write it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from checks.contract import ColumnPromise, Contract, ExpressionPromise, UniquePromise


def test_a_column_may_be_given_by_its_type_alone() -> None:
    assert Contract(columns={"a": "integer"}) == Contract(columns={"a": {"type": "integer"}})


def test_a_column_that_is_named_is_not_nullable_unless_it_says_so() -> None:
    contract = Contract(columns={"a": "integer", "b": {"nullable": True}})

    assert [promise.nullable for promise in contract.columns.values()] == [False, True]


@pytest.mark.parametrize(
    ("written", "columns"),
    [
        ("a", [("a",)]),
        (["a", "b"], [("a",), ("b",)]),
        ([["a", "b"]], [("a", "b")]),
        ([["a", "b"], "c", {"columns": "d", "severity": "warn"}], [("a", "b"), ("c",), ("d",)]),
        ({"columns": ["a", "b"]}, [("a", "b")]),
    ],
)
def test_unique_may_be_written_short_and_long(written: Any, columns: list[tuple[str, ...]]) -> None:
    assert [promise.columns for promise in Contract(unique=written).unique] == columns


def test_what_is_unique_may_say_its_severity() -> None:
    written = [["a"], {"columns": ["b"], "severity": "block"}]

    assert Contract(unique=written).unique == (
        UniquePromise(columns=("a",)),
        UniquePromise(columns=("b",), severity="block"),
    )


def test_a_rule_may_be_its_condition_alone() -> None:
    assert Contract(rules={"r": "a < b"}).rules == {"r": ExpressionPromise(expr="a < b", severity="reject")}


@pytest.mark.parametrize("kind", ["int", "Integer", "varchar", "decimal", "decimal(5)", "decimal(5,2) ", ""])
def test_an_unknown_type_is_told_with_the_types_that_there_are(kind: str) -> None:
    with pytest.raises(ValidationError, match=r"is no type; there are string, integer, .*decimal\(p, s\)"):
        ColumnPromise(type=kind)


@pytest.mark.parametrize("written", ["planes", "a.b.c", ".b", "a.", ""])
def test_references_name_a_dataset_and_a_column(written: str) -> None:
    with pytest.raises(ValidationError, match=r"write `dataset\.column`"):
        ColumnPromise(references=written)


def test_references_to_a_column_are_accepted() -> None:
    assert ColumnPromise(references="planes.tailnum").references == "planes.tailnum"


@pytest.mark.parametrize(
    ("promised", "kind", "is_held"),
    [
        (None, "BLOB", True),
        ("integer", "TINYINT", True),
        ("integer", "BIGINT", True),
        ("integer", "HUGEINT", False),
        ("integer", "VARCHAR", False),
        ("integer", "BIGINT[]", False),
        ("float", "FLOAT", True),
        ("float", "DOUBLE", True),
        ("float", "DECIMAL(5,2)", False),
        ("string", "VARCHAR", True),
        ("string", "VARCHAR[]", False),
        ("boolean", "BOOLEAN", True),
        ("date", "DATE", True),
        ("date", "TIMESTAMP", False),
        ("timestamp", "TIMESTAMP", True),
        ("timestamp", "TIMESTAMP_NS", True),
        ("timestamp", "TIMESTAMP WITH TIME ZONE", False),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE", True),
        ("timestamptz", "TIMESTAMP", False),
        ("decimal(5, 2)", "DECIMAL(5,2)", True),
        ("decimal(5,2)", "DECIMAL(5,2)", True),
        ("decimal(5, 2)", "DECIMAL(6,2)", False),
        ("list", "INTEGER[]", True),
        ("list", "INTEGER", False),
        ("struct", "STRUCT(a INTEGER)", True),
        ("struct", "STRUCT(a INTEGER,\n b VARCHAR)", True),
        ("struct", "VARCHAR", False),
    ],
)
def test_a_promised_type_is_held_by_the_types_that_are_it(promised: str | None, kind: str, is_held: bool) -> None:
    assert ColumnPromise(type=promised).is_held_by(kind) == is_held


def test_a_list_of_structs_is_a_list_and_no_struct() -> None:
    kind = "STRUCT(a INTEGER)[]"

    assert ColumnPromise(type="list").is_held_by(kind)
    assert not ColumnPromise(type="struct").is_held_by(kind)


@pytest.mark.parametrize(
    ("promised", "cast"),
    [
        (None, None),
        ("integer", "BIGINT"),
        ("decimal(5, 2)", "DECIMAL(5,2)"),
        ("list", None),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
    ],
)
def test_a_promised_type_is_cast_to_one_type_of_duckdb(promised: str | None, cast: str | None) -> None:
    assert ColumnPromise(type=promised).cast == cast


@pytest.mark.parametrize("value", [True, 1, 1.5, "1"])
def test_a_bound_keeps_its_type(value: Any) -> None:
    (kept,) = ColumnPromise.model_validate({"in": [value]}).in_ or ()

    assert (kept, type(kept)) == (value, type(value))


@pytest.mark.parametrize(
    "written",
    [
        {"column": {}},
        {"columns": {"a": {"maximum": 3}}},
        {"columns": {"a": {"severity": "drop"}}},
        {"max_rejected_share": 5},
    ],
)
def test_unknown_keys_and_values_are_errors(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Contract.model_validate(written)


def test_the_canonical_form_does_not_depend_on_how_a_contract_was_written() -> None:
    short = Contract.model_validate(
        {"columns": {"a": "integer", "b": {"in": [1, 2]}}, "unique": "a", "rules": {"r": "a < b"}}
    )
    long = Contract.model_validate(
        {
            "columns": {"a": {"type": "integer", "nullable": False}, "b": {"in": (1, 2)}},
            "unique": [{"columns": ["a"], "severity": "reject"}],
            "rules": {"r": {"expr": "a < b"}},
        }
    )

    assert short.to_canonical() == long.to_canonical()
    assert Contract.model_validate(short.to_canonical()) == short
