"""Columns of two types as one, where they mean the same: numbers of any width, moments of any precision.

An answer must not depend on how wide a number was stored. What has no common meaning is told, not compared.
"""

from __future__ import annotations

from functools import cache
from typing import Any


def met(first: Any, second: Any) -> tuple[Any, Any] | None:
    """Two columns in one type; None where their types do not mean the same."""
    one, two = (_seconds(column) for column in (first, second))
    kinds = [column.type().copy(nullable=True) for column in (one, two)]
    if kinds[0] == kinds[1]:
        return one, two
    if all(kind.is_numeric() for kind in kinds):
        return _numbers(one, kinds), _numbers(two, kinds)
    if all(kind.is_array() and kind.value_type.is_numeric() for kind in kinds):
        return one.cast("array<float64>"), two.cast("array<float64>")
    if all(kind.is_date() or kind.is_timestamp() for kind in kinds):
        zones = {getattr(kind, "timezone", None) is not None for kind in kinds}
        # A date knows no time of day, so none is compared.
        days = "date" if any(kind.is_date() for kind in kinds) else "timestamp"
        as_one = "timestamp('UTC')" if zones == {True} else days
        return (one.cast(as_one), two.cast(as_one)) if len(zones) == 1 else None
    return None


def unlike(first: Any, second: Any) -> str:
    """Why two columns do not meet."""
    kinds = [column.type().copy(nullable=True) for column in (first, second)]
    zoned = "; give both a time zone, or neither" if all(kind.is_timestamp() for kind in kinds) else ""
    return f"it is {kinds[0]} on one side and {kinds[1]} on the other{zoned}"


def _numbers(column: Any, kinds: list[Any]) -> Any:
    """As 64-bit floats; rounded to 32 bits where one side is, which the other would else differ from everywhere."""
    narrow = any(kind.is_floating() and kind.nbytes < 8 for kind in kinds)
    return (column.try_cast("float32") if narrow else column).cast("float64")


def _seconds(column: Any) -> Any:
    """A duration or a time of day as seconds; what else there is, as it is."""
    kind = column.type()
    if kind.is_interval() or kind.is_time():
        return _epoch("interval('us')" if kind.is_interval() else "time")(column)
    return column


@cache
def _epoch(kind: str) -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="epoch", signature=((kind,), "float64"))
    def seconds(value):  # type: ignore[no-untyped-def]
        """The engine's own."""

    return seconds
