"""Places, shares and orders: the same in DuckDB and in Python, and by numbers that rows keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import NotPossible
from warehouse.lake import Lake
from warehouse.portions import PLACES, in_order_sql, place_of, place_sql, rows_sql, share_sql, shuffled_sql
from warehouse.settings import read_settings

ENTITIES = ["7", "O'Brien", "Zürich|8001", "", "3:EWR|4:1545", "😀"]


@pytest.mark.parametrize("salt", ["gristmill", "it's salt"])
def test_duckdb_and_python_put_an_entity_in_the_same_place(salt: str) -> None:
    found = duckdb.execute(
        f"SELECT e, {place_sql(salt, 'fold 0', 'e')} FROM (SELECT unnest(?) AS e)", [ENTITIES]
    ).fetchall()
    assert found == [(entity, place_of(salt, "fold 0", entity)) for entity in ENTITIES]
    assert all(0 <= place < PLACES for _, place in found)


def test_a_share_is_as_written_and_not_the_binary_number_next_to_it() -> None:
    assert share_sql("s", 0.1) == "substr(md5('s|share|' || _entity), 1, 12) < '19999999999a'"
    assert share_sql("s", 0.5) == "substr(md5('s|share|' || _entity), 1, 12) < '800000000000'"
    assert share_sql("s", 1) is None
    with pytest.raises(NotPossible):
        share_sql("s", 0)


@pytest.fixture
def lake(make_project: Callable[..., Path]) -> Lake:
    return Lake.open(read_settings(make_project({})))


def test_rows_keep_their_numbers_and_their_order_when_files_are_merged(lake: Lake) -> None:
    with lake.transaction("me", "rows", {}):
        lake.execute("CREATE TABLE lake.datasets.t AS SELECT range + 100 AS x, 'train' AS _split FROM range(3)")
    for start in (50, 0):
        with lake.transaction("me", "more rows", {}):
            lake.execute(f"INSERT INTO lake.datasets.t SELECT range + {start}, 'train' FROM range(3)")
    rows = rows_sql("t", lake.snapshot(), ["x"], split="train")

    def orders() -> list[list[tuple[int]]]:
        return [
            lake.connection.execute(sql).fetchall() for sql in (in_order_sql(rows), shuffled_sql(rows, seed=1, epoch=0))
        ]

    before = orders()
    assert before[0] == [(x,) for x in (100, 101, 102, 50, 51, 52, 0, 1, 2)]
    ((_, _, n_files, n_left),) = lake.connection.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall()
    assert (n_files, n_left) == (3, 1)
    assert orders() == before
    lake.close()


def test_a_condition_goes_with_the_split(lake: Lake) -> None:
    with lake.transaction("me", "rows", {}):
        lake.execute("CREATE TABLE lake.datasets.t AS SELECT range AS x, 'dev' AS _split FROM range(4)")
    rows = rows_sql("t", lake.snapshot(), ["x * 2 AS twice"], split="valid", where=["x > 1", "x < 3"])
    assert lake.connection.execute(rows).fetchall() == [(4, 2)]
    lake.close()
