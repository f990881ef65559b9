from __future__ import annotations

from dataclasses import replace

import gristmill as gm
import numpy as np
import polars as pl
import pytest
from scipy import stats

from checks.bins import ordered_cells
from checks.family import step_down
from checks.pairs import _Products, correlate_pairs, correlations
from checks.report import ShiftReport
from checks.score_columns import Score, Scored, by_cell, sum_scores
from checks.units import Side, form_units
from tests.checks.shift_tables import sampled

N = 3_000


def table(drawn: np.random.Generator, **other: np.ndarray) -> pl.DataFrame:
    """Two related numbers, a label that depends on a third, a category, a column with gaps, a moment."""
    a, noise, c = drawn.normal(size=(3, N))
    columns = {
        "a": a,
        "b": 0.8 * a + 0.6 * noise,
        "c": c,
        "y": c + drawn.normal(size=N) > 0,
        "level": drawn.choice(["low", "middle", "high"], N, p=[0.2, 0.3, 0.5]),
        "at": np.datetime64("2024-01-01")
        + np.sort(drawn.integers(0, 30 * 86_400, N)).astype("timedelta64[s]").astype("timedelta64[ms]"),
    }
    return pl.DataFrame(columns | other)


@pytest.fixture(scope="module")
def before() -> pl.DataFrame:
    return table(np.random.default_rng(0))


def shifted(report: ShiftReport) -> list[tuple[str, str]]:
    return [(pair.named, pair.meaning) for pair in report.shifted_pairs]


def test_a_correlation_that_is_gone_is_found_though_no_margin_changed(before) -> None:
    drawn = np.random.default_rng(1)
    report = gm.compare(before, table(drawn, b=drawn.normal(size=N)))
    assert shifted(report) == [("a and b", "correlation")]
    assert not report.shifted
    pair = report.shifted_pairs[0]
    assert pair.reference == pytest.approx(0.79, abs=0.03)
    assert pair.low < 0.79 < pair.high
    assert [finding.outcome for finding in report.findings] == ["warn"]
    assert "a and b: correlation +0.80 before" in str(report)


def test_a_target_that_depends_no_more_is_named_as_such(before) -> None:
    drawn = np.random.default_rng(2)
    report = gm.compare(before, table(drawn, y=drawn.random(N) < 0.5), target="y")
    assert shifted(report) == [("c and y", "relation to the target")]


def test_a_trend_inside_the_window_is_found(before) -> None:
    drawn = np.random.default_rng(3)
    after = table(drawn, c=drawn.normal(size=N) + np.linspace(-1, 1, N)).with_columns(pl.col("at").dt.offset_by("31d"))
    report = gm.compare(before, after, time="at", target="y")
    assert ("c and at", "trend within the window") in shifted(report)


def test_values_that_are_missing_together_are_found(before) -> None:
    drawn = np.random.default_rng(4)
    first, second = np.random.default_rng(5).random((2, N)) < 0.3
    with_gaps = before.with_columns(a=pl.when(pl.Series(~first)).then("a"), b=pl.when(pl.Series(~second)).then("b"))
    after = table(drawn)
    together = pl.Series(~(drawn.random(N) < 0.3))
    after = after.with_columns(a=pl.when(together).then("a"), b=pl.when(together).then("b"))
    assert ("a is missing and b is missing", "missing together") in shifted(gm.compare(with_gaps, after))


def test_a_column_that_few_rows_have_is_in_no_pair_by_what_is_missing(before) -> None:
    after = table(np.random.default_rng(12)).head(300)
    sparse = [
        one.with_columns(b=pl.when(pl.int_range(pl.len()) < n).then("b")) for one, n in ((before, 20), (after, 2))
    ]
    report = gm.compare(*sparse)
    assert report.pairs
    assert not [pair.named for pair in report.pairs if "b is missing" in pair.named]


def test_a_change_of_a_margin_alone_is_no_change_of_its_relations(before) -> None:
    report = gm.compare(before, table(np.random.default_rng(6)).with_columns(pl.col("a") * 2 + 1))
    assert [column.column for column in report.shifted] == ["a"]
    assert shifted(report) == []


def test_exchanging_the_sides_exchanges_the_correlations_and_nothing_else(before) -> None:
    drawn = np.random.default_rng(7)
    after = table(drawn, b=drawn.normal(size=N))
    there, back = gm.compare(before, after), gm.compare(after, before)
    for pair, other in zip(there.pairs, back.pairs, strict=True):
        assert (pair.named, pair.p_corrected, pair.verdict) == (other.named, other.p_corrected, other.verdict)
        assert (pair.reference, pair.current) == pytest.approx((other.current, other.reference))


def test_a_report_with_pairs_is_read_as_it_was_written(before) -> None:
    report = gm.compare(before, table(np.random.default_rng(8)))
    assert report.n_pairs == 15  # of 6 columns
    assert ShiftReport.from_json(report.to_json()) == report


def test_a_sample_of_the_rows_is_told_with_the_pairs_that_were_asked_of_it(before) -> None:
    report = gm.compare(before, table(np.random.default_rng(11)))
    assert report.pair_rows == (N, N)
    assert "15 pairs of columns: none shifted" in report.lines()
    assert (
        "15 pairs of columns (by 200 and 100 of these rows): none shifted"
        in replace(report, pair_rows=(100, 200)).lines()
    )


def test_correlations_of_scores_are_those_of_scipy() -> None:
    drawn = np.random.default_rng(9)
    x, noise = drawn.normal(size=(2, 500))
    frame = pl.DataFrame({"x": x, "y": x + noise, "_bucket": drawn.integers(0, 256, 500)})
    cells = {
        name: ordered_cells(name, "double", "numeric", frame[name].to_numpy(), has_precision=False) for name in "xy"
    }
    pooled = {n: np.append(np.histogram(frame[n], [-np.inf, *c.edges])[0], 0.0) for n, c in cells.items()}
    scores = [Score(column=n, kind="value", by_cell=by_cell(c, pooled[n])) for n, c in cells.items()]
    sums = sum_scores(sampled(frame, list(cells.values())), scores).sum(axis=0)
    at = [np.searchsorted(c.edges, frame[n].to_numpy()) for n, c in cells.items()]
    expected = stats.pearsonr(scores[0].by_cell[at[0]], scores[1].by_cell[at[1]]).statistic
    assert correlations(sums[None], np.array([[1, 2]]))[0, 0] == pytest.approx(expected)
    assert expected == pytest.approx(stats.pearsonr(x, x + noise).statistic, abs=0.02)


def test_the_influence_of_a_row_is_what_a_correlation_gains_by_it() -> None:
    """Hampel's influence curve of a correlation, against the derivative by the row's weight."""
    drawn = np.random.default_rng(11)
    x, noise = drawn.normal(size=(2, 400))
    rows = np.stack([np.ones(400), x, 0.6 * x + noise], axis=1)
    sums, pair = rows[:, :, None] * rows[:, None, :], np.array([[1, 2]])
    weight = 1e-4
    gained = [
        (correlations(sums.sum(axis=0)[None] + weight * row, pair) - correlations(sums.sum(axis=0)[None], pair))[0, 0]
        for row in sums[:20]
    ]
    x, y = rows[:, 1:2], rows[:, 2:]
    of = {"of_i": np.array([0]), "of_j": np.array([1])}
    products = _Products(n=rows[:, :1], x=rows[:, 1:], xx=rows[:, 1:] ** 2, xy=x * y, **of)
    assert products.influence()[:20, 0] == pytest.approx(np.array(gained) * 400 / weight, rel=1e-3, abs=1e-4)


def test_a_side_with_more_rows_an_entity_raises_no_alarm_of_pairs() -> None:
    """2,800 entities with 16 rows against 200 with 4: by differences without their error 22 of these 25 alarmed."""
    scores = tuple(Score(column=f"x{k}", kind="value", by_cell=np.zeros(1)) for k in range(6))
    n_alarms, n_draws = 0, 25
    for seed in range(n_draws):
        drawn = np.random.default_rng(seed)
        sums, sides = [], []
        for n, each in ((2_800, 16), (200, 4)):
            bucket = drawn.integers(0, 256, n)
            x = 0.3 * np.repeat(drawn.normal(size=(n, 6)), each, axis=0) + drawn.normal(size=(n * each, 6))
            by_entity = np.concatenate([np.ones((n * each, 1)), x], axis=1).reshape(n, each, 7)
            by_bucket = np.zeros((256, 7, 7))
            np.add.at(by_bucket, bucket, np.swapaxes(by_entity, 1, 2) @ by_entity)
            sums.append(by_bucket)
            entities = np.bincount(bucket, minlength=256).astype(float)
            sides.append(Side(name="s", rows=entities * each, entities=entities, counts={}))
        units = form_units(*sides)
        scored = Scored(scores=scores, sums=np.stack(sums), n_rows=(44_800, 800))
        pairs = correlate_pairs(scored, units, units.assignments(199, str(seed)), target=None, is_turned=False)
        n_alarms += step_down(pairs.scores).p_corrected.min() <= 0.05
    assert stats.binomtest(n_alarms, n_draws, 0.05, alternative="greater").pvalue > 1e-3


def test_columns_that_are_named_like_parts_are_pairs_all_the_same() -> None:
    drawn = np.random.default_rng(10)
    inside = drawn.normal(size=N)
    tables = [
        pl.DataFrame({"temp: in": inside, "temp: out": outside})
        for outside in (inside + 0.1 * drawn.normal(size=N), drawn.normal(size=N))
    ]
    assert shifted(gm.compare(*tables)) == [("temp: in and temp: out", "correlation")]
