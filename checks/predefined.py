"""Are splits that were made elsewhere whole: does every row have a name, and is every name one of a split?

What a name means is decided where rows are placed; here is judged what was counted there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.finding import Finding, Outcome
from checks.words import plural

MOST_SHOWN = 5


def split_names(counted: Mapping[str, Any], *, known: Sequence[str], thing: str) -> Finding:
    """Are there names that no split has, keys with two splits, rows without a name, names without a row?

    Args:
        counted: `unknown` (pairs of name and count), `n_unnamed` (rows); of a file also `n_named_twice`,
            `n_without_row` (keys) and `n_unread` (lines).
        known: The names that splits have.
        thing: What a name stands on: `row` of a column, `line` of a file.
    """
    unknown, n_twice = counted["unknown"], counted.get("n_named_twice", 0)
    n_unnamed, n_without_row, n_unread = (counted.get(k, 0) for k in ("n_unnamed", "n_without_row", "n_unread"))
    bad = []
    if unknown:
        shown = ", ".join(f"{name!r} ({plural(n, thing)})" for name, n in unknown[:MOST_SHOWN])
        more = f" and {len(unknown) - MOST_SHOWN} more" if len(unknown) > MOST_SHOWN else ""
        bad.append(f"no split is called {shown}{more}; known are {', '.join(known)}")
    if n_twice:
        bad.append(f"{plural(n_twice, 'key')} of the file {_have(n_twice)} two splits")
    odd = []
    if n_unnamed:
        odd.append(f"{plural(n_unnamed, 'row')} {_have(n_unnamed)} no split named")
    if n_without_row:
        odd.append(f"{plural(n_without_row, 'key')} of the file {_have(n_without_row)} no accepted row")
    if n_unread:
        odd.append(f"{plural(n_unread, 'line')} of the file cannot be read")
    outcome: Outcome = "fail" if bad else "warn" if odd else "pass"
    return Finding(code="SPLIT9", outcome=outcome, seen="; ".join([*bad, *odd]) or "every row has a split named")


def _have(n: int) -> str:
    return "has" if n == 1 else "have"
