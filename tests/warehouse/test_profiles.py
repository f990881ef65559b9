"""The rows that a build adds to a version, found by hash first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from warehouse.lake import Lake
from warehouse.profiles import ADDED, add_rows_since
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
