"""Does every row stand where the policy says, and where it stood? Strata, entities trained on before, rows that moved.

What crosses splits is `checks.leakage`; how rows are placed is no question of a check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from checks.collect import collect, one_row
from checks.finding import Finding
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

TARGET_POOL = ("dev", "test")
TRAINED_ON = "trained on"
EARLIER = "under an earlier policy"
# Of a stretch of turns that begins anywhere each split has its share, give or take less than this (Tijdeman 1980).
STRATUM_BOUND = 2
POOLS = {None: "all", True: "inside", False: "outside"}


def once_trained(table: ir.Table, trained: ir.Table | None, *, allowed: str | None, when: str = EARLIER) -> Finding:
    """Are entities that were in train under an earlier policy in dev or test now, or unused because of it?

    Args:
        table: Has `_entity`, `_split`, `_unused`.
        trained: Their texts in `name`; None when there is no earlier policy.
        allowed: Why they may be in dev and test, where the policy says so.
        when: When they were in train.
    """
    if trained is None:
        return Finding(code="SPLIT4", outcome="pass", seen="no earlier policy has trained on any row")
    placed = table.filter(table["_split"].isin(TARGET_POOL))
    again = placed.filter(placed["_entity"].isin(trained["name"]))
    held = table.filter(table["_unused"] == TRAINED_ON)
    n_placed = one_row(placed.aggregate(n=placed.count()))["n"]
    counts = {
        name: one_row(rows.aggregate(n_rows=rows.count(), n_entities=rows["_entity"].nunique()))
        for name, rows in (("again", again), ("held", held))
    }
    whose = {name: plural(int(count["n_entities"]), "entity") for name, count in counts.items()}
    if n_again := counts["again"]["n_rows"]:
        said = f"{n_again:,} of {plural(n_placed, 'row')} of dev and test ({whose['again']}) were in train"
        if allowed:
            seen = f"{said} {when}, as `allow_trained` says: {allowed}"
            return Finding(code="SPLIT4", outcome="warn", seen=seen)
        return Finding(code="SPLIT4", outcome="fail", seen=f"{said} {when}")
    if n_held := counts["held"]["n_rows"]:
        share = n_held / (n_held + n_placed)
        seen = (
            f"{plural(n_held, 'row')} ({whose['held']}), {share:.1%} of those of dev and test, are unused:"
            f" they were in train {when}"
        )
        return Finding(code="SPLIT4", outcome="warn", seen=seen)
    return Finding(code="SPLIT4", outcome="pass", seen=f"no row of dev and test was in train {when}")


@dataclass(frozen=True, kw_only=True)
class Moved:
    """How many texts stand elsewhere than before, of those that stand in both tables, and how many train gave to test.

    `n_into_test` counts dev too.
    """

    n_moved: int
    n_into_test: int
    n_both: int


def moved_rows(before: ir.Table, after: ir.Table) -> Moved:
    """How many rows or entities that both tables have are in another split than before, or unused.

    Args:
        before: `_who`, a text that means the same in both, and `_split`.
        after: The same of now.
    """
    one, two = (
        table.filter(table["_who"].notnull())
        .group_by("_who")
        .agg(_first=table["_split"].min(), _last=table["_split"].max())
        for table in (before, after)
    )
    two = two.rename(_first_now="_first", _last_now="_last")
    both = one.inner_join(two, "_who")
    is_moved = ~(both["_first"].identical_to(both["_first_now"]) & both["_last"].identical_to(both["_last_now"]))
    is_into_test = (both["_first"] == "train") & both["_first_now"].isin(TARGET_POOL)
    counts = {"n_moved": is_moved.sum().fill_null(0), "n_into_test": is_into_test.sum().fill_null(0)}
    row = one_row(both.aggregate(n=both.count(), **counts))
    return Moved(n_moved=int(row["n_moved"]), n_into_test=int(row["n_into_test"]), n_both=int(row["n"]))


def within_bound(counts: ir.Table, shares_by_pool: Mapping[str, Mapping[str, Decimal]]) -> Finding:
    """Has every split its share of every stratum, give or take less than two entities?

    Args:
        counts: `_pool` (NULL unless pools are placed apart), `_stratum`, `_placed` of every entity ever placed.
        shares_by_pool: The shares of `all`, or of `inside` and `outside` the target pool.
    """
    with_stratum = counts.filter(counts["_stratum"].notnull())
    counted = with_stratum.group_by("_pool", "_stratum", "_placed").agg(n=with_stratum.count())
    rows = collect(counted.order_by("_pool", "_stratum", "_placed")).to_dicts()
    strata: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        strata.setdefault((POOLS[row["_pool"]], row["_stratum"]), {})[row["_placed"]] = int(row["n"])
    if not strata:
        return Finding(code="SPLIT7", outcome="not_applicable", seen="no entity has a label")
    worst = max(
        (place for (pool, stratum), found in strata.items() for place in _places(stratum, found, shares_by_pool[pool])),
        key=lambda place: abs(place.n - place.asked),
    )
    n_strata = "1 stratum" if len(strata) == 1 else f"{len(strata):,} strata"
    seen = (
        f"of {n_strata} the furthest from its share is {worst.stratum!r} in {worst.split}: {plural(worst.n, 'entity')},"
        f" asked {worst.asked:,.1f}; the bound is {STRATUM_BOUND}"
    )
    is_within = abs(worst.n - worst.asked) < STRATUM_BOUND
    return Finding(code="SPLIT7", outcome="pass" if is_within else "warn", seen=seen)


@dataclass(frozen=True, kw_only=True)
class _Place:
    stratum: str
    split: str
    n: int
    asked: float


def _places(stratum: str, found: Mapping[str, int], shares: Mapping[str, Decimal]) -> Iterator[_Place]:
    n_all, total = sum(found.values()), sum(shares.values())
    for split, share in shares.items():
        yield _Place(stratum=stratum, split=split, n=found.get(split, 0), asked=float(share / total) * n_all)


def tested_elsewhere(table: ir.Table, trained: ir.Table, *, other: str) -> Finding | None:
    """Are entities of dev and test in train of another dataset? None when none is.

    Args:
        table: Has `_entity` and `_split`.
        trained: The texts of the other's train entities in `name`.
        other: The other dataset, in words.
    """
    entities = table.filter(table["_split"].isin(TARGET_POOL), table["_entity"].notnull()).select("_entity").distinct()
    is_trained = entities["_entity"].isin(trained["name"])
    row = one_row(entities.aggregate(n=entities.count(), n_trained=is_trained.sum().fill_null(0)))
    if not row["n_trained"]:
        return None
    seen = f"{int(row['n_trained']):,} of {plural(int(row['n']), 'entity')} of dev and test are in train of {other}"
    return Finding(code="SPLIT5", outcome="warn", seen=seen)
