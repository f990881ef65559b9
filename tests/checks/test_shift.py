from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_info

from checks.effect import mean_change, share_change
from checks.report import ShiftReport
from checks.shift import compare_sides
from checks.shift_question import Question

SIDES = runpy.run_path(str(Path(__file__).with_name("sides.py")))
cells_for, random_sides, side_of = SIDES["cells_for"], SIDES["random_sides"], SIDES["side_of"]

QUICK = Question(unit="row", n_assignments=399)


def plain(drawn: np.random.Generator, n: int, shift: float = 0.0):
    return {
        "x": drawn.normal(shift, 1, n),
        "heavy": drawn.standard_cauchy(n),
        "ties": np.where(drawn.random(n) < 0.9, 0.0, drawn.poisson(3, n)).astype(float),
        "gaps": np.where(drawn.random(n) < 0.1, np.nan, drawn.normal(size=n)),
        "c": drawn.choice(["a", "b", "c", "d"], n),
    }


def rows(drawn: np.random.Generator, *tables):
    cells = cells_for(*tables)
    sides = [
        side_of(f"side {i}", t, np.arange(len(t["x"])), drawn.integers(0, 256, len(t["x"])), cells)
        for i, t in enumerate(tables)
    ]
    return sides, cells


def alarms(n_pairs: int, make) -> int:
    found = 0
    for i in range(n_pairs):
        one, two, cells = make(np.random.default_rng(i))
        report = compare_sides(one, two, cells, replace(QUICK, seed=str(i), n_assignments=199))
        found += any(c.p_corrected is not None and c.p_corrected <= 0.05 for c in report.columns)
    return found


def holds(n_alarms: int, n_pairs: int, most: float) -> bool:
    """The lower 99.9 % bound of the rate is at most `most`."""
    return bool(stats.binomtest(n_alarms, n_pairs, alternative="greater").proportion_ci(0.999).low <= most)


def test_a_family_that_is_quiet_among_the_first_assignments_is_not_held_against_all_of_them(monkeypatch) -> None:
    question, alarms = replace(QUICK, n_assignments=999), []
    for i in range(6):
        drawn = np.random.default_rng(i)
        sides, cells = rows(drawn, plain(drawn, 500), plain(drawn, 500, shift=0.06 * i))
        early = compare_sides(*sides, cells, replace(question, seed=str(i)))
        with monkeypatch.context() as patched:
            patched.setattr("checks.shift.QUIET", 1.0)  # nothing is quiet: every family is held against all
            late = compare_sides(*sides, cells, replace(question, seed=str(i)))
        alarms.append([c.column for c in late.columns if (c.p_corrected or 1) <= question.alpha])
        assert alarms[-1] == [c.column for c in early.columns if (c.p_corrected or 1) <= question.alpha]
        assert [(c.low, c.high, c.verdict) for c in early.columns] == [(c.low, c.high, c.verdict) for c in late.columns]
        assert (early != late) == all((c.p_corrected or 1) > 0.2 for c in early.columns)
    assert [] in alarms
    assert ["x"] in alarms


def test_a_shifted_column_is_found_and_named_with_its_size() -> None:
    drawn = np.random.default_rng(0)
    sides, cells = rows(drawn, plain(drawn, 10_000), plain(drawn, 10_000, shift=0.3))
    report = compare_sides(*sides, cells, QUICK)
    assert report.is_shifted
    assert [c.column for c in report.shifted] == ["x"]
    true_effect = 2 * stats.norm.cdf(0.15) - 1
    assert report.columns[0].low < true_effect < report.columns[0].high
    assert report.columns[0].effect == pytest.approx(true_effect, abs=0.03)
    assert report.columns[0].p_corrected == 1 / 400


def test_a_difference_below_the_tolerance_is_no_alarm_however_significant() -> None:
    drawn = np.random.default_rng(1)
    sides, cells = rows(drawn, plain(drawn, 60_000), plain(drawn, 60_000, shift=0.08))
    report = compare_sides(*sides, cells, replace(QUICK, tolerance=0.05))
    x = next(c for c in report.columns if c.column == "x")
    assert x.p_corrected <= 0.05
    assert x.verdict != "shifted"
    assert not report.is_shifted


def test_products_of_a_comparison_have_one_thread_and_others_theirs() -> None:
    def threads() -> set[int]:
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    drawn = np.random.default_rng(0)
    sides, cells = rows(drawn, plain(drawn, 500), plain(drawn, 500))
    before, inside = threads(), []
    compare_sides(*sides, cells, replace(QUICK, n_assignments=19, alpha=0.5), lambda: inside.append(threads()))
    assert inside == [{1}]
    assert threads() == before


def test_large_equal_samples_are_called_the_same() -> None:
    drawn = np.random.default_rng(2)
    sides, cells = rows(drawn, plain(drawn, 60_000), plain(drawn, 60_000))
    report = compare_sides(*sides, cells, QUICK)
    assert {c.verdict for c in report.columns} == {"same"}


def test_exchanging_the_sides_changes_nothing_but_the_sign() -> None:
    drawn = np.random.default_rng(3)
    for sizes in ((2_000, 2_000), (3_000, 700)):
        sides, cells = rows(drawn, plain(drawn, sizes[0]), plain(drawn, sizes[1], shift=0.1))
        forth, back = (compare_sides(*order, cells, QUICK) for order in (sides, sides[::-1]))
        same = ("column", "p_value", "p_corrected", "effect", "low", "high", "verdict", "statistic")
        assert [[getattr(c, k) for k in same] for c in forth.columns] == [
            [getattr(c, k) for k in same] for c in back.columns
        ]
        for one, other in zip(forth.columns, back.columns, strict=True):
            assert [c.value for c in one.changes] == pytest.approx([-c.value for c in other.changes])


def test_a_side_against_itself_shows_no_effect() -> None:
    drawn = np.random.default_rng(4)
    sides, cells = rows(drawn, plain(drawn, 3_000), plain(drawn, 3_000))
    report = compare_sides(sides[0], replace(sides[0], name="again"), cells, QUICK)
    assert {c.effect for c in report.columns} == {0.0}
    assert {c.p_value for c in report.columns} == {1.0}


def test_too_few_entities_cannot_tell() -> None:
    drawn = np.random.default_rng(5)
    one, two, cells = random_sides(drawn, lambda n, k: {"x": drawn.normal(size=n * k)}, (4, 200), 10)
    report = compare_sides(one, two, cells, QUICK)
    assert report.columns[0].verdict == "cannot_tell"
    assert report.columns[0].p_value is None
    assert "groups of whole entities" in report.columns[0].why


def test_five_against_five_have_too_few_ways_to_be_swapped() -> None:
    """C(10, 5) = 252 is under 20 / .05 = 400."""
    drawn = np.random.default_rng(11)
    for _ in range(20):
        one, two, cells = random_sides(drawn, lambda n, k: {"x": drawn.normal(size=n * k)}, (5, 5), 10)
        if (one.entities > 0).sum() == 5 and (two.entities > 0).sum() == 5:
            assert "252 ways" in compare_sides(one, two, cells, QUICK).columns[0].why


def test_constant_and_missing_columns_are_not_applicable() -> None:
    drawn = np.random.default_rng(6)
    one = {"k": np.ones(500), "m": np.full(500, np.nan), "x": drawn.normal(size=500)}
    cells = cells_for(one, one)
    sides = [side_of("s", one, np.arange(500), drawn.integers(0, 256, 500), cells) for _ in range(2)]
    report = compare_sides(*sides, cells, QUICK)
    told = {c.column: (c.verdict, c.why) for c in report.columns}
    assert told["k"] == ("not_applicable", "it is constant")
    assert told["m"] == ("not_applicable", "every value is missing")


def test_shared_entities_are_paired_and_unequal_ones_refused() -> None:
    drawn = np.random.default_rng(7)
    sides, cells = rows(drawn, plain(drawn, 1_000), plain(drawn, 1_000))
    paired = compare_sides(*sides, cells, replace(QUICK, n_common_entities=1_000))
    assert "swapped in pairs" in paired.unit
    sides, cells = rows(drawn, plain(drawn, 3_000), plain(drawn, 1_000))
    refused = compare_sides(*sides, cells, replace(QUICK, n_common_entities=1_000))
    assert {c.verdict for c in refused.columns} == {"cannot_tell"}
    assert "share entities and differ in size by 3.0" in refused.note


def test_pairing_sees_what_free_swapping_cannot() -> None:
    """The same 300 entities twice, each with a level of its own; all move by a tenth of their spread (F5)."""
    drawn = np.random.default_rng(8)
    level = drawn.normal(0, 3, 300)
    entity = np.repeat(np.arange(300), 10)
    bucket = drawn.integers(0, 256, 300)[entity]
    tables = [{"x": level[entity] + drawn.normal(0, 0.3, 3_000) + move} for move in (0.0, 0.3)]
    cells = cells_for(*tables)
    one, two = (side_of("s", t, entity, bucket, cells) for t in tables)
    free = compare_sides(one, two, cells, QUICK).columns[0]
    paired = compare_sides(one, two, cells, replace(QUICK, n_common_entities=300)).columns[0]
    assert free.p_value > 0.2
    assert paired.p_value <= 0.01


def test_margins_of_sides_that_share_entities_are_those_of_pairs() -> None:
    """300 entities with a level of their own on both sides move by .1: margins hold that as often as they say."""
    is_reference = np.arange(512) < 256
    held, margins = {"mean": 0, "share": 0}, []
    for i in range(200):
        drawn = np.random.default_rng(i)
        level, bucket = drawn.normal(0, 3, 300), np.arange(300) % 256
        sides = [level + drawn.normal(0, 0.3, 300) + move for move in (0.0, 0.1)]
        kept = [np.stack([np.ones(300), x, x**2, x > 0.05 + 0.1 * k], axis=1) for k, x in enumerate(sides)]
        units = np.concatenate([np.stack([np.bincount(bucket, v, 256) for v in side.T], axis=1) for side in kept])
        mean = mean_change(units[:, :3], is_reference, 1.97, is_paired=True)
        share = share_change(units[:, 3], units[:, 0], is_reference, 1.97, "above", is_paired=True)
        held["mean"] += abs(mean.value - 0.1 / np.concatenate(sides).std()) <= mean.margin
        held["share"] += abs(share.value) <= share.margin
        margins.append((mean.margin, mean_change(units[:, :3], is_reference, 1.97).margin))
    assert all(stats.binomtest(n, 200, 0.95).pvalue > 0.01 for n in held.values()), held
    paired, free = np.mean(margins, axis=0)
    assert paired == pytest.approx(1.97 * np.sqrt(2 / 300) * 0.3 / 3, rel=0.05)
    assert free > 9 * paired


def test_entities_that_behave_differently_are_no_evidence_by_p_alone() -> None:
    """F3: equal margins, but rows of an entity alike on one side alone; S13 (5) says so, and nothing is `shifted`."""
    drawn = np.random.default_rng(9)
    n, each = 300, 30
    entity = np.repeat(np.arange(n), each)
    bucket = [drawn.integers(0, 256, n)[entity] for _ in range(2)]
    n_shifted = n_told = 0
    for _ in range(20):
        tables = [
            {"x": np.sqrt(icc) * drawn.normal(size=n)[entity] + np.sqrt(1 - icc) * drawn.normal(size=n * each)}
            for icc in (0.0, 0.9)
        ]
        cells = cells_for(*tables)
        sides = [side_of("s", t, entity, b, cells) for t, b in zip(tables, bucket, strict=True)]
        report = compare_sides(*sides, cells, QUICK)
        n_shifted += report.is_shifted
        column = report.columns[0]
        n_told += column.p_corrected > 0.05 or "as alike on one side" in column.why
    assert (n_shifted, n_told) == (0, 20)


def test_the_report_survives_json() -> None:
    drawn = np.random.default_rng(10)
    sides, cells = rows(drawn, plain(drawn, 800), plain(drawn, 800, shift=0.5))
    report = compare_sides(*sides, cells, QUICK)
    assert ShiftReport.from_json(report.to_json()) == report
    assert report.to_polars()["column"].to_list() == [c.column for c in report.columns]
    assert "x       shifted" in str(report)
    assert report.finding("SHIFT2").outcome == "warn"
    assert replace(report, declared=True).finding("SHIFT3").outcome == "pass"
    assert "shifted, as declared" in replace(report, declared=True).finding("SHIFT3").seen


def test_equal_samples_alarm_at_the_stated_rate() -> None:
    def make(drawn):
        sides, cells = rows(drawn, plain(drawn, 600), plain(drawn, 600))
        return (*sides, cells)

    assert holds(alarms(120, make), 120, 0.05)


def test_rows_of_one_entity_that_are_alike_raise_no_alarm() -> None:
    """200 entities x 20 rows, half of the variance between entities: by rows nearly every pair alarms."""

    def make(drawn):
        def draw(n, each):
            level = np.repeat(drawn.normal(size=n), each)
            return {f"x{i}": level + drawn.normal(size=n * each) for i in range(3)}

        return random_sides(drawn, draw, (200, 200), 20)

    assert holds(alarms(100, make), 100, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_entities", "each", "icc"),
    [((200, 200), 50, 0.5), ((2_800, 200), 5, 0.5), ((20, 20), 20, 0.2), ((10, 10), 20, 0.2), ((280, 20), 10, 0.0)],
)
def test_null_pairs_alarm_at_the_stated_rate(n_entities: tuple[int, int], each: int, icc: float) -> None:
    """Table B1 of the method, 600 pairs a cell: heavy tails, ties, gaps and levels beside plain columns."""

    def make(drawn):
        def draw(n, k):
            level, entity = drawn.normal(size=n), np.repeat(np.arange(n), k)
            base = np.sqrt(icc) * level[entity] + np.sqrt(1 - icc) * drawn.normal(size=n * k)
            return {
                "x": base,
                "heavy": np.sign(base) * np.abs(base) ** 5,
                "ties": np.floor(np.abs(base)),
                "gaps": np.where(drawn.random(n * k) < 0.1, np.nan, base),
                "c": np.array(list("abcdef"))[np.clip(base + 3, 0, 5).astype(int)],
            }

        return random_sides(drawn, draw, n_entities, each)

    n_alarms = alarms(600, make)
    print(f"\n{n_entities} x {each}, ICC {icc}: {n_alarms} of 600 = {n_alarms / 600:.3f}", flush=True)
    assert stats.binomtest(n_alarms, 600).proportion_ci().low <= 0.05


def test_where_decimal_places_tell_most_they_are_shown_and_of_how_many_rows() -> None:
    drawn = np.random.default_rng(0)
    one, two = ({"x": drawn.normal(size=20_000)} for _ in range(2))
    two["x"][::5] = np.round(two["x"][::5], 2)
    cells = cells_for(one, two, has_precision=True)
    sides = [side_of("side", t, np.arange(20_000), drawn.integers(0, 256, 20_000), cells) for t in (one, two)]
    report = compare_sides(*sides, cells, QUICK)
    (x,) = report.columns
    assert (x.statistic, x.verdict, report.note) == ("precision", "cannot_tell", "")
    assert x.said.startswith("share in hundredths +0.1")
    for side in sides:
        side.precision["x"][64:] = 0
    report = compare_sides(*sides, cells, QUICK)
    assert report.columns[0].said.startswith("share in hundredths +0.1")
    assert report.note == "decimal places were counted in 25% of the rows, whole groups of them"
