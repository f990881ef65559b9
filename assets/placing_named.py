"""Rows placed by splits that were made elsewhere: a column names them, or a file of keys.

What a name means is `warehouse.named_splits`; what is wrong with the names is judged by `checks.predefined`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assets.once_trained import Identity
from assets.project import Dataset
from assets.step import Run
from checks.collect import collect, one_row
from warehouse.files import SourceFile
from warehouse.keys_file import columns_of, keep_keys
from warehouse.named_splits import hold_copies, keys_of, named, told_by, unknown_names
from warehouse.policy import PredefinedPolicy
from warehouse.tables import CANDIDATE

if TYPE_CHECKING:
    import ibis.expr.types as ir

READ, KEYS = "_read_keys", "_split_keys"
FACTS = "predefined"
MOST_NAMES = 20


@dataclass(frozen=True, kw_only=True)
class ByName:
    """Rows placed by the names of their splits.

    Attributes:
        table: The rows with `_placed` and `_why`.
        facts: What was seen of the names.
    """

    table: ir.Table
    facts: Mapping[str, Any]


def place_by_name(
    run: Run, dataset: Dataset, table: ir.Table, predefined: PredefinedPolicy, identity: Identity
) -> ByName:
    """Give every accepted row the split that is named for it, and hold copies back where the file asks for it.

    Args:
        run: The run.
        dataset: The dataset.
        table: The accepted rows: `_entity`, `_row`, and `_named` where a column names the splits.
        predefined: Where the names come from.
        identity: Who a row is, by columns.
    """
    facts: dict[str, Any] = {}
    said = table
    if predefined.file is not None:
        table, facts = _told_by_file(run, table, predefined.file, predefined.split, identity)
        said = run.warehouse.lake.ibis.table(READ)
    facts["unknown"] = [[name, int(n)] for name, n in collect(unknown_names(said).limit(MOST_NAMES)).rows()]
    rows = named(table)
    facts["n_unnamed"] = _count(rows.filter(rows["_named"].isnull()))
    compared = dataset.file.spec.compared_among([c for c in table.columns if not c.startswith("_")])
    if dataset.file.spec.splits.identical == "hold_back" and compared:
        rows = hold_copies(rows, compared)
    return ByName(table=rows, facts={FACTS: facts})


def _told_by_file(
    run: Run, table: ir.Table, file: SourceFile, split: str, identity: Identity
) -> tuple[ir.Table, dict[str, Any]]:
    """The rows with what a file says of them, and what was counted of the file."""
    lake = run.warehouse.lake
    # A file that has the columns of the entity alone names the split of each entity.
    is_by_key = identity.has_key and set(identity.row) <= set(columns_of(file))
    columns, by = (identity.row, "_row") if is_by_key else (identity.entity, "_entity")
    n_unread = keep_keys(lake, READ, file, columns, CANDIDATE, split)
    read = lake.ibis.table(READ)
    lake.keep(KEYS, lake.ibis.compile(keys_of(read)))
    keys = lake.ibis.table(KEYS)
    n_without_row = _count(keys.anti_join(table, [keys["_key"] == table[by]])) + _count(
        read.filter(read["_key"].isnull())
    )
    n_named_twice = _count(keys.filter(keys["_n_splits"] > 1))
    facts = {"n_unread": n_unread, "n_named_twice": n_named_twice, "n_without_row": n_without_row}
    return told_by(table, keys, by), facts


def _count(table: ir.Table) -> int:
    return int(one_row(table.aggregate(n=table.count()))["n"])
