"""Fewer rows of a large side: some of its entities with all their rows, in every bucket; or some rows of each entity.

Whole buckets would be fewer units. Rows of each entity are for sides that share entities: what an entity has on one
side is held against what it has on the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.kinds import as_float, hashed

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Of either side: a correlation or a classifier's AUC is then known to less than a hundredth.
ENOUGH_ROWS = 200_000
N_DIGESTS = 2**64


def shares_of(n_one: int, n_two: int, *, is_paired: bool, most: int = ENOUGH_ROWS) -> tuple[float, float]:
    """Of how large a part of its entities each side is read, so that it has about `most` rows.

    Sides that share entities are read of the same entities.

    >>> shares_of(400_000, 100_000, is_paired=False), shares_of(400_000, 250_000, is_paired=True)
    ((0.5, 1.0), (0.5, 0.5))
    """
    one, two = (min(1.0, most / max(n, 1)) for n in (n_one, n_two))
    return (min(one, two), min(one, two)) if is_paired else (one, two)


def below(share: float) -> int:
    """The digests, 64 bits without a sign, of a part of the entities are below it."""
    return int(share * N_DIGESTS)


def is_kept(table: ir.Table, share: float) -> Any:
    """Whether a row is of a part of the entities, the same ones in every table on this engine.

    Args:
        table: Has `_entity`. Its bucket must come from another digest than DuckDB's hash of it.
        share: How large a part.
    """
    import ibis

    return ibis.literal(True) if share >= 1 else hashed(table["_entity"]) < ibis.literal(below(share), "uint64")


def some_rows(table: ir.Table, part: str, share: float) -> ir.Table:
    """The table with a share of the rows of one part, chosen by all that a row holds, and not by which part it is.

    Args:
        table: Has `_part`.
        part: Which.
        share: How large a share, 0 to 1.
    """
    import ibis

    # Whichever type numbers have: what a row holds is the same.
    values = {
        name: as_float(table[name]) if table[name].type().is_numeric() else table[name]
        for name in sorted(table.columns)
        if name not in {"_part", "_bucket"}
    }
    digest = hashed(ibis.struct(values))
    return table.filter((table["_part"] != part) | (digest < ibis.literal(below(share), "uint64")))
