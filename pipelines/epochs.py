"""Which rows make up which batch of which epoch, on which rank and worker: arithmetic on numbers of rows.

Nothing is read here, and nothing but numpy is needed: a worker process works it out for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from warehouse.errors import NotPossible, refuse_uncounted

if TYPE_CHECKING:
    import numpy as np

# Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): SplitMix64.
GAMMA, FIRST, SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
ALL = 2**64 - 1


@dataclass(frozen=True, kw_only=True)
class Order:
    """How the rows of an epoch come.

    Attributes:
        n_rows: How many rows there are.
        batch_size: How many make a batch; the last one may have fewer.
        seed: Which orders.
        is_shuffled: Whether the order is drawn anew each epoch, or is that of the rows.
        rank: Which of the processes that share an epoch this is, from 0.
        n_ranks: How many share it.
        unequal: When the rows are no multiple of the ranks: `pad` repeats the first few, `exact` gives some one fewer.
    """

    n_rows: int
    batch_size: int
    seed: int = 0
    is_shuffled: bool = True
    rank: int = 0
    n_ranks: int = 1
    unequal: Literal["pad", "exact"] = "pad"

    def __post_init__(self) -> None:
        refuse_uncounted("batch_size", self.batch_size, hint="256 is usual")
        if not 0 <= self.rank < self.n_ranks:
            found = f"rank {self.rank} is not one of {self.n_ranks}, which count from 0"
            raise NotPossible(f"ranks={(self.rank, self.n_ranks)}", found, "`ranks=(rank, world_size)`")
        if self.unequal not in ("pad", "exact"):
            raise NotPossible(f"unequal={self.unequal!r}", "`pad` or `exact` is meant", "`pad` to train together")

    @property
    def n_rows_here(self) -> int:
        """How many rows of an epoch this rank has.

        >>> [Order(n_rows=5, batch_size=2, rank=r, n_ranks=2, unequal="exact").n_rows_here for r in (0, 1)]
        [3, 2]
        """
        if self.unequal == "pad":
            return -(-self.n_rows // self.n_ranks)
        return len(range(self.rank, self.n_rows, self.n_ranks))

    @property
    def n_batches(self) -> int:
        """How many batches of an epoch this rank has."""
        return -(-self.n_rows_here // self.batch_size)

    def rows(self, epoch: int) -> np.ndarray:
        """The rows of one epoch on this rank, in their order."""
        import numpy as np

        everything = shuffled(self.n_rows, self.seed, epoch) if self.is_shuffled else np.arange(self.n_rows)
        n_padded = self.n_rows_here * self.n_ranks if self.unequal == "pad" else self.n_rows
        # Taken round as often as needed: there may be more ranks than rows.
        return np.resize(everything, n_padded)[self.rank :: self.n_ranks] if self.n_rows else everything

    def batches(self, epoch: int, *, worker: int = 0, n_workers: int = 1) -> Iterator[np.ndarray]:
        """The batches that one of `n_workers` makes: taken in turns, they are the rank's batches in their order."""
        rows = self.rows(epoch)
        for number in range(worker, self.n_batches, n_workers):
            yield rows[number * self.batch_size : (number + 1) * self.batch_size]


def shuffled(n_rows: int, seed: int, epoch: int) -> np.ndarray:
    """The numbers from 0 to `n_rows` - 1 in an order that seed and epoch decide.

    By SplitMix64 and not by numpy's generator, whose stream may change from one version of numpy to the next.

    >>> shuffled(5, seed=0, epoch=0).tolist() == shuffled(5, seed=0, epoch=0).tolist()
    True
    """
    import numpy as np

    start = _mixed((_mixed(seed & ALL) + epoch) & ALL)
    with np.errstate(over="ignore"):
        z = np.uint64(start) + np.arange(1, n_rows + 1, dtype=np.uint64) * np.uint64(GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(SECOND)
        z ^= z >> np.uint64(31)
    return np.argsort(z, kind="stable")


def _mixed(number: int) -> int:
    z = (number + GAMMA) & ALL
    z = ((z ^ (z >> 30)) * FIRST) & ALL
    z = ((z ^ (z >> 27)) * SECOND) & ALL
    return z ^ (z >> 31)
