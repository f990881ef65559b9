"""What a model reads of a version: every kind of column as a number that 32 bits hold, or as text."""

from __future__ import annotations

import pytest

from warehouse.lake import connect
from warehouse.modelled import feature_sql, is_number, is_whole_number, kind_of


def read(value: str, kind: str) -> object:
    with connect() as connection:
        sql = f"SELECT {feature_sql('c', kind)} FROM (SELECT CAST({value} AS {kind}) AS c)"
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("value", "kind", "told"),
    [
        ("7", "BIGINT", 7.0),
        ("true", "BOOLEAN", 1.0),
        ("1.25", "DECIMAL(9,2)", 1.25),
        ("'1970-01-03'", "DATE", 2.0),
        ("'2013-06-01 12:00:00'", "TIMESTAMP", 15_857.5),
        ("'2013-06-01 12:00:00+00'", "TIMESTAMP WITH TIME ZONE", 15_857.5),
        ("'JFK'", "VARCHAR", "JFK"),
        ("NULL", "DOUBLE", None),
        ("'nan'", "DOUBLE", None),
        ("'-inf'", "DOUBLE", pytest.approx(-3e38)),
        ("1e300", "DOUBLE", pytest.approx(3e38)),
        ("NULL", "DATE", None),
    ],
)
def test_a_value_is_read_as_a_model_takes_it(value: str, kind: str, told: object) -> None:
    assert read(value, kind) == told


def test_lists_and_bytes_are_for_no_model() -> None:
    assert [kind_of(kind) for kind in ("INTEGER[]", "BLOB", "STRUCT(a INTEGER)")] == ["other"] * 3


def test_a_truth_value_is_no_number_to_come_near_to() -> None:
    assert [is_number(kind) for kind in ("DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR")] == [True, True, False, False]
    assert [is_whole_number(kind) for kind in ("USMALLINT", "DOUBLE", "BOOLEAN")] == [True, False, False]
