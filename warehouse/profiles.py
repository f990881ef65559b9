"""What versions have in common, and how counts are packed for `meta`.

What the counts mean does not belong here.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True)
class RowSum:
    """By what two tables are told apart: other rows have the same sum once in 2^64 times.

    Attributes:
        n_rows: How many rows.
        n_placed: How many of them are in a split.
        total: The sum of their 64-bit hashes.
    """

    n_rows: int
    n_placed: int
    total: int

    def to_json(self, made_of: str) -> dict[str, Any]:
        """As JSON types, with what it was made of."""
        return {"made_of": made_of, "n_rows": self.n_rows, "n_placed": self.n_placed, "total": str(self.total)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any] | None, made_of: str) -> RowSum | None:
        """What `to_json` wrote; None where it was made of something else."""
        if not raw or raw["made_of"] != made_of:
            return None
        return cls(n_rows=raw["n_rows"], n_placed=raw["n_placed"], total=int(raw["total"]))


def sum_rows(lake: Lake, select: str, columns: Iterable[str], *, n_first: int = 0) -> tuple[RowSum, RowSum]:
    """The sum of the rows that are stored first, and of all, read once.

    Args:
        lake: The lake.
        select: SELECT with `_split` and, where first rows are asked for, `_place`.
        columns: Those by which rows are the same.
        n_first: How many rows are the first.
    """
    listed = ", ".join(map(quoted, columns))
    told = ("count(*)", "count(_split)", "sum(mark)")
    first = [f"{one} FILTER ({PLACE} < {n_first})" if n_first else "0" for one in told]
    place = f", {PLACE}" if n_first else ""
    row = lake.execute(
        f"SELECT {', '.join([*first, *told])} FROM (SELECT hash({listed}) AS mark, _split{place} FROM ({select}))"
    ).fetchone()
    n, n_placed, total, *of_all = (int(value or 0) for value in row or (0,) * 6)
    return RowSum(n_rows=n, n_placed=n_placed, total=total), RowSum(
        n_rows=of_all[0], n_placed=of_all[1], total=of_all[2]
    )


def keep_rows_behind(lake: Lake, after: str, columns: Iterable[str], *, n_first: int) -> None:
    """Keep the rows of `after` that are stored behind its first ones as `_added`.

    Args:
        lake: The lake, in a workspace.
        after: SELECT of a build, with `_place`.
        columns: Those that are kept.
        n_first: How many rows are the first.
    """
    listed = ", ".join(map(quoted, columns))
    lake.execute(f"CREATE OR REPLACE TABLE {ADDED} AS SELECT {listed} FROM ({after}) WHERE {PLACE} >= {n_first}")


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
