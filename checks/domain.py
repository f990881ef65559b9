"""Rows of two sides as numbers, and learners that are fitted on some folds of whole entities and asked on another.

What is made of their answers is `checks.two_sample_classifier`, `checks.loss_change` and `checks.importance`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks.thinning import ENOUGH_ROWS, below, shares_of
from checks.threads import counted_threads

if TYPE_CHECKING:
    import polars as pl

Array = NDArray[Any]

N_FOLDS = 5
# A histogram has 255 bins, and one is for all other levels.
MOST_LEVELS = 254
N_CELLS = 128


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of two sides.

    Attributes:
        x: Rows by columns, NaN for what is missing; levels as codes.
        names: The columns.
        is_level: Which of them are levels.
        is_second: Which rows are of the second side.
        bucket: 0-255, whole entities.
        who: 64 bits of the entity, by which fewer rows are taken; without, all rows are.
    """

    x: Array
    names: tuple[str, ...]
    is_level: tuple[bool, ...]
    is_second: NDArray[np.bool_]
    bucket: NDArray[np.int64]
    who: NDArray[np.uint64] | None = None

    @property
    def fold(self) -> NDArray[np.int64]:
        """Of each row, the fold of its bucket: whole entities."""
        return np.asarray(self.bucket % N_FOLDS, dtype=np.int64)

    @cached_property
    def cells(self) -> Array:
        """The rows as learners see them: numbers by their place among 128 quantiles of both sides together.

        scikit-learn bins weighted numbers one quantile at a time, which took nine tenths of a fit; what has fewer
        values than its bins, it takes as it is.
        """
        found = self.x.copy()
        for i, is_level in enumerate(self.is_level):
            number = self.x[:, i]
            there = np.isfinite(number)
            if not is_level and there.any():
                edges = np.unique(np.quantile(number[there], np.arange(1, N_CELLS) / N_CELLS))
                found[there, i] = np.searchsorted(edges, number[there], side="right")
        return found

    def seen_by(self, fitted: NDArray[np.bool_]) -> Array:
        """The same; a column that has no value among the rows that are fitted is constant: it tells nothing."""
        return np.where(np.isfinite(self.cells[fitted]).any(axis=0), self.cells, 0.0)

    @property
    def balance(self) -> Array:
        """Weights by which both sides count the same."""
        n, n_second = len(self.is_second), max(int(self.is_second.sum()), 1)
        return np.where(self.is_second, n / (2 * n_second), n / (2 * max(n - n_second, 1)))

    def thinned(self, most: int = ENOUGH_ROWS) -> NDArray[np.bool_]:
        """Which rows are of a part of the entities, so that either side has about `most`."""
        n_second = int(self.is_second.sum())
        shares = shares_of(len(self.is_second) - n_second, n_second, is_paired=False, most=most)
        if self.who is None or min(shares) >= 1:
            return np.ones(len(self.is_second), dtype=bool)
        first, second = (self.who < np.uint64(below(share)) if share < 1 else True for share in shares)
        return np.where(self.is_second, second, first)

    def has_both(self, chosen: NDArray[np.bool_]) -> bool:
        """Whether both sides are among the chosen rows."""
        return bool(self.is_second[chosen].any() and (~self.is_second[chosen]).any())


def rows_of(frame: pl.DataFrame, columns: Sequence[str], *, second: str) -> Rows:
    """The rows of a frame with `_part`, `_bucket` and `columns`: numbers, truth values, moments or texts.

    Levels get their code by how common they are on both sides together, so that no code tells a side; the rarest of
    more than 254 are one.

    Args:
        frame: The rows, in an order that does not depend on their side; maybe with `_who`.
        columns: Which columns a learner sees.
        second: The `_part` of the second side.
    """
    import polars as pl

    numbers, is_level = [], []
    for name in columns:
        column = frame[name]
        if column.dtype in (pl.String, pl.Categorical, pl.Enum):
            numbers.append(_codes(column.cast(pl.String)))
            is_level.append(True)
        else:
            plain = column if column.dtype.is_decimal() else column.to_physical()  # a decimal's lacks its point
            number = plain.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            numbers.append(np.where(np.isfinite(number), number, np.nan))
            is_level.append(False)
    return Rows(
        x=np.stack(numbers, axis=1) if numbers else np.zeros((len(frame), 0)),
        names=tuple(columns),
        is_level=tuple(is_level),
        is_second=(frame["_part"] == second).to_numpy(),
        bucket=frame["_bucket"].to_numpy().astype(np.int64),
        who=frame["_who"].to_numpy() if "_who" in frame.columns else None,
    )


def _codes(column: pl.Series) -> Array:
    counted = column.drop_nulls().alias("level").value_counts(name="n")
    order = counted.sort(by=["n", "level"], descending=[True, False])["level"].to_list()
    code = {level: float(min(i, MOST_LEVELS - 1)) for i, level in enumerate(order)}
    return column.replace_strict(code, default=None, return_dtype=_float()).fill_null(float("nan")).to_numpy()


def _float() -> Any:
    import polars as pl

    return pl.Float64


def trees(is_level: Sequence[bool], n_rows: int, *, is_quantity: bool = False) -> Any:
    """Boosted trees of scikit-learn, few and small: they see what depends on two or three columns, and are quick."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    made = HistGradientBoostingRegressor if is_quantity else HistGradientBoostingClassifier
    return made(
        max_iter=30,
        learning_rate=0.2,
        max_leaf_nodes=8,
        min_samples_leaf=max(20, n_rows // 200),
        early_stopping=False,
        categorical_features=list(is_level),
        random_state=0,
    )


Learner = Callable[[Sequence[bool], int], Any]


def told_by_others(
    rows: Rows, fitted: NDArray[np.bool_], asked: NDArray[np.bool_], learner: Learner = trees
) -> tuple[Array, Any]:
    """The probability of the second side of the rows that are `asked`, by a learner of the rows that are `fitted`.

    Returns:
        The probabilities, as if both sides had as many rows, and the learner.
    """
    model, cells = learner(rows.is_level, int(fitted.sum())), rows.seen_by(fitted)
    with counted_threads(int(fitted.sum())):
        model.fit(cells[fitted], rows.is_second[fitted], sample_weight=rows.balance[fitted])
        return np.asarray(model.predict_proba(cells[asked])[:, 1]), model


def cross_fitted(rows: Rows, learner: Learner = trees) -> Array | None:
    """The probability of the second side of every row, by learners of the other folds; None where a fold lacks a side.

    As if both sides had as many rows.
    """
    told = np.zeros(len(rows.x))
    for k in range(N_FOLDS):
        asked = rows.fold == k
        if not rows.has_both(~asked):
            return None
        if asked.any():
            told[asked] = told_by_others(rows, ~asked, asked, learner)[0]
    return told
