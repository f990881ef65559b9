"""Rows that were made from other rows (augmented, translated, synthetic) go where their origin goes.

Whether any does not is asked by `checks.linked`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import polars as pl

from checks.collect import collect
from checks.entities import components

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from warehouse.lake import Lake

ROOTS = "_roots"


def with_origins(lake: Lake, table: ir.Table) -> ir.Table:
    """Give each row that was made from another the entity of the row that it was made from at first.

    Args:
        lake: Where the tables live.
        table: Has `_entity`, `_row` (the key) and `_origin` (the key of the origin, NULL for a row that has none).
    """
    made = table.filter(table["_origin"].notnull() & (table["_origin"] != table["_row"]))
    lake.keep_frame(ROOTS, roots_of(collect(made.select("_row", "_origin"))))
    roots = lake.ibis.table(ROOTS)
    first = table.select(_root_row="_row", _root_entity="_entity").semi_join(roots, [("_root_row", "_root")])
    found = roots.left_join(first, roots["_root"] == first["_root_row"])
    # An origin that is not there (yet): its key stands for it, and the audit blocks.
    found = found.select("_made", _of_root=ibis.coalesce(found["_root_entity"], found["_root"]))
    rows = table.left_join(found, table["_row"] == found["_made"])
    return rows.mutate(_entity=ibis.coalesce(rows["_of_root"], rows["_entity"])).drop("_made", "_of_root")


def roots_of(made: pl.DataFrame) -> pl.DataFrame:
    """For each row that was made from another (`_row`, `_origin`) the row at the beginning: `_made`, `_root`.

    Rows that are made from each other in a circle have the smallest of them.

    >>> roots_of(pl.DataFrame({"_row": ["c", "b"], "_origin": ["b", "a"]}))["_root"].to_list()
    ['a', 'a']
    """
    names = pl.concat([made["_row"], made["_origin"]]).unique().sort()
    row, origin = (names.search_sorted(made[column]).to_numpy().astype(np.int64) for column in ("_row", "_origin"))
    part = components(len(names), row, origin)
    # Of those that are made from nothing the smallest, else the smallest of all.
    rank = np.arange(len(names)) + len(names) * np.isin(np.arange(len(names)), row)
    root = np.full(len(names), 2 * len(names))
    np.minimum.at(root, part, rank)
    of = root[part[row]] % max(len(names), 1)
    return pl.DataFrame(
        {"_made": made["_row"], "_root": names.gather(of)}, schema={"_made": pl.String, "_root": pl.String}
    )
