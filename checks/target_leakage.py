"""Every question on what gives the target away, asked of one table: the order of the codes, and what each may read.

How a question is answered stands in the module of its code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.finding import Finding
from checks.giveaway import determining_columns, giveaways
from checks.giveaway_aggregate import Series, group_columns
from checks.giveaway_ahead import rows_to_come
from checks.giveaway_group import group_labels
from checks.giveaway_missing import missing_values
from checks.giveaway_order import encoding_ids, row_order
from checks.giveaway_pairs import pairs_together
from checks.labelled import Labelled

if TYPE_CHECKING:
    import ibis.expr.types as ir

ENTITY = "_entity"
ASKED = ("LEAK3", "LEAK4", "LEAK8", "LEAK9", "LEAK10", "LEAK11", "LEAK12", "LEAK13")


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What the columns of a table are, besides features and target.

    Attributes:
        ids: Parts of key and entity.
        hidden: What no model sees though it is no id: `not_features`.
        time: The column that says when a row happened.
        is_shared: Whether an entity may be in both pools.
        is_composite: Whether an entity is told by several columns.
    """

    ids: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    time: str | None = None
    is_shared: bool = False
    is_composite: bool = False


def unasked(why: str) -> list[Finding]:
    """No question has a meaning for this table."""
    return [Finding(code=code, outcome="not_applicable", seen=why) for code in ASKED]


def target_leakage(rows: Labelled, table: ir.Table, roles: Roles) -> list[Finding]:
    """The findings LEAK3, LEAK4 and LEAK8 to LEAK13.

    Args:
        rows: Labelled rows with every column of the roles, `_bucket`, `_split`, `_row` where there is an order, and
            `_entity` where the roles need it.
        table: All rows of the same table.
        roles: What the columns are.
    """
    if rows.frame.is_empty() or not rows.features:
        return unasked("no row is labelled" if rows.frame.is_empty() else "there is no feature")
    determining = tuple(determining_columns(rows))
    return [
        *giveaways(rows, determining),
        *pairs_together(rows, told=determining),
        *missing_values(rows, told=determining),
        row_order(rows, time=roles.time),
        *encoding_ids(rows, [name for name in roles.ids if name not in rows.features and name != roles.time]),
        *_of_groups(rows, roles, determining),
        *rows_to_come(_series(rows, table, roles, determining)),
    ]


def _of_groups(rows: Labelled, roles: Roles, told: Sequence[str]) -> list[Finding]:
    columns = [name for name in (*rows.features, *roles.ids, *roles.hidden) if name != roles.time]
    return group_labels(rows, list(dict.fromkeys(columns)), told=told, entity=ENTITY if roles.is_shared else None)


def _series(rows: Labelled, table: ir.Table, roles: Roles, told: Sequence[str]) -> Series:
    frame = rows.frame
    columns = [*([ENTITY] if roles.is_composite else []), *roles.ids, *rows.features, *roles.hidden]
    texts_first = sorted(
        dict.fromkeys(columns), key=lambda name: name not in roles.ids and frame[name].dtype.is_numeric()
    )
    named = [name for name in dict.fromkeys([*rows.features, *roles.hidden]) if frame[name].dtype.is_numeric()]
    few = rows.fewer(20_000)
    return Series(
        table=table,
        rows=few,
        groups=group_columns(few, [name for name in texts_first if name != roles.time]),
        time=roles.time,
        numbers=tuple(name for name in named if name not in told),
    )
