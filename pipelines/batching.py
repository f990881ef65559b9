"""Batches for `partial_fit`: streamed in an order that seed and epoch draw, with flat memory.

The order is made by DuckDB's sort, which spills to disk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.labelled import LabelledRows
from warehouse.errors import refuse_uncounted
from warehouse.portions import shuffled_sql
from warehouse.query import quoted

if TYPE_CHECKING:
    import polars as pl

    Batch = tuple[pl.DataFrame, pl.Series]

# How many rows are taken from DuckDB at once, so that small batches cost no query each.
ROWS_AT_ONCE = 65_536


def batches_of(
    rows: LabelledRows, features: Sequence[str], *, batch_size: int, seed: int, epochs: int
) -> Iterator[Batch]:
    """Batches of `rows`; see `Trainable.batches`.

    Raises:
        NotPossible: A size or a number of epochs is below 1.
    """
    for name, number in (("batch_size", batch_size), ("epochs", epochs)):
        refuse_uncounted(name, number)
    select = rows.sql([*map(quoted, features), quoted(rows.target)])
    return _stream(rows, select, list(features), batch_size=batch_size, orders=[(seed, i) for i in range(epochs)])


def _stream(
    rows: LabelledRows, select: str, features: list[str], *, batch_size: int, orders: Sequence[tuple[int, int]]
) -> Iterator[Batch]:
    with rows.streaming() as lake:
        for seed, epoch in orders:
            result = lake.execute(shuffled_sql(select, seed=seed, epoch=epoch))
            for frame in _of_size(result, batch_size):
                yield frame[features], frame[rows.target]


def _of_size(result: Any, batch_size: int) -> Iterator[pl.DataFrame]:
    """The rows of a result as frames of `batch_size` rows, and one of what is left."""
    import polars as pl

    held: list[pl.DataFrame] = []
    n_held = 0
    at_once = max(1, ROWS_AT_ONCE // batch_size) * batch_size
    for part in result.to_arrow_reader(at_once):
        frame = pl.DataFrame(pl.from_arrow(part))
        held.append(frame)
        n_held += len(frame)
        if n_held >= batch_size:
            together = pl.concat(held)
            n_whole = n_held - n_held % batch_size
            for start in range(0, n_whole, batch_size):
                yield together[start : start + batch_size]
            held, n_held = [together[n_whole:]], n_held - n_whole
    if n_held:
        yield pl.concat(held)
