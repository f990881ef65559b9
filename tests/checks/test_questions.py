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
        (A, {"alpha": 0}, "Compared with alpha=0: it is no number between 0 and 1. | alpha is the family-wise error"),
        (
            A,
            {"tolerence": 0.1},
            "Compared with tolerence=0.1: there is no such option. | there are alpha and tolerance",
        ),
        (A, {"entity": "customer"}, "No column named 'customer' is in both tables. | both have who, day, x"),
        (A, {"target": "y"}, "No column named 'y' is in both tables."),
        (A.drop("day"), {"time": "day"}, "No column named 'day' is in both tables. | both have who, x"),
        (A, {"time": "x"}, "Compared by time 'x': it is float64, no date or timestamp. | cast it to one first"),
        (
            A.with_columns(pl.col("who").cast(pl.Float64)),
            {"entity": "who"},
            "Compared by entity 'who': it is int64 on one side and float64 on the other, so no entity is the same on",
        ),
        ([1, 2, 3], {}, "The current side of a comparison: it is of type list, which is no table. | give a frame"),
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
