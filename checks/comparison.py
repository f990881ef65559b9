"""Two tables compared: any frames that speak the Arrow stream protocol, or Ibis tables of one engine.

What a unit is (an entity, a day, a row) is decided here; what is computed on units is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.both_sides import Both, common_entities, compare_both, moments_of, unite
from checks.classified import with_classifier
from checks.collect import one_row
from checks.frames import CURRENT, REFERENCE, on_one_engine, told_apart_by_name, without_ours
from checks.kinds import hashed
from checks.months import by_day, has_day
from checks.questions import entity_of, options_of, prove_columns, prove_is_yes_or_no
from checks.report import ShiftReport
from checks.row_units import bucket_of, entity_text, lacks_all, of_own_side, rows_as_units
from checks.shift_question import Question
from checks.without_unit import count_without, with_those_without

if TYPE_CHECKING:
    import ibis.expr.types as ir

IS_WHEN = "it says when, and the sides differ in time"
DAY_IN_BOTH = (
    "a day is on both sides while entities are what is swapped: rows of one day know each other;"
    " leave `entity` out to swap days"
)


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
