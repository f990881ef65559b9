"""Do splits by time overlap, to the microsecond? And do rows that were tested on come back as train?

Told from the rows themselves, not from the cuts that placed them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from checks.collect import collect, one_row
from checks.finding import Finding
from checks.words import how_long, plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Which rows come first: train and train_dev are one side of the first cut.
ORDER = (("train", "train_dev"), ("dev",), ("test",))


def time_overlap(table: ir.Table, column: str, *, gap: timedelta) -> Finding:
    """Does every row of a later split lie after all rows of the earlier ones, and the gap between them?

    Args:
        table: Has `_split` and `column`.
        column: A date or a timestamp.
        gap: How far apart the policy promises them to be: further than this.
    """
    at = table[column].cast("timestamp")
    placed = table.filter(table["_split"].notnull()).select("_split", _at=at)
    ends = dict(collect(placed.group_by("_split").agg(_last=placed["_at"].max())).rows())
    last, told, n_overlap = None, [], 0
    for splits in ORDER:
        if last is not None and not set(ends).isdisjoint(splits):
            later = placed.filter(placed["_split"].isin(splits), placed["_at"] <= last + gap)
            n = int(one_row(later.aggregate(n=later.count()))["n"])
            n_overlap += n
            told += [f"{plural(n, 'row')} of {splits[0]}"] if n else []
        last = max((end for end in (last, *(ends.get(split) for split in splits)) if end is not None), default=None)
    said = f" and the gap of {how_long(gap)}" if gap else ""
    if n_overlap:
        seen = f"not after the splits before them{said}: {', '.join(told)}"
        return Finding(code="LEAK6", outcome="fail", column=column, seen=seen)
    seen = f"each split begins after the ones before it end{said}: {_in_order(ends)}"
    return Finding(code="LEAK6", outcome="pass", column=column, seen=seen)


def are_apart(one: tuple[Any, Any], two: tuple[Any, Any]) -> bool:
    """Whether one side ends before the other begins; not where a side has no time.

    Args:
        one: Its first and its last time, or None.
        two: The same of the other.

    >>> are_apart((1, 2), (3, 4)), are_apart((3, 4), (1, 2)), are_apart((1, 3), (3, 4)), are_apart((1, 2), (None, None))
    (True, True, False, False)
    """
    if None in (*one, *two):
        return False
    (first, last), (low, high) = one, two
    return bool(last < low or high < first)


def _in_order(ends: dict[str, datetime | None]) -> str:
    told = [f"{split} to {_day(end)}" for splits in ORDER for split in splits if (end := ends.get(split)) is not None]
    return ", ".join(told) or "no row has a split"


def _day(at: datetime) -> str:
    """A moment as short as it can be."""
    return at.isoformat(" ").removesuffix(" 00:00:00")


def no_time_overlap(time: str | None, sizes: Sequence[Mapping[str, Any]]) -> Finding:
    """The answer where splits are not by time."""
    if time is None:
        return Finding(code="LEAK6", outcome="not_applicable", seen="the dataset has no time")
    ends = ", ".join(
        f"{row['split']} {row['first_time']} to {row['last_time']}" for row in sorted(sizes, key=itemgetter("split"))
    )
    seen = f"rows are not split by time, so that splits share it: {ends}"
    return Finding(code="LEAK6", outcome="not_applicable", column=time, seen=seen)


def rolled_rows(
    table: ir.Table, column: str, tested: Sequence[tuple[datetime, datetime]], *, n_held: int, is_released: bool
) -> Finding:
    """As cuts rolled on: how many rows that were in dev or test passed into train, and how many stay unused instead?

    Args:
        table: Has `_split` and `column`.
        column: A date or a timestamp.
        tested: The times that were dev or test in any version, ends included.
        n_held: Rows that are unused because their time was.
        is_released: Whether the policy lets such rows pass into train.
    """
    trained = table.filter(table["_split"].isin(("train", "train_dev")))
    at = trained[column].cast("timestamp")
    passed = [trained.filter(at.between(begin, end)) for begin, end in tested]
    n_passed = sum(int(one_row(rows.aggregate(n=rows.count()))["n"]) for rows in passed)
    of_times = "of times that were dev or test in an earlier version"
    if n_passed:
        why = "as `release: true` says" if is_released else "and nothing released them"
        seen = f"{plural(n_passed, 'row')} {of_times} {_are(n_passed)} in train, {why}"
        return Finding(code="SPLIT8", outcome="warn" if is_released else "fail", column=column, seen=seen)
    seen = f"no row passed from dev or test into train; {plural(n_held, 'row')} {of_times} {_are(n_held)} unused"
    return Finding(code="SPLIT8", outcome="pass", column=column, seen=seen)


def _are(n: int) -> str:
    return "is" if n == 1 else "are"
