from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.bins import Cells, ordered_cells
from checks.cell_finder import CellFinder
from checks.tally import places

DRAWN = np.random.default_rng(0)
DRAWS = {
    "normal": DRAWN.normal(size=5_000),
    "heavy tails": DRAWN.standard_cauchy(5_000) ** 3,
    "few values": DRAWN.poisson(3, 5_000).astype(float),
    "mostly zero": np.where(DRAWN.random(5_000) < 0.9, 0.0, DRAWN.normal(size=5_000)),
    "far from zero": DRAWN.normal(1e15, 1e3, 5_000),
    "tiny": DRAWN.normal(size=5_000) * 1e-300,
    "huge": DRAWN.normal(size=5_000) * 1e149,
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_cells_are_those_of_a_binary_search(name: str) -> None:
    """Of values, of every edge and of what lies next to an edge."""
    cells = ordered_cells("x", "float64", "numeric", DRAWS[name], has_precision=False)
    edges = np.array(cells.edges)
    near = [edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf), [np.nan, 0.0, -0.0, 1e308, -1e308]]
    values = np.concatenate([DRAWS[name], *near])
    assert (CellFinder(cells).find(values) == np.searchsorted(edges, values)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30), st.floats(1e-300, 1e150))
def test_whatever_the_edges_the_cells_are_those_of_a_binary_search(values: list[float], iqr: float) -> None:
    edges = np.unique([*values, np.inf])
    cells = replace(Cells(column="x", type="float64", kind="numeric"), edges=tuple(edges.tolist()), iqr=iqr)
    cells = replace(cells, median=float(np.clip(values[0], -1e150, 1e150)))
    assert (CellFinder(cells).find(np.array(values)) == np.searchsorted(edges, values)).all()


def test_decimal_places_are_the_fewest_that_hold_a_value() -> None:
    """Against Python, which rounds exactly."""
    values = [0.1, 2.5, -3.25, 1.005, 7.0, 1e300, 2.0**53 + 2, 123456.789, 1 / 3, -0.0]
    expected = [next((k for k in range(4) if value == round(value, k)), 4) for value in values]
    assert places(np.array(values)).tolist() == expected


def test_values_nearer_than_numbers_can_be_told_apart_are_drawn_as_one() -> None:
    with np.errstate(divide="raise", invalid="raise"):
        cells = ordered_cells("x", "double", "numeric", np.array([0.0, 5e-324] * 50), has_precision=False)
    assert len(cells.shown) == 2
