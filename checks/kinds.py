"""What a column's type lets it be counted as, and its values as numbers.

Which cells numbers are counted by is `checks.bins`.
"""

from __future__ import annotations

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
