"""Two tables compared: any frames that speak the Arrow stream protocol, or Ibis tables of one engine.

What a unit is (an entity, a day, a row) is decided here; what is computed on units is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.bins import Cells
from checks.classified import with_classifier
from checks.collect import one_row
from checks.column_parts import DEALT, PART, cells_with_parts, levels_in_common, with_dealt_levels
from checks.frames import CURRENT, OURS, REFERENCE, on_one_engine, told_apart_by_name, without_ours
from checks.kinds import hashed
from checks.meeting import met, unlike
from checks.months import by_day, has_day
from checks.profile import by_buckets, scan
from checks.questions import entity_of, options_of, prove_columns, prove_is_yes_or_no
from checks.report import ShiftReport
from checks.row_units import bucket_of, entity_text, lacks_all, of_own_side, rows_as_units
from checks.sampled_rows import Sample
from checks.score_columns import score_rows
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.units import are_paired
from checks.without_unit import Without, count_without, with_those_without

if TYPE_CHECKING:
    import ibis.expr.types as ir

IS_WHEN = "it says when, and the sides differ in time"
DAY_IN_BOTH = (
    "a day is on both sides while entities are what is swapped: rows of one day know each other;"
    " leave `entity` out to swap days"
)


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


def compare(
    reference: Any,
    current: Any,
    *,
    target: str | None = None,
    time: str | None = None,
    entity: str | Sequence[str] | None = None,
    classifier: bool = False,
    **policy: float,
) -> ShiftReport:
    """Do two tables differ in distribution?

    Args:
        reference: What is compared with: a frame, an Arrow table, or an Ibis table.
        current: What is compared.
        target: The column that a model is to predict: its relations to the other columns are asked first of all pairs,
            and the report says so when it is itself among the columns that shifted.
        time: The column of time. Without `entity` the unit is then the day.
        entity: The columns whose rows belong together: the unit. Without either, the unit is the row.
        classifier: Whether a classifier is asked too, within the same alpha; see `checks.classified`.
        **policy: `alpha` (.05), the family-wise error that is allowed; `tolerance` (.02), below which effects (total
            variation) are no alarm.

    Raises:
        NoSuchColumn: A named column is not in both tables.
        NotAskable: A side is no table, an option no share, the time no moment, or the entity of two types.
    """
    named, options = entity_of(entity), options_of(policy)
    prove_is_yes_or_no("classifier", classifier)
    one, two = on_one_engine(reference, current)
    prove_columns(one, two, entity=named, time=time, target=target)
    said = told_apart_by_name(one, two, named=[*named, time, target])
    one, two = (without_ours(side, named=[*named, time, target]) for side in (one, two))
    united = unite(one, two, kept=())
    if not united.columns:
        sizes = [int(one_row(side.aggregate(n=side.count()))["n"]) for side in (one, two)]
        return _nothing_told("no column is on both sides", *sizes).noted(*said)
    both = _with_units(united, named, time)
    unit = ", ".join(named) or ("day" if time else "row")
    question = replace(Question(unit=unit, target=target, time=time), **dict[str, Any](options))
    both, question = _asked(both, question, named, time)
    report = compare_both(both, question, reference=REFERENCE, current=CURRENT)
    if classifier and report.n_reference and report.n_current:
        table = of_own_side(both.table) if both.is_entity_the_row else both.table
        report = with_classifier(report, table, question)
    return with_those_without(with_target(report, target).noted(both.said, *said), both.without, alpha=question.alpha)


def _nothing_told(why: str, n_reference: int, n_current: int) -> ShiftReport:
    return ShiftReport(
        reference=REFERENCE,
        current=CURRENT,
        declared=False,
        unit="row",
        n_reference=n_reference,
        n_current=n_current,
        columns=(),
        note=why,
    )


def compare_with_units(
    reference: ir.Table, current: ir.Table, question: Question, *, entity: Sequence[str]
) -> tuple[Both, Question]:
    """Two tables of one engine that have `_entity` and `_bucket` already, ready for `compare_both`.

    Args:
        reference: What is compared with.
        current: What is compared.
        question: How; its target is named.
        entity: The columns that `_entity` is made of.

    Raises:
        NoSuchColumn: The target is not in both tables.
    """
    prove_columns(reference, current, entity=(), time=None, target=question.target)
    return _asked(unite(reference, current, kept=("_entity", "_bucket")), question, list(entity), None)


def _asked(both: Both, question: Question, entity: list[str], time: str | None) -> tuple[Both, Question]:
    if time:
        both, question = _in_time(both, question, time, has_entity=bool(entity) and entity != [time])
    silent = {column: "it is the entity" for column in entity if column in both.columns}
    return replace(both, not_compared=silent | dict(both.not_compared)), question


def with_target(report: ShiftReport, target: str | None) -> ShiftReport:
    """The report, saying so when the target itself shifted."""
    if target is None or target not in {column.column for column in report.shifted}:
        return report
    return report.noted(f"the target {target} itself shifted")


def moments_of(table: ir.Table) -> list[str]:
    """The columns of dates and timestamps."""
    kinds = table.schema().items()
    return [name for name, kind in kinds if kind.is_date() or kind.is_timestamp()]


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


def compare_both(both: Both, question: Question, *, reference: str, current: str) -> ShiftReport:
    """Compare the two parts of one table, on cells of both together.

    Entities that are on both sides are counted: beyond 5 % the sides are paired.
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
    if not both.is_entity_the_row:
        question = replace(question, n_common_entities=common_entities(both.table, n_rows=n_rows))
    one, two = (replace(profile.parts[p], name=name) for p, name in ((REFERENCE, reference), (CURRENT, current)))
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


def _with_units(both: Both, entity: Sequence[str], time: str | None) -> Both:
    table = both.table
    if entity:
        has_none = lacks_all([table[c] for c in entity])
        without = count_without(table, has_none, ", ".join(entity), is_left_out=True)
        kept = table.filter(~has_none) if without else table
        named = kept.mutate(_entity=entity_text([kept[c] for c in entity]))
        # Hashed twice: rows of some entities are read by the hash itself (`checks.thinning`).
        table = named.mutate(_bucket=bucket_of(hashed(hashed(named["_entity"]))))
        return replace(both, table=table, without=without)
    if time:
        without = count_without(table, ~has_day(table[time]), time, is_left_out=True)
        day = by_day(table.mutate(_side=table["_part"]), time)
        return replace(both, table=day.mutate(_part=day["_side"]).drop("_side"), without=without)
    rows = rows_as_units(table, both.columns)
    return replace(both, table=rows.table, is_entity_the_row=True, said=rows.said)


def _in_time(both: Both, question: Question, time: str, *, has_entity: bool) -> tuple[Both, Question]:
    table = both.table.filter(both.table[time].notnull())
    if has_entity:
        more = count_without(both.table, ~has_day(both.table[time]), time, is_left_out=False)
        both = replace(both, without=(*both.without, *more))
    if common_entities(table.mutate(_entity=table[time].cast("date"))):
        silent = {} if has_entity else {time: "its day is the unit"}
        question = replace(question, refused=DAY_IN_BOTH) if has_entity else question
    else:
        silent = dict.fromkeys(moments_of(both.table), IS_WHEN)
        question = replace(question, unlike=other_times(question.unit)) if has_entity else question
    return replace(both, not_compared=dict(both.not_compared) | silent), question


def other_times(unit: str) -> str:
    """What a p value says where the sides differ in time and the unit is not the day.

    >>> other_times("customer")
    'the sides differ in time: p speaks of these days as seen through customer, not of a lasting change'
    """
    return f"the sides differ in time: p speaks of these days as seen through {unit}, not of a lasting change"
