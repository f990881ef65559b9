"""Where splits by time begin, and which times were ever tested on: moments, durations, cuts. Pure arithmetic, no table.

Which rows lie where is `warehouse.time_splits`; what a build keeps of its cuts, `assets.placing_time`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
DURATION = re.compile(rf"(\d{{1,6}})\s?({'|'.join(UNITS)})")
DAY, NOTHING = timedelta(days=1), timedelta(0)

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class TimePolicy:
    """A policy of splitting by time: train before dev before test.

    Attributes:
        column: The column of time.
        dev: Where dev begins, or how long it lasts; None when shares say it, or there is none.
        test: The same of test, which lasts up to the newest row.
        gap: Rows that lie at most this long before dev or test are in no split.
        is_rolling: Whether cuts are found anew for each version, instead of once.
        is_released: Whether rows that were in dev or test may pass into train.
    """

    column: str
    dev: datetime | timedelta | None = None
    test: datetime | timedelta | None = None
    gap: timedelta = NOTHING
    is_rolling: bool = False
    is_released: bool = False

    @property
    def is_by_shares(self) -> bool:
        """Whether shares of rows say where dev and test begin."""
        return self.dev is None and self.test is None

    @property
    def is_fixed(self) -> bool:
        """Whether a moment is given."""
        return isinstance(self.dev, datetime) or isinstance(self.test, datetime)

    @property
    def given(self) -> tuple[str, ...]:
        """The splits whose place is given by a moment or a duration."""
        return tuple(name for name, at in (("dev", self.dev), ("test", self.test)) if at is not None)


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Where dev and test begin in one version.

    Attributes:
        dev: The first moment of dev, or None.
        test: The first moment of test, or None.
        newest: The newest row's.
        tested: The times that were dev or test in any version up to this one, ends included, in order, apart.
    """

    dev: datetime | None = None
    test: datetime | None = None
    newest: datetime | None = None
    tested: tuple[Interval, ...] = ()

    @property
    def first(self) -> datetime | None:
        """Where train ends."""
        return min((cut for cut in (self.dev, self.test) if cut is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        """The cuts as JSON types: moments in UTC, as ISO has them."""
        told = {"dev": self.dev, "test": self.test, "newest": self.newest}
        moments = {name: at.isoformat() for name, at in told.items() if at is not None}
        return moments | {"tested": [[begin.isoformat(), end.isoformat()] for begin, end in self.tested]}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Cuts:
        """The cuts that `to_json` told."""
        read = datetime.fromisoformat
        return cls(
            **{name: read(raw[name]) for name in ("dev", "test", "newest") if raw.get(name)},
            tested=tuple((read(begin), read(end)) for begin, end in raw.get("tested", ())),
        )


def moment(text: str) -> datetime:
    """A moment that ISO 8601 writes, in UTC and without zone.

    Raises:
        ValueError: It is none.

    >>> moment("2013-10-01"), moment("2013-10-01T02:00:00+02:00")
    (datetime.datetime(2013, 10, 1, 0, 0), datetime.datetime(2013, 10, 1, 0, 0))
    """
    return in_utc(datetime.fromisoformat(text))


def in_utc(value: date | datetime) -> datetime:
    """A day's beginning, or a moment, in UTC and without zone; one that names no zone is in UTC."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value.replace(tzinfo=None)


def duration(text: str) -> timedelta:
    """How long `30d`, `2w`, `12h`, `90min` or `45s` is.

    Raises:
        ValueError: It is no duration, or nothing.

    >>> duration("2w")
    datetime.timedelta(days=14)
    """
    found = DURATION.fullmatch(text.strip())
    if found is None or not int(found.group(1)):
        raise ValueError(f"{text!r} is no duration")
    return int(found.group(1)) * UNITS[found.group(2)]


def given_cuts(policy: TimePolicy, newest: datetime | None, *, is_by_day: bool) -> Cuts:
    """The cuts that moments or durations stand for.

    Args:
        policy: Where dev and test begin, or how long they last.
        newest: The newest row's moment; without one nothing lasts.
        is_by_day: Whether a row's time is a day: the last 30 days are then 30 days, today among them.
    """
    dev, test = policy.dev, policy.test
    if newest is not None:
        end = later(newest, DAY if is_by_day else NOTHING)
        test = earlier(end, test) if isinstance(test, timedelta) else test
        dev = earlier(test or end, dev) if isinstance(dev, timedelta) else dev
    return Cuts(
        dev=dev if isinstance(dev, datetime) else None,
        test=test if isinstance(test, datetime) else None,
        newest=newest,
    )


def rolled(found: Cuts, before: Cuts | None) -> Cuts:
    """The cuts as found, but none before where it was: what was train never becomes dev or test."""
    if before is None:
        return found
    return replace(found, dev=_latest(found.dev, before.dev), test=_latest(found.test, before.test))


def frozen(before: Cuts, newest: datetime | None) -> Cuts:
    """The cuts as they were, over the rows that there are now."""
    return replace(before, newest=newest)


def remembering(cuts: Cuts, tested: Iterable[Interval]) -> Cuts:
    """The cuts with all that was tested on: `tested` before, and dev and test as they are now."""
    first, newest = cuts.first, cuts.newest
    now = [(first, newest)] if first is not None and newest is not None and first <= newest else []
    return replace(cuts, tested=merged([*tested, *now]))


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same times as intervals that are apart, in order.

    >>> day = [datetime(2013, 1, n) for n in range(1, 10)]
    >>> [(a.day, b.day) for a, b in merged([(day[5], day[6]), (day[0], day[2]), (day[1], day[3])])]
    [(1, 4), (6, 7)]
    """
    apart: list[Interval] = []
    for begin, end in sorted(intervals):
        if apart and begin <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return tuple(apart)


def earlier(at: datetime, span: timedelta) -> datetime:
    """The moment that lies `span` before another; no moment is before the first one of year 1."""
    return at - span if at - datetime.min >= span else datetime.min


def later(at: datetime, span: timedelta) -> datetime:
    """The moment that lies `span` after another; no moment is after the last one of year 9999."""
    return at + span if datetime.max - at >= span else datetime.max


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((cut for cut in (one, other) if cut is not None), default=None)
