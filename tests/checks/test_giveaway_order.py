"""The order of rows (LEAK10) and ids (LEAK11) that tell the target."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris, load_wine

from checks.finding import Finding
from checks.giveaway_order import encoding_ids, row_order
from checks.labelled import Labelled

N_ROWS = 1_000
CHANCE = np.random.default_rng(0)
POSITIVE = CHANCE.random(N_ROWS) < 0.3
NUMBERS = CHANCE.permutation(900_000)[:N_ROWS] + 100_000
PLACES = np.arange(N_ROWS)


def rows(target: object = POSITIVE, buckets: object = None, **columns: object) -> Labelled:
    chance = np.random.default_rng(1).integers(0, 256, len(np.asarray(target)))
    frame = pl.DataFrame({"target": target, "_bucket": chance if buckets is None else buckets, **columns})
    return Labelled(frame=frame, features=(), target="target", judged_on="all rows")


def by_order(target: object, buckets: object = None, time: str | None = None, **columns: object) -> Finding:
    return row_order(rows(target, buckets, _row=np.arange(len(np.asarray(target))), **columns), time=time)


def test_rows_sorted_by_label_warn_and_never_block() -> None:
    found = by_order(np.sort(POSITIVE))

    assert (found.code, found.outcome) == ("LEAK10", "warn")
    assert found.seen.endswith("of target: rows are stored by label, on 1,000 rows")


def test_rows_sorted_by_a_quantity_warn() -> None:
    assert by_order(np.sort(CHANCE.normal(size=N_ROWS))).outcome == "warn"


@pytest.mark.parametrize("n", [2, 7])
def test_labels_in_turns_warn(n: int) -> None:
    found = by_order(PLACES % n == 0)

    assert found.outcome == "warn"
    assert f"the remainder of the place by {n}" in found.seen


def test_rows_in_any_order_pass() -> None:
    assert by_order(POSITIVE).outcome == "pass"


def test_rows_of_one_entity_beside_each_other_say_nothing() -> None:
    # 250 patients of four rows and one label each: a neighbour of the same patient does not count.
    patient = PLACES // 4
    label = (CHANCE.random(250) < 0.4)[patient]

    assert by_order(label, CHANCE.integers(0, 256, 250)[patient]).outcome == "pass"


def test_rows_stored_in_the_order_of_time_pass_though_labels_came_in_turn() -> None:
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=int(i)) for i in PLACES // 10]

    assert by_order(PLACES > 600, time="day", day=days).outcome == "pass"
    assert by_order(PLACES > 600, time="day", day=[*reversed(days)]).outcome == "warn"


def test_without_an_order_or_enough_rows_there_is_no_answer() -> None:
    assert row_order(rows(), time=None).outcome == "not_applicable"
    assert by_order(PLACES < 20).outcome == "cannot_tell"


@pytest.mark.parametrize(("load", "outcome"), [(load_iris, "warn"), (load_wine, "warn")])
def test_the_tables_of_scikit_learn_are_sorted_by_label(load: object, outcome: str) -> None:
    assert by_order(load().target).outcome == outcome  # type: ignore[operator]


def by_id(ids: object, target: object = POSITIVE, buckets: object = None) -> Finding:
    return encoding_ids(rows(target, buckets, id=ids), ["id"])[0]


TEXTS = pl.Series(NUMBERS).cast(pl.String)
MARK = pl.select(pl.when(pl.Series(POSITIVE)).then(pl.lit("K")).otherwise(pl.lit("G"))).to_series()


@pytest.mark.parametrize(
    ("ids", "how"),
    [
        (pl.Series(POSITIVE.argsort(kind="stable").argsort() + 5_000), "the order"),
        ("n" + pl.Series(POSITIVE.argsort(kind="stable").argsort() + 5_000).cast(pl.String), "the order"),
        (MARK + "-" + TEXTS, "the first character"),
        (TEXTS + "/" + MARK, "the last character"),
        (TEXTS.str.head(3) + MARK + TEXTS.str.tail(3), "character 4"),
        (pl.Series(NUMBERS * 5 + POSITIVE), "the remainder of the number by"),
        (pl.select(pl.when(pl.Series(POSITIVE)).then(TEXTS + "0").otherwise(TEXTS)).to_series(), "the length"),
    ],
    ids=["range", "range in a text", "prefix", "suffix", "inside", "remainder", "length"],
)
def test_an_id_that_encodes_the_label_warns(ids: pl.Series, how: str) -> None:
    found = by_id(ids)

    assert (found.code, found.outcome, found.column) == ("LEAK11", "warn", "id")
    assert how in found.seen or "the letters" in found.seen


def test_ids_that_are_given_out_by_a_quantity_warn() -> None:
    value = CHANCE.normal(size=N_ROWS)

    assert by_id(value.argsort().argsort(), value).outcome == "warn"


@pytest.mark.parametrize("ids", [pl.Series(NUMBERS), TEXTS, "u-" + TEXTS], ids=["number", "text", "prefix of all"])
def test_an_id_by_chance_passes(ids: pl.Series) -> None:
    assert by_id(ids).outcome == "pass"


def test_a_share_of_labels_that_differs_by_prefix_is_honest() -> None:
    # Two clinics, .5 of one and .1 of the other are ill.
    clinic = CHANCE.random(N_ROWS) < 0.5
    ill = CHANCE.random(N_ROWS) < np.where(clinic, 0.5, 0.1)
    names = pl.select(pl.when(pl.Series(clinic)).then(pl.lit("a")).otherwise(pl.lit("b"))).to_series()

    assert by_id(names + TEXTS, ill).outcome == "pass"


def test_a_missing_id_is_no_error() -> None:
    assert by_id(pl.Series([None, *TEXTS[1:]])).outcome == "pass"


def test_without_a_hidden_id_there_is_no_question() -> None:
    assert encoding_ids(rows(), [])[0].outcome == "not_applicable"
