"""What versions have in common, and how counts are packed for `meta`.

What the counts mean does not belong here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse.lake import Lake
from warehouse.query import quoted

ADDED = "_added"


def packed(counts: NDArray[Any]) -> bytes:
    """Counts (buckets x cells) as `meta.profiles` keeps them.

    >>> unpacked(packed(np.array([[1, 2], [3, 4]])), n_buckets=2).tolist()
    [[1, 2], [3, 4]]
    """
    return zlib.compress(np.ascontiguousarray(counts, dtype="<u4").tobytes(), 6)


def unpacked(blob: bytes, *, n_buckets: int) -> NDArray[np.uint32]:
    """What `packed` packed."""
    return np.frombuffer(zlib.decompress(blob), dtype="<u4").reshape(n_buckets, -1)


def add_rows_since(lake: Lake, before: str, after: str, columns: Iterable[str]) -> int:
    """Keep the rows of `after` that `before` lacks as the table `_added` of the current workspace; how many they are.

    A row that is twice in `after` and once in `before` was added once.

    Args:
        lake: The lake, in a workspace.
        before: SELECT of a version.
        after: SELECT of a build.
        columns: Those by which rows are the same.
    """
    listed = ", ".join(map(quoted, columns))
    lake.execute(
        f"CREATE OR REPLACE TABLE {ADDED} AS SELECT {listed} FROM ({after}) EXCEPT ALL SELECT {listed} FROM ({before})"
    )
    row = lake.execute(f"SELECT count(*) FROM {ADDED}").fetchone()
    return int(row[0]) if row else 0
