"""Every question on what gives the target away: in which order they are asked, and what each may read.

How a question is answered stands in the module of its code.
"""

from __future__ import annotations

from collections.abc import Callable
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
ENOUGH_ROWS = 20_000


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


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a question may read.

    Attributes:
        rows: Labelled rows with every column of the roles, `_bucket`, `_split`, `_row` where there is an order, and
            `_entity` where the roles need it.
        table: All rows of the same table.
        roles: What the columns are.
        told: Features that determine the target: what is said of them is said.
    """

    rows: Labelled
    table: ir.Table
    roles: Roles
    told: tuple[str, ...]


def _columns(asked: Asked) -> list[Finding]:
    return giveaways(asked.rows, asked.told)


def _pairs(asked: Asked) -> list[Finding]:
    return pairs_together(asked.rows, told=asked.told)


def _gaps(asked: Asked) -> list[Finding]:
    return missing_values(asked.rows, told=asked.told)


def _order(asked: Asked) -> list[Finding]:
    return [row_order(asked.rows, time=asked.roles.time)]


def _ids(asked: Asked) -> list[Finding]:
    hidden = [name for name in asked.roles.ids if name not in asked.rows.features and name != asked.roles.time]
    return encoding_ids(asked.rows, hidden)


def _groups(asked: Asked) -> list[Finding]:
    roles = asked.roles
    columns = [name for name in (*asked.rows.features, *roles.ids, *roles.hidden) if name != roles.time]
    entity = ENTITY if roles.is_shared else None
    return group_labels(asked.rows, list(dict.fromkeys(columns)), told=asked.told, entity=entity)


def _future(asked: Asked) -> list[Finding]:
    frame, roles, features = asked.rows.frame, asked.roles, asked.rows.features
    columns = [*([ENTITY] if roles.is_composite else []), *roles.ids, *features, *roles.hidden]
    # Ids and texts are likelier groups than numbers.
    columns.sort(key=lambda name: name not in (*roles.ids, ENTITY) and frame[name].dtype.is_numeric())
    few = asked.rows.fewer(ENOUGH_ROWS)
    numbers = [name for name in (*features, *roles.hidden) if frame[name].dtype.is_numeric() and name not in asked.told]
    return rows_to_come(
        Series(
            table=asked.table,
            rows=few,
            groups=group_columns(few, [name for name in columns if name != roles.time]),
            time=roles.time,
            numbers=tuple(dict.fromkeys(numbers)),
        )
    )


QUESTIONS: dict[tuple[str, ...], Callable[[Asked], list[Finding]]] = {
    ("LEAK3", "LEAK4"): _columns,
    ("LEAK8",): _pairs,
    ("LEAK9",): _gaps,
    ("LEAK10",): _order,
    ("LEAK11",): _ids,
    ("LEAK12",): _groups,
    ("LEAK13",): _future,
}


def unasked(why: str) -> list[Finding]:
    """No question has a meaning for this table."""
    return [Finding(code=code, outcome="not_applicable", seen=why) for codes in QUESTIONS for code in codes]


def target_leakage(rows: Labelled, table: ir.Table, roles: Roles) -> list[Finding]:
    """The findings of all questions; see `Asked`."""
    if rows.frame.is_empty() or not rows.features:
        return unasked("no row is labelled" if rows.frame.is_empty() else "there is no feature")
    asked = Asked(rows=rows, table=table, roles=roles, told=tuple(determining_columns(rows)))
    return [found for question in QUESTIONS.values() for found in question(asked)]
