"""Counts of every column by cell, part and bucket, in one scan.

Which cells there are is `checks.bins`; the counting itself, `checks.tally`; what is made of the counts, `checks.shift`
and `checks.column_stats`. Counts are of all rows; decimal places alone are counted on a quarter of the buckets of a
large table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.bins import MOST_LEVELS, Cells, Kind, level_cells, ordered_cells
from checks.collect import collect
from checks.kinds import as_number, hashed, kind_of
from checks.tally import Extremes, tally
from checks.thinning import is_kept
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

UNUSED = "unused"
# Edges need no more: rows of whole entities of some buckets, so the same ones whatever the split.
ROWS_FOR_EDGES = 200_000
FEWEST_BUCKETS = 8
NEARLY_ALL = 0.9
# Their entities are told apart in some 300 MB.
ROWS_OF_ENTITIES = 16_000_000
ROWS_FOR_ALL_PRECISION, PRECISION_BUCKETS = 1_000_000, 64
IS_A_NAME = "nearly all of its values are different: it names rows and has no distribution"
# Equal pairs that independent draws would give at the least, where there is none: e^-10 by chance.
FEWEST_PAIRS = 10
IS_A_NUMBER = "all of its whole numbers are different, as chance would not give: it names rows and has no distribution"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The counts of a table.

    Attributes:
        cells: How each column was counted.
        parts: By part, its counts.
        extremes: By column and part.
        n_precise: In how many buckets decimal places were counted.
    """

    cells: tuple[Cells, ...]
    parts: Mapping[str, Side]
    extremes: Mapping[tuple[str, str], Extremes]
    n_precise: int = N_BUCKETS


def cells_of(table: ir.Table, columns: Sequence[str], *, n_rows: int) -> tuple[Cells, ...]:
    """The cells of `columns`, from all rows of `table` alike.

    Args:
        table: Has `_bucket` (0-255, whole entities).
        columns: Which.
        n_rows: Its number of rows.
    """
    kinds = {name: kind_of(table[name]) for name in columns}
    ordered = [name for name in columns if kinds[name] in {"numeric", "time"}]
    rows = rows_for_edges(table, n_rows)
    part = {"_part": rows["_part"]} if "_part" in rows.columns else {}
    values = collect(rows.select(**{name: as_number(rows[name]) for name in ordered}, **part)) if ordered else None
    whole = [name for name in ordered if table[name].type().is_integer()]
    named = _naming(values, whole) if values is not None else set()
    found = (_cells(table, name, kinds[name], values) for name in columns)
    return tuple(replace(c, why=IS_A_NUMBER) if c.column in named else c for c in found)


def _naming(values: pl.DataFrame, columns: Sequence[str]) -> set[str]:
    """Columns of whole numbers that name rows, as an order's number does: within each part no two are equal.

    Of n independent draws from S numbers at least n (n - 1) / 2 S pairs are equal, most evenly drawn. Measured numbers
    lie too far apart for that, or some are equal; they are compared.
    """
    import polars as pl

    parts = values.group_by("_part") if "_part" in values.columns else values.group_by(pl.lit(0))
    named = set()
    for name in columns:
        of = pl.col(name).drop_nulls()
        told = parts.agg(n=of.len(), different=of.n_unique(), span=of.max() - of.min() + 1).filter(pl.col("n") > 0)
        n = told["n"].cast(pl.Float64)
        if (told["n"] == told["different"]).all() and (n * (n - 1) / (2 * told["span"])).sum() >= FEWEST_PAIRS:
            named.add(name)
    return named


def rows_for_edges(table: ir.Table, n_rows: int) -> ir.Table:
    """About 200,000 rows: those of some buckets, at least 8, and where these have more, of some of their entities."""
    n_buckets = max(FEWEST_BUCKETS, N_BUCKETS * ROWS_FOR_EDGES // max(n_rows, 1))
    if n_buckets >= N_BUCKETS:
        return table
    rows = table.filter(table["_bucket"] < n_buckets)
    share = ROWS_FOR_EDGES / (n_rows * n_buckets / N_BUCKETS)
    return rows.filter(is_kept(rows, share)) if share < 1 and "_entity" in rows.columns else rows


def _cells(table: ir.Table, name: str, kind: Kind, values: pl.DataFrame | None) -> Cells:
    column = table[name]
    type_ = str(column.type())
    if kind in {"numeric", "time"} and values is not None:
        numbers = values[name].fill_null(float("nan")).to_numpy()
        return ordered_cells(name, type_, kind, numbers, has_precision=column.type().is_floating())
    if kind in {"category", "boolean"}:
        return _levels(table, name, type_, kind)
    return Cells(column=name, type=type_, kind=kind, why=f"a column of type {type_} has no cells to count by")


def _levels(table: ir.Table, name: str, type_: str, kind: Kind) -> Cells:
    import ibis

    present = table.filter(table[name].notnull())
    counted = present.group_by(level=present[name].cast("string")).agg(n=present.count())
    counted = counted.mutate(n_levels=counted.count().over(), n_rows=counted["n"].sum().over())
    # As many as are kept, and in one order whatever the engine does.
    top = collect(counted.order_by([ibis.desc("n"), "level"]).limit(MOST_LEVELS)).to_dicts()
    if top and top[0]["n_levels"] > MOST_LEVELS and top[0]["n_levels"] > NEARLY_ALL * top[0]["n_rows"]:
        return Cells(column=name, type=type_, kind="text", why=IS_A_NAME)
    counts = {row["level"]: int(row["n"]) for row in top}
    n_other = int(top[0]["n_rows"]) - sum(counts.values()) if top else 0
    return replace(level_cells(name, type_, kind, counts), n_other=n_other)


def scan(
    table: ir.Table, cells: Sequence[Cells], *, n_rows: int, has_entities: bool = True, n_buckets: int = N_BUCKETS
) -> Profile:
    """Count `table` by part and bucket.

    Args:
        table: Has `_part` (NULL counts as unused), `_bucket` and, with `has_entities`, `_entity`.
        cells: How to count its columns.
        n_rows: Its number of rows.
        has_entities: Count distinct `_entity`; without, each row is its own.
        n_buckets: How many buckets there are.
    """
    # Few columns where few are asked: Ibis compiles all that it is given.
    rows = count_rows(in_part(table.select("_part", "_bucket")), n_buckets=n_buckets)
    parts = list(rows)
    n_precise = n_buckets if n_rows <= ROWS_FOR_ALL_PRECISION else PRECISION_BUCKETS
    if not parts:
        return Profile(cells=tuple(cells), parts={}, extremes={}, n_precise=n_precise)
    entities = rows
    if has_entities:
        who, n = in_part(table.select("_part", "_bucket", "_entity")), int(sum(of.sum() for of in rows.values()))
        entities = count_entities(who, parts, n_rows=n, n_buckets=n_buckets)
    counted = tally(in_part(table), cells, parts, n_precise=n_precise, n_buckets=n_buckets)
    sides = {
        part: Side(
            name=part,
            rows=rows[part],
            entities=entities[part],
            counts={name: counts[i] for name, counts in counted.counts.items()},
            precision={name: counts[i] for name, counts in counted.precision.items()},
            moments={name: moments[i] for name, moments in counted.moments.items()},
        )
        for i, part in enumerate(parts)
    }
    return Profile(cells=tuple(cells), parts=sides, extremes=counted.extremes, n_precise=n_precise)


def in_part(table: ir.Table) -> ir.Table:
    """The rows, those in no part as unused. They have no bucket and are in no comparison: any will do to count them."""
    return table.mutate(_part=table["_part"].fill_null(UNUSED), _bucket=table["_bucket"].fill_null(0))


def count_rows(table: ir.Table, *, n_buckets: int = N_BUCKETS) -> dict[str, NDArray[np.float64]]:
    """By part, in order, how many rows each bucket has."""
    frame = collect(table.group_by("_part", "_bucket").agg(n=table.count()))
    return _by_part_and_bucket(frame, sorted(frame["_part"].unique().to_list()), n_buckets)


def count_entities(
    table: ir.Table, parts: Sequence[str], *, n_rows: int, n_buckets: int = N_BUCKETS
) -> dict[str, NDArray[np.float64]]:
    """By part, how many entities each bucket has.

    Args:
        table: Has `_part`, `_bucket` and `_entity`; an entity lies in one bucket.
        parts: The parts there are.
        n_rows: Its number of rows, or more.
        n_buckets: How many buckets there are.
    """
    import polars as pl

    who = table.filter(table["_entity"].notnull()).select("_part", "_bucket", "_entity")
    ranges = [some.distinct() for some in by_buckets(who, n_rows=n_rows, n_buckets=n_buckets)]
    counted = [collect(some.group_by("_part", "_bucket").agg(n=some.count())) for some in ranges]
    return _by_part_and_bucket(pl.concat(counted), parts, n_buckets)


def by_buckets(table: ir.Table, *, n_rows: int, n_buckets: int = N_BUCKETS) -> Iterator[ir.Table]:
    """The table, of many rows a range of buckets at a time, so that the entities of one range are held and not all.

    Of many rows 64 bits stand for an entity: of 33 million, two share them and count as one in 30,000 tables.

    Args:
        table: Has `_entity`, and `_bucket`, an entity in one.
        n_rows: Its number of rows.
        n_buckets: How many buckets there are.
    """
    n = min(-(-n_rows // ROWS_OF_ENTITIES), n_buckets)
    if n <= 1:
        yield table
        return
    table = table.mutate(_entity=hashed(table["_entity"]))
    for i in range(n):
        first, last = i * n_buckets // n, (i + 1) * n_buckets // n - 1
        yield table.filter(table["_bucket"].between(first, last))


def _by_part_and_bucket(frame: pl.DataFrame, parts: Sequence[str], n_buckets: int) -> dict[str, NDArray[np.float64]]:
    result = {part: np.zeros(n_buckets) for part in parts}
    for part, counted in frame.partition_by("_part", as_dict=True).items():
        result[part[0]][counted["_bucket"].to_numpy().astype(int)] = counted["n"].to_numpy()
    return result
