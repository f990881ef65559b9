"""What users get wrong when they compare two tables, and the words that they get back."""

from __future__ import annotations

from datetime import date
from typing import Any

import gristmill as gm
import polars as pl
import pytest

from checks.errors import CheckError

A = pl.DataFrame({"who": [1, 2, 3], "day": [date(2024, 1, d) for d in (1, 2, 3)], "x": [0.5, 1.5, 2.5]})


@pytest.mark.parametrize(
    ("current", "said", "words"),
    [
        (
            A,
            {"tolerance": 2},
            "Compared with tolerance=2: it is no number between 0 and 1. | tolerance is the total variation",
        ),
        (A, {"tolerance": "2 %"}, "Compared with tolerance='2 %': it is no number between 0 and 1."),
        (
            A,
            {"alpha": 0},
            "Compared with alpha=0: no p value of 1,999 exchanges is below 0.0005. | alpha is the family-wise error",
        ),
        (A, {"alpha": 1e-9}, "Compared with alpha=1e-09: no p value of 1,999 exchanges is below 0.0005."),
        (A, {"alpha": float("nan")}, "Compared with alpha=nan: it is no number between 0 and 1."),
        (
            A,
            {"policy": "warn"},
            "Compared with policy='warn': there is no such option. | there are alpha and",
        ),
        (
            A,
            {"tolerence": 0.1},
            "Compared with tolerence=0.1: there is no such option. | there are alpha and tolerance",
        ),
        (A, {"entity": "customer"}, "No column named 'customer' is in both tables. | both have who, day, x"),
        (A, {"target": "y"}, "No column named 'y' is in both tables."),
        (
            A.drop("day"),
            {"time": "day"},
            "No column named 'day' is in both tables: the reference side alone has it. | both have who, x",
        ),
        (A, {"target": "whoo"}, "No column named 'whoo' is in both tables. | did you mean 'who'?"),
        (A, {"target": "who", "entity": "who"}, "Compared with target 'who': it is the entity, whose values are not"),
        (
            A,
            {"classifier": "yes"},
            "Compared with classifier='yes': it is neither true nor false. | say classifier=True",
        ),
        (A, {"entity": ""}, "Compared by entity '': it is no name of a column. | name one, or leave it out"),
        (A, {"entity": 3}, "Compared by entity 3: it is no name of a column. | give a name, or a list of names"),
        (A, {"target": ["x"]}, "Compared with target ['x']: it is no name of a column."),
        (
            A.with_columns(pl.col("day").cast(pl.Datetime("us", "UTC"))),
            {"time": "day"},
            "Compared by time 'day': it is date on one side and timestamp('UTC', 6) on the other. | give both",
        ),
        (A, {"time": "x"}, "Compared by time 'x': it is float64, no date or timestamp. | cast it to one first"),
        (
            A.with_columns(pl.col("who").cast(pl.Float64)),
            {"entity": "who"},
            "Compared by entity 'who': it is int64 on one side and float64 on the other, so no entity is the same on",
        ),
        ([1, 2], {}, "The current side of a comparison: it is of type list, which is no table. | make a frame of it"),
        ({"x": [1]}, {}, "The current side of a comparison: it is of type dict, which is no table. | make a frame"),
        (
            A["x"],
            {},
            "The current side of a comparison: it is of type Series, which is no table. | one column is",
        ),
        (None, {}, "The current side of a comparison: it is of type NoneType, which is no table. | give a frame"),
        (
            "sales.csv",
            {},
            "Compared with 'sales.csv': it is the name of a file, and a text is taken for that of",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(current: Any, said: dict[str, Any], words: str) -> None:
    with pytest.raises(CheckError) as caught:
        gm.compare(A, current, **said)
    told = " | ".join([str(caught.value), *(note.removeprefix("Hint: ") for note in caught.value.__notes__)])
    assert told.startswith(words)


def test_a_side_without_rows_is_said_to_have_none() -> None:
    for sides, name in (((A.clear(), A), "reference"), ((A, A.clear()), "current")):
        report = gm.compare(*sides)
        assert (report.is_shifted, report.note) == (False, f"the {name} side has no row")
        assert [finding.outcome for finding in report.findings] == ["not_applicable"]
