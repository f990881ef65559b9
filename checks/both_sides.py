"""Two tables as one, the rows of both sides: what both have, and how they are compared once they have units.

What a unit is (an entity, a day, a row) is decided before; what is computed on units is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.bins import Cells
from checks.collect import one_row
from checks.column_parts import DEALT, PART, cells_with_parts, levels_in_common, with_dealt_levels
from checks.frames import CURRENT, OURS, REFERENCE
from checks.kinds import hashed
from checks.meeting import met, unlike
from checks.profile import by_buckets, scan
from checks.report import ShiftReport
from checks.sampled_rows import Sample
from checks.score_columns import score_rows
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.thinning import some_rows
from checks.units import Side, are_paired, are_unequal
from checks.without_unit import Without

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Rows of the larger of two sides that share entities, by those of the smaller: well below what pairs may differ by.
EVENED = 1.5


@dataclass(frozen=True, kw_only=True)
class Both:
    """Two tables as one.

    Attributes:
        table: The columns that both have, `_part` (`reference`, `current`), `_entity` and `_bucket`.
        columns: Which columns are compared.
        not_compared: Columns that are not, and why.
        is_entity_the_row: No two rows are of one entity.
        without: Rows that have no entity or no day.
        said: What is to be said of the units.
    """

    table: ir.Table
    columns: Sequence[str]
    not_compared: Mapping[str, str] = field(default_factory=dict)
    is_entity_the_row: bool = False
    without: tuple[Without, ...] = ()
    said: str = ""


def unite(one: ir.Table, two: ir.Table, *, kept: Iterable[str]) -> Both:
    """The rows of two tables with their `_part`: the columns that both have, and those of `kept`."""
    reserved = list(kept)
    listed = [c for c in one.columns if c in two.columns and c not in OURS]
    not_compared = {}
    sides: list[dict[str, Any]] = [{}, {}]
    for name in listed:
        pair = met(one[name], two[name])
        if pair is None:
            not_compared[name] = unlike(one[name], two[name])
            pair = (one[name].cast("string"), two[name].cast("string"))
        sides[0][name], sides[1][name] = pair
    import ibis

    parts = [
        table.select(_part=ibis.literal(part), **{c: table[c] for c in reserved}, **side)
        for table, part, side in zip((one, two), (REFERENCE, CURRENT), sides, strict=True)
    ]
    return Both(table=parts[0].union(parts[1]), columns=listed, not_compared=not_compared)


def compare_both(
    both: Both, question: Question, *, reference: str, current: str, is_evened: bool = False
) -> ShiftReport:
    """Compare the two parts of one table, on cells of both together.

    Entities that are on both sides are counted: beyond 5 % the sides are paired, and some rows of a side that has too
    many for that are left out; `is_evened` says that they are.
    """
    n_rows = int(one_row(both.table.aggregate(n=both.table.count()))["n"])
    table, found = cells_with_parts(both.table, both.columns, n_rows=n_rows, without=both.not_compared)
    told = [silenced(c, both.not_compared) for c in found]
    table, cells = with_dealt_levels(table, told, n_rows=n_rows)
    profile = scan(table, cells, n_rows=n_rows, has_entities=not both.is_entity_the_row)
    if len(profile.parts) < 2:
        return ShiftReport(
            reference=reference,
            current=current,
            declared=question.declared,
            unit=question.unit,
            n_reference=profile.parts[REFERENCE].n_rows if REFERENCE in profile.parts else 0,
            n_current=profile.parts[CURRENT].n_rows if CURRENT in profile.parts else 0,
            columns=(),
            note=f"the {CURRENT if REFERENCE in profile.parts else REFERENCE} side has no row",
        )
    one, two = (replace(profile.parts[p], name=name) for p, name in ((REFERENCE, reference), (CURRENT, current)))
    if not both.is_entity_the_row:
        question = replace(question, n_common_entities=common_entities(both.table, n_rows=n_rows))
        if not is_evened and are_unequal(question.n_common_entities, one, two):
            return compare_evened(both, question, (one, two))
    time = time_among(both.table, question)
    scores = partial(
        score_rows,
        Sample(table, {part: side.n_rows for part, side in profile.parts.items()}, cells, time),
        (profile.parts[REFERENCE], profile.parts[CURRENT]),
        (REFERENCE, CURRENT),
        cells,
        time=time,
        is_paired=are_paired(question.n_common_entities, one, two),
    )
    report = compare_sides(one, two, cells, question, scores)
    dealt = [c.part_of for c in cells if c.column == f"{c.part_of}{PART}{DEALT}"]
    return report.noted(*levels_in_common(table, [c for c in dealt if _differs(report, c, question.alpha)]))


def compare_evened(both: Both, question: Question, sides: tuple[Side, Side]) -> ShiftReport:
    """Compare sides that share entities, one of them with too many rows for that, by some rows of the larger side.

    Which rows does not depend on their entity: of each entity about the same part is left.

    Args:
        both: The rows.
        question: How.
        sides: The counts of the reference and of the current side.
    """
    sizes = {part: side.n_rows for part, side in zip((REFERENCE, CURRENT), sides, strict=True)}
    larger, fewer = max(sizes, key=lambda part: sizes[part]), min(sizes.values())
    rows = some_rows(both.table, larger, EVENED * fewer / sizes[larger])
    one, two = (side.name for side in sides)
    report = compare_both(replace(both, table=rows), question, reference=one, current=two, is_evened=True)
    n_left, named = (report.n_reference, one) if larger == REFERENCE else (report.n_current, two)
    said = f"{n_left:,} of {sizes[larger]:,} rows of {named} are compared, as the sides share entities"
    return replace(report, n_reference=sizes[REFERENCE], n_current=sizes[CURRENT]).noted(said)


def _differs(report: ShiftReport, column: str, alpha: float) -> bool:
    """Whether the levels of a column differ beyond chance, told by the parts that they are dealt to."""
    found = (c.p_corrected for c in report.columns if c.column == f"{column}{PART}{DEALT}")
    return any(p is not None and p <= alpha for p in found)


def time_among(table: ir.Table, question: Question) -> str | None:
    """The column of time, where the table has it as a moment."""
    return question.time if question.time in moments_of(table) else None


def silenced(cells: Cells, not_compared: Mapping[str, str]) -> Cells:
    """Cells with why they are not compared, where that is so."""
    return replace(cells, why=not_compared[cells.column]) if cells.column in not_compared else cells


def common_entities(table: ir.Table, *, n_rows: int = 0) -> int:
    """How many of `_entity` are in more than one `_part`.

    Args:
        table: Has both; of many rows also `_bucket`, an entity in one.
        n_rows: Its number of rows.
    """
    table = table.filter(table["_part"].notnull() & table["_entity"].notnull())
    part = hashed(table["_part"])  # of numbers the engine may spill what it holds by entity, of texts not
    asked = table.select("_entity", *(["_bucket"] if n_rows else []), _of=part)
    n = 0
    for some in by_buckets(asked, n_rows=n_rows):
        per_entity = some.group_by("_entity").agg(first=some["_of"].min(), last=some["_of"].max())
        n += int(one_row(per_entity.aggregate(n=(per_entity["first"] != per_entity["last"]).sum().fill_null(0)))["n"])
    return n


def moments_of(table: ir.Table) -> list[str]:
    """The columns of dates and timestamps."""
    kinds = table.schema().items()
    return [name for name, kind in kinds if kind.is_date() or kind.is_timestamp()]
