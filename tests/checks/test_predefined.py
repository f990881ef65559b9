"""SPLIT9: splits that were made elsewhere, judged by what was counted of their names."""

from __future__ import annotations

from typing import Any

import pytest

from checks.predefined import split_names

FIVE = "'a' (1 row), 'b' (1 row), 'c' (1 row), 'd' (1 row), 'e' (1 row)"
GOOD: dict[str, Any] = {"unknown": [], "n_unnamed": 0}


@pytest.mark.parametrize(
    ("counted", "outcome", "seen"),
    [
        ({}, "pass", "every row has a split named"),
        ({"n_unnamed": 1}, "warn", "1 row has no split named"),
        ({"n_without_row": 2}, "warn", "2 keys of the file have no accepted row"),
        ({"n_unread": 1}, "warn", "1 line of the file cannot be read"),
        ({"n_named_twice": 1}, "fail", "1 key of the file has two splits"),
        ({"unknown": [["hold", 3]]}, "fail", "no split is called 'hold' (3 rows); known are train, dev"),
        (
            {"unknown": [[letter, 1] for letter in "abcdefg"], "n_unnamed": 2},
            "fail",
            f"no split is called {FIVE} and 2 more; known are train, dev; 2 rows have no split named",
        ),
    ],
)  # fmt: skip
def test_names_are_judged(counted: dict[str, Any], outcome: str, seen: str) -> None:
    found = split_names(GOOD | counted, known=("train", "dev"), thing="row")
    assert (found.code, found.outcome, found.seen) == ("SPLIT9", outcome, seen)
