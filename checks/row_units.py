"""Rows as units of two tables that are compared where no column says what belongs together.

Entities and days as units are `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from checks.collect import one_row
from checks.kinds import as_float, hashed
from checks.units import N_BUCKETS

if TYPE_CHECKING:
    import ibis.expr.types as ir


def rows_as_units(table: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Every row an entity of its side alone; its bucket does not know the side, so that sides can be exchanged."""
    import ibis

    # By name and value alone: neither the order of columns nor the width of numbers changes a bucket.
    values = {c: as_float(table[c]) if table[c].type().is_numeric() else table[c] for c in sorted(columns)}
    rows = table.mutate(_entity=hashed(ibis.struct(values)))
    # Which side a row is on is hashed too: rows of both sides that are alike are no copies.
    of_side = hashed(ibis.struct({"row": rows["_entity"], "part": rows["_part"]}))
    sizes = one_row(rows.aggregate(n=rows.count(), n_unlike=of_side.nunique()))
    if sizes["n_unlike"] < sizes["n"]:
        # Equal rows are told apart by their number, so that no order of rows matters.
        window = ibis.window(group_by=["_part", "_entity"], order_by="_entity")
        rows = rows.mutate(_nth=ibis.row_number().over(window))
        unlike = ibis.struct({"row": rows["_entity"], "nth": rows["_nth"]})
        rows = rows.mutate(_entity=hashed(unlike)).drop("_nth")
    return rows.mutate(_bucket=bucket_of(rows["_entity"]))


def of_own_side(rows: ir.Table) -> ir.Table:
    """The same rows, each an entity and in a bucket of its own side alone.

    A classifier needs it: copies of a row on both sides lie in one bucket otherwise, so that what one side has more of
    is the same in every fold, and is learned.
    """
    import ibis

    # Not by the sides' names: exchanging them changes nothing.
    sides = rows.group_by("_part").agg(n=rows.count(), least=rows["_entity"].min())
    first = one_row(sides.order_by([ibis.desc("n"), "least", "_part"]).limit(1))["_part"]
    entity = hashed(ibis.struct({"row": rows["_entity"], "is_first": rows["_part"] == first}))
    return rows.mutate(_entity=entity, _bucket=bucket_of(entity))


def entity_text(columns: Sequence[Any]) -> Any:
    """Values as one text, each with its length before it, so that no two rows of values look alike."""
    texts = [column.cast("string") for column in columns]
    if len(texts) == 1:
        return texts[0]
    marked = [(text.length().cast("string") + ":" + text).fill_null("-") for text in texts]
    joined = marked[0]
    for text in marked[1:]:
        joined = joined + "|" + text
    return joined


def lacks_all(columns: Sequence[Any]) -> Any:
    """Whether a row has none of the values; NaN is none."""
    import ibis

    return ibis.and_(*(c.isnull() | c.isnan() if c.type().is_floating() else c.isnull() for c in columns))


def bucket_of(digest: Any) -> Any:
    """One of 256. DuckDB's own hash: both tables are on one engine, and nothing of it is stored."""
    return (digest % N_BUCKETS).cast("int32")
