"""Rows as units of two tables that are compared where no column says what belongs together.

Entities and days as units are `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.collect import one_row
from checks.copies_by_chance import are_repeated
from checks.kinds import as_float, hashed
from checks.units import N_BUCKETS
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Fewer copies change a p value little: of pairs, the variance of sums grows by twice their share.
FEWEST_COPIES = 0.05
COPIES = (
    "{n:,} of {rows} are copies of others of their side, more than independent columns give: each is a unit of its own "
    "here, so p is too small if rows were repeated (drop the copies, or name as `entity` what they are of)"
)


@dataclass(frozen=True, kw_only=True)
class RowsAsUnits:
    """Rows that have `_entity` and `_bucket`, and what is to be said of copies among them."""

    table: ir.Table
    said: str = ""


def rows_as_units(table: ir.Table, columns: Sequence[str]) -> RowsAsUnits:
    """Every row an entity of its side alone; its bucket does not know the side, so that sides can be exchanged."""
    import ibis

    # By name and value alone: neither the order of columns nor the width of numbers changes a bucket.
    values = {c: as_float(table[c]) if table[c].type().is_numeric() else table[c] for c in sorted(columns)}
    rows = table.mutate(_entity=hashed(ibis.struct(values)))
    # Which side a row is on is hashed too: rows of both sides that are alike are no copies.
    of_side = hashed(ibis.struct({"row": rows["_entity"], "part": rows["_part"]}))
    sizes = one_row(rows.aggregate(n=rows.count(), n_unlike=of_side.nunique()))
    said, n_copies = "", int(sizes["n"] - sizes["n_unlike"])
    if n_copies >= FEWEST_COPIES * sizes["n"] and are_repeated(rows, columns):
        said = COPIES.format(n=n_copies, rows=plural(int(sizes["n"]), "row"))
    if n_copies:
        # Equal rows are told apart by their number, so that no order of rows matters.
        window = ibis.window(group_by=["_part", "_entity"], order_by="_entity")
        rows = rows.mutate(_nth=ibis.row_number().over(window))
        unlike = ibis.struct({"row": rows["_entity"], "nth": rows["_nth"]})
        rows = rows.mutate(_entity=hashed(unlike)).drop("_nth")
    return RowsAsUnits(table=rows.mutate(_bucket=bucket_of(rows["_entity"])), said=said)


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
