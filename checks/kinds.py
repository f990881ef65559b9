"""What a column's type lets it be counted as, and its values as numbers, or hashed.

Which cells numbers are counted by is `checks.bins`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from checks.bins import Kind


def kind_of(column: ir.Column) -> Kind:
    """What a column's type lets it be counted as."""
    type_ = column.type()
    if type_.is_boolean():
        return "boolean"
    if type_.is_numeric():
        return "numeric"
    if type_.is_date() or type_.is_timestamp():
        return "time"
    if type_.is_string():
        return "category"
    if type_.is_array():
        return "list"
    return "bytes" if type_.is_binary() else "other"


def as_float(column: ir.Column) -> Any:
    """A column as 64-bit floats, moments as seconds since 1970."""
    type_ = column.type()
    if type_.is_date() or type_.is_timestamp():
        return column.cast("timestamp").epoch_seconds().cast("float64")
    return column.cast("float64")


def as_number(column: ir.Column) -> Any:
    """The same as finite numbers; NULL for what is missing, NaN or infinite."""
    import ibis

    number = as_float(column)
    if not column.type().is_floating():
        return number
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


def hashed(column: Any) -> Any:
    """DuckDB's own hash, 64 bits without a sign, of values of any type. Ibis's goes through text, which costs more.

    It may be another in a later release: for what is not stored alone.
    """
    return _hash()(column)


@cache
def _hash() -> Any:
    import ibis
    import ibis.expr.datatypes as dt

    def digest(value):  # type: ignore[no-untyped-def]
        """The engine's own."""

    digest.__annotations__["return"] = dt.uint64  # Ibis evaluates what is written beside `def` where it has no `dt`
    return ibis.udf.scalar.builtin(digest, name="hash")
