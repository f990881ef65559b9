"""Numbers as sentences and tables of text say them: counts, rates, tolerances, times, p values.

How they look on an axis is `checks.figure.scale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

DISTINCT_P = 0.0001  # four places tell no smaller ones apart
LEAST_P = 0.00075  # below it only the least that assignments can give is left, and that is a bound


def plural(n: int, thing: str) -> str:
    """`n` things, with thousands marked.

    >>> plural(1, "row"), plural(50094, "row"), plural(2, "entity"), plural(2, "key")
    ('1 row', '50,094 rows', '2 entities', '2 keys')
    """
    if n == 1 or not thing:
        return f"{n:,} {thing}".rstrip()
    return f"{n:,} {thing[:-1]}ies" if thing.endswith("y") and thing[-2:-1] not in "aeiou" else f"{n:,} {thing}s"


def figure(value: float | None) -> str:
    """A rate or a gap to three digits, larger numbers to four, from 1,000 on to the unit.

    >>> figure(0.7948), figure(153.27), figure(28448.484), figure(None)
    ('0.795', '153.3', '28,448', '-')
    """
    if value is None:
        return "-"
    size = abs(value)
    return f"{value:.3f}" if size < 10 else f"{value:.4g}" if size < 1_000 else f"{value:,.0f}"


def how_long(time: timedelta) -> str:
    """How long a time is.

    >>> how_long(timedelta(days=7)), how_long(timedelta(hours=2))
    ('7 days', '2:00:00')
    """
    return str(time).removesuffix(", 0:00:00")


def rough(value: float) -> str:
    """A limit to two digits, from 10 on to the unit.

    >>> rough(0.02), rough(7481.3)
    ('0.02', '7,481')
    """
    return f"{value:.2g}" if abs(value) < 10 else f"{value:,.0f}"


def p_words(p: float | None) -> str:
    """A p value; the least that assignments can give is a bound.

    >>> p_words(0.0005), p_words(0.25), p_words(1e-20), p_words(None)
    ('<= .0005', '.250', '< .0001', '-')
    """
    if p is None:
        return "-"
    if p < 0.5 * DISTINCT_P:
        return f"< {DISTINCT_P:.4f}".replace("0.", ".", 1)
    return f"<= {p:.4f}".replace("0.", ".", 1) if p < LEAST_P else f"{p:.3f}".replace("0.", ".", 1)


def is_loud(row: Mapping[str, Any]) -> bool:
    """Whether a finding warns, and nobody accepted it.

    >>> is_loud({"outcome": "warn", "accepted": None}), is_loud({"outcome": "warn", "accepted": {"why": "known"}})
    (True, False)
    """
    return row["outcome"] == "warn" and not row.get("accepted")


def let_pass_words(passed: Mapping[str, str]) -> str:
    """Who let one version pass, and why.

    >>> let_pass_words({"author": "ana", "why": "new prices"})
    'let pass by ana: new prices'
    """
    return f"let pass by {passed['author']}: {passed['why']}"


def accepted_words(accepted: Mapping[str, str]) -> str:
    """Until when, by whom and why.

    >>> accepted_words({"until": "2027-01-31", "author": "ana", "why": "the winter sale"})
    'accepted until 2027-01-31 by ana: the winter sale'
    """
    return f"accepted until {accepted['until']} by {accepted['author']}: {accepted['why']}"
