"""What is asked of two tables, proved to be askable before anything is counted.

How they are compared is `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from checks.errors import NoSuchColumn, NotAskable

if TYPE_CHECKING:
    import ibis.expr.types as ir


OPTIONS = {"alpha": "the family-wise error that is allowed", "tolerance": "the total variation that is no alarm"}


def prove_options(options: Mapping[str, Any]) -> None:
    """Hold that `alpha` and `tolerance` are shares.

    Raises:
        NotAskable: One is no number between 0 and 1, or there is no such option.
    """
    for name, value in options.items():
        if name not in OPTIONS:
            raise NotAskable(
                f"Compared with {name}={value!r}", "there is no such option", f"there are {' and '.join(OPTIONS)}"
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value < 1 or (name == "alpha" and not value):
            raise NotAskable(
                f"Compared with {name}={value!r}",
                "it is no number between 0 and 1",
                f"{name} is {OPTIONS[name]}: .05 say",
            )


def prove_is_table(side: Any, name: str) -> None:
    """Hold that a side is an Ibis table or speaks the Arrow stream protocol.

    Raises:
        NotAskable: It is neither.
    """
    import ibis.expr.types as ir

    if not isinstance(side, ir.Table) and not hasattr(side, "__arrow_c_stream__"):
        raise NotAskable(
            f"The {name} side of a comparison",
            f"it is of type {type(side).__name__}, which is no table",
            "give a frame of Polars, pandas or Arrow, an Ibis table, or the name of a dataset",
        )


def prove_columns(one: ir.Table, two: ir.Table, *, entity: Sequence[str], time: str | None, target: str | None) -> None:
    """Hold that the columns that are named are on both sides, and are what they are named for.

    Raises:
        NoSuchColumn: One is not on both sides.
        NotAskable: The entity has other types on the two sides, or the time is no moment.
    """
    for column in (*entity, *([time] if time else []), *([target] if target else [])):
        if column not in one.columns or column not in two.columns:
            raise NoSuchColumn(column, tuple(c for c in one.columns if c in two.columns))
    for column in entity:
        types = [side[column].type().copy(nullable=True) for side in (one, two)]
        # Whole numbers and texts of them read alike.
        if types[0] != types[1] and not all(kind.is_integer() or kind.is_string() for kind in types):
            raise NotAskable(
                f"Compared by entity {column!r}",
                f"it is {types[0]} on one side and {types[1]} on the other, so no entity is the same on both",
                "cast it to one type on both sides",
            )
    for side in (one, two):
        if time and not (side[time].type().is_date() or side[time].type().is_timestamp()):
            raise NotAskable(
                f"Compared by time {time!r}", f"it is {side[time].type()}, no date or timestamp", "cast it to one first"
            )
