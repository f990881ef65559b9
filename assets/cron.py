"""When a schedule comes round: five fields as cron has them, in UTC, read as Dagster's daemon reads them.

Who runs what is due is not decided here; that is `pipelines`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Each field in order: its name, its lowest and highest value, the names that stand for values from the lowest on.
FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 7, DAYS),
)
SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
MOST_DAYS = 8 * 366 + 1  # from one 29th of February to the next, across a year such as 2100
HINT = 'write minute, hour, day of the month, month, day of the week: "0 6 * * *" is six in the morning, UTC'


@dataclass(frozen=True, kw_only=True)
class Cron:
    """A schedule: its text, and the values that each field may have.

    Where days of the month and days of the week are both limited, a day of either kind counts, as in cron.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    @property
    def plain(self) -> str:
        """The schedule without ranges and short names, which other readers of cron take in other ways.

        >>> parse("0 6 * * mon-wed").plain
        '0 6 * * 1,2,3'
        """
        text = SHORT.get(self.text.strip(), self.text)
        if "-" not in text:
            return text
        fields = (self.minutes, self.hours, self.days, self.months, self.weekdays)
        sizes = (60, 24, 31, 12, 7)
        return " ".join(
            "*" if len(values) == size else ",".join(map(str, sorted(values)))
            for values, size in zip(fields, sizes, strict=True)
        )

    def last(self, now: datetime) -> datetime:
        """The newest time at or before `now` at which it came round.

        >>> parse("0 6 * * *").last(datetime(2024, 3, 1, 5, 59))
        datetime.datetime(2024, 2, 29, 6, 0)
        """
        return next(at for i in range(MOST_DAYS) for at in reversed(self._on(_day(now, -i))) if at <= now)

    def next(self, now: datetime) -> datetime:
        """The first time after `now` at which it comes round.

        >>> parse("0 6 * * mon").next(datetime(2024, 3, 1, 6, 0))
        datetime.datetime(2024, 3, 4, 6, 0)
        """
        return next(at for i in range(MOST_DAYS) for at in self._on(_day(now, i)) if at > now)

    def _on(self, day: date) -> list[datetime]:
        if not self.is_day(day):
            return []
        times = (time(hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes))
        return [datetime.combine(day, at) for at in times]

    def is_day(self, day: date) -> bool:
        """Whether it comes round on a day."""
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        is_either = len(self.days) < 31 and len(self.weekdays) < 7
        return is_day or is_weekday if is_either else is_day and is_weekday


def _day(now: datetime, n_days: int) -> date:
    return now.date() + timedelta(days=n_days)


def parse(text: str) -> Cron:
    """Read a schedule.

    Raises:
        ValueError: It is none; says what was found, `; `, the way out.

    >>> parse("*/30 6-7 * * *").minutes == {0, 30}
    True
    """
    try:
        cron = _cron(text, SHORT.get(text.strip(), text).split())
    except ValueError as error:
        message = f"{text!r} {error}"
        raise ValueError(message) from None
    return cron


def _cron(text: str, parts: list[str]) -> Cron:
    if len(parts) != len(FIELDS):
        n_fields = f"{len(parts)} field{'' if len(parts) == 1 else 's'}"
        message = f"has {n_fields}, and cron has 5; {HINT}"
        raise ValueError(message)
    values = [_field(part, *row) for part, row in zip(parts, FIELDS, strict=True)]
    weekdays = frozenset(value % 7 for value in values[4])
    minutes, hours, days, months, _ = values
    cron = Cron(text=text, minutes=minutes, hours=hours, days=days, months=months, weekdays=weekdays)
    if not any(cron.is_day(date(2024, 1, 1) + timedelta(days=i)) for i in range(MOST_DAYS)):
        message = "names a day that never comes; mend the day or the month"
        raise ValueError(message)
    return cron


def _field(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _range(part, name, low, high, names))


def _range(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> range:
    span, slash, step = part.partition("/")
    first, dash, last = span.partition("-")
    if slash and not (step.isdigit() and int(step) > 0 and (span == "*" or dash)):
        message = f"has {part!r} for the {name}; a step is written `*/2` or `{low}-{high}/2`"
        raise ValueError(message)
    if span == "*":
        return range(low, high + 1, int(step or 1))
    begin = _value(first, name, low, high, names)
    end = _value(last, name, low, high, names) if dash else begin
    if end < begin:
        message = f"has {span!r} for the {name}, which runs backwards; write it as two ranges with a comma"
        raise ValueError(message)
    return range(begin, end + 1, int(step or 1))


def _value(text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + low
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        words = f" or {names[0]} to {names[-1]}" if names else ""
        message = f"has {text!r} for the {name}; it goes from {low} to {high}{words}"
        raise ValueError(message)
    return int(text)
