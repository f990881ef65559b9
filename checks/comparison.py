"""Two tables compared: any frames that speak the Arrow stream protocol, or Ibis tables of one engine.

What a unit is (an entity, a day, a row) is decided here; what is computed on units is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.bins import Cells
from checks.collect import collect, one_row
from checks.column_parts import cells_with_parts
from checks.kinds import hashed
from checks.months import by_day
from checks.profile import scan
from checks.questions import prove_columns, prove_is_table, prove_options
from checks.report import ShiftReport
from checks.row_units import bucket_of, of_own_side, rows_as_units
from checks.sampled_rows import Sample
from checks.score_columns import score_rows
from checks.shift import Question, compare_sides
from checks.two_sample_classifier import with_classifier
from checks.units import are_paired

if TYPE_CHECKING:
    import ibis.expr.types as ir

REFERENCE, CURRENT = "reference", "current"
# What a table gets on the way: columns of a frame that are called so are left out, and the report says so.
OURS = frozenset({"_part", "_entity", "_bucket", "_side", "_nth"})
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
    """

    table: ir.Table
    columns: Sequence[str]
    not_compared: Mapping[str, str] = field(default_factory=dict)
    is_entity_the_row: bool = False


def compare(
    reference: Any,
    current: Any,
    *,
    target: str | None = None,
    time: str | None = None,
    entity: str | Sequence[str] = (),
    classifier: bool = False,
    **policy: float,
) -> ShiftReport:
    """Do two tables differ in distribution?

    Args:
        reference: What is compared with: a frame, an Arrow table, or an Ibis table.
        current: What is compared.
        target: The column that a model is to predict: the report says so when it is among those that shifted.
        time: The column of time. Without `entity` the unit is then the day.
        entity: The columns whose rows belong together: the unit. Without either, the unit is the row.
        classifier: Whether a classifier is asked too; see `checks.two_sample_classifier`.
        **policy: `alpha` (.05), the family-wise error that is allowed; `tolerance` (.02), below which effects (total
            variation) are no alarm.

    Raises:
        NoSuchColumn: A named column is not in both tables.
        NotAskable: A side is no table, an option no share, the time no moment, or the entity of two types.
    """
    named = [entity] if isinstance(entity, str) else list(entity)
    prove_options(policy)
    for side, name in ((reference, REFERENCE), (current, CURRENT)):
        prove_is_table(side, name)
    one, two = _on_one_engine(reference, current)
    prove_columns(one, two, entity=named, time=time, target=target)
    united = unite(one, two, kept=())
    if not united.columns:
        sizes = [int(one_row(side.aggregate(n=side.count()))["n"]) for side in (one, two)]
        return _nothing_told("no column is on both sides", *sizes)
    both = _with_units(united, named, time)
    unit = ", ".join(named) or ("day" if time else "row")
    question = replace(Question(unit=unit, target=target, time=time), **dict[str, Any](policy))
    both, question = _asked(both, question, named, time)
    report = with_target(compare_both(both, question, reference=REFERENCE, current=CURRENT), target)
    if classifier:
        table = of_own_side(both.table) if both.is_entity_the_row else both.table
        report = with_classifier(report, table, question)
    if not (ours := [c for c in one.columns if c in OURS and c in two.columns]):
        return report
    said = f"not compared: {', '.join(ours)}, a name of Gristmill's own"
    return replace(report, note=f"{report.note}; {said}" if report.note else said)


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
    reference: ir.Table, current: ir.Table, question: Question, *, entity: Sequence[str], time: str | None
) -> tuple[Both, Question]:
    """Two tables of one engine that have `_entity` and `_bucket` already, ready for `compare_both`.

    Args:
        reference: What is compared with.
        current: What is compared.
        question: How.
        entity: The columns that `_entity` is made of.
        time: The column of time, where the sides are windows of time.

    Raises:
        NoSuchColumn: A named column is not in both tables.
        NotAskable: The time is no moment.
    """
    prove_columns(reference, current, entity=(), time=time, target=None)
    return _asked(unite(reference, current, kept=("_entity", "_bucket")), question, list(entity), time)


def _asked(both: Both, question: Question, entity: list[str], time: str | None) -> tuple[Both, Question]:
    if time:
        both, question = _in_time(both, question, time, has_entity=bool(entity) and entity != [time])
    silent = {column: "it is the entity" for column in entity if column in both.columns}
    return replace(both, not_compared=silent | dict(both.not_compared)), question


def with_target(report: ShiftReport, target: str | None) -> ShiftReport:
    """The report, saying so when the target itself shifted."""
    if target is None or target not in {column.column for column in report.shifted}:
        return report
    said = f"the target {target} itself shifted"
    return replace(report, note=f"{report.note}; {said}" if report.note else said)


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
        first, second = one[name], two[name]
        if first.type().copy(nullable=True) == second.type().copy(nullable=True):
            sides[0][name], sides[1][name] = first, second
        elif first.type().is_numeric() and second.type().is_numeric():
            sides[0][name], sides[1][name] = first.cast("float64"), second.cast("float64")
        else:
            not_compared[name] = f"it is {first.type()} on one side and {second.type()} on the other"
            sides[0][name], sides[1][name] = first.cast("string"), second.cast("string")
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
    cells = [silenced(c, both.not_compared) for c in found]
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
        question = replace(question, n_common_entities=common_entities(both.table))
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
    return compare_sides(one, two, cells, question, scores)


def time_among(table: ir.Table, question: Question) -> str | None:
    """The column of time, where the table has it as a moment."""
    return question.time if question.time in moments_of(table) else None


def silenced(cells: Cells, not_compared: Mapping[str, str]) -> Cells:
    """Cells with why they are not compared, where that is so."""
    return replace(cells, why=not_compared[cells.column]) if cells.column in not_compared else cells


def common_entities(table: ir.Table) -> int:
    """How many of `_entity` are in more than one `_part`."""
    table = table.filter(table["_part"].notnull())
    part = hashed(table["_part"])  # of numbers the engine may spill what it holds by entity, of texts not
    per_entity = table.group_by("_entity").agg(first=part.min(), last=part.max())
    return int(one_row(per_entity.aggregate(n=(per_entity["first"] != per_entity["last"]).sum().fill_null(0)))["n"])


def _with_units(both: Both, entity: Sequence[str], time: str | None) -> Both:
    table = both.table
    if entity:
        named = table.mutate(_entity=_text([table[c] for c in entity]))
        named = named.filter(named["_entity"].notnull())
        # Hashed twice: rows of some entities are read by the hash itself (`checks.score_columns`).
        return replace(both, table=named.mutate(_bucket=bucket_of(hashed(hashed(named["_entity"])))))
    if time:
        day = by_day(table.mutate(_side=table["_part"]), time)
        return replace(both, table=day.mutate(_part=day["_side"]).drop("_side"))
    return replace(both, table=rows_as_units(table, both.columns), is_entity_the_row=True)


def _text(columns: Sequence[Any]) -> Any:
    """Values as one text, each with its length before it, so that no two rows of values look alike."""
    texts = [column.cast("string") for column in columns]
    if len(texts) == 1:
        return texts[0]
    marked = [(text.length().cast("string") + ":" + text).fill_null("-") for text in texts]
    joined = marked[0]
    for text in marked[1:]:
        joined = joined + "|" + text
    return joined


def _in_time(both: Both, question: Question, time: str, *, has_entity: bool) -> tuple[Both, Question]:
    table = both.table.filter(both.table[time].notnull())
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


def _on_one_engine(reference: Any, current: Any) -> tuple[ir.Table, ir.Table]:
    import ibis
    import ibis.expr.types as ir

    are_tables = [isinstance(side, ir.Table) for side in (reference, current)]
    if all(are_tables) and reference.get_backend() is current.get_backend():
        return reference, current
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect()
    backend: Any = ibis.duckdb.from_connection(connection)
    for name, side, is_table in zip((REFERENCE, CURRENT), (reference, current), are_tables, strict=True):
        connection.register(f"_{name}", pa.table(collect(side) if is_table else side))
    return backend.table("_reference"), backend.table("_current")
