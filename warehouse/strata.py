"""Stratified splits: entities of one stratum take turns, in the order of their digests, and what they got is kept.

How turns are shared out is `warehouse.apportion`; a policy without strata is `warehouse.splits` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from warehouse.apportion import turns
from warehouse.policy import ORDER, SplitPolicy
from warehouse.splits import by_digest, digest, number_in

if TYPE_CHECKING:
    import ibis.expr.types as ir


def entities_of(table: ir.Table, labels: ir.Table, policy: SplitPolicy) -> ir.Table:
    """Every entity with its stratum: the rarest of the labels that its rows have, or NULL.

    Args:
        table: The rows: `_entity`, the column `policy.stratified`, `_in_pool` where pools are placed apart.
        labels: The labels as text (`_stratum`) and their order, rarest first (`_ordinal`).
        policy: Names the column.

    Returns:
        `_entity`, `_pool` (NULL unless pools are placed apart), `_stratum`.
    """
    pool = table["_in_pool"].fill_null(False) if policy.is_by_pool else ibis.null("boolean")
    rows = table.filter(table["_entity"].notnull()).select(
        "_entity", _pool=pool, _stratum=table[str(policy.stratified)].cast("string")
    )
    ranked = rows.left_join(labels, "_stratum").select("_entity", "_pool", "_ordinal")
    rarest = ranked.group_by("_entity", "_pool").agg(_ordinal=ranked["_ordinal"].min())
    return rarest.left_join(labels, "_ordinal").select("_entity", "_pool", "_stratum")


def place(entities: ir.Table, known: ir.Table, policy: SplitPolicy) -> ir.Table:
    """The splits of the entities that are not known yet.

    Those of a stratum stand in the order of their digests behind the known ones, and each takes the split whose turn
    it is. An entity without stratum goes where its digest says.

    Args:
        entities: `_entity`, `_pool`, `_stratum`.
        known: The same with `_placed`, for every entity that was ever published.
        policy: How to split.

    Returns:
        The new ones: `_entity`, `_pool`, `_stratum`, `_placed`.
    """
    same = [entities["_entity"] == known["_entity"], entities["_pool"].identical_to(known["_pool"])]
    new = entities.anti_join(known, same)
    new = new.mutate(_digest=digest(new["_entity"], policy), _in_pool=new["_pool"])
    counts = known.group_by("_pool", "_stratum").agg(_n_known=known.count())
    counts = counts.rename(_of_pool="_pool", _of_stratum="_stratum")
    here = [new["_pool"].identical_to(counts["_of_pool"]), new["_stratum"] == counts["_of_stratum"]]
    counted = new.left_join(counts, here)
    order = ibis.window(group_by=["_pool", "_stratum"], order_by=["_digest", "_entity"])
    at = ibis.row_number().over(order) + counted["_n_known"].fill_null(0)
    placed = counted.mutate(_at=at, _first=_first_turn(counted, policy))
    turn = _turn(placed, policy)
    chosen = ibis.ifelse(placed["_stratum"].isnull(), by_digest(placed, policy), turn)
    return placed.mutate(_placed=chosen).select("_entity", "_pool", "_stratum", "_placed")


def _first_turn(table: ir.Table, policy: SplitPolicy) -> ir.IntegerValue:
    """Where a stratum begins in the sequence: small strata would else all begin with the same splits."""
    return number_in(digest(ibis.literal("stratum|") + table["_stratum"], policy), 0, 6)


def _turn(table: ir.Table, policy: SplitPolicy) -> ir.StringValue:
    found = {pool: _on_turn(table, turns(shares)) for pool, shares in policy.shares_by_pool.items()}
    if "all" in found:
        return found["all"]
    return ibis.ifelse(table["_pool"], found["inside"], found["outside"])


def _on_turn(table: ir.Table, sequence: tuple[str, ...]) -> ir.StringValue:
    # One digit a turn: a text is the one list that every engine looks into alike.
    digits = ibis.literal("".join(str(ORDER.index(split)) for split in sequence))
    turn = digits.substr((table["_at"] + table["_first"]) % len(sequence), 1)
    return ibis.cases(*((turn == str(i), split) for i, split in enumerate(ORDER)))
