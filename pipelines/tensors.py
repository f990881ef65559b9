"""Labelled rows as a PyTorch dataset. PyTorch is imported here alone, and only when it is asked for.

What the arrays hold is `pipelines.row_files`, which rows come when is `pipelines.epochs`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.epochs import Order
from pipelines.row_files import Columns, RowFiles
from warehouse.errors import NotPossible

# A worker that was spawned imports this module to rebuild the dataset: nothing heavy but PyTorch may come with it.
if TYPE_CHECKING:
    from pipelines.labelled import LabelledRows

INSTALL = 'pip install "gristmill[torch]"'


def tensors_of(
    rows: LabelledRows, features: Sequence[str], ranks: tuple[int, int] | None, order: Mapping[str, Any]
) -> Any:
    """A PyTorch dataset of `rows`; see `Trainable.torch`.

    Raises:
        NotPossible: PyTorch is not installed, or a column cannot be a number.
        NotFound: There is no such column.
    """
    from pipelines.row_writing import columns_of, write_rows

    make = _dataset_class()
    rank, n_ranks = ranks or ranks_here()
    checked = Order(n_rows=0, rank=rank, n_ranks=n_ranks, **order)
    columns = columns_of(rows, features)
    files = write_rows(rows, columns)
    return make(files, columns, replace(checked, n_rows=files.n_rows))


def ranks_here() -> tuple[int, int]:
    """This process's rank and how many there are, as torch.distributed or its launcher says; else 0 of 1."""
    import torch.distributed

    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


class TensorBatches:
    """Batches (X, y) of the labelled rows of a split; see `Dataset.torch`. An `IterableDataset` once PyTorch is there.

    Attributes:
        features: The columns of X.
        levels: By feature that is a text: the texts that 1, 2, ... stand for; 0 stands for any other, or none.
        classes: The labels that 0, 1, ... stand for in y; empty for a quantity.
    """

    def __init__(self, files: RowFiles, columns: Columns, order: Order, epoch: Any = None) -> None:
        import torch

        self._files, self._columns, self._order = files, columns, order
        self.features, self.classes = tuple(columns.features), tuple(columns.classes)
        self.levels = {name: tuple(texts) for name, texts in columns.levels.items()}
        # Shared, so that workers which live on from epoch to epoch hear of it.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_() if epoch is None else epoch

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self._files, self._columns, self._order, self._epoch)

    def __len__(self) -> int:
        return self._order.n_batches

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        import torch
        from torch.utils.data import get_worker_info

        info = get_worker_info()
        worker, n_workers = (info.id, info.num_workers) if info else (0, 1)
        x, y = self._files.mapped()
        for rows in self._order.batches(int(self._epoch), worker=worker, n_workers=n_workers):
            yield torch.from_numpy(x[rows]), torch.from_numpy(y[rows])

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next, as for PyTorch's DistributedSampler: each has an order of its own."""
        self._epoch[0] = epoch

    def loader(self, **options: Any) -> Any:
        """A DataLoader of these batches, made with `options` such as `num_workers=4`."""
        from torch.utils.data import DataLoader

        return DataLoader(self, batch_size=None, **options)


@cache
def _dataset_class() -> Any:
    """`TensorBatches` as PyTorch knows datasets; a class that inherits from PyTorch's can only be made where that is.

    Raises:
        NotPossible: PyTorch is not installed.
    """
    try:
        from torch.utils.data import IterableDataset
    except ImportError as error:
        hint = f"`{INSTALL}`, or install PyTorch as your machine needs it"
        raise NotPossible("tensors of PyTorch", f"PyTorch cannot be imported ({error})", hint) from error
    return type("TensorBatches", (TensorBatches, IterableDataset), {"__doc__": TensorBatches.__doc__})


def _remade(*state: Any) -> Any:
    return _dataset_class()(*state)
