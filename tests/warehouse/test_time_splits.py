"""Entities that lie in the windows of several splits: where they belong, by what is known of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ibis
import pytest

from warehouse.lake import connect
from warehouse.policy import SplitPolicy
from warehouse.time_cuts import Cuts, TimePolicy
from warehouse.time_splits import entities_of, moment_of, placed_whole, windowed

TRAIN, DEV, TEST = "2024-01-05", "2024-01-15", "2024-01-25"
CUTS = Cuts.from_json({"dev": "2024-01-10T00:00:00", "test": "2024-01-20T00:00:00"})


def policy(apart: Any = "everywhere", **more: bool) -> SplitPolicy:
    time = TimePolicy(column="day", **more)
    return SplitPolicy(salt="gristmill", shares={"train": Decimal(1)}, apart=apart, time=time)


def placed(rows: list[tuple[str, str]], known: list[tuple[str, str]], how: SplitPolicy) -> tuple[list[str], list[str]]:
    """Where each row is, its split or why it has none; and what is to be remembered, as `entity split`."""
    with connect() as connection:
        connection.execute("CREATE TABLE t (i INTEGER, _entity VARCHAR, day DATE)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(rows)])
        connection.execute("CREATE TABLE known (_entity VARCHAR, _placed VARCHAR)")
        if known:
            connection.executemany("INSERT INTO known VALUES (?, ?)", known)
        backend = ibis.duckdb.from_connection(connection)
        table = backend.table("t")
        table = windowed(table.mutate(_moment=moment_of(table, "day")), how, CUTS, ())
        entities = entities_of(table, backend.table("known"), how)
        found = placed_whole(table, entities, how)
        told = found.select("i", told=ibis.ifelse(found["_why"].isnull(), found["_placed"], found["_why"])).order_by(
            "i"
        )
        new = entities.filter(entities["_is_new"]).select(told=entities["_entity"] + " " + entities["_placed"])
        both = [connection.execute(backend.compile(t)).fetchall() for t in (told.select("told"), new.order_by("told"))]
    return [row[0] for row in both[0]], [row[0] for row in both[1]]


ROLLING, RELEASED = {"is_rolling": True}, {"is_rolling": True, "is_released": True}
HELD = "held back"


@pytest.mark.parametrize(
    ("known", "how", "expected", "remembered"),
    [
        # a has rows in train, dev and test, b in dev and test.
        ([], policy(), ["train", HELD, HELD, "dev", HELD], ["a train", "b dev"]),
        ([("a", "test")], policy(), [HELD, HELD, "test", "dev", HELD], ["b dev"]),
        ([], policy("pool"), ["train", "dev", HELD, "dev", HELD], ["a dev", "b dev"]),
        ([("a", "test")], policy("pool"), ["train", HELD, "test", "dev", HELD], ["b dev"]),
        # Cuts that roll: the side of the first cut binds, and of dev and test the earliest row as they are now.
        ([("a", "test"), ("b", "test")], policy(**ROLLING), [HELD, "dev", HELD, "dev", HELD], []),
        ([("b", "train")], policy(**ROLLING), ["train", HELD, HELD, HELD, HELD], ["a train"]),
        ([("a", "test")], policy("pool", **ROLLING), ["train", "dev", HELD, "dev", HELD], []),
        # Released: a passes into train, which is remembered, and never back.
        ([("a", "test")], policy(**RELEASED), ["train", HELD, HELD, "dev", HELD], ["a train", "b dev"]),
        ([("b", "test"), ("b", "train")], policy(**RELEASED), ["train", HELD, HELD, HELD, HELD], ["a train"]),
    ],
)
def test_an_entity_is_whole(known: Any, how: SplitPolicy, expected: list[str], remembered: list[str]) -> None:
    rows = [("a", TRAIN), ("a", DEV), ("a", TEST), ("b", DEV), ("b", TEST)]
    assert placed(rows, known, how) == (expected, remembered)


def test_a_time_that_no_calendar_has_is_none() -> None:
    assert placed([("a", "infinity"), ("b", "-infinity"), ("c", DEV)], [], policy())[0] == ["no time", "no time", "dev"]


def test_moments_of_other_zones_are_in_utc() -> None:
    with connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT TIMESTAMPTZ '2024-01-10 01:30:00+02' AS at")
        backend = ibis.duckdb.from_connection(connection)
        sql = backend.compile(backend.table("t").select(at=moment_of(backend.table("t"), "at")))
        assert str(connection.execute(sql).fetchone()) == "(datetime.datetime(2024, 1, 9, 23, 30),)"
