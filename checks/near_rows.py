"""Are there nearly identical rows in two splits? By texts and by numbers, of the columns that can tell.

What makes a pair near is `checks.near_text` and `checks.near_numbers`; identical rows are `checks.leakage`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import ibis
import numpy as np
import polars as pl

from checks.collect import collect, one_row
from checks.entities import Array, Near
from checks.finding import Finding
from checks.near_numbers import TOLERANCE, Pairs, is_fine, pairs_of_numbers
from checks.near_text import SIMILARITY, near_texts
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

SPLIT_BITS = {"train": 1, "train_dev": 2, "dev": 4, "test": 8}
POOLS = (3, 12)
# Shorter texts are names and categories, and a category is in all splits by nature.
FEWEST_CHARACTERS, FEWEST_DISTINCT_SHARE = 20, 0.5
MOST_CHARACTERS, MOST_NUMBERS, LOOKED_AT = 6_000_000, 1_500_000, 20_000
FEWEST_FINE, RING, CHANCE, CHANCE_OF_TEXTS = 2, 10, 1e-3, 1e-6
LONG_WORD = 6
EXAMPLES = 3
Apart = Literal["everywhere", "pool"]


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """Rows that are near a row of another split.

    Attributes:
        n_rows: How many; under `apart: pool` those near a row of another split of their pool.
        n_across: Under `apart: pool` the rows near a row of the other pool alone.
        examples: Pairs of entities, the first few.
        is_complete: Whether `n_rows` is all of them.
    """

    n_rows: int
    n_across: int
    examples: tuple[tuple[str, str], ...]
    is_complete: bool


def crossing(rows: pl.DataFrame, near: Near, *, apart: Apart, with_equal: bool) -> Crossing:
    """The rows near a row of another split.

    Args:
        rows: `_entity` and `_split`, a row each of those that `near` tells of.
        near: Which rows are near each other.
        apart: What the policy promises.
        with_equal: Whether rows of one kind count as near.
    """
    bit = rows["_split"].replace_strict(SPLIT_BITS, return_dtype=pl.UInt8).to_numpy()
    of_kind = np.zeros(near.n_kinds, np.uint8)
    there = near.kind >= 0
    np.bitwise_or.at(of_kind, near.kind[there], bit[there])
    around = of_kind.copy() if with_equal else np.zeros_like(of_kind)
    np.bitwise_or.at(around, near.left, of_kind[near.right])
    np.bitwise_or.at(around, near.right, of_kind[near.left])
    others = np.where(there, around[near.kind] if near.n_kinds else 0, 0) & ~bit
    pool = np.where(bit & POOLS[0], *POOLS)
    within = others & pool if apart == "pool" else others
    return Crossing(
        n_rows=int((within > 0).sum()),
        n_across=int(((within == 0) & (others > 0)).sum()),
        examples=_examples(rows, near, bit, within > 0),
        is_complete=near.is_complete,
    )


def _examples(rows: pl.DataFrame, near: Near, bit: Array, leaks: Array) -> tuple[tuple[str, str], ...]:
    """The entities of a few rows that leak, each with that of a near row in another split."""
    found: list[tuple[str, str]] = []
    for row in np.flatnonzero(leaks):
        kind = near.kind[row]
        kinds = np.concatenate([near.right[near.left == kind], near.left[near.right == kind], [kind]])
        other = np.flatnonzero(np.isin(near.kind, kinds) & (bit != bit[row]))
        pair = tuple(sorted((str(rows["_entity"][int(row)]), str(rows["_entity"][int(other[0])]))))
        if pair not in found:
            found.append(pair)  # type: ignore[arg-type]
        if len(found) == EXAMPLES:
            break
    return tuple(found)


def near_copies(table: ir.Table, columns: Sequence[str], *, apart: Apart) -> list[Finding]:
    """The finding LEAK5 where no policy promises that there are none: it warns.

    Args:
        table: Has `_entity`, `_split` and `columns`.
        columns: Every column but key, entity, time, target and those that are not features.
        apart: What the policy promises.
    """
    placed = table.filter(table["_split"].notnull())
    numbers = [name for name in columns if table[name].type().is_numeric()]
    findings = [_numbers_finding(placed, numbers, apart=apart)] if len(numbers) >= FEWEST_FINE else []
    texts = [name for name in columns if table[name].type().is_string()]
    findings += _text_findings(placed, texts, apart=apart)
    return findings or [
        Finding(code="LEAK5", outcome="not_applicable", seen="there is neither a long text nor a pair of quantities")
    ]


def _text_findings(placed: ir.Table, names: Sequence[str], *, apart: Apart) -> list[Finding]:
    if not names:
        return []
    asked: dict[str, ir.Value] = {}
    for i, name in enumerate(names):
        asked |= {
            f"n_{i}": placed[name].count(),
            f"length_{i}": placed[name].length().sum().fill_null(0),
        }
    counts = one_row(placed.aggregate(**asked))
    long = {
        name: int(counts[f"length_{i}"])
        for i, name in enumerate(names)
        if counts[f"n_{i}"] and counts[f"length_{i}"] >= FEWEST_CHARACTERS * counts[f"n_{i}"]
    }
    return [
        _text_finding(placed, name, apart=apart, one_in=-(-n_characters // MOST_CHARACTERS))
        for name, n_characters in long.items()
        if _is_distinct(placed, name)
    ]


def _is_distinct(placed: ir.Table, name: str) -> bool:
    texts = placed.filter(placed[name].notnull())
    counts = one_row(texts.aggregate(n=texts.count(), n_distinct=texts[name].nunique()))
    return bool(counts["n_distinct"] >= FEWEST_DISTINCT_SHARE * counts["n"])


def _text_finding(placed: ir.Table, name: str, *, apart: Apart, one_in: int) -> Finding:
    n_rows = int(one_row(placed.aggregate(n=placed[name].count()))["n"])
    if one_in > 1:
        # By the smallest hash of a word (MinHash of one permutation): a copy falls where its original falls. Of long
        # words where there are any: short ones are in every text.
        words = placed[name].lower().re_split(r"[^\pL\pN]+").filter(lambda word: word.length() > 0)
        smallest = words.filter(lambda word: word.length() >= LONG_WORD).map(_small_hash).mins()
        placed = placed.filter(ibis.coalesce(smallest, words.map(_small_hash).mins()) % one_in == 0)
    placed = placed.filter(placed[name].notnull())
    rows = collect(placed.select("_entity", "_split", _text=placed[name]).order_by("_entity", "_text"))
    near = near_texts(rows["_text"], least_evidence=math.log(max(len(rows), 2) ** 2 / 2) - math.log(CHANCE_OF_TEXTS))
    found = crossing(rows, near, apart=apart, with_equal=True)
    how = f"nearly the same {name} as one (by words, similarity at least {SIMILARITY})"
    return near_finding(found, how, column=name, judged_on=_judged_on(len(rows), n_rows), bad="warn")


def _numbers_finding(placed: ir.Table, names: Sequence[str], *, apart: Apart) -> Finding:
    # Chosen by what the rows hold, so that their order changes no answer.
    first = placed.order_by(placed["_entity"].hash(), *names).select(*names).limit(LOOKED_AT)
    looked_at = _matrix(collect(first), names)
    fine = [name for name, is_it in zip(names, is_fine(looked_at, TOLERANCE), strict=True) if is_it]
    if len(fine) < FEWEST_FINE:
        seen = f"{len(fine)} of {plural(len(names), 'quantity')} tell apart what differs by {TOLERANCE:g} sd"
        return Finding(code="LEAK5", outcome="not_applicable", seen=f"{seen}: near is identical (LEAK2)")
    n_rows = int(one_row(placed.aggregate(n=placed.count()))["n"])
    one_in = -(-n_rows * len(names) // MOST_NUMBERS)
    if one_in > 1:
        width = 100 * TOLERANCE * float(np.nanstd(looked_at[:, names.index(fine[0])])) or 1.0
        cell = (placed[fine[0]].cast("float64").abs() / width).floor()
        placed = placed.filter((cell % one_in == 0) | cell.isnull())
    rows = collect(placed.select("_entity", "_split", *names).order_by("_entity"))
    pairs = pairs_of_numbers(_matrix(rows, names), tolerance=RING * TOLERANCE)
    near, n_near, n_around = _near_or_mirrored(pairs)
    found = crossing(rows, near, apart=apart, with_equal=False)
    judged_on = _judged_on(len(rows), n_rows)
    how = f"a near copy (within {TOLERANCE:g} sd in {plural(len(names), 'column')}, or with a sign turned)"
    if found.n_rows and _chance(n_near, n_around) > CHANCE:
        seen = f"{plural(found.n_rows, 'row')} have {how} in another split, no more than chance makes, on {judged_on}"
        return Finding(code="LEAK5", outcome="cannot_tell", seen=seen)
    return near_finding(found, how, column=None, judged_on=judged_on, bad="warn")


def _near_or_mirrored(pairs: Pairs) -> tuple[Near, int, int]:
    """The near pairs, how many they are, and how many pairs lie within ten times the tolerance."""
    like = ((pairs.turned == 0) | pairs.is_mirrored) & (pairs.n_telling >= FEWEST_FINE)
    close = like & (pairs.distance <= TOLERANCE)
    return pairs.only(close), int(close.sum()), int(like.sum())


def _chance(n_near: int, n_around: int) -> float:
    """How probable so many near pairs are, were they of things that only happen to be alike.

    Of pairs of points of one or more dimensions within ten times a small distance, a tenth or less lie within it.
    """
    from scipy.stats import binom

    return float(binom.sf(n_near - 1, n_around, 1 / RING))


def _matrix(rows: pl.DataFrame, names: Sequence[str]) -> Array:
    return rows.select(pl.col(name).cast(pl.Float64).fill_null(np.nan) for name in names).to_numpy()


def _judged_on(n_judged: int, n_rows: int) -> str:
    if n_judged == n_rows:
        return plural(n_rows, "row")
    return f"{n_judged:,} of {plural(n_rows, 'row')}, so chosen that copies stay together"


def _small_hash(word: ir.StringValue) -> ir.IntegerValue:
    return word.hash() % (1 << 40)


def near_finding(
    found: Crossing, how: str, *, column: str | None, judged_on: str, bad: Literal["warn", "fail"]
) -> Finding:
    """The finding LEAK5, of what was found and how it was looked for; `bad` is its outcome if there is any."""
    across = f"; {found.n_across:,} have one in the other pool, as `apart: pool` allows" if found.n_across else ""
    if not found.n_rows:
        seen = f"no row has {how} in another split{across}, on {judged_on}"
        return Finding(code="LEAK5", outcome="pass", seen=seen, column=column)
    least = "" if found.is_complete else "at least "
    such = ", ".join(f"{a} and {b}" for a, b in found.examples)
    seen = f"{least}{plural(found.n_rows, 'row')} have {how} in another split, such as {such}{across}, on {judged_on}"
    return Finding(code="LEAK5", outcome=bad, seen=seen, column=column)
