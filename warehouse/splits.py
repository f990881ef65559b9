"""Policy and digest turned into a split, as one expression: the same on every engine.

Which columns make the entity is `warehouse.identity`; what is stored of a split is `warehouse.placements`; whether
anything leaks is asked by `checks`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from warehouse.policy import DIGITS, HELD_BACK, NO_ENTITY, TARGET_POOL, Line, SplitPolicy

if TYPE_CHECKING:
    import ibis.expr.types as ir

HEX = "0123456789abcdef"


def assign(table: ir.Table, policy: SplitPolicy) -> ir.Table:
    """Add `_split`, `_bucket` and `_unused`, decided by `policy` from `_entity` (and `_in_pool`) alone.

    Args:
        table: Has the text column `_entity`; with `policy.has_pools` also the boolean `_in_pool`. Where a policy that
            remembers has placed the entities, their splits are the column `_placed`; where something else than the
            policy decides that a row has none, the reason is the column `_why`.
        policy: How to split.

    Returns:
        The table with `_split` (NULL for an unused row), `_bucket` (0-255: the digest's last byte) and `_unused`
        (the reason, NULL for a row that has a split).
    """
    table = table.mutate(_digest=digest(table["_entity"], policy))
    if "_placed" not in table.columns:
        table = table.mutate(_placed=by_digest(table, policy))
    table = table.mutate(_bucket=number_in(table["_digest"], 30, 2).cast("uint8"))
    unused = _unused(table, policy)
    return table.mutate(
        _split=ibis.ifelse(unused.isnull(), table["_placed"], ibis.null("string")), _unused=unused
    ).drop("_digest", "_placed", *({"_why"} & set(table.columns)))


def digest(text: ir.StringValue, policy: SplitPolicy) -> ir.StringValue:
    """The digest of a text under the policy's salt: 32 hex digits."""
    # MD5: DuckDB and Spark compute the same one; their built-in hash() differ.
    return (ibis.literal(f"{policy.salt}|") + text).hexdigest("md5")


def on_line(entities: ir.Table, policy: SplitPolicy, pool: str) -> ir.Table:
    """Add `_placed`: the split of each entity on one line of a policy, whatever became of its rows.

    Args:
        entities: `_entity`.
        policy: Its lines.
        pool: The line's name in `policy.lines`.
    """
    digits = digest(entities["_entity"], policy).substr(0, DIGITS)
    return entities.mutate(_placed=_on(policy.lines[pool], digits))


def by_digest(table: ir.Table, policy: SplitPolicy) -> ir.StringValue:
    """The split that `_digest` (and `_in_pool`) of each row stands for."""
    lines = policy.lines
    digits = table["_digest"].substr(0, DIGITS)
    if "all" in lines:
        return _on(lines["all"], digits)
    return ibis.ifelse(table["_in_pool"].fill_null(False), _on(lines["inside"], digits), _on(lines["outside"], digits))


def _on(line: Line, digits: ir.StringValue) -> ir.StringValue:
    *cuts, (last, _) = line
    if not cuts:
        return ibis.literal(last)
    return ibis.cases(*((digits < threshold, split) for split, threshold in cuts), else_=last)


def number_in(digest: ir.StringValue, start: int, n_digits: int) -> ir.IntegerValue:
    """The number that `n_digits` hex digits from `start` on are."""
    digit, number = ibis.literal(HEX), ibis.literal(0, type="int64")
    for place in range(start, start + n_digits):
        number = number * 16 + digit.find(digest.substr(place, 1))
    return number


def _unused(table: ir.Table, policy: SplitPolicy) -> ir.StringValue:
    no_entity = (table["_entity"].isnull(), NO_ENTITY)
    if "_why" in table.columns:
        return ibis.cases(no_entity, else_=table["_why"])
    if not policy.has_pools or policy.is_by_pool:
        return ibis.cases(no_entity)
    is_for_target = table["_placed"].isin(TARGET_POOL)
    return ibis.cases(no_entity, (is_for_target != table["_in_pool"].fill_null(False), HELD_BACK))
