"""What is asked of two tables, proved to be askable before anything is counted.

How they are compared is `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from numbers import Real
from typing import TYPE_CHECKING, Any

from checks.errors import NoSuchColumn, NotAskable
from checks.frames import CURRENT, OURS, REFERENCE
from checks.meeting import met, unlike

if TYPE_CHECKING:
    import ibis.expr.types as ir


OPTIONS = {
    "alpha": "the family-wise error that is allowed: .05 say",
    "tolerance": "the total variation that is no alarm: .02 say",
}


# Of 1,999 exchanges no p value is less.
LEAST_ALPHA = 0.0005


def options_of(policy: Mapping[str, Any]) -> dict[str, float]:
    """`alpha` and `tolerance` as floats, held to be shares.

    Raises:
        NotAskable: One is no number between 0 and 1, `alpha` less than any p value, or there is no such option.
    """
    for name, value in policy.items():
        asked = f"Compared with {name}={value!r}"
        if name not in OPTIONS:
            raise NotAskable(asked, "there is no such option", f"there are {' and '.join(OPTIONS)}: alpha=.05 say")
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not 0 <= value < 1:
            raise NotAskable(asked, "it is no number between 0 and 1", f"{name} is {OPTIONS[name]}")
        if name == "alpha" and value < LEAST_ALPHA:
            raise NotAskable(
                asked, f"no p value of 1,999 exchanges is below {LEAST_ALPHA:g}", f"alpha is {OPTIONS[name]}"
            )
    return {name: float(value) for name, value in policy.items()}


def prove_is_yes_or_no(name: str, value: Any) -> None:
    """Hold that an option is true or false.

    Raises:
        NotAskable: It is neither.
    """
    if not isinstance(value, bool):
        raise NotAskable(
            f"Compared with {name}={value!r}", "it is neither true nor false", f"say {name}=True, or nothing"
        )


def entity_of(entity: Any) -> list[str]:
    """The columns of the entity, each once; None or nothing is none.

    Raises:
        NotAskable: It is neither a name nor several.
    """
    listed = [entity] if isinstance(entity, str) else [] if entity is None else entity
    if not isinstance(listed, Sequence | AbstractSet):
        raise NotAskable(
            f"Compared by entity {entity!r}", "it is no name of a column", "give a name, or a list of names"
        )
    for column in listed:
        _prove_name("by entity", column)
    return list(dict.fromkeys(listed))


def _prove_name(asked: str, column: Any) -> None:
    if not isinstance(column, str) or not column:
        raise NotAskable(f"Compared {asked} {column!r}", "it is no name of a column", "name one, or leave it out")


def prove_columns(one: ir.Table, two: ir.Table, *, entity: Sequence[str], time: str | None, target: str | None) -> None:
    """Hold that the columns that are named are on both sides, and are what they are named for.

    Raises:
        NoSuchColumn: One is not on both sides.
        NotAskable: One is named for two things or has a name of ours, the entity has other types on the two sides, or
            the time is no moment.
    """
    named = [("by entity", c) for c in entity] + [("by time", time)] * (time is not None)
    for asked, column in [*named, *([("with target", target)] if target is not None else [])]:
        _prove_name(asked, column)
        _prove_is_there(asked, str(column), one, two)
    if target is not None and target in {*entity, time}:
        raise NotAskable(
            f"Compared with target {target!r}",
            f"it is the {'time' if target == time else 'entity'}, whose values are not compared",
            "name as target what a model is to predict, or leave it out",
        )
    for column in entity:
        types = [side[column].type().copy(nullable=True) for side in (one, two)]
        # Whole numbers and texts of them read alike.
        if types[0] != types[1] and not all(kind.is_integer() or kind.is_string() for kind in types):
            raise NotAskable(
                f"Compared by entity {column!r}",
                f"it is {types[0]} on one side and {types[1]} on the other, so no entity is the same on both",
                "cast it to one type on both sides",
            )
    if time:
        _prove_is_moment(time, one, two)


def _prove_is_there(asked: str, column: str, one: ir.Table, two: ir.Table) -> None:
    if column.lower() in OURS:
        raise NotAskable(f"Compared {asked} {column!r}", "it is a name of Gristmill's own", "rename the column")
    has = [column in side.columns for side in (one, two)]
    if not all(has):
        alone = "" if not any(has) else REFERENCE if has[0] else CURRENT
        known = tuple(c for c in one.columns if c in two.columns and c.lower() not in OURS)
        raise NoSuchColumn(column, known, alone)


def _prove_is_moment(time: str, one: ir.Table, two: ir.Table) -> None:
    asked = f"Compared by time {time!r}"
    for side in (one, two):
        if not (side[time].type().is_date() or side[time].type().is_timestamp()):
            raise NotAskable(asked, f"it is {side[time].type()}, no date or timestamp", "cast it to one first")
    if met(one[time], two[time]) is None:
        found = unlike(one[time], two[time]).partition(";")[0]
        raise NotAskable(asked, found, "give both a time zone, or neither, so that a day is one on both sides")
