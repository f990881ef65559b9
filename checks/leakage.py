"""Does information cross splits? Shared entities and identical rows, counted exactly over all rows.

Columns that give the target away are `checks.giveaway`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import ibis

from checks.collect import collect, one_row
from checks.copies_by_chance import pairs_by_chance
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
    outcome, seen = spread_over_splits(table, ("entity", "entities"), apart=apart)
    return Finding(code="LEAK1", outcome=outcome, seen=seen)


def spread_over_splits(
    table: ir.Table, words: tuple[str, str], *, apart: Literal["everywhere", "pool"]
) -> tuple[Literal["pass", "fail"], str]:
    """Whether an `_entity` is in two splits: the outcome, and what was counted.

    Args:
        table: Has `_entity` and `_split` (NULL for unused rows).
        words: What `_entity` holds, one of it and several.
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
    entities = words[n_entities != 1]
    if apart == "everywhere":
        return ("fail" if n_shared else "pass"), f"{n_shared:,} of {n_entities:,} {entities} are in two splits"
    return "fail" if n_within else "pass", (
        f"{n_within:,} of {n_entities:,} {entities} are in two splits of one pool;"
        f" {n_across:,} are in both pools, as `apart: pool` allows"
    )


def _crossing(keyed: ir.Table) -> ir.Table:
    """The hashes that rows of two splits have.

    Grouped are the rows outside train alone, and those of train are only looked up: a fifth of the memory, half of the
    time of one group-by of all rows.
    """
    aside, train = keyed.filter(keyed["_split"] != "train"), keyed.filter(keyed["_split"] == "train")
    in_train = train.semi_join(aside, "_hash").select("_hash")
    among_others = aside.group_by("_hash").having(lambda t: t["_split"].min() != t["_split"].max()).agg()
    return in_train.union(among_others.select("_hash"))


def identical_rows(table: ir.Table, columns: Sequence[str], *, has_key: bool) -> Finding:
    """Are there rows in two splits that are equal in all of `columns`?

    Args:
        table: Has `_split` and `columns`.
        columns: Every column but key, entity, time, target and those that are not features.
        has_key: With a key such rows are different things that look alike: that warns, unless there are no more of them
            than chance gives. Without, they are copies.
    """
    if not columns:
        return Finding(code="LEAK2", outcome="not_applicable", seen="no column is left to compare")
    placed = table.filter(table["_split"].notnull())
    # A hash of each row first: exact comparison of every row against every other spills at a hundred million rows.
    # Of all columns at once: Ibis casts the hash of each column through bits, six times the cost.
    packed = ibis.struct({f"c{i}": placed[name] for i, name in enumerate(columns)})
    keyed = placed.select(*columns, "_split", _hash=packed.hash())
    crossing, compared = _crossing(keyed), plural(len(columns), "column")
    quiet = Finding(code="LEAK2", outcome="pass", seen=f"no row has a copy in another split, by {compared}")
    if collect(crossing.limit(1)).is_empty():  # as in most tables: spares another pass over all columns
        return quiet
    candidates = keyed.semi_join(crossing, "_hash")
    copies = candidates.group_by(list(columns)).agg(
        _n=candidates.count(), _first=candidates["_split"].min(), _last=candidates["_split"].max()
    )
    copies = copies.filter(copies["_first"] != copies["_last"])
    row = one_row(copies.aggregate(n_rows=copies["_n"].sum().fill_null(0), n_kinds=copies.count()))
    n_rows, n_kinds = int(row["n_rows"]), int(row["n_kinds"])
    if not n_rows:
        return quiet
    seen = f"{plural(n_rows, 'row')} ({n_kinds:,} different) have a copy in another split, by {compared}"
    if not has_key:
        return Finding(code="LEAK2", outcome="fail", seen=seen)
    n_pairs, by_chance = pairs_by_chance(placed, columns)
    if by_chance is None:
        return Finding(code="LEAK2", outcome="warn", seen=seen)
    chance = f"{seen}: {plural(n_pairs, 'pair')}, where independent draws of these columns give {by_chance:,.1f}"
    return Finding(code="LEAK2", outcome="cannot_tell", seen=chance)
