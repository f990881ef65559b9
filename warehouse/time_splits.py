"""Splits by time, as expressions: which window a row lies in, and which split an entity belongs to that lies in many.

Where windows begin is `warehouse.time_cuts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import ibis

from warehouse.policy import GAP, HELD_BACK, NO_TIME, TARGET_POOL, TESTED, TRAIN_SIDE, SplitPolicy
from warehouse.splits import by_digest, digest
from warehouse.time_cuts import NOTHING, Cuts, Interval, TimePolicy, earlier

if TYPE_CHECKING:
    import ibis.expr.types as ir


def moment_of(table: ir.Table, column: str) -> ir.TimestampValue:
    """The moment of each row in UTC, without zone; NULL for one that no calendar has, such as `infinity`."""
    at = table[column].cast("timestamp")
    return ibis.ifelse(at.between(datetime.min, datetime.max), at, ibis.null("timestamp"))


def newest_of(rows: ir.Table) -> ir.Table:
    """One row: `newest`, and `n`, how many rows have a time. Of `_moment`."""
    return rows.aggregate(newest=rows["_moment"].max(), n=rows["_moment"].count())


def cuts_by_shares(rows: ir.Table, shares: Mapping[str, Decimal], n_rows: int) -> ir.Table:
    """One row: the last moments `dev` and `test` that have their shares of rows at or after them; ties go together.

    Args:
        rows: `_moment`.
        shares: By split; a moment is asked for dev and for test where they have one.
        n_rows: How many rows have a time.
    """
    wanted = {"test": Fraction(shares.get("test", 0)), "dev": Fraction(shares.get("test", 0) + shares.get("dev", 0))}
    timed = rows.filter(rows["_moment"].notnull())
    counts = timed.group_by("_moment").agg(_n=timed.count())
    behind = counts.mutate(_behind=counts["_n"].sum().over(ibis.cumulative_window(order_by=ibis.desc("_moment"))))
    asked = {split: share for split, share in wanted.items() if shares.get(split)}
    return behind.aggregate(
        **{s: behind["_moment"].max(where=behind["_behind"] >= ceil(share * n_rows)) for s, share in asked.items()}
    )


def windowed(rows: ir.Table, policy: SplitPolicy, cuts: Cuts, tested: Iterable[Interval]) -> ir.Table:
    """Add `_window`, the split that each row's time alone stands for, and `_why`, the reason where there is none.

    Args:
        rows: `_moment` and `_entity`, whose digest decides between train and train_dev.
        policy: How to split.
        cuts: Where dev and test begin.
        tested: The times that were dev or test before: they are in train no more, unless the policy releases them.
    """
    rows = rows.mutate(_digest=digest(rows["_entity"], policy))
    at, time = rows["_moment"], _time(policy)
    windows, reasons = [], [(at.isnull(), NO_TIME)]
    for split, cut in (("test", cuts.test), ("dev", cuts.dev)):
        if cut is not None:
            windows.append((at >= _at(cut), split))
            reasons += [
                (at >= _at(cut), ibis.null("string")),
                *([(at >= _at(earlier(cut, time.gap)), GAP)] if time.gap > NOTHING else []),
            ]
    if time.is_rolling and not time.is_released:
        reasons += [(at.between(_at(begin), _at(end)), TESTED) for begin, end in tested]
    before = by_digest(rows, policy)
    window = ibis.cases(*windows, else_=before) if windows else before
    why = ibis.cases(*reasons)
    return rows.mutate(_window=ibis.ifelse(why.isnull(), window, ibis.null("string")), _why=why).drop("_digest")


def placed_alone(rows: ir.Table) -> ir.Table:
    """Each row goes where its time says. `_window` becomes `_placed`."""
    return rows.rename(_placed="_window")


def entities_of(rows: ir.Table, known: ir.Table, policy: SplitPolicy) -> ir.Table:
    """The split of every entity, decided where it was first seen.

    An entity that is known stays where it was. When cuts roll it stays on its side of the first cut: of the windows
    of dev and test as they are now, it belongs to that of its earliest row. When they also release, it may pass.

    Args:
        rows: `_entity`, `_moment`, `_window`.
        known: `_entity`, `_placed`, of every entity that was ever published.
        policy: How to split. Under `apart: pool` only dev and test are told apart here.

    Returns:
        `_entity`, `_placed` (NULL: nothing of it can be used), `_is_new` (to be remembered).
    """
    timed = rows.filter(rows["_window"].notnull(), rows["_entity"].notnull())
    window, at = timed["_window"], timed["_moment"]
    found = timed.group_by("_entity").agg(
        _first=window.argmin(at), _of_target=window.argmin(at, where=window.isin(TARGET_POOL))
    )
    # An entity that was released is known twice. Of its splits, the last in the alphabet is that of the train side.
    stored = known.group_by("_entity").agg(_known=known["_placed"].max()).rename(_of_entity="_entity")
    both = found.left_join(stored, [found["_entity"] == stored["_of_entity"]])
    placed = _placed(both, policy)
    is_new = _is_new(both, placed, policy)
    return both.select("_entity", _placed=placed, _is_new=is_new)


def _placed(both: ir.Table, policy: SplitPolicy) -> ir.StringValue:
    time, known = _time(policy), both["_known"]
    if policy.apart == "pool":
        return both["_of_target"] if time.is_rolling else known.coalesce(both["_of_target"])
    if not time.is_rolling:
        return known.coalesce(both["_first"])
    is_free = known.isnull() | known.isin(TARGET_POOL) if time.is_released else known.isnull()
    return ibis.cases((is_free, both["_first"]), (known.isin(TRAIN_SIDE), known), else_=both["_of_target"])


def _is_new(both: ir.Table, placed: ir.StringValue, policy: SplitPolicy) -> ir.BooleanValue:
    if _time(policy).is_rolling and policy.apart == "pool":
        return ibis.literal(False)
    has_passed = both["_known"].isin(TARGET_POOL) & placed.isin(TRAIN_SIDE)
    return placed.notnull() & (both["_known"].isnull() | has_passed.fill_null(False))


def placed_whole(rows: ir.Table, entities: ir.Table, policy: SplitPolicy) -> ir.Table:
    """The rows of an entity that lie in the window of another split than its own are held back.

    Args:
        rows: `_entity`, `_window`, `_why`.
        entities: `_entity`, `_placed`.
        policy: Under `apart: pool` an entity may be in train and, later, in dev or test.
    """
    its = entities.select(_of_entity="_entity", _own="_placed")
    both = rows.left_join(its, [rows["_entity"] == its["_of_entity"]]).drop("_of_entity")
    is_its = (both["_window"] == both["_own"]).fill_null(False)
    if policy.apart == "pool":
        is_its |= both["_window"].isin(TRAIN_SIDE)
    is_held = both["_window"].notnull() & ~is_its
    why = ibis.ifelse(is_held, ibis.literal(HELD_BACK), both["_why"])
    return both.mutate(_why=why).rename(_placed="_window").drop("_own")


def _time(policy: SplitPolicy) -> TimePolicy:
    if policy.time is None:
        raise ValueError("a policy that is not by time")
    return policy.time


def _at(moment: datetime) -> ir.TimestampScalar:
    return ibis.literal(moment, type="timestamp")
