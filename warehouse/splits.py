"""Policy and digest turned into a split, as one expression: the same on every engine.

Which columns make the entity is `warehouse.identity`; whether anything leaks is asked by `checks`.
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
        table: Has the text column `_entity`; with `policy.has_pools` also the boolean `_in_pool`.
        policy: How to split.

    Returns:
        The table with `_split` (NULL for an unused row), `_bucket` (0-255: the digest's last byte) and `_unused`
        (the reason, NULL for a row that has a split).
    """
    # MD5: DuckDB and Spark compute the same one; their built-in hash() differ.
    table = table.mutate(_digest=(ibis.literal(f"{policy.salt}|") + table["_entity"]).hexdigest("md5"))
    table = table.mutate(_placed=_placed(table, policy), _bucket=_bucket(table["_digest"]))
    unused = _unused(table, policy)
    return table.mutate(
        _split=ibis.ifelse(unused.isnull(), table["_placed"], ibis.null("string")), _unused=unused
    ).drop("_digest", "_placed")


def _placed(table: ir.Table, policy: SplitPolicy) -> ir.StringValue:
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


def _bucket(digest: ir.StringValue) -> ir.IntegerValue:
    digit = ibis.literal(HEX)
    return (digit.find(digest.substr(30, 1)) * 16 + digit.find(digest.substr(31, 1))).cast("uint8")


def _unused(table: ir.Table, policy: SplitPolicy) -> ir.StringValue:
    no_entity = (table["_entity"].isnull(), NO_ENTITY)
    if not (policy.has_pools and policy.apart == "everywhere"):
        return ibis.cases(no_entity)
    is_for_target = table["_placed"].isin(TARGET_POOL)
    return ibis.cases(no_entity, (is_for_target != table["_in_pool"].fill_null(False), HELD_BACK))
