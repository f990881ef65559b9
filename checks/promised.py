"""Do clusters hold what they promise? No shared value and no near copy in two splits; and which rows they left out.

How clusters form is `checks.clusters`; near copies that nobody promised anything about are `checks.near_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from checks.collect import collect, one_row
from checks.entities import Near
from checks.finding import Finding
from checks.leakage import spread_over_splits
from checks.near_numbers import near_numbers
from checks.near_rows import Apart, crossing, near_finding
from checks.near_text import near_texts
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

BRIDGE = "bridge"
EXAMPLES = 3


def near_texts_apart(table: ir.Table, name: str, *, similarity: float, apart: Apart) -> Finding:
    """The finding LEAK5 for a text by which rows are clustered: it blocks.

    Args:
        table: Has `_entity`, `_split` and the text.
        name: The text's column.
        similarity: That of the policy.
        apart: What the policy promises.
    """
    placed = table.filter(table["_split"].notnull() & table[name].notnull())
    rows = collect(placed.select("_entity", "_split", _of=placed[name]).order_by("_entity", "_of"))
    how = f"nearly the same {name} as one (by words, similarity at least {similarity:g})"
    return _finding(rows, near_texts(rows["_of"], similarity=similarity), how, column=name, apart=apart)


def near_numbers_apart(table: ir.Table, spread: Mapping[str, float], *, tolerance: float, apart: Apart) -> Finding:
    """The finding LEAK5 for the numbers by which rows are clustered: it blocks.

    Args:
        table: Has `_entity`, `_split` and the numbers.
        spread: By column, its standard deviation as the policy took it.
        tolerance: That of the policy.
        apart: What the policy promises.
    """
    placed = table.filter(table["_split"].notnull())
    values = [placed[name].cast("float64").name(f"_n_{i}") for i, name in enumerate(spread)]
    rows = collect(placed.select("_entity", "_split", *values).order_by("_entity"))
    matrix = rows.select(pl.col("^_n_.*$").fill_null(np.nan)).to_numpy()
    near = near_numbers(matrix, tolerance=tolerance, scale=np.array(list(spread.values())))
    near.kind[np.isnan(matrix).all(axis=1)] = -1
    how = f"a near copy (within {tolerance:g} sd in {plural(len(spread), 'column')})"
    return _finding(rows, near, how, column=None, apart=apart)


def _finding(rows: pl.DataFrame, near: Near, how: str, *, column: str | None, apart: Apart) -> Finding:
    found = crossing(rows, near, apart=apart, with_equal=True)
    # In a crowd of near rows not every pair is compared, and which are may change as rows arrive.
    bad: Literal["warn", "fail"] = "fail" if near.is_complete else "warn"
    return near_finding(found, how, column=column, judged_on=f"{len(rows):,} rows", bad=bad)


def values_apart(table: ir.Table, columns: Sequence[str], *, apart: Apart) -> list[Finding]:
    """The finding LEAK7 for the columns that link rows: a value in two splits blocks.

    Args:
        table: Has `_split` and `columns`.
        columns: Those that `linked_by` names.
        apart: What the policy promises.
    """
    found = []
    for name in columns:
        there = table.filter(table[name].notnull()).select("_split", _entity=table[name])
        outcome, seen = spread_over_splits(there, ("value", "values"), apart=apart)
        found.append(Finding(code="LEAK7", outcome=outcome, seen=f"by {name}: {seen}", column=name))
    return found


def bridges(table: ir.Table) -> Finding:
    """The finding SPLIT6: rows that would join clusters of different splits, and how large clusters are.

    Args:
        table: Has `_entity`, `_split` and `_unused`.
    """
    sizes = table.group_by("_entity").agg(_n=table.count(), _is_bridge=(table["_unused"].fill_null("") == BRIDGE).any())
    counts = one_row(
        sizes.aggregate(
            n_bridges=sizes["_n"].sum(where=sizes["_is_bridge"]).fill_null(0),
            n_clusters=sizes.count(where=~sizes["_is_bridge"]),
            n_most=sizes["_n"].max(where=~sizes["_is_bridge"]).fill_null(0),
            n_rows=sizes["_n"].sum().fill_null(0),
        )
    )
    n_bridges, n_rows, n_most = int(counts["n_bridges"]), int(counts["n_rows"]), int(counts["n_most"])
    clusters = f"{plural(int(counts['n_clusters']), 'cluster')}, the largest of {plural(n_most, 'row')}"
    is_one_lump = n_rows > 1 and n_most > n_rows / 2
    lump = ", more than half of all" if is_one_lump else ""
    if not n_bridges:
        seen = f"no row joins clusters of two splits; {clusters}{lump}"
        return Finding(code="SPLIT6", outcome="warn" if is_one_lump else "pass", seen=seen)
    first = collect(sizes.filter(sizes["_is_bridge"]).select("_entity").order_by("_entity").limit(EXAMPLES))
    such = ", ".join(first["_entity"].str.strip_prefix("_row:").to_list())
    seen = (
        f"{plural(n_bridges, 'row')} would join clusters of two splits and are unused, such as {such}; {clusters}{lump}"
    )
    return Finding(code="SPLIT6", outcome="warn", seen=seen)
