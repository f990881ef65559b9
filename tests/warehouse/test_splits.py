"""Who a row is and where it goes: the entity's text, the thresholds, and a twin of the assignment in pure Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.identity import entity_sql, row_sql
from warehouse.lake import connect
from warehouse.policy import SplitPolicy, thresholds
from warehouse.splits import assign

ORDER = ("test", "dev", "train_dev", "train")
POOLED = {"train": 650, "train_dev": 150, "dev": 100, "test": 100}
PLAIN = {"train": 800, "dev": 100, "test": 100}
few = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
entities = st.lists(st.one_of(st.text(max_size=12), st.integers().map(str), st.none()), min_size=1, max_size=60)

Row = tuple[str | None, bool | None]
Placed = tuple[str | None, int | None, str | None]


def twin(salt: str, entity: str, shares: Mapping[str, int]) -> tuple[str, int]:
    """The split and the bucket of an entity, from `hashlib` alone; shares are whole parts of anything."""
    digest = hashlib.md5(f"{salt}|{entity}".encode()).hexdigest()
    present = [split for split in ORDER if shares.get(split)]
    total, cumulated = sum(shares[split] for split in present), 0
    for split in present[:-1]:
        cumulated += shares[split]
        threshold = (2 * cumulated * 16**12 + total) // (2 * total)
        if int(digest[:12], 16) < threshold:
            return split, int(digest[-2:], 16)
    return present[-1], int(digest[-2:], 16)


def policy(shares: Mapping[str, int], **more: Any) -> SplitPolicy:
    return SplitPolicy(salt="gristmill", shares={s: Decimal(n) / 1000 for s, n in shares.items()}, **more)


def assigned(rows: Iterable[Row], policy: SplitPolicy) -> list[Placed]:
    """Split, bucket and reason of each row, in order."""
    with connect() as connection:
        connection.execute("CREATE TABLE t (i INTEGER, _entity VARCHAR, _in_pool BOOLEAN)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(rows)])
        backend = ibis.duckdb.from_connection(connection)
        table = assign(backend.table("t"), policy)
        assert table.columns == ("i", "_entity", "_in_pool", "_bucket", "_split", "_unused")
        sql = backend.compile(table.order_by("i").select("_split", "_bucket", "_unused"))
        return connection.execute(sql).fetchall()


def text_of(values: str, columns: Sequence[str] = ("a",)) -> list[str | None]:
    """The entity's text of each row of `VALUES`."""
    with connect() as connection:
        connection.execute(f"CREATE TABLE t AS SELECT * FROM (VALUES {values}) AS v({', '.join(columns)})")
        types = {row[0]: row[1] for row in connection.execute("DESCRIBE t").fetchall()}
        return [row[0] for row in connection.execute(f"SELECT {entity_sql(types, columns)} FROM t").fetchall()]


def test_thresholds_are_cumulated_from_test_upwards_and_the_last_takes_the_rest() -> None:
    shares = {
        "train": Decimal("0.625"),
        "train_dev": Decimal("0.125"),
        "dev": Decimal("0.125"),
        "test": Decimal("0.125"),
    }
    assert thresholds(shares) == (
        ("test", "200000000000"),
        ("dev", "400000000000"),
        ("train_dev", "600000000000"),
        ("train", None),
    )


def test_thresholds_are_rounded_once_from_exact_shares() -> None:
    # 0.1 * 16**12 = 28147497671065.6; 0.2 * 16**12 = 56294995342131.2
    shares = {"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
    assert thresholds(shares) == (("test", "19999999999a"), ("dev", "333333333333"), ("train", None))


def test_a_split_without_a_share_is_not_on_the_line() -> None:
    assert thresholds({"train": Decimal(1), "dev": Decimal(0)}) == (("train", None),)


def test_small_shares_keep_their_leading_zeros() -> None:
    assert thresholds({"train": Decimal("0.99999"), "test": Decimal("0.00001")})[0] == ("test", "0000a7c5ac47")


def test_a_known_row_goes_where_it_always_went() -> None:
    # md5sum says f73663a9baa7c2a07a544f35631a8031 of gristmill|N14228 and
    # c078f2ce4ab3f46f6f6401e6e9fd13f5 of gristmill|1.
    found = assigned([("N14228", None), ("1", None)], policy(PLAIN))
    assert found == [("train", 0x31, None), ("train", 0xF5, None)]


@few
@given(entities)
def test_without_pools_every_engine_agrees_with_the_twin(found: list[str | None]) -> None:
    expected = [(None, None, "no entity") if e is None else (*twin("gristmill", e, PLAIN), None) for e in found]
    assert assigned([(e, None) for e in found], policy(PLAIN)) == expected


@few
@given(entities, st.lists(st.sampled_from([True, False, None]), min_size=60, max_size=60))
def test_with_pools_everywhere_the_digest_alone_decides_and_the_wrong_pool_is_held_back(
    found: list[str | None], pools: list[bool | None]
) -> None:
    rows = list(zip(found, pools, strict=False))
    expected: list[Placed] = []
    for entity, in_pool in rows:
        if entity is None:
            expected.append((None, None, "no entity"))
            continue
        split, bucket = twin("gristmill", entity, POOLED)
        is_held_back = (split in {"dev", "test"}) != bool(in_pool)
        expected.append((None, bucket, "held back") if is_held_back else (split, bucket, None))
    assert assigned(rows, policy(POOLED, has_pools=True)) == expected


@few
@given(entities, st.lists(st.sampled_from([True, False, None]), min_size=60, max_size=60))
def test_with_pools_apart_each_pool_has_its_own_line(found: list[str | None], pools: list[bool | None]) -> None:
    rows = list(zip(found, pools, strict=False))
    inside, outside = {"dev": 100, "test": 100}, {"train": 650, "train_dev": 150}
    expected = [
        (None, None, "no entity") if e is None else (*twin("gristmill", e, inside if in_pool else outside), None)
        for e, in_pool in rows
    ]
    assert assigned(rows, policy(POOLED, has_pools=True, apart="pool")) == expected


def test_a_share_of_train_that_grows_never_touches_test() -> None:
    rows = [(str(i), None) for i in range(800)]
    before = [row[0] for row in assigned(rows, policy({"train": 600, "dev": 200, "test": 200}))]
    after = [row[0] for row in assigned(rows, policy({"train": 700, "dev": 100, "test": 200}))]
    assert {(was, becomes) for was, becomes in zip(before, after, strict=True) if was != becomes} == {("dev", "train")}
    assert before.count("test") == after.count("test") > 100


def test_another_salt_gives_another_split() -> None:
    rows = [(str(i), None) for i in range(200)]
    other = SplitPolicy(salt="other", shares={"train": Decimal("0.5"), "test": Decimal("0.5")})
    assert assigned(rows, other) != assigned(rows, policy({"train": 500, "test": 500}))


def test_one_column_gives_its_own_text() -> None:
    assert text_of("('N14228'), (''), ('a|b'), (NULL)") == ["N14228", "", "a|b", None]


def test_several_columns_are_joined_with_their_lengths_in_code_points() -> None:
    assert text_of("('EWR', 1545)", ("a", "b")) == ["3:EWR|4:1545"]
    # One emoji is one code point (four bytes); e with a combining accent is two.
    assert text_of("('\U0001f986', 'e\u0301'), ('\u00e9', '')", ("a", "b")) == ["1:\U0001f986|2:e\u0301", "1:\u00e9|0:"]


def test_parts_that_hold_the_separator_do_not_collide() -> None:
    one, two = text_of("('a|b', 'c'), ('a', 'b|c')", ("a", "b"))
    assert (one, two) == ("3:a|b|1:c", "1:a|3:b|c")


def test_a_null_part_is_a_dash_and_only_all_of_them_are_null() -> None:
    values = "(NULL, 'x'), ('x', NULL), (NULL, NULL), ('-', 'x')"
    assert text_of(values, ("a", "b")) == ["-|1:x", "1:x|-", None, "1:-|1:x"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50::DECIMAL(10, 2)", "1.5"),
        ("1.5::DECIMAL(10, 1)", "1.5"),
        ("100.00::DECIMAL(10, 2)", "100"),
        ("100::DECIMAL(10, 0)", "100"),
        ("0.00::DECIMAL(10, 2)", "0"),
        ("-0.50::DECIMAL(10, 2)", "-0.5"),
        ("-0.50::DECIMAL(2, 2)", "-0.5"),
        ("0.50::DECIMAL(2, 2)", "0.5"),
        ("0.00::DECIMAL(2, 2)", "0"),
        ("12345678901234567890.1200::DECIMAL(38, 4)", "12345678901234567890.12"),
        ("100::BIGINT", "100"),
        ("DATE '2013-10-01'", "2013-10-01"),
        ("true", "true"),
        ("TIMESTAMP '2013-01-01 05:00:00'", "2013-01-01T05:00:00.000000"),
        ("TIMESTAMP '2013-01-01 05:00:00.5'", "2013-01-01T05:00:00.500000"),
        ("TIMESTAMP_S '2013-01-01 05:00:00'", "2013-01-01T05:00:00.000000"),
        ("TIMESTAMP_MS '2013-01-01 05:00:00.25'", "2013-01-01T05:00:00.250000"),
        ("TIMESTAMPTZ '2013-01-01 05:00:00-05'", "2013-01-01T10:00:00.000000Z"),
        ("TIMESTAMPTZ '2013-01-01 15:30:00.123456+05:30'", "2013-01-01T10:00:00.123456Z"),
        ("NULL::TIMESTAMPTZ", None),
        ("NULL::DECIMAL(10, 2)", None),
    ],
)
def test_a_value_has_one_text(value: str, text: str | None) -> None:
    assert text_of(f"({value})") == [text]


def test_the_text_of_a_zoned_timestamp_does_not_depend_on_the_zone_of_the_machine() -> None:
    sql = entity_sql({"a": "TIMESTAMP WITH TIME ZONE"}, ["a"])
    with connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT TIMESTAMPTZ '2013-07-01 10:00:00+00' AS a")
        texts = set()
        for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
            connection.execute(f"SET TimeZone='{zone}'")
            texts.add(connection.execute(f"SELECT {sql} FROM t").fetchone())
    assert texts == {("2013-07-01T10:00:00.000000Z",)}


def test_rows_without_a_key_are_known_by_their_frozen_columns_alone() -> None:
    types = {"a": "VARCHAR", "b": "DECIMAL(10,2)", "label": "VARCHAR"}
    with connect() as connection:
        connection.execute("CREATE TABLE t (a VARCHAR, b DECIMAL(10,2), label VARCHAR)")
        connection.execute(
            "INSERT INTO t VALUES ('x', 1.5, 'yes'), ('x', 1.5, NULL), ('x', NULL, 'yes'), (NULL, NULL, '')"
        )
        found = [row[0] for row in connection.execute(f"SELECT {row_sql(types, ['a', 'b'])} FROM t").fetchall()]
    texts = ("1:x|3:1.5", "1:x|3:1.5", "1:x|-", "-|-")
    assert found == [hashlib.md5(text.encode()).hexdigest() for text in texts]
