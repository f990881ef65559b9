"""Rows that were added to a table, compared with those that were there, which are not counted again.

Edges may be those that the old rows were counted by. Levels are those of both sides together: by a dictionary of the
old rows alone a new level, or many rare ones, would look like a shift. Only levels that came into the dictionary are
counted again, and only of columns that have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import MOST_LEVELS, Cells, level_cells
from checks.both_sides import Both, compare_evened, silenced, time_among
from checks.collect import collect
from checks.column_parts import with_parts
from checks.frames import CURRENT, REFERENCE
from checks.growth import Grown, precise_alike
from checks.profile import UNUSED, Profile, cells_of, count_entities
from checks.report import ShiftReport
from checks.sampled_rows import Sample
from checks.score_columns import score_rows
from checks.shift import compare_sides, refused
from checks.shift_question import Question
from checks.units import N_BUCKETS, Side, are_paired, are_unequal

if TYPE_CHECKING:
    import ibis.expr.types as ir

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The rows that were there and those that were added, counted by the same cells.

    Attributes:
        old: Those that were there.
        new: Those that were added.
        cells: The cells of both.
    """

    old: Side
    new: Side
    cells: tuple[Cells, ...]


def compare_added(both: Both, grown: Grown, question: Question, *, reference: str, current: str) -> ShiftReport:
    """Compare the added rows with those that were there.

    Args:
        both: The rows that are in a part: those that were there are `reference`, the added ones `current`.
        grown: Their counts.
        question: How.
        reference: What those that were there are called.
        current: What the added ones are called.
    """
    table = with_parts(both.table, grown.kept.cells)
    if grown.has_entities:
        # An entity that is in one part alone was told while it was counted.
        n_common = grown.n_known if grown.is_apart else _common(both.table)
        question = replace(question, n_common_entities=n_common)
    sides = whole_sides(table, grown)
    if are_unequal(question.n_common_entities, sides.old, sides.new):
        return compare_evened(both, question, (replace(sides.old, name=reference), replace(sides.new, name=current)))
    # Where nothing can be told, no level has to be counted for it.
    sides = sides if refused(sides.old, sides.new, question) else by_pooled_levels(table, sides)
    cells = [silenced(c, both.not_compared) for c in sides.cells]
    old, new = replace(sides.old, name=reference), replace(sides.new, name=current)
    time = time_among(both.table, question)
    scores = partial(
        score_rows,
        Sample(table, {REFERENCE: old.n_rows, CURRENT: new.n_rows}, cells, time),
        (old, new),
        (REFERENCE, CURRENT),
        cells,
        time=time,
        is_paired=are_paired(question.n_common_entities, old, new),
    )
    return compare_sides(old, new, cells, question, scores)


def _common(table: ir.Table) -> int:
    """How many entities of the added rows were there before; those of the added rows alone are held."""
    who = _part(table, CURRENT).select("_entity").distinct()
    known = _part(table, REFERENCE).select("_entity").semi_join(who, "_entity").distinct()
    return int(collect(known.aggregate(n=known.count()))["n"][0])


def _part(table: ir.Table, part: str) -> ir.Table:
    return table.filter(table["_part"] == part)


def whole_sides(table: ir.Table, grown: Grown) -> Sides:
    """Both sides as their rows were counted.

    Args:
        table: As in `compare_added`, with the parts of columns.
        grown: Their counts.
    """
    old, new = (_whole(of, table, part, grown) for of, part in ((grown.kept, REFERENCE), (grown.added, CURRENT)))
    return Sides(old=old, new=new, cells=grown.kept.cells)


def by_pooled_levels(table: ir.Table, sides: Sides) -> Sides:
    """Both sides by the levels of both together."""
    olds, news, cells = dict(sides.old.counts), dict(sides.new.counts), []
    for c in sides.cells:
        pooled = c
        if c.labels and not c.why:
            pooled, olds[c.column], news[c.column] = _pooled(table, c, olds[c.column], news[c.column])
        cells.append(pooled)
    return Sides(old=replace(sides.old, counts=olds), new=replace(sides.new, counts=news), cells=tuple(cells))


def _whole(profile: Profile, table: ir.Table, part: str, grown: Grown) -> Side:
    """What is in a part of a profile, as one side; an entity that is in two of them is one."""
    side = reduce(add, (side for name, side in profile.parts.items() if name != UNUSED))
    if not grown.is_apart:
        rows = _part(table, part).select("_part", "_bucket", "_entity")
        side = replace(side, entities=count_entities(rows, [part], n_rows=side.n_rows)[part])
    return precise_alike(side, grown.profile.n_precise)


def _pooled(table: ir.Table, cells: Cells, old: Array, new: Array) -> tuple[Cells, Array, Array]:
    """The cells of a column of levels from both sides together, and both sides counted by them."""
    column, has_others = cells.column, bool(old[:, -2].any())
    if has_others:  # which of its levels are the commonest now, only its rows tell
        (pooled,) = cells_of(table, [column], n_rows=0)
    else:
        known = dict(zip(cells.labels, (old + new)[:, :-2].sum(axis=0).astype(int).tolist(), strict=True))
        rows = {level: n for level, n in known.items() if n} | _levels_beyond(_part(table, CURRENT), cells)
        pooled = level_cells(column, cells.type, cells.kind, rows)
    fresh = [level for level in pooled.labels if level not in set(cells.labels)]
    nothing = np.zeros((N_BUCKETS, len(fresh)))
    of_old = _counted(_part(table, REFERENCE), column, fresh) if fresh and has_others else nothing
    of_new = _counted(_part(table, CURRENT), column, fresh) if fresh else nothing
    pooled = replace(pooled, part_of=cells.part_of)
    return pooled, _by_levels(old, cells, pooled, of_old), _by_levels(new, cells, pooled, of_new)


def _levels_beyond(rows: ir.Table, cells: Cells) -> dict[str, int]:
    """Rows by level of the commonest levels that are in no cell of their own."""
    import ibis

    level = rows[cells.column].cast("string")
    beyond = rows.filter(level.notnull() & level.notin(cells.labels))
    counted = beyond.group_by(level=beyond[cells.column].cast("string")).agg(n=beyond.count())
    top = collect(counted.order_by([ibis.desc("n"), "level"]).limit(MOST_LEVELS))
    return dict(zip(top["level"].to_list(), top["n"].to_list(), strict=True))


def _counted(rows: ir.Table, column: str, levels: Sequence[str]) -> Array:
    """Rows by bucket and level."""
    level = rows[column].cast("string")
    kept = rows.filter(level.isin(levels))
    frame = collect(kept.group_by("_bucket", level=kept[column].cast("string")).agg(n=kept.count()))
    place = {level: i for i, level in enumerate(levels)}
    found = np.zeros((N_BUCKETS, len(levels)))
    found[frame["_bucket"].to_numpy().astype(int), [place[level] for level in frame["level"]]] = frame["n"].to_numpy()
    return found


def _by_levels(counts: Array, cells: Cells, pooled: Cells, fresh: Array) -> Array:
    """Counts by the levels of `cells` as counts by those of `pooled`; `fresh` has the rows of those that are new."""
    place = {level: i for i, level in enumerate(cells.labels)}
    columns = iter(fresh.T)
    named = [counts[:, place[level]] if level in place else next(columns) for level in pooled.labels]
    missing = counts[:, -1]
    other = counts.sum(axis=1) - missing - np.sum(named, axis=0)
    return np.column_stack([*named, other, missing])
