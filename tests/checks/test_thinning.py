"""Of large sides some entities are read, with all their rows, in every bucket; of paired sides the same ones."""

from __future__ import annotations

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest
from scipy import stats

from checks.collect import collect
from checks.comparison import compare
from checks.domain import rows_of
from checks.report import ShiftReport
from checks.sampled_rows import Sample
from checks.shift_question import Question
from checks.thinning import is_kept, shares_of, some_rows
from checks.two_sample_classifier import tell_apart

EACH = 3


def united(n_first: int, n_second: int, *, first_of_second: int) -> ibis.Table:
    """Two sides of entities with three rows each; which entities the second has begins at `first_of_second`."""
    drawn = np.random.default_rng(0)
    who = np.concatenate([np.arange(n_first), first_of_second + np.arange(n_second)]).repeat(EACH)
    frame = pl.DataFrame(
        {
            "_part": ["reference"] * n_first * EACH + ["current"] * n_second * EACH,
            "_entity": [f"e{k}" for k in who],
            "_bucket": (who * 2_654_435_761 % 2**32 // 2**24).astype(np.uint8),
            "x": drawn.normal(size=len(who)),
        }
    )
    connection = duckdb.connect()
    connection.register("frame", frame.to_arrow())
    return ibis.duckdb.from_connection(connection).table("frame")


def test_a_part_of_the_entities_has_all_their_rows_and_every_bucket() -> None:
    table = united(20_000, 0, first_of_second=0)
    kept = collect(table.filter(is_kept(table, 0.25)))
    assert len(kept) == pytest.approx(0.25 * 20_000 * EACH, rel=0.05)
    assert set(kept["_entity"].value_counts()["count"]) == {EACH}
    assert kept["_bucket"].n_unique() == 256


def test_some_rows_of_one_part_are_of_all_its_entities_and_the_other_part_stays_whole() -> None:
    kept = collect(some_rows(united(4_000, 1_000, first_of_second=0), "reference", 0.25))
    by_part = dict(kept.group_by("_part").len().iter_rows())
    assert by_part["current"] == 1_000 * EACH
    assert by_part["reference"] == pytest.approx(0.25 * 4_000 * EACH, rel=0.06)
    n_entities = kept.filter(kept["_part"] == "reference")["_entity"].n_unique()
    assert n_entities == pytest.approx((1 - 0.75**EACH) * 4_000, rel=0.04)


def test_a_small_side_of_the_same_entities_is_held_against_as_many_rows_of_the_large_one() -> None:
    drawn = np.random.default_rng(5)
    means = drawn.normal(size=300)

    def side(n: int, shift: float) -> pl.DataFrame:
        who = drawn.integers(0, 300, n)
        return pl.DataFrame({"customer": who, "x": means[who] + drawn.normal(shift, 1, n)})

    large, quiet, shifted = side(12_000, 0), side(1_500, 0), side(1_500, 0.7)
    report = compare(large, shifted, entity="customer")
    assert report.is_shifted
    assert "rows of reference are compared, as the sides share entities" in report.note
    assert (report.n_reference, report.n_current) == (12_000, 1_500)
    assert not compare(quiet, large, entity="customer").is_shifted
    assert "of 12,000 rows of reference" in report.note
    assert "of 12,000 rows of current" in compare(quiet, large, entity="customer").note


def test_unlike_sides_are_each_read_of_about_as_many_rows_and_shared_entities_of_the_same() -> None:
    assert shares_of(2_000_000, 50_000, is_paired=False) == (0.1, 1.0)
    assert shares_of(2_000_000, 1_000_000, is_paired=True) == (0.1, 0.1)


def test_a_sample_is_read_once_and_can_be_thinned_to_the_entities_of_another(monkeypatch) -> None:
    monkeypatch.setattr("checks.sampled_rows.ENOUGH_ROWS", 6_000)
    table = united(8_000, 4_000, first_of_second=0)
    sample = Sample(table, {"reference": 8_000 * EACH, "current": 4_000 * EACH}, [], None)
    assert (sample.share("reference"), sample.share("current")) == (0.25, 0.5)
    first, second = sample.rows["reference"], sample.rows["current"]
    assert [len(side.bucket) for side in (first, second)] == pytest.approx([6_000, 6_000], rel=0.06)
    assert {len(np.unique(side.bucket)) for side in (first, second)} == {256}
    assert (np.unique(first.who, return_counts=True)[1] == EACH).all()
    assert first.entities.sum() == len(np.unique(first.who))
    assert set(second.thinned(0.25).who) <= set(first.who)  # the second has the first half of the entities
    assert sample.rows is sample.rows


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_classifier_reads_some_entities_of_both_sides(monkeypatch, is_shared: bool) -> None:
    monkeypatch.setattr("checks.two_sample_classifier.shares_of", few_rows)
    table = united(4_000, 3_000, first_of_second=0 if is_shared else 10_000)
    read = []
    monkeypatch.setattr("checks.two_sample_classifier.told_apart", lambda rows, *sides: read.append((rows, *sides)))
    tell_apart(table, ["x"], Question(unit="it"))
    ((rows, first, second, question),) = read
    sizes = {int(rows.is_second.sum()), int((~rows.is_second).sum())}
    assert sizes == {first.n_rows, second.n_rows}
    assert max(sizes) < 3_400
    assert first.n_entities * EACH == first.n_rows
    assert min(sizes) == pytest.approx(2_250 if is_shared else 3_000, rel=0.1)
    assert question.n_common_entities == (min(first.n_entities, second.n_entities) if is_shared else 0)


def few_rows(n_one: int, n_two: int, *, is_paired: bool) -> tuple[float, float]:
    return shares_of(n_one, n_two, is_paired=is_paired, most=3_000)


def test_rows_at_hand_are_thinned_by_entity_to_as_many_of_either_side() -> None:
    drawn = np.random.default_rng(1)
    who = drawn.integers(0, 2**64, 3_000, dtype=np.uint64).repeat(EACH)
    frame = pl.DataFrame({"_part": ["a"] * 6_000 + ["b"] * 3_000, "_bucket": 0, "_who": who, "x": 1.0})
    rows = rows_of(frame, ["x"], second="b")
    kept = rows.thinned(1_500)
    assert kept[:6_000].sum() == pytest.approx(1_500, rel=0.15)
    assert kept[6_000:].sum() == pytest.approx(1_500, rel=0.15)
    assert (kept.reshape(-1, EACH).all(axis=1) | ~kept.reshape(-1, EACH).any(axis=1)).all()
    assert rows.thinned(10_000).all()


def test_a_small_side_beside_a_large_one_keeps_its_rows_and_its_pairs_their_units(monkeypatch) -> None:
    monkeypatch.setattr("checks.sampled_rows.ENOUGH_ROWS", 1_200)
    drawn = np.random.default_rng(2)

    def side(n: int, correlation: float) -> pl.DataFrame:
        a, noise = drawn.normal(size=(2, n))
        return pl.DataFrame({"a": a, "b": correlation * a + np.sqrt(1 - correlation**2) * noise, "who": np.arange(n)})

    report = compare(side(12_000, 0.8), side(1_000, 0.4).with_columns(pl.col("who") + 20_000), entity="who")
    assert report.n_groups == (256, 21)  # of columns, which count all rows
    assert report.pair_rows == (pytest.approx(1_200, rel=0.15), 1_000)
    assert [pair.named for pair in report.shifted_pairs] == ["a and b"]
    assert report.pair_groups is not None
    assert report.pair_groups[1] > 200
    n_small, n_large = report.pair_groups[1], report.pair_groups[0]
    assert f"of these rows, in {n_small:,} and {n_large:,} groups): 1 shifted" in str(report)
    assert ShiftReport.from_json(report.to_json()) == report


def test_pairs_that_are_not_asked_because_few_entities_are_read_are_told(monkeypatch) -> None:
    """A side of 20 entities of 100 rows, of which one or two are read."""
    monkeypatch.setattr("checks.sampled_rows.ENOUGH_ROWS", 100)
    drawn = np.random.default_rng(3)

    def side(n: int, each: int, first: int) -> pl.DataFrame:
        a, b = drawn.normal(size=(2, n * each))
        return pl.DataFrame({"a": a, "b": b, "who": first + np.arange(n).repeat(each)})

    report = compare(side(20, 100, 0), side(20, 4, 100), entity="who")
    assert (report.n_pairs, report.pair_groups) == (0, None)
    assert report.columns[0].p_value is not None
    assert "no pair of columns was asked: of the rows that are read for pairs, only " in report.note


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alike", "unlike in activity", "few"])
def test_uneven_sides_of_the_same_entities_alarm_no_more_often_than_is_said(kind: str) -> None:
    n_pairs, n_entities, n_alarms = 150, 60 if kind == "few" else 500, 0
    for i in range(n_pairs):
        drawn = np.random.default_rng(i)
        means = drawn.normal(size=(n_entities, 3))
        activity = drawn.gamma(0.5, 1, n_entities) if kind == "unlike in activity" else np.ones(n_entities)
        sides = []
        for n in (10_000, 1_000):
            who = drawn.choice(n_entities, n, p=activity / activity.sum())
            x = means[who] + drawn.normal(size=(n, 3))
            level = np.where(x[:, 2] > 1, "high", np.where(x[:, 2] > 0, "middle", "low"))
            sides.append(pl.DataFrame({"customer": who, "x": x[:, 0], "y": np.exp(x[:, 1]), "level": level}))
        report = compare(*sides, entity="customer")
        p = [one.p_corrected for one in (*report.columns, *report.pairs) if one.p_corrected is not None]
        n_alarms += min(p) <= 0.05
    print(f"\n{kind}: {n_alarms} of {n_pairs} alarm", flush=True)
    assert stats.binomtest(n_alarms, n_pairs, alternative="greater").proportion_ci(0.999).low <= 0.05
