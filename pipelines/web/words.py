"""Facts as people read them in a page: times, counts, sizes, outcomes.

What the facts are does not belong here.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from checks.figure.canvas import DIRECTION
from checks.figure.scale import percent, rate, shown
from checks.words import accepted_words, p_words, plural

# A word, its class of colour, its sign: no status is told by colour alone.
STATUS = {
    "published": ("published", "good", "✓"),
    "unchanged": ("published", "good", "✓"),
    "succeeded": ("succeeded", "good", "✓"),
    "model failed": ("published, a model failed", "warn", "!"),
    "blocked": ("blocked", "bad", "✗"),
    "failed": ("failed", "bad", "✗"),
    "broken": ("file broken", "bad", "✗"),
    "skipped": ("skipped", "bad", "✗"),
    "removed": ("file removed", "warn", "!"),
    "not run": ("not run", "", "-"),
    "shifted": ("shifted", "warn", "!"),
    "as_declared": ("shifted, as declared", "", "="),
    "same": ("same", "good", "✓"),
    "no_shift": ("no shift seen", "", "?"),
    "cannot_tell": ("cannot tell", "", "?"),
    "not_applicable": ("not applicable", "", "-"),
    "alarm": ("alarm", "warn", "!"),
    "no_alarm": ("no alarm", "good", "✓"),
    "problem": ("problem", "bad", "✗"),
    "fine": ("fine", "good", "✓"),
}
SIGNS = {"pass": "✓", "warn": "!", "fail": "✗", "cannot_tell": "?", "not_applicable": "-"}
OUTCOMES = {
    "pass": "passed",
    "warn": "warning",
    "fail": "blocks",
    "cannot_tell": "cannot tell",
    "not_applicable": "not applicable",
}
CODE = re.compile("`([^`]+)`")
UNITS = ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))


def status(word: str) -> tuple[str, str, str]:
    """A status as word, class and sign; one that is not known is shown as it is."""
    return STATUS.get(word, (word, "", "-"))


def when(moment: datetime | None) -> str:
    """A moment in UTC, to the minute.

    >>> when(datetime(2026, 11, 28, 6, 0, 2))
    '2026-11-28 06:00 UTC'
    """
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "-"


def moment(told: str | None) -> str:
    """A moment as `meta` tells it in JSON, to the minute.

    >>> moment("2026-11-28T06:00:02Z")
    '2026-11-28 06:00 UTC'
    """
    return when(datetime.fromisoformat(told)) if told else "-"


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment was, in its largest unit.

    >>> ago(datetime(2026, 11, 28, 6), datetime(2026, 11, 30, 7))
    '2 days ago'
    """
    if moment is None:
        return ""
    seconds = max((now - moment) / timedelta(seconds=1), 0)
    for size, unit in UNITS:
        if (n := int(seconds // size)) >= 1:
            return f"{n} {unit}{'' if n == 1 else 's'} ago"
    return "just now"


def lasted(seconds: float | None) -> str:
    """A duration.

    >>> lasted(0.034), lasted(75)
    ('0.03 s', '1 min 15 s')
    """
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def count(n: int | None, word: str = "") -> str:
    """A count, with its word in the singular or plural.

    >>> count(1, "row"), count(336776, "row"), count(None)
    ('1 row', '336,776 rows', '-')
    """
    if n is None:
        return "-"
    return plural(n, word)


def value(found: Any) -> str:
    """One value of a statistic."""
    if found is None:
        return "-"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, int):
        return f"{found:,}"
    if isinstance(found, float):
        return shown(found) if found == found else "-"  # noqa: PLR0124 - NaN is what differs from itself
    if isinstance(found, list | tuple):
        return ", ".join(map(value, found))
    return str(found)


def interval(row: dict[str, Any] | None) -> str:
    """An estimate with its interval."""
    if not row or row.get("estimate") is None:
        return "-"
    low, high = row.get("low"), row.get("high")
    return f"{rate(row['estimate'])}{f' ({rate(low)} to {rate(high)})' if low is not None and high is not None else ''}"


def coded(told: str) -> Markup:
    """A sentence with what stands between backticks as code.

    >>> coded("type `gristmill run <name>`")
    Markup('type <code>gristmill run &lt;name&gt;</code>')
    """
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(DIRECTION.sub("", told)))))  # noqa: S704 - escaped here


FILTERS = {
    "accepted": accepted_words,
    "coded": coded,
    "status": status,
    "when": when,
    "moment": moment,
    "lasted": lasted,
    "count": count,
    "value": value,
    "interval": interval,
    "percent": percent,
    "rate": rate,
    "p_value": p_words,
}
