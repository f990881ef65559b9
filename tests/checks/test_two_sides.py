"""How both sides look in one column: where the current side has more, and the data of its picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.bins import level_cells, ordered_cells
from checks.column_shift import ColumnShift
from checks.effect import Change, Excess
from checks.two_sides import excesses, picture


def counted(cells, values: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(cells.edges, values), minlength=cells.n_cells).astype(float)


def test_the_range_of_numbers_that_grew_most_is_named_with_its_shares() -> None:
    drawn = np.random.default_rng(0)
    before, now = drawn.uniform(0, 100, 4000), np.r_[drawn.uniform(0, 100, 2000), drawn.uniform(40, 60, 2000)]
    cells = ordered_cells("age", "float64", "numeric", np.r_[before, now], has_precision=False)
    (one,) = excesses(cells, counted(cells, before), counted(cells, now))
    name, low, _, high = one.what.split()
    assert name == "age"
    assert 37 < float(low) < 43
    assert 57 < float(high) < 63
    assert abs(one.current - 0.6) < 0.06
    assert abs(one.reference - 0.2) < 0.06


def test_where_the_mean_stayed_what_changed_is_where_there_is_more() -> None:
    mean = Change(what="mean, in sd", value=-0.01, margin=0.02)
    missing = Change(what="share missing", value=0.05, margin=0.01)
    more = Excess(what="flight 196 to 4000", reference=0.7, current=0.77)
    column = ColumnShift(column="flight", verdict="shifted", changes=(mean, missing), excesses=(more,))
    assert column.said == "flight 196 to 4000: 70 % before, 77 % now; share missing +0.050 ± 0.010"
    assert replace(column, excesses=()).said == "mean, in sd -0.010 ± 0.020; share missing +0.050 ± 0.010"


def test_both_tails_are_told_when_the_spread_grew() -> None:
    drawn = np.random.default_rng(1)
    before, now = drawn.normal(0, 1, 4000), drawn.normal(0, 2, 4000)
    cells = ordered_cells("x", "float64", "numeric", np.r_[before, now], has_precision=False)
    said = {one.what.rsplit(" ", 1)[0] for one in excesses(cells, counted(cells, before), counted(cells, now))}
    assert said == {"x up to", "x above"}


def test_whole_numbers_name_the_first_and_the_last() -> None:
    before, now = np.repeat(np.arange(10.0), 100), np.repeat([7.0, 8.0, 9.0], 400)
    cells = ordered_cells("month", "int64", "numeric", np.r_[before, now], has_precision=False)
    (one,) = excesses(cells, counted(cells, before), counted(cells, now))
    assert one.what in {"month from 7", "month 7 to 9"}


def test_levels_and_what_is_missing_are_told_by_name() -> None:
    cells = level_cells("kind", "string", "category", {"a": 50, "b": 40, "c": 10})
    found = excesses(cells, np.array([50.0, 40, 10, 0, 0]), np.array([20.0, 20, 20, 0, 40]))
    assert [(one.what, one.reference, one.current) for one in found] == [
        ("kind missing", 0.0, 0.4),
        ("kind 'c'", 0.1, 0.2),
    ]


def test_the_picture_of_levels_holds_those_that_changed_most() -> None:
    levels = {f"level {i}": 20 - i for i in range(12)}
    cells = level_cells("kind", "string", "category", levels)
    before = np.array([*levels.values(), 0, 0], dtype=float)
    now = before + np.eye(14)[5] * 100
    drawn = picture(cells, {"train": before, "dev": now})
    assert drawn is not None
    assert (drawn["kind"], drawn["labels"][0], len(drawn["labels"]), drawn["n_more"]) == ("paired", "level 5", 8, 4)
    assert drawn["series"]["dev"][0] > drawn["series"]["train"][0]


def test_nothing_is_drawn_of_a_column_without_cells() -> None:
    cells = replace(level_cells("kind", "string", "category", {}), why="every value is missing")
    assert picture(cells, {"train": np.zeros(2), "dev": np.zeros(2)}) is None
