from __future__ import annotations

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from checks.bins import ordered_cells
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.statistics import Column, legendre_scores, statistics_of, studentised, tail_scores
from checks.units import Units

SIDES = runpy.run_path(str(Path(__file__).with_name("sides.py")))
cells_for, side_of = SIDES["cells_for"], SIDES["side_of"]


def single_rows(n_first: int, n_second: int) -> Units:
    """Each row a unit of its own."""
    return Units(
        of_first=np.arange(n_first), of_second=np.arange(n_second) + n_first, n_first=n_first, n_second=n_second
    )


def test_legendre_components_make_anderson_and_darlings_statistic() -> None:
    """Without ties, rows as units: sum z_j^2 / (j (j + 1)) over 8 components is SciPy's two-sample statistic, less the
    tail of the series (Anderson and Darling 1952)."""
    drawn = np.random.default_rng(0)
    ours, theirs = [], []
    for shift in (0.0, 0.1, 0.2, 0.4):
        x, y = drawn.normal(size=400), drawn.normal(shift, 1, 400)
        pooled = np.sort(np.concatenate([x, y]))
        scores = legendre_scores(np.ones(800))[np.searchsorted(pooled, np.concatenate([x, y]))]
        is_first = np.arange(800) < 400
        difference = scores[is_first].mean(axis=0) - scores[~is_first].mean(axis=0)
        z = difference / np.sqrt(scores.var(axis=0) * (1 / 400 + 1 / 400))
        j = np.arange(1, 9)
        ours.append((z**2 / (j * (j + 1))).sum())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its p value is capped, and it says so
            theirs.append(stats.anderson_ksamp([x, y], variant="midrank", method=None).statistic)
    # SciPy standardises: (A2 - 1) / sigma. The order and the distances are the same up to that line.
    slope, intercept = np.polyfit(ours, theirs, 1)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.999
    assert slope == pytest.approx(1 / 0.759, rel=0.1)  # sigma of A2 for two large samples
    assert intercept == pytest.approx(-1 / 0.759, abs=0.35)


def test_z_of_two_groups_of_rows_is_welchs_t() -> None:
    """With rows as units the studentised difference is Welch's t, but for the floor of 8 % of the pooled variance."""
    drawn = np.random.default_rng(1)
    x, y = drawn.normal(0.1, 1, 300), drawn.normal(0, 2, 200)
    pooled = np.concatenate([x, y])
    sums = (pooled - pooled.mean())[:, None]
    units = single_rows(300, 200)
    z = studentised(sums, np.ones(500), units.assignments(0, "s"), units)[0, 0]
    floor = 0.08 * (sums**2).sum() / 500**2
    variance = x.var(ddof=1) / 300 + y.var(ddof=1) / 200
    assert z == pytest.approx((x.mean() - y.mean()) / np.sqrt(variance + floor), rel=1e-4)
    welch = stats.ttest_ind(x, y, equal_var=False).statistic
    assert z == pytest.approx(welch, rel=0.1)


def test_chi_squared_of_a_category_is_near_pearsons() -> None:
    """Rows as units: sum (1 - p) z^2 is Pearson's statistic where sides are equal in law (SciPy), within 15 %."""
    drawn = np.random.default_rng(2)
    one, two = ({"c": drawn.choice(["a", "b", "c", "d"], 4_000, p=[0.4, 0.3, 0.2, 0.1])} for _ in range(2))
    cells = cells_for(one, two)[0]
    code = {label: i for i, label in enumerate(cells.labels)}
    counts = np.eye(6)[[code[v] for v in np.concatenate([one["c"], two["c"]]).tolist()]]
    units = single_rows(4_000, 4_000)
    column = Column(cells=cells, counts=counts, precision=None, fewest_entities=4_000)
    found = {s.name: s for s in statistics_of(column, units)}
    z = studentised(found["chi2"].sums, np.ones(8_000), units.assignments(0, "s"), units)
    table = np.stack([counts[:4_000, :4].sum(axis=0), counts[4_000:, :4].sum(axis=0)])
    pearson = stats.chi2_contingency(table).statistic
    # The floor adds 8 % / 4 of V to the variance of equal sides.
    assert float((z**2 @ found["chi2"].factors)[0]) == pytest.approx(pearson, rel=0.15)


def test_a_cell_in_too_few_units_is_poured_into_the_rest() -> None:
    units = single_rows(50, 50)
    counts = np.zeros((100, 5))
    counts[np.arange(100), np.where(np.arange(100) < 48, 0, 1)] = 1
    counts[:4] = (0, 0, 1, 0, 0)  # four rows of a third level: 4 * 50 / 100 is under 5
    cells = cells_for({"c": np.array(["a", "b", "c"])})[0]
    column = Column(cells=cells, counts=counts, precision=None, fewest_entities=50)
    chi2 = next(s for s in statistics_of(column, units) if s.name == "chi2")
    assert chi2.sums.shape[1] == 2  # the rest is itself too rare to stand


def test_a_level_of_too_few_entities_leaves_nothing_to_compare() -> None:
    units = single_rows(50, 50)
    counts = np.zeros((100, 4))
    counts[:, 0] = 1
    counts[:6] = (0, 1, 0, 0)
    cells = cells_for({"c": np.array(["a", "b"])})[0]
    column = Column(cells=cells, counts=counts, precision=None, fewest_entities=50)
    assert statistics_of(column, units) == []


def test_tail_scores_grow_with_doublings_beyond_twice_the_quartile_range() -> None:
    values = np.concatenate([np.linspace(-1, 1, 10_001), [-200.0, 200.0]])  # quartiles at -.5 and .5
    cells = ordered_cells("x", "float64", "numeric", values, has_precision=False)
    scores = tail_scores(cells)
    edges = np.array(cells.edges)
    assert scores[(edges > -1.0) & (edges < 1.5)].max() == 0
    assert scores.max() == 3
    assert (np.diff(scores[edges > 0]) >= 0).all()


def test_missing_values_that_double_are_found_by_their_own_statistic() -> None:
    drawn = np.random.default_rng(3)
    tables = []
    for share in (0.05, 0.10):
        x = drawn.normal(size=4_000)
        tables.append({"x": np.where(drawn.random(4_000) < share, np.nan, x)})
    cells = cells_for(*tables)
    entity = np.arange(4_000)
    sides = [side_of("s", t, entity, drawn.integers(0, 256, 4_000), cells) for t in tables]
    report = compare_sides(*sides, cells, Question(unit="row", n_assignments=499))
    assert report.columns[0].statistic == "missing"
    assert report.columns[0].p_value <= 0.01
