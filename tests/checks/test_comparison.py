from __future__ import annotations

from datetime import date, timedelta

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest

from checks.comparison import compare
from checks.errors import NoSuchColumn
from checks.profile import IS_A_NUMBER


def made(n: int, seed: int, shift: float = 0.0, first_day: int = 0) -> pl.DataFrame:
    drawn = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "x": drawn.normal(shift, 1, n),
            "level": drawn.choice(["a", "b", "c"], n),
            "customer": drawn.integers(0, 500, n),
            "day": [date(2024, 1, 1) + timedelta(days=int(d) + first_day) for d in drawn.integers(0, 90, n)],
            "y": drawn.random(n) < (0.3 if not shift else 0.5),
        }
    )


def verdicts(report) -> dict[str, str]:
    return {c.column: c.verdict for c in report.columns}


def test_two_frames_are_compared_by_row() -> None:
    report = compare(made(4_000, 1), made(3_000, 2, shift=0.5))
    assert report.unit.startswith("row: 4,000 against 3,000")
    assert [c.column for c in report.shifted] == ["y", "x"] or [c.column for c in report.shifted] == ["x", "y"]


def test_the_order_of_rows_changes_no_answer() -> None:
    one, two = made(2_000, 1), made(1_500, 2, shift=0.2)
    before = compare(one, two)
    after = compare(*(f.sample(fraction=1, shuffle=True, seed=9) for f in (one, two)))
    assert [(c.column, c.p_value, c.p_corrected, c.effect, c.low, c.high) for c in before.columns] == [
        (c.column, c.p_value, c.p_corrected, c.effect, c.low, c.high) for c in after.columns
    ]


def test_exchanging_the_frames_changes_no_p_value() -> None:
    one, two = made(2_000, 1), made(1_500, 2, shift=0.2)
    forth, back = compare(one, two), compare(two, one)
    assert [(c.column, c.p_corrected, c.effect) for c in forth.columns] == [
        (c.column, c.p_corrected, c.effect) for c in back.columns
    ]


def test_arrow_pandas_and_ibis_tables_are_compared_like_polars() -> None:
    one, two = made(1_000, 1), made(1_000, 2)
    expected = [(c.column, c.p_value) for c in compare(one, two).columns]
    assert [(c.column, c.p_value) for c in compare(one.to_arrow(), two.to_arrow()).columns] == expected
    connection = duckdb.connect()
    connection.register("one", one.to_arrow())
    connection.register("two", two.to_arrow())
    backend = ibis.duckdb.from_connection(connection)
    assert [(c.column, c.p_value) for c in compare(backend.table("one"), backend.table("two")).columns] == expected
    assert [(c.column, c.p_value) for c in compare(backend.table("one"), two).columns] == expected


def test_entities_that_are_on_both_sides_are_swapped_in_pairs() -> None:
    report = compare(made(3_000, 1), made(3_000, 2), entity="customer")
    assert "swapped in pairs" in report.unit
    assert verdicts(report)["customer"] == "not_applicable"


def test_entities_that_are_on_both_sides_have_margins_of_pairs() -> None:
    drawn = np.random.default_rng(3)
    level = drawn.normal(0, 3, 400)
    one, two = (pl.DataFrame({"who": np.arange(400), "x": level + drawn.normal(by, 0.3, 400)}) for by in (0.0, 0.2))
    told = {c.column: c for c in compare(one, two, entity="who").columns}["x"].changes[0]
    assert told.margin < 0.03  # of sides that share no entity it would be .14
    assert told.value > told.margin


def test_days_are_the_unit_where_only_a_time_is_named() -> None:
    report = compare(made(3_000, 1), made(3_000, 2, first_day=200), time="day")
    assert report.unit.startswith("day: 90 against 90")
    assert verdicts(report)["day"] == "not_applicable"


def test_an_entity_with_days_on_both_sides_cannot_tell() -> None:
    one, two = made(3_000, 1), made(3_000, 2).with_columns(customer=pl.col("customer") + 1_000)
    report = compare(one, two, entity="customer", time="day")
    assert set(verdicts(report).values()) == {"cannot_tell", "not_applicable"}
    assert "a day is on both sides" in report.note


def test_an_entity_at_other_times_is_told_with_its_limits() -> None:
    one = made(4_000, 1)
    two = made(4_000, 2, shift=0.5, first_day=200).with_columns(customer=pl.col("customer") + 1_000)
    report = compare(one, two, entity="customer", time="day", target="y")
    assert report.is_shifted
    assert "p speaks of these days as seen through customer" in report.note
    assert "the target y itself shifted" in report.note


def test_columns_of_other_types_are_named_and_numbers_meet() -> None:
    one = made(1_000, 1).with_columns(n=pl.lit(1) * pl.int_range(pl.len()) % 7, z=pl.col("x"))
    two = made(1_000, 2).with_columns(n=(pl.int_range(pl.len()) % 7).cast(pl.Float64), z=pl.col("level"))
    report = compare(one, two)
    told = {c.column: c for c in report.columns}
    assert told["n"].verdict != "not_applicable"
    assert told["z"].why == "it is float64 on one side and string on the other"


def test_a_named_column_that_is_missing_is_said_with_those_there_are() -> None:
    with pytest.raises(NoSuchColumn, match="No column named 'client' is in both tables") as caught:
        compare(made(100, 1), made(100, 2), entity="client")
    assert caught.value.__notes__ == ["Hint: both have x, level, customer, day, y."]


def test_an_empty_side_has_nothing_to_compare() -> None:
    report = compare(made(500, 1), made(500, 2).head(0))
    assert (report.columns, report.note) == ((), "the current side has no row")
    assert report.finding("SHIFT6").outcome == "not_applicable"


def test_rows_that_were_repeated_are_said_to_be_no_units_and_those_that_chance_repeats_are_not() -> None:
    drawn = np.random.default_rng(0)
    one, two = (pl.DataFrame({"x": drawn.normal(size=n), "y": drawn.normal(size=n)}) for n in (300, 200))
    report = compare(one, pl.concat([two] * 3))
    assert report.note.startswith("400 of 900 rows are copies of others of their side, more than independent c")
    assert report.note in report.finding("SHIFT6").seen
    assert compare(one, two).note == ""
    assert compare(one, pl.concat([two, two.head(10)])).note == "", "so few change little"
    few = [pl.DataFrame({"a": drawn.choice(["p", "q", "r"], n), "b": drawn.integers(0, 4, n)}) for n in (700, 500)]
    assert compare(*few).note == ""


def test_a_number_that_counts_on_names_rows_and_what_was_measured_is_compared() -> None:
    drawn = np.random.default_rng(0)

    def side(n: int, first: int) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "order": np.arange(first, first + n),
                "gaps": first + 7 * np.arange(n) + drawn.integers(0, 6, n),
                "some": pl.Series([None if i % 3 else first + i for i in range(n)], dtype=pl.Int64),
                "level": first + 100.0 * drawn.normal(size=n),
                "cents": first * 1_000 + drawn.integers(0, 20_000_000, n),
                "age": first // 500 + drawn.integers(0, 60, n),
            }
        )

    report = compare(side(1_000, 0), side(800, 20_000))
    told = {c.column: c for c in report.columns}
    for name in ("order", "gaps", "some"):
        assert (told[name].verdict, told[name].why) == ("not_applicable", IS_A_NUMBER)
    assert {c.column for c in report.shifted} == {"level", "cents", "age"}
    both = compare(side(1_000, 0), side(1_800, 0), entity="order")
    assert {c.column: c.why for c in both.columns}["some"] == IS_A_NUMBER, "both sides may have the same"


@pytest.mark.slow
def test_tables_of_few_different_rows_alarm_at_the_stated_rate() -> None:
    """Twelve different rows at most: copies are told apart by their number, on both sides alike."""
    alarms = 0
    for i in range(60):
        drawn = np.random.default_rng(i)
        one, two = (
            pl.DataFrame({"a": drawn.choice(["p", "q", "r"], n), "b": drawn.integers(0, 4, n)}) for n in (700, 500)
        )
        alarms += any(c.p_corrected is not None and c.p_corrected <= 0.05 for c in compare(one, two).columns)
    assert alarms <= 9  # binomial(60, .05): more in 1 of 500


def test_frames_without_a_column_in_common_have_nothing_to_compare() -> None:
    report = compare(pl.DataFrame({"x": [1, 2]}), pl.DataFrame({"y": [1]}))
    assert (report.note, report.n_reference, report.n_current, report.columns) == (
        "no column is on both sides; only in reference: x; only in current: y",
        2,
        1,
        (),
    )


def test_columns_that_are_called_like_our_own_are_left_out_and_said() -> None:
    frame = made(200, 1).with_columns(_part=pl.lit("a"), _nth=1, _entity=2, _bucket=4)
    report = compare(frame, frame)
    assert not [column for column in report.columns if column.column.startswith("_")]
    assert report.note.startswith("not compared: _part, _nth, _entity, _bucket")
