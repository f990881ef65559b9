"""A table that only grew: rows that were added are counted by the cells of those that were there, and added to them.

Any cells that both were counted by are a function of the row alone, whatever its split: what is exchanged stays
exchangeable. Where the added rows are a side of their own, levels are those of both sides together: a dictionary of one
side would make the other look new. When cells no longer fit, all is counted anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import LARGEST, Cells
from checks.column_parts import with_parts
from checks.profile import UNUSED, Profile, count_entities, in_part, scan
from checks.tally import Extremes
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array = NDArray[Any]

MOST_TIMES = 2
# Effects are read on ten groups of cells: a cell of a 32nd of the rows may gain a 16th and be none of them yet.
MOST_GAINED = 1 / 16
# What a dictionary leaves out, or lies beyond the outer edges, may gain so much.
MOST_BEYOND = 0.005


@dataclass(frozen=True, kw_only=True)
class Grown:
    """A profile and the rows that were added to it, all by the same cells.

    Attributes:
        kept: The counts of the rows that were there.
        added: The counts of the added rows; entities are those of these rows, whether they were there before or not.
        profile: The counts of all.
        has_entities: Whether an entity may have several rows.
        is_apart: Whether no entity is in two parts.
        n_known: How many entities of added rows their part had before; those in no part are left out.
    """

    kept: Profile
    added: Profile
    profile: Profile
    has_entities: bool
    is_apart: bool
    n_known: int = 0


def grow(
    kept: Profile, added: ir.Table, before: ir.Table, *, n_rows: int, has_entities: bool, is_apart: bool = False
) -> Grown:
    """Count the rows that were added to a table, and all.

    Args:
        kept: The counts of the rows that were there.
        added: The rows that were added: `_part`, `_bucket`, `_entity` and the columns.
        before: The rows that were there. Of these only `_entity` is read: a late row may be of an old entity.
        n_rows: Of all rows.
        has_entities: Whether an entity may have several rows.
        is_apart: Whether it is known that no entity is in two parts.
    """
    more = scan(with_parts(added, kept.cells), kept.cells, n_rows=n_rows, has_entities=has_entities)
    n_precise = more.n_precise
    known = _known_entities(added, before, more) if has_entities else {}
    parts = dict(kept.parts)
    for part, side in more.parts.items():
        new = replace(side, entities=side.entities - known[part]) if known else side
        parts[part] = replace(parts[part] + new, name=part) if part in parts else new
    parts = {part: precise_alike(side, n_precise) for part, side in parts.items()}
    extremes = dict(kept.extremes)
    for at, found in more.extremes.items():
        old = extremes.get(at, found)
        extremes[at] = Extremes(low=min(old.low, found.low), high=max(old.high, found.high))
    profile = Profile(cells=kept.cells, parts=dict(sorted(parts.items())), extremes=extremes, n_precise=n_precise)
    is_apart = is_apart or not has_entities
    n_known = int(sum(entities.sum() for part, entities in known.items() if part != UNUSED))
    return Grown(kept=kept, added=more, profile=profile, has_entities=has_entities, is_apart=is_apart, n_known=n_known)


def _known_entities(added: ir.Table, before: ir.Table, more: Profile) -> Mapping[str, Array]:
    """By part and bucket, how many entities of added rows that part had before."""
    added, before = (in_part(table.select("_part", "_bucket", "_entity")) for table in (added, before))
    who = added.filter(added["_entity"].notnull()).select("_part", "_entity").distinct()
    # Of all rows of these entities no more are held than of the added ones.
    n_rows = sum(side.n_rows for side in more.parts.values())
    return count_entities(before.semi_join(who, ["_part", "_entity"]), list(more.parts), n_rows=n_rows)


def precise_alike(side: Side, n_precise: int) -> Side:
    """Decimal places of large tables are counted on some buckets alone, whatever was counted when they were small."""
    if n_precise >= N_BUCKETS:
        return side
    kept = np.arange(N_BUCKETS)[:, None] < n_precise
    return replace(side, precision={name: np.where(kept, counts, 0.0) for name, counts in side.precision.items()})


def pooled_counts(profile: Profile) -> dict[str, Array]:
    """By column, rows of all parts by cell: what `anew` compares with."""
    totals = [{name: c.sum(axis=0) for name, c in side.counts.items()} for side in profile.parts.values()]
    return {c.column: reduce(add, (total[c.column] for total in totals)) for c in profile.cells if totals}


def anew(profile: Profile, learned: Mapping[str, Array]) -> str:
    """Why cells should be learned anew, or nothing.

    Args:
        profile: The counts of all rows.
        learned: By column, the rows by cell from which the cells were learned.
    """
    counts = pooled_counts(profile)
    for cells in profile.cells:
        now, then = counts[cells.column], learned[cells.column]
        if now.sum() > MOST_TIMES * then.sum():
            return f"there are more than {MOST_TIMES} times as many rows as the cells were learned from"
        if why := _column_anew(cells, now, then):
            return f"{cells.column}: {why}"
    for (column, _), found in profile.extremes.items():
        if max(abs(found.low), abs(found.high)) > LARGEST and not _is_silent(profile, column):
            return f"{column}: a value is beyond {LARGEST:g}"
    return ""


def _column_anew(cells: Cells, now: Array, then: Array) -> str:
    if cells.why:
        return "it had no value, and has some" if not then[:-1].any() and now[:-1].any() else ""
    gained = now / max(now.sum(), 1) - then / max(then.sum(), 1)
    if not cells.is_ordered:
        return "levels outside the dictionary" if cells.labels and gained[-2] > MOST_BEYOND else ""
    if max(gained[0], gained[-2]) > MOST_BEYOND and len(cells.edges) > 1:
        return "values beyond the outer edges"
    return "a cell holds too much" if gained[:-1].max() > MOST_GAINED else ""


def _is_silent(profile: Profile, column: str) -> bool:
    return any(c.why for c in profile.cells if c.column == column)
