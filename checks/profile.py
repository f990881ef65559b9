"""Counts of every column by cell, part and bucket: one scan of numbers and moments, a narrow one for each category.

Which cells there are is `checks.bins`; what is made of the counts, `checks.shift` and `checks.column_stats`. Counts are
of all rows; decimal places alone are counted on a quarter of the buckets of a large table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import MOST_LEVELS, PRECISIONS, Cells, Kind, level_cells, ordered_cells
from checks.collect import collect
from checks.units import N_BUCKETS, Side

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl

UNUSED = "unused"
# Edges need no more: rows of whole buckets, so the same ones whatever the split.
ROWS_FOR_EDGES = 200_000
FEWEST_BUCKETS = 8
NEARLY_ALL = 0.9
ROWS_FOR_ALL_PRECISION, PRECISION_BUCKETS = 1_000_000, 64
# Above it a 64-bit float has no decimal places left.
LARGEST_WITH_PLACES = 2.0**53
# Moments hold no value further from the median than so many IQR: its square is still a number.
FARTHEST = 1e100
IS_A_NAME = "nearly all of its values are different: it names rows and has no distribution"


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """What counts by cell do not hold: the least and the largest finite value of a column in a part."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The counts of a table.

    Attributes:
        cells: How each column was counted.
        parts: By part, its counts.
        extremes: By column and part.
    """

    cells: tuple[Cells, ...]
    parts: Mapping[str, Side]
    extremes: Mapping[tuple[str, str], Extremes]


def cells_of(table: ir.Table, columns: Sequence[str], *, n_rows: int) -> tuple[Cells, ...]:
    """The cells of `columns`, from all rows of `table` alike.

    Args:
        table: Has `_bucket` (0-255, whole entities).
        columns: Which.
        n_rows: Its number of rows.
    """
    kinds = {name: kind_of(table[name]) for name in columns}
    ordered = [name for name in columns if kinds[name] in {"numeric", "time"}]
    n_buckets = max(FEWEST_BUCKETS, N_BUCKETS * ROWS_FOR_EDGES // max(n_rows, 1))
    rows = table if n_buckets >= N_BUCKETS else table.filter(table["_bucket"] < n_buckets)
    values = collect(rows.select(**{name: as_number(rows[name]) for name in ordered})) if ordered else None
    return tuple(_cells(table, name, kinds[name], values) for name in columns)


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
    return level_cells(name, type_, kind, {row["level"]: int(row["n"]) for row in top})


def kind_of(column: ir.Column) -> Kind:
    """What a column's type lets it be counted as."""
    type_ = column.type()
    if type_.is_boolean():
        return "boolean"
    if type_.is_numeric():
        return "numeric"
    if type_.is_date() or type_.is_timestamp():
        return "time"
    if type_.is_string():
        return "category"
    if type_.is_array():
        return "list"
    return "bytes" if type_.is_binary() else "other"


def as_number(column: ir.Column) -> Any:
    """A column as finite numbers, moments as seconds since 1970; NULL for what is missing, NaN or infinite."""
    import ibis

    type_ = column.type()
    if type_.is_date() or type_.is_timestamp():
        return column.cast("timestamp").epoch_seconds().cast("float64")
    number = column.cast("float64")
    if not type_.is_floating():
        return number
    return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)


@cache
def _histogram() -> Any:
    """DuckDB's `histogram(values, upper edges)`: all columns in one scan, where group-bys would take one each."""
    import ibis
    import ibis.expr.datatypes as dt

    signature = ((dt.float64, dt.Array(dt.float64)), dt.Map(dt.float64, dt.int64))

    @ibis.udf.agg.builtin(name="histogram", signature=signature)
    def histogram(values, edges):  # type: ignore[no-untyped-def]
        """The engine's own."""

    return histogram


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
    # A row without entity has no bucket; it is unused and in no comparison, so any will do to count it.
    table = table.mutate(_part=table["_part"].fill_null(UNUSED), _bucket=table["_bucket"].fill_null(0))
    measures = {"n_rows": table.count()} | ({"n_entities": table["_entity"].nunique()} if has_entities else {})
    frame = collect(table.group_by("_part", "_bucket").agg(**measures))
    parts = sorted(frame["_part"].unique().to_list())
    place = _Place(parts, n_buckets)
    rows = place.grid(frame, frame["n_rows"].to_numpy())
    entities = place.grid(frame, frame["n_entities"].to_numpy()) if has_entities else rows
    counts = {c.column: _category_counts(table, c, place, rows) for c in cells if not c.is_ordered}
    ordered = [c for c in cells if c.is_ordered]
    numbers, moments, extremes = _ordered_counts(table, ordered, place, rows)
    precision = _precision_counts(table, [c for c in ordered if c.has_precision], place, n_rows)
    sides = {
        part: Side(
            name=part,
            rows=rows[i],
            entities=entities[i],
            counts={name: counted[i] for name, counted in (counts | numbers).items()},
            precision={name: counted[i] for name, counted in precision.items()},
            moments={name: counted[i] for name, counted in moments.items()},
        )
        for i, part in enumerate(parts)
    }
    return Profile(cells=tuple(cells), parts=sides, extremes=extremes)


class _Place:
    """Where a row of a grouped result belongs: its part and bucket."""

    def __init__(self, parts: Sequence[str], n_buckets: int) -> None:
        self._of = {part: i for i, part in enumerate(parts)}
        self._shape = (len(parts), n_buckets)

    def at(self, frame: pl.DataFrame) -> tuple[NDArray[Any], NDArray[Any]]:
        return np.array([self._of[part] for part in frame["_part"]], dtype=int), frame["_bucket"].to_numpy().astype(int)

    def grid(self, frame: pl.DataFrame, values: NDArray[Any], *more: int) -> NDArray[np.float64]:
        """`values`, one row of them a group, as an array by part, bucket and whatever a row holds."""
        result = np.zeros((*self._shape, *more))
        result[self.at(frame)] = values
        return result


def _category_counts(table: ir.Table, cells: Cells, place: _Place, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    import ibis

    column = table[cells.column]
    counts = np.zeros((*rows.shape, cells.n_cells))
    if not cells.labels:
        frame = collect(table.group_by("_part", "_bucket").agg(n=column.isnull().sum()))
        counts[..., 1] = place.grid(frame, frame["n"].to_numpy())
        counts[..., 0] = rows - counts[..., 1]
        return counts
    level = column.cast("string")
    # Of cells that are older than the rows any number of levels may be new.
    kept = ibis.ifelse(level.isin(cells.labels), level, ibis.null("string"))
    frame = collect(table.group_by("_part", "_bucket", level=kept, is_missing=column.isnull()).agg(n=table.count()))
    number = {label: i for i, label in enumerate(cells.labels)}
    other, missing = len(cells.labels), len(cells.labels) + 1
    cell = [
        missing if is_missing else number.get(label, other)
        for label, is_missing in zip(frame["level"], frame["is_missing"], strict=True)
    ]
    np.add.at(counts, (*place.at(frame), np.array(cell, dtype=int)), frame["n"].to_numpy())
    return counts


def _ordered_counts(
    table: ir.Table, cells: Sequence[Cells], place: _Place, rows: NDArray[np.float64]
) -> tuple[dict[str, Any], dict[str, Any], dict[tuple[str, str], Extremes]]:
    import ibis
    import polars as pl

    if not cells:
        return {}, {}, {}
    measures: dict[str, Any] = {}
    for i, c in enumerate(cells):
        number = as_number(table[c.column])
        standard = (number - c.median) / c.iqr  # so that squares of large values lose nothing
        standard = ibis.ifelse(standard.abs() > FARTHEST, standard.sign() * FARTHEST, standard)
        measures |= {
            f"cells_{i}": _histogram()(number, list(c.edges)).values(),
            f"n_{i}": number.count(),
            f"mean_{i}": standard.mean(),
            f"variance_{i}": standard.var(how="pop"),
            f"low_{i}": number.min(),
            f"high_{i}": number.max(),
        }
    frame = collect(table.group_by("_part", "_bucket").agg(**measures))
    counts: dict[str, Any] = {}
    moments: dict[str, Any] = {}
    extremes: dict[tuple[str, str], Extremes] = {}
    for i, c in enumerate(cells):
        n = frame[f"n_{i}"].to_numpy().astype(float)
        listed = [values or [0] * len(c.edges) for values in frame[f"cells_{i}"].to_list()]
        by_cell = np.array(listed).reshape(len(frame), c.n_cells - 1)  # also of no row at all
        counts[c.column] = place.grid(frame, np.column_stack([by_cell, np.zeros(len(frame))]), c.n_cells)
        counts[c.column][..., -1] = rows - counts[c.column].sum(axis=2)
        mean, variance = (frame[f"{m}_{i}"].fill_null(0).to_numpy() for m in ("mean", "variance"))
        moments[c.column] = place.grid(frame, np.column_stack([n, n * mean, n * (variance + mean**2)]), 3)
        by_part = frame.group_by("_part").agg(low=pl.col(f"low_{i}").min(), high=pl.col(f"high_{i}").max()).drop_nulls()
        extremes |= {(c.column, row["_part"]): Extremes(low=row["low"], high=row["high"]) for row in by_part.to_dicts()}
    return counts, moments, extremes


def _precision_counts(table: ir.Table, cells: Sequence[Cells], place: _Place, n_rows: int) -> dict[str, Any]:
    """Rows by the fewest decimal places that a value needs: 0 to 3, more, missing."""
    import ibis

    if not cells:
        return {}
    if n_rows > ROWS_FOR_ALL_PRECISION:
        table = table.filter(table["_bucket"] < PRECISION_BUCKETS)
    measures: dict[str, Any] = {"n": table.count()}
    for i, c in enumerate(cells):
        number = as_number(table[c.column])
        number = ibis.ifelse(number.abs() > LARGEST_WITH_PLACES, 0.0, number)  # whole, and too large to be rounded
        measures[f"present_{i}"] = number.count()
        measures |= {f"within_{i}_{k}": (number.round(k) == number).sum() for k in range(len(PRECISIONS) - 2)}
    frame = collect(table.group_by("_part", "_bucket").agg(**measures))
    found = {}
    for i, c in enumerate(cells):
        present = frame[f"present_{i}"].to_numpy().astype(float)
        within = [frame[f"within_{i}_{k}"].fill_null(0).to_numpy().astype(float) for k in range(len(PRECISIONS) - 2)]
        steps = np.diff(np.column_stack([np.zeros(len(frame)), *within, present, frame["n"].to_numpy()]), axis=1)
        found[c.column] = place.grid(frame, steps, len(PRECISIONS))
    return found
