"""The one place where a check's expression is run: for a result that is small enough to hold, or batch by batch.

What is asked does not belong here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    import polars as pl
    import pyarrow as pa

# About as many rows as DuckDB keeps together; of twenty columns, 16 MB.
ROWS_AT_ONCE = 102_400


def collect(table: ir.Table) -> pl.DataFrame:
    """Run an expression on the engine that its tables live on and bring the rows.

    Ibis's own `to_polars` imports pandas, which stays out of the core.
    """
    import polars as pl

    backend: Any = table.get_backend()
    frame: pl.DataFrame = backend.con.execute(backend.compile(table)).pl()
    # DuckDB sums integers to 128 bits, which arrive as decimals without a fraction.
    sums = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Decimal) and kind.scale == 0]
    return frame.with_columns(pl.col(sums).cast(pl.Int64)) if sums else frame


def one_row(table: ir.Table) -> dict[str, Any]:
    """The only row of an expression that has one."""
    return collect(table).row(0, named=True)


def batches(table: ir.Table) -> Iterator[pa.RecordBatch]:
    """Run an expression and bring its rows a batch at a time; no other may run on its engine meanwhile."""
    backend: Any = table.get_backend()
    yield from backend.con.execute(backend.compile(table)).to_arrow_reader(ROWS_AT_ONCE)
