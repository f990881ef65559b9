"""Splits that were made elsewhere, as expressions: what a name means, and rows that have a copy in an earlier split.

Where the names come from is `assets.placing_named`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from warehouse.policy import COPY_IN, NAMED_TWICE, NO_SPLIT_NAMED, SPLITS, UNKNOWN_NAME
from warehouse.tables import SPLIT_NAMES

if TYPE_CHECKING:
    import ibis.expr.types as ir


def split_named(name: ir.StringValue) -> ir.StringValue:
    """The split that a text names, in large or small letters; NULL for none and for a name that no split has."""
    said = name.lower()
    return ibis.cases(*((said == one, split) for one, split in SPLIT_NAMES.items()))


def named(rows: ir.Table) -> ir.Table:
    """Add `_placed` and `_why`.

    Args:
        rows: `_named`, the text that names the split; from a file also `_n_splits`, how many splits it names for
            the row.
    """
    placed = split_named(rows["_named"])
    reasons = [(rows["_named"].isnull(), NO_SPLIT_NAMED), (placed.isnull(), UNKNOWN_NAME)]
    if "_n_splits" in rows.columns:
        reasons.insert(0, (rows["_n_splits"] > 1, NAMED_TWICE))
    return rows.mutate(_placed=placed, _why=ibis.cases(*reasons))


def keys_of(read: ir.Table) -> ir.Table:
    """What a file says of each key: `_key`, `_named`, `_n_splits`.

    Args:
        read: `_key` (NULL: no key that the dataset could have) and `_named`, one row a line of the file.
    """
    lines = read.filter(read["_key"].notnull())
    told = split_named(lines["_named"]).coalesce(lines["_named"], ibis.literal(""))
    return lines.group_by("_key").agg(_named=lines["_named"].min(), _n_splits=told.nunique())


def told_by(rows: ir.Table, keys: ir.Table, by: str) -> ir.Table:
    """The rows with what the file says of them; `by` is the column that holds a row's key as text."""
    return rows.left_join(keys, [rows[by] == keys["_key"]]).drop("_key")


def unknown_names(table: ir.Table) -> ir.Table:
    """The names that no split has, and how many of `table` have each: `_named`, `n`; the most frequent first."""
    unknown = table.filter(table["_named"].notnull(), split_named(table["_named"]).isnull())
    return unknown.group_by("_named").agg(n=unknown.count()).order_by(ibis.desc("n"), "_named")


def hold_copies(rows: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Leave rows without split that are equal in all of `columns` to a row of an earlier split; train is the first.

    Args:
        rows: `_entity`, `_placed`, `_why`.
        columns: What is compared.
    """
    is_in = rows["_why"].isnull() & rows["_entity"].notnull()
    order = ibis.cases(*((rows["_placed"] == split, i) for i, split in enumerate(SPLITS)))
    ranked = rows.mutate(_rank=ibis.ifelse(is_in, order, ibis.null("int8")))
    ranked = ranked.mutate(_first=ranked["_rank"].min().over(ibis.window(group_by=list(columns))))
    where = ibis.cases(*((ranked["_first"] == i, f"{COPY_IN} {split}") for i, split in enumerate(SPLITS)))
    is_copy = (ranked["_rank"] > ranked["_first"]).fill_null(False)
    return ranked.mutate(_why=ibis.ifelse(is_copy, where, ranked["_why"])).drop("_rank", "_first")
