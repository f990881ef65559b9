"""Sides for the tests of shift, made from arrays: what a scan would count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from checks.bins import PRECISIONS, Cells, level_cells, ordered_cells
from checks.tally import places
from checks.units import Side


def cells_for(*tables: Mapping[str, np.ndarray], has_precision: bool = False) -> list[Cells]:
    """Cells from the rows of all `tables`: floats are numbers, whole numbers and texts are levels."""
    found = []
    for name in tables[0]:
        pooled = np.concatenate([table[name] for table in tables])
        if pooled.dtype.kind == "f":
            found.append(ordered_cells(name, "float64", "numeric", pooled, has_precision=has_precision))
        else:
            levels, counts = np.unique(pooled, return_counts=True)
            by_level = dict(zip(map(str, levels.tolist()), counts.tolist(), strict=True))
            found.append(level_cells(name, "string", "category", by_level))
    return found


def side_of(
    name: str, table: Mapping[str, np.ndarray], entity: np.ndarray, bucket: np.ndarray, cells: Sequence[Cells]
) -> Side:
    """`entity` is an integer a row, `bucket` (0-255) a function of it."""
    counts, precision = {}, {}
    for c in cells:
        values = table[c.column]
        if c.is_ordered:
            at = np.where(np.isfinite(values), np.searchsorted(c.edges, values), c.n_cells - 1)
        else:
            levels, of_row = np.unique(values, return_inverse=True)
            number = {label: i for i, label in enumerate(c.labels)}
            at = np.array([number.get(str(level), len(number)) for level in levels.tolist()])[of_row]
        counts[c.column] = by_bucket(bucket, at, c.n_cells)
        if c.has_precision:
            precision[c.column] = by_bucket(
                bucket, places(np.where(np.isfinite(values), values, np.nan)), len(PRECISIONS)
            )
    _, first = np.unique(entity, return_index=True)
    return Side(
        name=name,
        rows=np.bincount(bucket, minlength=256).astype(float),
        entities=np.bincount(bucket[first], minlength=256).astype(float),
        counts=counts,
        precision=precision,
    )


def by_bucket(bucket: np.ndarray, at: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(bucket * n + at, minlength=256 * n).reshape(256, n).astype(float)


def random_sides(
    drawn: np.random.Generator, draw, n_entities: tuple[int, int], n_rows_each: int
) -> tuple[Side, Side, list[Cells]]:
    """Two sides whose entities are drawn by `draw(n_entities, n_rows_each)`, a table of arrays by row."""
    tables, entities, buckets = [], [], []
    for n in n_entities:
        tables.append(draw(n, n_rows_each))
        entities.append(np.repeat(np.arange(n), n_rows_each))
        buckets.append(np.repeat(drawn.integers(0, 256, n), n_rows_each))
    cells = cells_for(*tables)
    one, two = (side_of(str(i), tables[i], entities[i], buckets[i], cells) for i in range(2))
    return one, two, cells
