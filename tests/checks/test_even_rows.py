"""Where one side has several times as many rows an entity, p is of as many rows an entity on both sides."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from checks.bins import level_cells
from checks.comparison import compare
from checks.even_rows import even_shares, of_even_rows
from checks.sampled_rows import SampledRows
from checks.statistics import Column
from checks.units import Side, form_units

CELLS = level_cells("c", "string", "category", {"a": 3, "b": 1})


def side(name: str, n_each: int) -> Side:
    rows = np.full(256, 4.0 * n_each)
    return Side(name=name, rows=rows, entities=np.full(256, 4.0), counts={"c": np.outer(rows, [0.75, 0.25, 0, 0])})


def test_the_side_with_more_rows_an_entity_is_held_by_as_many_as_the_other() -> None:
    many, few = side("many", 8), side("few", 2)
    units = form_units(many, few)
    counts = units.sums(many.counts["c"], few.counts["c"])
    column = Column(cells=CELLS, counts=counts, precision=None, fewest_entities=1_024)
    even = of_even_rows(column, units, even_shares(many, few), "seed")
    assert even.counts[units.is_first].sum() == pytest.approx(few.n_rows, rel=0.1)
    assert (even.counts <= counts).all()
    assert (even.counts[~units.is_first] == counts[~units.is_first]).all()
    assert even.counts[units.is_first][:, 1].sum() == pytest.approx(few.n_rows / 4, rel=0.15)
    again = of_even_rows(column, units, even_shares(many, few), "seed")
    assert (again.counts == even.counts).all()


def test_sides_that_are_nearly_even_are_held_by_all_their_rows() -> None:
    three, two = side("three", 3), side("two", 2)
    assert even_shares(three, two) == (1.0, 1.0)
    column = Column(cells=CELLS, counts=np.ones((512, 4)), precision=None, fewest_entities=1_024)
    assert of_even_rows(column, form_units(three, two), (1.0, 1.0), "seed") is column


def test_some_rows_of_each_entity_are_chosen_by_what_they_hold() -> None:
    drawn, n = np.random.default_rng(1), 20_000
    who = np.repeat(drawn.integers(0, 2**63, n // 10).astype(np.uint64), 10)
    cell = {"x": drawn.integers(0, 40, n).astype(np.uint8), "y": drawn.integers(0, 40, n).astype(np.uint8)}
    rows = SampledRows(bucket=np.zeros(n, np.uint8), who=who, cell=cell, moment=drawn.normal(size=n))
    some = rows.some_rows(0.3)
    assert len(some.bucket) == pytest.approx(0.3 * n, rel=0.05)
    assert len(np.unique(some.who)) == pytest.approx((1 - 0.7**10) * n / 10, rel=0.02)
    assert abs(some.cell["x"].mean() - cell["x"].mean()) < 0.6
    assert rows.some_rows(1.0) is rows


def test_new_customers_with_one_row_are_no_shift_beside_old_ones_with_many() -> None:
    n_alarms = 0
    for i in range(12):
        drawn = np.random.default_rng(i)

        def some(first: int, n: int, each: int, drawn: np.random.Generator = drawn) -> pl.DataFrame:
            m = n * each
            rare = {f"c{k}": drawn.zipf(1.3, m).clip(max=400).astype(str) for k in range(6)}
            return pl.DataFrame(
                {"who": np.repeat(np.arange(first, first + n), each), "x": drawn.normal(size=m), **rare}
            )

        old, new = some(0, 2_800, 4), some(10_000, 200, 1)
        report = compare(old, new, entity="who")
        n_alarms += any(c.p_corrected is not None and c.p_corrected <= 0.05 for c in report.columns)
        assert "reference has 4.0 times as many rows an entity: p is of as many rows an entity on both" in report.note
    assert n_alarms <= 3
