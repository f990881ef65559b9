"""Sides for the tests of shift, made from arrays: what a scan would count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from checks.bins import Cells, level_cells, ordered_cells
from checks.units import Side


def cells_for(*tables: Mapping[str, np.ndarray]) -> list[Cells]:
    found = []
    for name in tables[0]:
        pooled = np.concatenate([table[name] for table in tables])
        if pooled.dtype.kind == "f":
            found.append(ordered_cells(name, "float64", "numeric", pooled, has_precision=False))
        else:
            levels, counts = np.unique(pooled, return_counts=True)
            found.append(
                level_cells(name, "string", "category", dict(zip(levels.tolist(), counts.tolist(), strict=True)))
            )
    return found


def side_of(
    name: str, table: Mapping[str, np.ndarray], entity: np.ndarray, bucket: np.ndarray, cells: Sequence[Cells]
) -> Side:
    """`entity` is an integer a row, `bucket` (0-255) a function of it."""
    counts = {}
    for c in cells:
        values = table[c.column]
        if c.is_ordered:
            at = np.where(np.isfinite(values), np.searchsorted(c.edges, values), c.n_cells - 1)
        else:
            number = {label: i for i, label in enumerate(c.labels)}
            at = np.array([number.get(v, len(number)) for v in values.tolist()])
        counted = np.zeros((256, c.n_cells))
        np.add.at(counted, (bucket, at), 1)
        counts[c.column] = counted
    _, first = np.unique(entity, return_index=True)
    return Side(
        name=name,
        rows=np.bincount(bucket, minlength=256).astype(float),
        entities=np.bincount(bucket[first], minlength=256).astype(float),
        counts=counts,
    )


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
