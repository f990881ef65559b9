"""Folds as scikit-learn takes them: objects with `split` and `get_n_splits`, over rows known by their position.

They hold numbers alone, so they can be copied, pickled and sent to other processes. How the numbers come about is
`pipelines.folding`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from warehouse.errors import NotPossible

if TYPE_CHECKING:
    import numpy as np

    Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Folds(ABC):
    """Pairs of rows to fit on and rows to test on, in an order that is always the same.

    Attributes:
        named: The rows that they are of, in words.
        k: How many folds.
        repeats: How many times there are k folds.
    """

    named: str
    k: int
    repeats: int = 1

    def __repr__(self) -> str:
        times = "" if self.repeats == 1 else f" x {self.repeats}"
        return f"<{type(self).__name__} of {self.named}: {self.k}{times}, {self.n_rows:,} rows>"

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """How many rows they are of."""

    @abstractmethod
    def masks(self) -> Iterator[Pair]:
        """For each fold: by row, whether it is fitted on, and whether it is tested on."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # noqa: ARG002, N803
        """How many pairs `split` gives; the arguments are scikit-learn's and tell nothing."""
        return self.k * self.repeats

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Pair]:  # noqa: ARG002, N803
        """The positions of the rows to fit on and of those to test on, ascending, fold by fold.

        Args:
            X: The rows of `xy`, in their order.
            y: Not looked at: which fold a row is in stands already.
            groups: Not looked at.

        Raises:
            NotPossible: X has another number of rows.
        """
        import numpy as np

        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        if n_rows != self.n_rows:
            found = f"they are of {self.n_rows:,} rows, and X has {n_rows:,}"
            raise NotPossible(f"folds of {self.named}", found, "give the X of `xy`, of the same version, whole")
        for train, test in self.masks():
            yield np.flatnonzero(train), np.flatnonzero(test)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DigestFolds(Folds):
    """Each fold is tested on once in each repeat, and fitted on are the other folds.

    Attributes:
        numbers: The fold of each row, from 0: one line a repeat, one column a row.
    """

    numbers: np.ndarray

    @property
    def n_rows(self) -> int:
        """How many rows they are of."""
        return int(self.numbers.shape[1])

    def masks(self) -> Iterator[Pair]:
        """For each fold: by row, whether it is fitted on, and whether it is tested on."""
        for numbers in self.numbers:
            for fold in range(self.k):
                test = numbers == fold
                yield ~test, test


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TimeFolds(Folds):
    """Each fold is tested on one part of time, and fitted on what came before it.

    Attributes:
        times: When each row happened; NaN: nobody knows, and the row is in no fold.
        starts: When the part begins that a fold is tested on, for each fold; infinity stands at the end.
        entities: A number for each row's entity.
        gap: How much time before the start is left out.
    """

    times: np.ndarray
    starts: np.ndarray
    entities: np.ndarray
    gap: float

    @property
    def n_rows(self) -> int:
        """How many rows they are of."""
        return len(self.times)

    def masks(self) -> Iterator[Pair]:
        """For each fold: by row, whether it is fitted on, and whether it is tested on."""
        import numpy as np

        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            test = (self.times >= start) & (self.times < end)
            # An entity that is tested on is not fitted on, though it was seen before.
            yield (self.times < start - self.gap) & ~np.isin(self.entities, self.entities[test]), test
