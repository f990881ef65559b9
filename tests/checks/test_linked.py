"""One entity under two names, and rows made from a row of another split."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis
import numpy as np
import polars as pl
import pytest

from checks.linked import derived_rows, entities_under_two_names
from checks.promised import values_apart


def bound(frame: pl.DataFrame) -> Any:
    con = duckdb.connect()
    con.register("_frame", frame.to_arrow())
    con.execute("CREATE TABLE frame AS SELECT * FROM _frame")
    return ibis.duckdb.from_connection(con).table("frame")


def customers(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "_entity": [f"c{i}" for i in range(n)],
            "_split": ["train" if i % 5 else "test" for i in range(n)],
            "email": [f"someone{i}@mail.example" for i in range(n)],
            "city": rng.choice(["London", "Paris", "Rome"], n),
            "code": rng.choice([f"P{i}" for i in range(40)], n),
            "since": [f"2020-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(n)],
            "name": [f"Ann P{'abcdefghij'[i % 10]}{'abcdefghij'[i // 10 % 10]}{'xyz'[i // 100]}" for i in range(n)],
        }
    )


def with_email(frame: pl.DataFrame, row: int, email: str | None) -> pl.DataFrame:
    values = frame["email"].to_list()
    values[row] = email
    return frame.with_columns(email=pl.Series(values, dtype=pl.String))


LETTERS = str.maketrans("0123456789", "abcdefghij")
COLUMNS = ["email", "city", "code", "since", "name"]


def test_an_e_mail_that_two_customers_of_two_splits_share_warns_and_is_not_shown() -> None:
    frame = with_email(customers(), 5, "someone6@mail.example")

    [finding] = entities_under_two_names(bound(frame), COLUMNS, apart="everywhere")

    assert (finding.code, finding.outcome, finding.column) == ("LEAK7", "warn", "email")
    assert finding.seen == "entities of two splits share 1 value of email, such as c5 and c6"


def test_customers_of_one_split_that_share_an_e_mail_pass() -> None:
    [finding] = entities_under_two_names(
        bound(with_email(customers(), 7, "someone6@mail.example")), COLUMNS, apart="everywhere"
    )

    assert (finding.outcome, finding.seen) == ("pass", "no value of email belongs to two splits")


def test_categories_codes_and_dates_are_no_identifiers() -> None:
    [finding] = entities_under_two_names(bound(customers()), ["city", "code", "since", "name"], apart="everywhere")

    assert finding.outcome == "not_applicable"


def test_where_more_than_five_in_a_hundred_values_are_shared_it_cannot_tell_and_says_how_many() -> None:
    homes = [f"household{i // 2 if i < 40 else i}@mail.example" for i in range(200)]

    [finding] = entities_under_two_names(
        bound(customers().with_columns(email=pl.Series(homes))), COLUMNS, apart="everywhere"
    )

    assert (finding.code, finding.outcome, finding.column) == ("LEAK7", "cannot_tell", "email")
    assert finding.seen == (
        "20 of 180 values of email belong to several entities, too many for an identifier; 8 to entities of two splits"
    )


def test_house_numbers_that_meet_by_chance_are_no_identifiers() -> None:
    rng = np.random.default_rng(1)
    streets = rng.choice(["Mill", "Park", "High", "Church", "Station"], 300)
    homes = [f"{number} {street} Street" for number, street in zip(rng.integers(1, 2_000, 300), streets, strict=True)]
    frame = customers(300).with_columns(address=pl.Series(homes))
    assert frame["address"].n_unique() < 300

    assert entities_under_two_names(bound(frame), ["address"], apart="everywhere")[0].outcome == "not_applicable"


def test_of_more_values_than_are_looked_at_the_same_are_looked_at_in_any_order() -> None:
    n = 24_000
    marked = [f"u{i}@mail.example" if i % 8 else f"u{'abcdefghij'[i % 10]}{i:06}".translate(LETTERS) for i in range(n)]
    frame = pl.DataFrame({"_entity": [f"c{i}" for i in range(n)], "_split": ["train", "test"] * (n // 2), "id": marked})
    by_mark = frame.sort(pl.col("id").str.contains("@"))

    outcomes = [
        entities_under_two_names(bound(rows), ["id"], apart="everywhere")[0].outcome
        for rows in (by_mark, by_mark.reverse())
    ]

    assert outcomes[0] == outcomes[1]


def test_under_apart_pool_an_identifier_may_be_in_both_pools_and_not_in_two_splits_of_one() -> None:
    across = with_email(customers(), 5, "someone6@mail.example")  # customer 5 is in test, customer 6 in train
    within = across.with_columns(_split=pl.col("_split").replace("test", "train_dev"))

    [allowed] = entities_under_two_names(bound(across), COLUMNS, apart="pool")
    [warned] = entities_under_two_names(bound(within), COLUMNS, apart="pool")

    assert (allowed.outcome, allowed.seen) == ("pass", "no value of email belongs to two splits of one pool")
    assert warned.outcome == "warn"
    assert warned.seen.startswith("entities of two splits of one pool share 1 value")


def test_values_of_a_linking_column_are_counted_under_its_own_name() -> None:
    frame = pl.DataFrame({"entity_id": ["a", "a", "b"], "_split": ["train", "test", "test"]})

    [finding] = values_apart(bound(frame), ["entity_id"], apart="everywhere")

    assert (finding.outcome, finding.seen) == ("fail", "by entity_id: 1 of 2 values are in two splits")


def test_missing_values_join_nobody() -> None:
    frame = with_email(with_email(customers(), 5, None), 6, None)

    assert entities_under_two_names(bound(frame), COLUMNS, apart="everywhere")[0].outcome == "pass"


def images(*given: tuple[str, str | None, str | None]) -> Any:
    columns = {"id": pl.String, "parent_id": pl.String, "_split": pl.String}
    return bound(pl.DataFrame(given, schema=columns, orient="row").with_columns(_entity=pl.col("id")))


@pytest.mark.parametrize(("declared", "outcome"), [("parent_id", "fail"), (None, "warn")])
def test_a_row_made_from_a_row_of_another_split_blocks_where_declared(declared: str | None, outcome: str) -> None:
    table = images(("a", None, "test"), ("b", "a", "train"), ("c", None, "train"), ("d", "c", "train"))

    finding = derived_rows(table, key="id", columns=["id", "parent_id"], declared=declared)

    assert (finding.code, finding.outcome, finding.column) == ("LEAK14", outcome, "parent_id")
    assert finding.seen == "of 2 rows made from another (parent_id) 1 are in another split than it"


def test_a_declared_origin_that_is_not_there_blocks() -> None:
    table = images(("a", None, "test"), ("b", "gone", "train"))

    finding = derived_rows(table, key="id", columns=["id", "parent_id"], declared="parent_id")

    assert finding.outcome == "fail"
    assert "of 1 row the origin is not there" in finding.seen


def test_rows_beside_their_origin_pass_and_so_do_unused_ones() -> None:
    table = images(("a", None, "test"), ("b", "a", "test"), ("c", "a", None), ("d", "d", "train"))

    assert derived_rows(table, key="id", columns=["id", "parent_id"], declared=None).outcome == "pass"


def test_a_column_of_that_name_that_holds_no_keys_says_nothing() -> None:
    table = images(("a", "x1", "test"), ("b", "x2", "train"), ("c", "a", "train"))

    finding = derived_rows(table, key="id", columns=["id", "parent_id"], declared=None)

    assert (finding.outcome, finding.seen) == ("not_applicable", "the values of parent_id are no keys of other rows")


def test_without_a_key_of_one_column_no_row_can_be_named() -> None:
    assert derived_rows(images(("a", "b", "test")), key=None, columns=[], declared=None).outcome == "not_applicable"
