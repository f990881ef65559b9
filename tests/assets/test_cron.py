"""A schedule comes round when Dagster's own reading of cron says so, and what is no cron is told in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.cron import parse


def number(low: int, high: int) -> st.SearchStrategy[str]:
    values = st.integers(low, high)
    span = st.tuples(values, values).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.integers(2, 20)
    part = st.one_of(values.map(str), span, st.builds("{}/{}".format, st.one_of(st.just("*"), span), steps))
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=3).map(",".join))


CRONS = st.tuples(number(0, 59), number(0, 23), number(1, 28), number(1, 12), number(0, 6)).map(" ".join)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31))


@given(CRONS, MOMENTS)
@settings(max_examples=200, deadline=None)
def test_it_comes_round_when_dagsters_own_cron_says_so(text: str, at: datetime) -> None:
    from dagster._utils.schedules import cron_string_iterator

    cron = parse(text)
    following = cron_string_iterator(at.replace(tzinfo=UTC).timestamp() + 1, cron.plain, "UTC")
    expected = next(following).replace(tzinfo=None)
    assert cron.next(at) == expected
    assert cron.last(expected) == expected
    assert cron.last(expected - timedelta(seconds=1)) <= at


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("0 6 * * *", "2024-03-01 05:59", "2024-02-29 06:00"),
        ("0 6 * * *", "2024-03-01 06:00", "2024-03-01 06:00"),
        ("0 0 29 2 *", "2027-01-01 00:00", "2024-02-29 00:00"),
        ("0 0 1 * mon", "2024-05-02 00:00", "2024-05-01 00:00"),  # a Wednesday that is the first
        ("0 0 1 * mon", "2024-05-07 00:00", "2024-05-06 00:00"),  # a Monday that is not
        ("0 0 * * 7", "2024-05-07 00:00", "2024-05-05 00:00"),  # 7 is Sunday, as 0 is
        ("@daily", "2024-05-07 12:00", "2024-05-07 00:00"),
        ("30 22 * jan-mar fri", "2024-05-07 00:00", "2024-03-29 22:30"),
    ],
)
def test_the_last_time_that_it_came_round(text: str, at: str, expected: str) -> None:
    assert parse(text).last(datetime.fromisoformat(at)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 fields, and cron has 5"),
        ("0 6 * *", "has 4 fields, and cron has 5"),
        ("60 * * * *", "has '60' for the minute; it goes from 0 to 59"),
        ("0 6 * * someday", "has 'someday' for the day of the week; it goes from 0 to 7 or sun to sat"),
        ("0 22-2 * * *", "has '22-2' for the hour, which runs backwards"),
        ("*/0 * * * *", "has '*/0' for the minute; a step is written `*/2` or `0-59/2`"),
        ("0 0 31 6 *", "names a day that never comes"),
        ("0 0 L * *", "has 'L' for the day of the month"),
        ("0 0 * * ²", "has '²' for the day of the week"),
    ],
)
def test_what_is_no_schedule_is_told_in_words(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="; ") as raised:
        parse(text)
    assert said in str(raised.value)
