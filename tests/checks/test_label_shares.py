"""Label shares by split, with intervals that count entities."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis
import polars as pl
import pytest

from checks.label_shares import with_intervals
from checks.proportion import exact
from checks.sizes import split_sizes


def labelled(*, has_entities: bool, target: str | None = "y", **columns: Any) -> dict[str, dict[str, Any]]:
    con = duckdb.connect()
    con.register("_frame", pl.DataFrame(columns).to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    table = ibis.duckdb.from_connection(con).table("frame")
    sizes = split_sizes(table, target=target, time=None)
    rows = with_intervals(sizes, table, target=target, has_entities=has_entities)
    return {row["split"]: row["label"] for row in rows}


def test_where_an_entity_is_one_row_the_interval_is_binomial() -> None:
    n = 40
    found = labelled(
        has_entities=False,
        _split=["train"] * n,
        _entity=[str(i) for i in range(n)],
        _bucket=list(range(n)),
        y=["a"] * 10 + ["b"] * 28 + [None] * 2,
    )
    assert found["train"]["intervals"] == {"a": exact(10, 38).to_json(), "b": exact(28, 38).to_json()}


def test_rows_of_one_entity_widen_the_interval() -> None:
    n, each = 30, 20
    rows: dict[str, Any] = {
        "_split": ["train"] * n * each,
        "_entity": [str(i // each) for i in range(n * each)],
        "_bucket": [i // each for i in range(n * each)],
        "y": [int(i // each % 3 == 0) for i in range(n * each)],  # every row of an entity has its label
    }
    by_entity = labelled(has_entities=True, **rows)["train"]["intervals"]["1"]
    by_row = labelled(has_entities=False, **rows)["train"]["intervals"]["1"]
    assert by_entity[0] < exact(10, 30).low + 0.02
    assert by_entity[1] - by_entity[0] > 3 * (by_row[1] - by_row[0])


@pytest.mark.parametrize("scale", [1.0, 1e200], ids=["small", "squares are no numbers"])
def test_the_mean_of_a_quantity_has_its_interval(scale: float) -> None:
    n = 60
    columns = {"_entity": [str(i // 2) for i in range(n)], "_bucket": [i // 2 for i in range(n)], "_split": ["dev"] * n}
    label = labelled(has_entities=True, y=[scale * (i % 7) for i in range(n)], **columns)["dev"]
    assert label["interval"][0] < label["mean"] < label["interval"][1]
    assert (label["interval"][1] - label["interval"][0]) / scale == pytest.approx(1.0, abs=0.5)
    alone = labelled(has_entities=False, y=[float(i % 7) for i in range(n)], **columns)["dev"]
    assert alone["interval"] == pytest.approx([alone["mean"] - 0.52, alone["mean"] + 0.52], abs=0.03)


def test_too_few_entities_tell_no_interval() -> None:
    found = labelled(has_entities=True, _split=["test"] * 4, _entity=list("aabb"), _bucket=[1, 1, 2, 2], y=[0, 1, 1, 1])
    assert found["test"]["intervals"] == {"0": None, "1": None}


def test_without_target_or_with_a_text_of_many_values_nothing_is_told() -> None:
    columns: dict[str, Any] = {"_split": ["train"] * 30, "_entity": ["a"] * 30, "_bucket": [0] * 30}
    assert labelled(has_entities=True, target=None, **columns) == {"train": None}
    assert labelled(has_entities=True, y=[f"v{i}" for i in range(30)], **columns) == {"train": None}
