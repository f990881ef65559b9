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
from warehouse.policy import PLACE
from warehouse.query import quoted

ADDED, UNEQUAL = "_added", "_unequal"
# Of zlib: 6 takes three times as long for a tenth less.
LEVEL = 1


def packed(counts: NDArray[Any]) -> bytes:
    """Counts (buckets x cells) as `meta.profiles` keeps them.

    >>> unpacked(packed(np.array([[1, 2], [3, 4]])), n_buckets=2).tolist()
    [[1, 2], [3, 4]]
    """
    return zlib.compress(np.ascontiguousarray(counts, dtype="<u4").tobytes(), LEVEL)


def unpacked(blob: bytes, *, n_buckets: int) -> NDArray[np.uint32]:
    """What `packed` packed."""
    return np.frombuffer(zlib.decompress(blob), dtype="<u4").reshape(n_buckets, -1)


def packed_sums(sums: NDArray[Any]) -> bytes:
    """Sums as `meta.days` keeps them.

    >>> unpacked_sums(packed_sums(np.array([0.5, 2.0]))).tolist()
    [0.5, 2.0]
    """
    return zlib.compress(np.ascontiguousarray(sums, dtype="<f8").tobytes(), LEVEL)


def unpacked_sums(blob: bytes) -> NDArray[np.float64]:
    """What `packed_sums` packed."""
    return np.frombuffer(zlib.decompress(blob), dtype="<f8")


def keep_rows_behind(lake: Lake, before: str, after: str, columns: Iterable[str]) -> int | None:
    """Keep the rows of `after` that are stored behind those of `before` as `_added`; how many they are.

    Both are read once. Sums of 64-bit hashes tell whether the first rows of `after` are those of `before`: other rows
    have the same sum once in 2^64 times.

    Args:
        lake: The lake, in a workspace.
        before: SELECT of a version.
        after: SELECT of a build, with `_place`.
        columns: Those by which rows are the same.

    Returns:
        None where the first rows are not those of `before`: some are gone or changed, or are stored elsewhere.
    """
    listed = ", ".join(map(quoted, columns))
    told = f"SELECT count(*), sum(hash({listed}))"
    was = lake.execute(f"{told} FROM ({before})").fetchone() or (0, None)
    first = lake.execute(f"{told} FROM ({after}) WHERE {PLACE} < {was[0]}").fetchone()
    if was != first:
        return None
    lake.execute(f"CREATE OR REPLACE TABLE {ADDED} AS SELECT {listed} FROM ({after}) WHERE {PLACE} >= {was[0]}")
    row = lake.execute(f"SELECT count(*) FROM {ADDED}").fetchone()
    return int(row[0]) if row else 0


def add_rows_since(lake: Lake, before: str, after: str, columns: Iterable[str]) -> int:
    """Keep the rows of `after` that `before` lacks as the table `_added` of the current workspace; how many they are.

    A row that is twice in `after` and once in `before` was added once. Rows whose hash is as frequent on both sides are
    not looked at again: where no row is gone the answer is exact; where a million are gone and a million came, two of
    them share 64 bits and hide each other once in ten million times.

    Args:
        lake: The lake, in a workspace.
        before: SELECT of a version.
        after: SELECT of a build.
        columns: Those by which rows are the same.
    """
    listed = ", ".join(map(quoted, columns))
    sides = [
        f"SELECT hash({listed}) AS mark, {one} AS n FROM ({select})" for select, one in ((after, "1"), (before, "-1"))
    ]
    lake.execute(
        f"CREATE OR REPLACE TABLE {UNEQUAL} AS SELECT mark FROM ({' UNION ALL '.join(sides)})"
        " GROUP BY mark HAVING sum(n) <> 0"
    )
    ones, twos = (
        f"SELECT {listed} FROM ({select}) WHERE hash({listed}) IN (SELECT mark FROM {UNEQUAL})"
        for select in (after, before)
    )
    lake.execute(f"CREATE OR REPLACE TABLE {ADDED} AS {ones} EXCEPT ALL {twos}")
    row = lake.execute(f"SELECT count(*) FROM {ADDED}").fetchone()
    return int(row[0]) if row else 0
