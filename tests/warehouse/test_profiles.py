"""The rows that a build adds to a version, found by hash first."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from warehouse.lake import Lake
from warehouse.profiles import ADDED, RowSum, add_rows_since, keep_rows_behind, sum_rows
from warehouse.settings import read_settings


@pytest.fixture
def lake(tmp_path: Path):
    (tmp_path / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    opened = Lake.open(read_settings(tmp_path))
    yield opened
    opened.close()


def test_the_added_rows_are_those_of_except_all(lake: Lake) -> None:
    drawn = np.random.default_rng(1)
    values = ["NULL::DOUBLE", "0.0::DOUBLE", "-0.0::DOUBLE", "'nan'::DOUBLE", "1.5::DOUBLE"]
    columns = ("a", "b")
    for _ in range(20):
        sides = [
            " UNION ALL ".join(
                f"SELECT {values[i]} AS a, {j} AS b FROM range({n})"
                for i, j, n in drawn.integers((0, 0, 0), (5, 3, 3), (6, 3))
            )
            for _ in range(2)
        ]
        with lake.workspace():
            n_added = add_rows_since(lake, *sides, columns)
            found = Counter(map(str, lake.execute(f"FROM {ADDED}").fetchall()))
            told = Counter(map(str, lake.execute(f"{sides[1]} EXCEPT ALL ({sides[0]})").fetchall()))
        if "-0.0" not in sides[0] + sides[1]:  # of two zeros either is told
            assert found == told
        assert (n_added, sum(found.values())) == (sum(told.values()),) * 2


OLD = "SELECT range AS _place, range % 7 AS a, CASE WHEN range % 3 > 0 THEN 'x' END AS b FROM range(100)"


@pytest.mark.parametrize(
    ("new", "n_behind"),
    [
        (f"{OLD} UNION ALL SELECT 100 + range, range, NULL FROM range(5)", 5),
        (OLD, 0),
        (f"SELECT 99 - _place AS _place, a, b FROM ({OLD})", 0),  # in another order, the same rows
        (f"FROM ({OLD}) WHERE _place < 99", None),
        (f"SELECT _place, CASE WHEN _place = 7 THEN 9 ELSE a END AS a, b FROM ({OLD})", None),
        (f"SELECT _place + 5 AS _place, a, b FROM ({OLD}) UNION ALL SELECT range, 9, NULL FROM range(5)", None),
    ],
)
def test_rows_behind_those_of_a_version_are_kept_where_all_others_are_its_own(
    lake: Lake, new: str, n_behind: int | None
) -> None:
    old, new = (f"SELECT *, CASE WHEN a < 9 THEN 'train' END AS _split FROM ({rows})" for rows in (OLD, new))
    with lake.workspace():
        _first, was = sum_rows(lake, old, ("a", "b"))
        first, now = sum_rows(lake, new, ("a", "b"), n_first=was.n_rows)
        assert (first == was) == (n_behind is not None)
        if n_behind is not None:
            keep_rows_behind(lake, new, ("a", "b"), n_first=was.n_rows)
            assert lake.execute(f"SELECT count(*) FROM {ADDED}").fetchall() == [(n_behind,)]
            assert now.n_rows - was.n_rows == n_behind


def test_a_sum_of_rows_comes_back_from_what_is_kept_of_it_and_one_of_other_columns_does_not(lake: Lake) -> None:
    with lake.workspace():
        none, found = sum_rows(lake, f"SELECT *, NULL AS _split FROM ({OLD})", ("a", "b"))
    assert (found.n_rows, found.n_placed, none) == (100, 0, RowSum(n_rows=0, n_placed=0, total=0))
    assert RowSum.from_json(json.loads(json.dumps(found.to_json("a, b"))), "a, b") == found
    assert RowSum.from_json(found.to_json("a, b"), "a, c") is None
    assert RowSum.from_json(None, "a, b") is None
