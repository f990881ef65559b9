"""Moments and durations as a person writes them in YAML, which reads some of them as dates and some as texts.

What they are used for does not belong here; that is `warehouse.time_cuts`.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from warehouse.time_cuts import duration, in_utc, moment


def as_place(value: object) -> object:
    """A moment as ISO has it, in UTC, or a duration as it was written.

    Raises:
        ValueError: It is neither. A number is no moment: nobody knows what it counts.
    """
    if value is None:
        return None
    if isinstance(value, date):
        return in_utc(value).isoformat()
    if isinstance(value, str):
        for reads in (moment, duration):
            with suppress(ValueError):
                read = reads(value)
                return read.isoformat() if isinstance(read, date) else value.strip()
    raise ValueError(f"{value!r} is neither a moment nor a duration; write `2013-10-01`, or `30d`, `2w`, `12h`")


def as_duration(value: object) -> object:
    """A duration as it was written.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            duration(value)
            return value.strip()
    raise ValueError(f"{value!r} is no duration; write `1d`, `2w`, `12h`, `90min` or `45s`")
