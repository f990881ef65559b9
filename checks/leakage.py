"""Does information cross splits? Shared entities and identical rows, counted exactly over all rows.

Columns that give the target away are `checks.giveaway`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from checks.collect import one_row
from checks.finding import Finding
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

TARGET_POOL = ("dev", "test")


def shared_entities(table: ir.Table, *, apart: Literal["everywhere", "pool"]) -> Finding:
    """Is an entity in two splits? Under `apart: pool` within each pool; across the pools it is counted and passes.

    Args:
        table: Has `_entity` and `_split` (NULL for unused rows).
        apart: What the policy promises.
    """
    placed = table.filter(table["_split"].notnull())
    per_entity = placed.group_by("_entity").agg(
        **{split: (placed["_split"] == split).any() for split in ("train", "train_dev", "dev", "test")}
    )
    in_train, in_target = per_entity["train"] & per_entity["train_dev"], per_entity["dev"] & per_entity["test"]
    across = (per_entity["train"] | per_entity["train_dev"]) & (per_entity["dev"] | per_entity["test"])
    within = in_train | in_target
    counts = one_row(
        per_entity.aggregate(
            n_entities=per_entity.count(),
            n_shared=(within | across).sum().fill_null(0),
            n_within=within.sum().fill_null(0),
            n_across=across.sum().fill_null(0),
        )
    )
    n_entities, n_shared, n_within, n_across = (
        int(counts[name]) for name in ("n_entities", "n_shared", "n_within", "n_across")
    )
    entities = "entity" if n_entities == 1 else "entities"
    if apart == "everywhere":
        outcome, seen = ("fail" if n_shared else "pass"), f"{n_shared:,} of {n_entities:,} {entities} are in two splits"
    else:
        outcome = "fail" if n_within else "pass"
        seen = (
            f"{n_within:,} of {n_entities:,} {entities} are in two splits of one pool;"
            f" {n_across:,} are in both pools, as `apart: pool` allows"
        )
    return Finding(code="LEAK1", outcome=outcome, seen=seen)  # type: ignore[arg-type]


def _hash_of(hashes: list[Any]) -> Any:
    """One hash of many, folded in pairs: a chain would nest once a column, and a wide table has hundreds."""
    while len(hashes) > 1:
        pairs = [(a ^ b).hash() for a, b in zip(hashes[::2], hashes[1::2], strict=False)]
        hashes = pairs + hashes[2 * len(pairs) :]
    return hashes[0]


def identical_rows(table: ir.Table, columns: Sequence[str], *, has_key: bool) -> Finding:
    """Are there rows in two splits that are equal in all of `columns`?

    Args:
        table: Has `_split` and `columns`.
        columns: Every column but key, entity, time, target and those that are not features.
        has_key: With a key such rows are different things that look alike: that warns. Without, they are copies.
    """
    if not columns:
        return Finding(code="LEAK2", outcome="not_applicable", seen="no column is left to compare")
    placed = table.filter(table["_split"].notnull())
    # A hash of each row first: exact comparison of every row against every other spills at a hundred million rows.
    keyed = placed.select(*columns, "_split", _hash=_hash_of([placed[c].hash() for c in columns]))
    crossing = keyed.group_by("_hash").having(lambda t: t["_split"].min() != t["_split"].max()).agg().select("_hash")
    candidates = keyed.semi_join(crossing, "_hash")
    copies = candidates.group_by(list(columns)).agg(
        _n=candidates.count(), _first=candidates["_split"].min(), _last=candidates["_split"].max()
    )
    copies = copies.filter(copies["_first"] != copies["_last"])
    row = one_row(copies.aggregate(n_rows=copies["_n"].sum().fill_null(0), n_kinds=copies.count()))
    n_rows, n_kinds = int(row["n_rows"]), int(row["n_kinds"])
    if not n_rows:
        return Finding(
            code="LEAK2",
            outcome="pass",
            seen=f"no row has a copy in another split, by {plural(len(columns), 'column')}",
        )
    compared = plural(len(columns), "column")
    return Finding(
        code="LEAK2",
        outcome="warn" if has_key else "fail",
        seen=f"{plural(n_rows, 'row')} ({n_kinds:,} different) have a copy in another split, by {compared}",
    )
