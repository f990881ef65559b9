"""Contracts as pandera says them, there and back."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl
import pytest

from checks.contract import Contract
from checks.errors import CheckError, NotSayable
from checks.pandera_contract import from_pandera, to_pandera

FULL = Contract.model_validate(
    {
        "columns": {
            "id": {"type": "integer", "unique": True, "min": 1, "max": 99},
            "carrier": {"type": "string", "in": ["UA", "AA"], "pattern": "^[A-Z]+$", "nullable": True},
            "speed": {"type": "float", "in": [0.5, 1.0]},
            "cost": {"type": "decimal(8, 2)", "max": Decimal("9.5")},
            "day": {"type": "date", "min": date(2013, 1, 1)},
            "at": {"type": "timestamp", "max": datetime(2014, 1, 1)},
            "sure": "boolean",
            "free": {},
            "tail": {"type": "string", "references": "planes.tailnum"},
        },
        "unique": [["day", "carrier"], ["id"], ["at", "tail"]],
        "rules": {"order": "day < at", "known": {"expr": "free > 0", "severity": "warn"}},
    }
)


def test_a_contract_survives_the_way_there_and_back() -> None:
    assert from_pandera(to_pandera(FULL)) == FULL


def test_what_pandera_cannot_say_is_listed_in_the_metadata() -> None:
    assert to_pandera(FULL).metadata == {
        "gristmill": {
            "rules": {"order": {"expr": "day < at"}, "known": {"expr": "free > 0", "severity": "warn"}},
            "references": {"tail": "planes.tailnum"},
        }
    }


def test_a_key_comes_back_as_columns_that_are_never_missing_and_together_unique() -> None:
    contract = from_pandera(to_pandera(Contract(), key=["a", "b"]))

    assert contract == Contract(columns={"a": {}, "b": {}}, unique=[["a", "b"]])


GOOD: dict[str, Any] = {"id": 1, "carrier": "UA", "speed": 1.0, "cost": Decimal("9.5"), "day": date(2013, 1, 1)}
GOOD |= {"at": datetime(2014, 1, 1), "sure": True, "free": 1, "tail": "N1"}


@pytest.mark.parametrize(
    "bad",
    [
        {"id": 0}, {"id": 100}, {"carrier": "ZZ"}, {"speed": 0.7}, {"speed": None}, {"cost": Decimal("9.51")},
        {"day": date(2012, 12, 31)}, {"at": datetime(2014, 1, 2)}, {"sure": None}, {"free": None},
    ],
    ids=str,
)  # fmt: skip
def test_the_schema_accepts_the_good_row_and_reports_the_bad_one(bad: dict[str, Any]) -> None:
    other = {"id": 2, "day": date(2013, 1, 2), "at": datetime(2013, 1, 1)}
    schema = to_pandera(FULL)

    assert schema.validate(pl.DataFrame([GOOD, GOOD | other]), lazy=True).height == 2
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        schema.validate(pl.DataFrame([GOOD, GOOD | other | bad]), lazy=True)
    assert set(caught.value.failure_cases["index"]) == {1}


def test_several_lists_of_columns_are_each_unique() -> None:
    schema = to_pandera(Contract(unique=[["a"], ["b"]]))

    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        schema.validate(pl.DataFrame({"a": [1, 1, 2, 3], "b": [1, 2, 3, 3]}), lazy=True)
    assert set(caught.value.failure_cases["index"]) == {0, 1, 2, 3}


def test_a_column_of_another_width_is_accepted() -> None:
    frame = pl.DataFrame({"a": [1, 2]}, schema={"a": pl.Int16})

    assert to_pandera(Contract(columns={"a": {"type": "integer", "in": [1, 2, 2.5]}})).validate(frame).height == 2


def test_a_moment_without_zone_bounds_a_moment_in_utc() -> None:
    schema = to_pandera(
        Contract(columns={"t": {"type": "timestamptz", "min": datetime(2013, 1, 1), "max": date(2014, 1, 1)}})
    )

    assert schema.validate(pl.DataFrame({"t": [datetime(2014, 1, 1, tzinfo=UTC)]})).height == 1
    with pytest.raises(pandera.errors.SchemaErrors):
        schema.validate(pl.DataFrame({"t": [datetime(2014, 1, 1, 1, tzinfo=UTC)]}), lazy=True)


class Flights(pa.DataFrameModel):
    """As a person writes a model."""

    id: int = pa.Field(unique=True, ge=1)
    carrier: str = pa.Field(isin=["UA", "AA"], nullable=True)
    tail: str = pa.Field(str_matches="N[0-9]")
    delay: float = pa.Field(in_range={"min_value": -60, "max_value": 1500})

    class Config:
        unique = ("id", "tail")


def test_a_model_is_a_contract() -> None:
    expected = {
        "columns": {
            "id": {"type": "integer", "unique": True, "min": 1},
            "carrier": {"type": "string", "in": ["UA", "AA"], "nullable": True},
            "tail": {"type": "string", "pattern": "^N[0-9]"},
            "delay": {"type": "float", "min": -60, "max": 1500},
        },
        "unique": [["id", "tail"]],
    }

    assert from_pandera(Flights) == Contract.model_validate(expected)


@pytest.mark.parametrize(
    ("dtype", "word"),
    [
        (pl.Int8, "integer"),
        (pl.UInt32, "integer"),
        (pl.Float32, "float"),
        (pl.String, "string"),
        (pl.Boolean, "boolean"),
        (pl.Date, "date"),
        (pl.Datetime("ms"), "timestamp"),
        (pl.Datetime("us", "Europe/Berlin"), "timestamptz"),
        (pl.Decimal(5, 2), "decimal(5, 2)"),
        (pl.List(pl.Int8), "list"),
        (pl.Struct({"a": pl.Int8}), "struct"),
        (None, None),
    ],
    ids=str,
)
def test_a_dtype_is_a_type(dtype: Any, word: str | None) -> None:
    assert from_pandera(pa.DataFrameSchema({"a": pa.Column(dtype)})).columns["a"].type == word


def test_allowed_values_given_as_a_set_have_one_order() -> None:
    said = pa.Check.isin({"UA", "AA", "B6", "DL"})

    assert from_pandera(pa.DataFrameSchema({"a": pa.Column(str, said)})).columns["a"].in_ == ("AA", "B6", "DL", "UA")


@pytest.mark.parametrize(
    ("column", "named"),
    [
        (pa.Column(int, pa.Check.gt(3)), "greater_than(3)"),
        (pa.Column(int, pa.Check.in_range(1, 3, include_max=False)), "in_range(1, 3)"),
        (pa.Column(int, pa.Check(lambda data: True, name="mine")), "mine"),
        (pa.Column(int, pa.Check(lambda data: True, name="isin")), "isin"),
        (pa.Column(int, pa.Check.ge(1, raise_warning=True)), "greater_than_or_equal_to(1)"),
        (pa.Column(int, pa.Check.ge(1, ignore_na=False)), "greater_than_or_equal_to(1)"),
        (pa.Column(int, [pa.Check.ge(1), pa.Check.in_range(2, 3)]), "in_range, said twice"),
        (pa.Column(pl.Duration), "dtype Duration"),
        (pa.Column(int, required=False), "required=False"),
        (pa.Column(int, default=1), "default"),
    ],
)
def test_what_a_contract_cannot_say_is_told_with_column_and_check(column: pa.Column, named: str) -> None:
    with pytest.raises(NotSayable) as caught:
        from_pandera(pa.DataFrameSchema({"speed": column}))

    assert str(caught.value).startswith(f"The column 'speed' has `{named}")
    assert caught.value.__notes__[0].startswith("Hint: ")


@pytest.mark.parametrize(
    "schema",
    [
        pa.DataFrameSchema({"^a": pa.Column(int, regex=True)}),
        pa.DataFrameSchema({"a": pa.Column()}, dtype=int),
        pa.DataFrameSchema({"a": pa.Column(int)}, pa.Check(lambda data: True, name="mine")),
    ],
    ids=["regex", "dtype of all", "check of the table"],
)
def test_what_a_contract_cannot_say_of_the_table_is_told(schema: pa.DataFrameSchema) -> None:
    with pytest.raises(CheckError, match="which a contract cannot say"):
        from_pandera(schema)


def test_the_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(NotSayable("speed", "greater_than(3)")))

    assert (error.column, error.check, error.exit_code, error.retry) == ("speed", "greater_than(3)", 2, False)
    assert str(error) == "The column 'speed' has `greater_than(3)` in pandera, which a contract cannot say."
