"""Where splits by time begin, and that rolling on never brings what was tested into train: arithmetic alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.lake import connect
from warehouse.policy import SplitPolicy
from warehouse.time_cuts import Cuts, Interval, TimePolicy, duration, given_cuts, merged, moment, remembering, rolled
from warehouse.time_splits import cuts_by_shares, windowed

START = datetime(2024, 1, 1)


def hour(n: int) -> datetime:
    return START + timedelta(hours=n)


def place(at: datetime | None, policy: TimePolicy, cuts: Cuts, tested: Iterable[Interval]) -> str:
    """The split of a moment or why it has none, told again without a table; train_dev is train."""
    if at is None:
        return "no time"
    for split, cut in (("test", cuts.test), ("dev", cuts.dev)):
        if cut is not None and at >= cut:
            return split
        if cut is not None and at >= cut - policy.gap:
            return "gap"
    is_tested = any(begin <= at <= end for begin, end in tested)
    return "tested" if policy.is_rolling and not policy.is_released and is_tested else "train"


@pytest.mark.parametrize("text", ["", "30", "d", "30 days", "-1d", "0d", "1.5d", "1y", "3m", "P30D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration(text)


def test_moments_are_in_utc() -> None:
    assert moment("2024-07-01T00:30:00.25+05:30") == datetime(2024, 6, 30, 19, 0, 0, 250_000)


def test_the_last_30_days_are_30_days_with_today_among_them() -> None:
    policy = TimePolicy(column="day", dev=duration("30d"), test=duration("30d"))
    cuts = given_cuts(policy, datetime(2024, 12, 31), is_by_day=True)
    assert (cuts.dev, cuts.test) == (datetime(2024, 11, 2), datetime(2024, 12, 2))
    by_moment = given_cuts(policy, datetime(2024, 12, 31, 12), is_by_day=False)
    assert (by_moment.dev, by_moment.test) == (datetime(2024, 11, 1, 12), datetime(2024, 12, 1, 12))


def test_what_lasts_longer_than_the_calendar_begins_with_it() -> None:
    policy = TimePolicy(column="day", dev=duration("30d"), test=duration("999999w"))
    cuts = given_cuts(policy, datetime(9999, 12, 31), is_by_day=True)
    assert (cuts.dev, cuts.test) == (datetime.min, datetime.min)


def test_cuts_survive_json() -> None:
    cuts = Cuts(
        dev=hour(1), newest=hour(9) + timedelta(microseconds=1), tested=((hour(1), hour(3)), (hour(5), hour(9)))
    )
    assert Cuts.from_json(cuts.to_json()) == cuts
    assert Cuts.from_json(Cuts().to_json()) == Cuts()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8), st.integers(0, 90))
def test_merged_intervals_are_the_same_times_in_order_and_apart(pairs: list[tuple[int, int]], n: int) -> None:
    intervals = [(hour(begin), hour(begin + span)) for begin, span in pairs]
    found = merged(intervals)
    assert any(a <= hour(n) <= b for a, b in found) == any(a <= hour(n) <= b for a, b in intervals)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


def by_shares(rows: list[datetime], dev: float, test: float) -> Cuts:
    """The last moments with at least their shares of rows at or after them."""
    found = {}
    for name, share in (("dev", dev + test), ("test", test)):
        found[name] = max((at for at in rows if sum(r >= at for r in rows) >= share * len(rows)), default=None)
    return Cuts(**found, newest=max(rows, default=None))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 400), max_size=12), min_size=2, max_size=6),
    st.tuples(st.integers(1, 120), st.integers(1, 120), st.integers(0, 60)) | st.none(),
    st.data(),
)
def test_rolling_no_row_passes_from_dev_or_test_into_train_nor_back(
    arriving: list[list[int]], spans: tuple[int, int, int] | None, data: st.DataObject
) -> None:
    dev, test, gap = (timedelta(hours=n) for n in spans or (0, 0, 5))
    policy = TimePolicy(column="t", dev=dev or None, test=test or None, gap=gap, is_rolling=True)
    rows: list[tuple[int, datetime]] = []
    were: dict[int, set[str]] = {}
    before: Cuts | None = None
    for version, hours in enumerate(arriving):
        rows += [(1000 * version + i, hour(n)) for i, n in enumerate(hours)]
        gone = data.draw(
            st.sets(st.sampled_from([number for number, _ in rows]), max_size=3) if rows else st.just(set())
        )
        there = [(number, at) for number, at in rows if number not in gone]
        times = [at for _, at in there]
        newest = max(times, default=None)
        found = given_cuts(policy, newest, is_by_day=False) if spans else by_shares(times, 0.25, 0.25)
        tested = before.tested if before else ()
        cuts = rolled(found, before)
        for number, at in there:
            were.setdefault(number, set()).add(place(at, policy, cuts, tested))
        before = remembering(cuts, tested)
    assert not [number for number, splits in were.items() if "train" in splits and splits & {"dev", "test"}]


def test_the_expression_places_as_the_arithmetic_does() -> None:
    cuts, tested = Cuts(dev=hour(60), test=hour(80)), ((hour(20), hour(30)), (hour(40), hour(41)))
    times = [None, *(hour(n) for n in range(100)), *(hour(n) - timedelta(microseconds=1) for n in (20, 31, 60, 75, 80))]
    for is_released in (False, True):
        time = TimePolicy(column="t", gap=duration("5h"), is_rolling=True, is_released=is_released)
        shares = {"train": Decimal("0.5"), "train_dev": Decimal("0.5")}
        found = windows(times, SplitPolicy(salt="gristmill", shares=shares, time=time), cuts, tested)
        assert [w.replace("train_dev", "train") for w in found] == [place(at, time, cuts, tested) for at in times]
        assert {"train", "train_dev"} <= set(found)


def windows(times: list[datetime | None], policy: SplitPolicy, cuts: Cuts, tested: Iterable[Interval]) -> list[str]:
    with connect() as connection:
        connection.execute("CREATE TABLE t (_entity VARCHAR, _moment TIMESTAMP)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(f"{i:03}", at) for i, at in enumerate(times)])
        backend = ibis.duckdb.from_connection(connection)
        table = windowed(backend.table("t"), policy, cuts, tested).order_by("_entity")
        sql = backend.compile(table.select(told=table["_window"].coalesce(table["_why"])))
        return [told for (told,) in connection.execute(sql).fetchall()]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=30), st.sampled_from([(0.1, 0.1), (0.25, 0.25), (0.5, 0.3)]))
def test_cuts_by_shares_have_their_shares_of_rows_behind_them(hours: list[int], shares: tuple[float, float]) -> None:
    with connect() as connection:
        connection.execute("CREATE TABLE t (_moment TIMESTAMP)")
        connection.executemany("INSERT INTO t VALUES (?)", [(hour(n),) for n in hours])
        backend = ibis.duckdb.from_connection(connection)
        exact = {"dev": Decimal(str(shares[0])), "test": Decimal(str(shares[1]))}
        sql = backend.compile(cuts_by_shares(backend.table("t"), exact, len(hours)).select("dev", "test"))
        found = connection.execute(sql).fetchone()
    expected = by_shares([hour(n) for n in hours], *shares)
    assert found == (expected.dev, expected.test)
