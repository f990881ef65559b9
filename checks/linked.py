"""Is one entity in two splits under two names? Joined by a third column, or by the row that a row was made from.

Entities that are shared by name are `checks.leakage`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.collect import collect, one_row
from checks.finding import Finding
from checks.near_rows import Apart
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

# A column tells who somebody is when nearly all of its values belong to one entity, and nearly all entities have their
# own. Names do too, and so do dates: the texts of an identifier hold a digit or an @.
ONE_ENTITY_SHARE, FEWEST_VALUES, OWN_VALUE_SHARE, MARKED_SHARE = 0.95, 30, 0.5, 0.9
MARK = "[0-9@]"
LOOKED_AT, MOST_VALUES, CHANCE = 10_000, 20_000, 1e-3
POOLS = (("train", "train_dev"), ("dev", "test"))
MOMENT = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]|$)"
ORIGIN_NAMES = frozenset(
    [f"{what}_{how}" for what in ("parent", "source", "origin", "orig", "original") for how in ("id", "key", "row")]
    + ["derived_from", "augmented_from", "generated_from", "made_from", "copied_from"]
)
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Linking:
    """What the values of a column join.

    Attributes:
        n_values: How many values there are.
        n_shared: Those that belong to two entities or more.
        pairs: Of those that cross splits two of the entities each.
    """

    n_values: int
    n_shared: int
    pairs: tuple[tuple[str, str], ...]

    @property
    def is_unclear(self) -> bool:
        """Whether more values are shared than those of an identifier are."""
        return self.n_shared > (1 - ONE_ENTITY_SHARE) * self.n_values


def entities_under_two_names(table: ir.Table, columns: Sequence[str], *, apart: Apart) -> list[Finding]:
    """The finding LEAK7: a value of an identifier (an e-mail, a device) belongs to entities of two splits.

    A text column is an identifier when at least 95 % of its values belong to one entity, half or more of the entities
    that have one have their own, there are at least 30 values, and nine in ten hold a digit or an @ and are no date.
    One of whose values more than 5 % belong to several entities, and not by chance, cannot be judged: it may be an
    identifier of households, or a text from a template.

    Args:
        table: Has `_entity`, `_split` and `columns`.
        columns: Every column but the key, the entity, the time and the target.
        apart: What the policy promises: under `pool` one value may be in both pools.
    """
    placed = table.filter(table["_split"].notnull())
    asked = [name for name in columns if table[name].type().is_string() and _is_marked(placed, name)]
    judged = {name: found for name in asked if (found := _linking(placed, name, apart)) is not None}
    if not judged:
        seen = "no column is an identifier besides the entity: a text whose values belong to one entity each"
        return [Finding(code="LEAK7", outcome="not_applicable", seen=seen)]
    where = "two splits of one pool" if apart == "pool" else "two splits"
    unclear = [_unclear(name, found, where) for name, found in judged.items() if found.is_unclear]
    clear = {name: found.pairs for name, found in judged.items() if not found.is_unclear}
    warned = [
        Finding(
            code="LEAK7",
            outcome="warn",
            column=name,
            seen=f"entities of {where} share {plural(len(such), 'value')} of {name}, such as {_shown(such)}",
        )
        for name, such in clear.items()
        if such
    ]
    if warned or not clear:
        return [*warned, *unclear]
    return [
        Finding(code="LEAK7", outcome="pass", seen=f"no value of {', '.join(clear)} belongs to {where}"),
        *unclear,
    ]


def _unclear(name: str, found: Linking, where: str) -> Finding:
    seen = (
        f"{found.n_shared:,} of {plural(found.n_values, 'value')} of {name} belong to several entities, too many for an"
        f" identifier; {len(found.pairs):,} to entities of {where}"
    )
    return Finding(code="LEAK7", outcome="cannot_tell", column=name, seen=seen)


def _is_marked(placed: ir.Table, name: str) -> bool:
    asked = _some(placed.select(_value=placed[name]).filter(placed[name].notnull()).distinct(), LOOKED_AT)
    text = asked["_value"]
    is_marked = text.re_search(MARK) & ~text.re_search(MOMENT)
    found = one_row(asked.aggregate(n=asked.count(), n_marked=is_marked.sum().fill_null(0)))
    return bool(found["n"] >= FEWEST_VALUES and found["n_marked"] >= MARKED_SHARE * found["n"])


def _some(values: ir.Table, most: int) -> ir.Table:
    """At most so many of distinct texts `_value`, chosen by what they are and not by where they stand."""
    return values.order_by(values["_value"].hash(), values["_value"]).limit(most)


def _crosses(there: ir.Table, apart: Apart) -> ir.BooleanValue:
    """Whether the rows of a group are in two splits; under `apart: pool` in two of one pool."""
    if apart == "everywhere":
        return there["_split"].min() != there["_split"].max()
    pools = [[(there["_split"] == split).any() for split in pool] for pool in POOLS]
    return (pools[0][0] & pools[0][1]) | (pools[1][0] & pools[1][1])


def _linking(placed: ir.Table, name: str, apart: Apart) -> Linking | None:
    """What the column's values join; None when it is no identifier."""
    there = placed.filter(placed[name].notnull() & placed["_entity"].notnull())
    per_value = there.group_by(_value=there[name]).agg(
        _first=there["_entity"].min(),
        _last=there["_entity"].max(),
        _crosses=_crosses(there, apart),
    )
    is_shared = per_value["_first"] != per_value["_last"]
    counts = one_row(per_value.aggregate(n=per_value.count(), n_shared=is_shared.sum().fill_null(0)))
    n_entities = int(one_row(there.aggregate(n=there["_entity"].nunique()))["n"])
    n, n_shared = int(counts["n"]), int(counts["n_shared"])
    if n < max(FEWEST_VALUES, OWN_VALUE_SHARE * n_entities):
        return None
    if n_shared and _is_chance(collect(_some(per_value.select("_value"), MOST_VALUES))["_value"], n_shared, n):
        return None
    crossing = per_value.filter(is_shared & per_value["_crosses"]).select("_first", "_last").order_by("_first", "_last")
    return Linking(n_values=n, n_shared=n_shared, pairs=tuple(collect(crossing).rows()))


def _is_chance(values: pl.Series, n_shared: int, n_values: int) -> bool:
    """Whether so many values would be given twice if they were drawn at random, as house numbers and short codes are.

    Letters between other characters are drawn as a whole, digits one by one: how often two different values agree in
    one of these is counted, and all are taken as independent. There is no chance in it when far fewer are shared than
    that (numbers that are given out in turn) or far more (numbers too long to meet).
    """
    from scipy.stats import poisson

    parts = values.str.extract_all(r"[0-9]|[^0-9]+")
    n, agree = len(values), 1.0
    for place in range(int(parts.list.len().to_numpy().max(initial=0))):
        counts = parts.list.get(place, null_on_oob=True).value_counts()["count"].to_numpy().astype(float)
        agree *= float((counts * (counts - 1)).sum() / max(n * (n - 1), 1))
    expected = agree * n_values**2 / 2
    return bool(poisson.sf(n_shared - 1, expected) >= CHANCE and poisson.cdf(n_shared, expected) >= CHANCE)


def _shown(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{first} and {last}" for first, last in pairs[:EXAMPLES])


def derived_rows(table: ir.Table, *, key: str | None, columns: Sequence[str], declared: str | None) -> Finding:
    """The finding LEAK14: a row is in another split than the row that it was made from.

    Args:
        table: Has `_entity`, `_split`, the key and the column that names the origin.
        key: The dataset's key, when it is one column.
        columns: The dataset's columns.
        declared: The column that the policy names (`derived_from`): it blocks. Without, a column whose name says so
            (`parent_id`, `augmented_from`, ...) and most of whose values are keys warns.
    """
    candidates = [declared] if declared else [name for name in columns if name.lower() in ORIGIN_NAMES]
    if key is None or not candidates:
        seen = "no column says from which row a row was made" if key else "the rows have no key of one column to name"
        return Finding(code="LEAK14", outcome="not_applicable", seen=seen)
    for name in candidates:
        found = _derived(table, key, name)
        if declared or found["n_known"] >= 0.5 * found["n"] > 0:
            return _derived_finding(found, name, is_declared=declared is not None)
    seen = f"the values of {' and '.join(candidates)} are no keys of other rows"
    return Finding(code="LEAK14", outcome="not_applicable", seen=seen)


def _derived(table: ir.Table, key: str, name: str) -> dict[str, int]:
    rows = table.select(_of=table[name].cast("string"), _self=table[key].cast("string"), _there=table["_split"])
    derived = rows.filter(rows["_of"].notnull() & (rows["_of"] != rows["_self"]))
    origins = table.select(_key=table[key].cast("string"), _origin=table["_split"], _is_known=True)
    both = derived.left_join(origins, derived["_of"] == origins["_key"])
    crosses = both["_there"] != both["_origin"]
    is_lost = both["_is_known"].isnull() & both["_there"].notnull()
    return {
        name: int(count)
        for name, count in one_row(
            both.aggregate(
                n=both.count(),
                n_known=both["_is_known"].count(),
                n_crossing=crosses.sum().fill_null(0),
                n_lost=is_lost.sum().fill_null(0),
            )
        ).items()
    }


def _derived_finding(found: dict[str, int], name: str, *, is_declared: bool) -> Finding:
    n, n_crossing, n_lost = found["n"], found["n_crossing"], found["n_lost"]
    lost = f"; of {plural(n_lost, 'row')} the origin is not there" if n_lost else ""
    seen = f"of {plural(n, 'row')} made from another ({name}) {n_crossing:,} are in another split than it{lost}"
    if n_crossing or (n_lost and is_declared):
        return Finding(code="LEAK14", outcome="fail" if is_declared else "warn", seen=seen, column=name)
    return Finding(code="LEAK14", outcome="pass", seen=seen, column=name)
