"""How a published version is learned from: features and target, folds, weights, batches, tensors.

What it says of itself and how whole rows are loaded is `pipelines.api`; how each is made stands in its own module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pipelines.labelled import LabelledRows, labelled
from warehouse.client import Warehouse
from warehouse.errors import NotPossible
from warehouse.records import Version

if TYPE_CHECKING:
    import polars as pl

    from pipelines.folds import Folds


class Trainable:
    """A published version, as something to learn from."""

    _warehouse: Warehouse
    _version: Version
    _detail: Mapping[str, Any]

    @property
    def features(self) -> list[str]:
        """The columns that a model sees."""
        return list(self._detail["features"])

    @property
    def target(self) -> str | None:
        """The column that a model is to predict."""
        target: str | None = self._detail["target"]
        return target

    def xy(self, split: str, *, share: float = 1.0, as_: Literal["polars", "pandas"] = "polars") -> tuple[Any, Any]:
        """The features and the target of the labelled rows of a split, for scikit-learn.

        The rows have one order for ever: those of `folds` and `weights` are the same ones.

        Args:
            split: As for `load`.
            share: As for `load`.
            as_: `polars` or `pandas`.

        Raises:
            NotFound: There is no such split.
            NoTarget: The dataset has none.
            NotPossible: The share is not above 0 and at most 1.
        """
        return self._labelled(split, share).xy(self.features, as_)

    def folds(
        self,
        k: int = 5,
        *,
        repeats: int = 1,
        by: str | Sequence[str] | None = "entity",
        stratified: bool = False,
        time: bool | str = False,
        gap: str | float = 0,
        share: float = 1.0,
    ) -> Folds:
        """Folds inside train, for `cv=` of scikit-learn: over the rows of `xy("train")`, in their order.

        An entity is in one fold, decided by MD5 like its split and independent of it: it keeps its fold when rows are
        added.

        Args:
            k: How many folds.
            repeats: How many times, each with folds of its own.
            by: `entity`, or columns whose rows stay together: of a hospital, say, when the entity is a patient. With
                `time` also None: an entity may be fitted on before and tested on after, as in production.
            stratified: Whether each class has as many entities in one fold as in another, within one. An entity counts
                under its commonest label. When rows are added, a few entities near the cuts change their fold.
            time: Whether rows are cut by the dataset's `time` (or by the column named here) into k + 1 parts of as many
                rows: a fold is tested on the next part and fitted on all before it, without the entities tested on.
            gap: What lies between the two, left out: `"7d"` (w, d, h, min, s), or a number where the time is one.
            share: As for `load`.

        Raises:
            NoTarget: The dataset has none.
            NotPossible: There are no such folds: k below 2, more folds than entities, a fold without a row.
        """
        from pipelines import folding

        rows, is_in_time = self._labelled("train", share), time is not False
        folding.refuse_mixed(repeats=repeats, stratified=stratified, is_in_time=is_in_time, gap=gap)
        if is_in_time:
            column = self._detail.get("time") if time is True else str(time)
            return folding.in_time(rows, k, column, gap, by=by)
        return folding.by_digest(rows, k, repeats=repeats, by=by, stratified=stratified)

    def weights(self, split: str, *, by: str | None = None, like: str | None = None, share: float = 1.0) -> pl.Series:
        """A weight for each row of `xy(split)`, in its order, for `sample_weight=`.

        Args:
            split: As for `load`.
            by: `entity` (without `by` and `like`): 1 / rows of its entity, so that each entity counts once. `class`:
                rows / (classes x rows of its class), so that each class counts the same, as in scikit-learn's
                `balanced`. Else a column's values.
            like: In place of `by`: another split, whose features those of the rows look like when they are weighted.
                The odds of boosted trees that were fitted on other entities, those above the 99 % quantile clipped to
                it, of mean 1. With weights w, rows count as `w.sum()**2 / (w**2).sum()` of equal weight; under 10 % of
                them `FewRowsCount` is warned of.
            share: As for `load`.

        Raises:
            NoTarget: The dataset has none.
            NotFound: There is no such split or column.
            NotPossible: The column holds something that is no weight; or the splits are the same or too small.
        """
        from pipelines.weighing import weights_like, weights_of

        if like is None:
            return weights_of(self._labelled(split, share), by or "entity")
        if by is not None:
            raise NotPossible(
                f"weights by {by!r} like {like!r}", "these are two wishes", "multiply two series of weights"
            )
        if not isinstance(like, str):
            found, hint = f"it is of type {type(like).__name__}, no name of a split", "name one: like='dev' say"
            raise NotPossible("weights like another split", found, hint)
        return weights_like(self._labelled(split, share), self._labelled(like, 1.0), self.features)

    def batches(
        self, split: str, *, batch_size: int, seed: int = 0, epochs: int = 1, share: float = 1.0
    ) -> Iterator[tuple[pl.DataFrame, pl.Series]]:
        """Features and target in batches, for `partial_fit`: streamed, so that memory stays flat.

        Every labelled row comes once an epoch; the order is drawn anew for each epoch from `seed`, the same each time.

        Args:
            split: As for `load`.
            batch_size: Rows of a batch; the last one of an epoch may have fewer.
            seed: Which orders.
            epochs: How many times the rows come.
            share: As for `load`.

        Raises:
            NoTarget: The dataset has none.
            NotFound: There is no such split.
            NotPossible: A size or a number of epochs is below 1.
        """
        from pipelines.batching import batches_of

        rows = self._labelled(split, share)
        return batches_of(rows, self.features, batch_size=batch_size, seed=seed, epochs=epochs)

    def torch(
        self,
        split: str,
        *,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        columns: Sequence[str] | None = None,
        ranks: tuple[int, int] | None = None,
        unequal: Literal["pad", "exact"] = "pad",
    ) -> Any:
        """A PyTorch `IterableDataset` of batches (X, y); `.loader(num_workers=4)` makes its `DataLoader`.

        The rows are written once to a temporary file of plain arrays, which workers map: they call neither Polars nor
        DuckDB. Every labelled row comes once an epoch, in the same order with any number of workers; call
        `set_epoch(n)` before each epoch.

        X is float32: numbers as they are (NaN: missing), times as days since 1970, texts as their place among the
        sorted texts of train, from 1 (0: missing, or not in train; `.levels` has them). y is the place of the label
        in `.classes` (int64), or the quantity (float32).

        Args:
            split: As for `load`.
            batch_size: Rows of a batch; the last one may have fewer.
            seed: Which orders.
            shuffle: Whether the order is drawn anew each epoch, or is that of `xy`.
            columns: Only these features, in this order.
            ranks: This process's rank and how many there are; by default as torch.distributed or the environment says.
            unequal: When the rows are not a multiple of the ranks: `pad`: the first few come twice, so that every rank
                has as many batches and none waits for another. `exact`: every row once, and a rank may have one fewer.

        Raises:
            NotPossible: PyTorch is not installed, or a column cannot be a number.
            NoTarget: The dataset has none.
            NotFound: There is no such split or column.
        """
        from pipelines.tensors import tensors_of

        order = {"batch_size": batch_size, "seed": seed, "is_shuffled": shuffle, "unequal": unequal}
        return tensors_of(self._labelled(split, 1.0), self.features if columns is None else columns, ranks, order)

    def _labelled(self, split: str, share: float) -> LabelledRows:
        return labelled(self._warehouse, self._version, self.target, split, share)
