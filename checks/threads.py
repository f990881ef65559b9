"""How many threads libraries of numbers may take: so many that each has work, and that sums are the same bits.

The engine's own threads are `warehouse.lake`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

FEW_ROWS = 20_000
THREADS = 2


@contextmanager
def counted_threads(n_rows: int) -> Iterator[None]:
    """At most two threads: of more, OpenMP adds sums in the order in which they end, and other orders are other bits.

    Args:
        n_rows: Below 20,000 a second thread costs more than it brings.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1 if n_rows < FEW_ROWS else THREADS):
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """A single one: many small products would wait for threads longer than they take, most of all on busy cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
