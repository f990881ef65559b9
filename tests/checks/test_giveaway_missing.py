"""Missing values that tell the target (LEAK9)."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from checks.finding import Finding
from checks.giveaway_missing import missing_values
from checks.labelled import Labelled

N_ROWS = 800
CHANCE = np.random.default_rng(0)
BUCKETS = CHANCE.integers(0, 256, N_ROWS)
POSITIVE = CHANCE.random(N_ROWS) < 0.4
NOISE = CHANCE.normal(size=N_ROWS)


def asked(column: pl.Series, target: object = POSITIVE, *, told: tuple[str, ...] = ()) -> Finding:
    frame = pl.DataFrame({"target": target, "column": column, "_bucket": BUCKETS})
    rows = Labelled(frame=frame, features=("column",), target="target", judged_on="all rows")
    return missing_values(rows, told=told)[0]


def without(gone: np.ndarray, values: np.ndarray = NOISE) -> pl.Series:
    return pl.select(pl.when(pl.Series(~gone)).then(pl.Series(values))).to_series()


@pytest.mark.parametrize("gone", [POSITIVE, ~POSITIVE], ids=["with the label", "without it"])
def test_a_column_that_is_missing_exactly_with_one_label_blocks(gone: np.ndarray) -> None:
    found = asked(without(gone))

    assert (found.code, found.outcome, found.column) == ("LEAK9", "fail", "column")
    assert found.seen == "whether column has a value determines target, on all rows"


def test_a_nan_is_a_missing_value() -> None:
    assert asked(pl.Series(np.where(POSITIVE, np.nan, NOISE))).outcome == "fail"


def test_one_row_that_errs_is_enough_to_warn_instead() -> None:
    at = int(np.flatnonzero(POSITIVE & (BUCKETS % 2 == 1))[0])
    gone = POSITIVE.copy()
    gone[at] = False

    assert asked(without(gone)).outcome == "warn"


def test_mostly_missing_with_one_label_warns() -> None:
    gone = np.where(POSITIVE, CHANCE.random(N_ROWS) < 0.95, CHANCE.random(N_ROWS) < 0.05)

    assert asked(without(gone)).outcome == "warn"


def test_missing_twice_as_often_with_one_label_is_honest() -> None:
    gone = np.where(POSITIVE, CHANCE.random(N_ROWS) < 0.6, CHANCE.random(N_ROWS) < 0.3)

    assert asked(without(gone)).outcome == "pass"


def test_missing_exactly_with_one_of_three_classes_warns_as_the_others_are_not_told() -> None:
    target = np.array(["a", "b", "c"])[np.arange(N_ROWS) % 3]

    assert asked(without(target == "b"), target).outcome == "warn"


def test_missing_above_a_quantity_warns_and_by_chance_does_not() -> None:
    assert asked(without(NOISE > 0.3, values=CHANCE.normal(size=N_ROWS)), NOISE).outcome == "warn"
    assert asked(without(CHANCE.random(N_ROWS) < 0.3), NOISE).outcome == "pass"


def test_a_column_without_gaps_or_told_already_is_not_asked_of() -> None:
    assert asked(pl.Series(NOISE)).outcome == "not_applicable"
    assert asked(without(POSITIVE), told=("column",)).outcome == "not_applicable"


def test_too_few_of_a_class_cannot_tell() -> None:
    target = np.arange(N_ROWS) < 40

    assert asked(without(target | (NOISE > 0)), target).outcome == "cannot_tell"
