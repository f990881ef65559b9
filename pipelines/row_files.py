"""Rows as two plain arrays in a temporary folder: worker processes map them, and need nothing but numpy.

Neither DuckDB nor Polars survives a fork: their threads do not come along. All that they do is done before, by
`pipelines.row_writing`.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

X_FILE, Y_FILE = "x.f32", "y.bin"


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the arrays hold.

    Attributes:
        features: By name, the DuckDB type, in their order.
        levels: By feature that is a text: the texts, whose places from 1 stand for them.
        target: The column that holds the label.
        classes: The labels, whose places from 0 stand for them; empty for a quantity.
    """

    features: Mapping[str, str]
    levels: Mapping[str, Sequence[str]]
    target: str
    classes: Sequence[str]

    @property
    def label_dtype(self) -> str:
        """The label's type in numpy."""
        return "int64" if self.classes else "float32"


class RowFiles:
    """The two arrays. They are there as long as this object is, in the process that wrote them."""

    def __init__(self, folder: str, n_rows: int, n_features: int, label_dtype: str, *, is_owner: bool = False) -> None:
        self.n_rows = n_rows
        self._folder, self._n_features, self._label_dtype = folder, n_features, label_dtype
        if is_owner:
            weakref.finalize(self, remove, folder, os.getpid())

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another process maps the same files and leaves them where they are.
        return RowFiles, (self._folder, self.n_rows, self._n_features, self._label_dtype)

    def mapped(self) -> tuple[np.ndarray, np.ndarray]:
        """Features (float32, one line a row) and labels (int64 or float32), mapped and not read."""
        import numpy as np

        if not self.n_rows:
            return np.empty((0, self._n_features), np.float32), np.empty(0, self._label_dtype)
        folder, shape = Path(self._folder), (self.n_rows, self._n_features)
        return (
            np.memmap(folder / X_FILE, np.float32, "r", shape=shape),
            np.memmap(folder / Y_FILE, self._label_dtype, "r", shape=(self.n_rows,)),
        )


def remove(folder: str, owner: int) -> None:
    """Delete the folder, if this process is the owner."""
    if os.getpid() == owner:  # a forked copy is not the owner
        shutil.rmtree(folder, ignore_errors=True)
