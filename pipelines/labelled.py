"""The labelled rows of one split of a version, in their one order: what `xy`, folds, weights and batches all read.

Because they read it in one place, row i of `xy` is row i of the folds and of the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

from warehouse.client import Warehouse
from warehouse.errors import NoTarget, NotFound, NotPossible
from warehouse.lake import Lake
from warehouse.modelled import is_number, is_whole_number
from warehouse.portions import ROW, in_order_sql, labelled_sql, rows_sql, share_sql
from warehouse.query import quoted
from warehouse.records import Version
from warehouse.tables import SPLIT_NAMES

if TYPE_CHECKING:
    import polars as pl

# What a sort may hold before it spills, unless gristmill.toml says another limit.
MEMORY = "512MB"
MOST_CLASSES = 100


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """The rows of a split that have a label.

    Attributes:
        warehouse: Where they are.
        version: Their version.
        salt: What its entities were split with.
        target: The column that holds the label.
        split: Their split.
        share: Which share of the entities, above 0 and at most 1.
    """

    warehouse: Warehouse
    version: Version
    salt: str
    target: str
    split: str
    share: float = 1.0

    @property
    def named(self) -> str:
        """What they are, in words: `churn@1 train`."""
        part = "" if self.share == 1 else f", a share of {self.share:g}"
        return f"{self.version.dataset}@{self.version.version} {SPLIT_NAMES[self.split]}{part}"

    def sql(self, listed: Sequence[str]) -> str:
        """SELECT of `listed` (SQL expressions) and of `_row`.

        Raises:
            NotPossible: The share is not above 0 and at most 1.
        """
        where = [labelled_sql(self.target, self.version.columns[self.target])]
        share = share_sql(self.salt, self.share)
        where += [share] if share else []
        return rows_sql(self.version.dataset, self.version.snapshot, listed, split=self.split, where=where)

    def frame(self, listed: Sequence[str]) -> pl.DataFrame:
        """`listed` of all the rows, in their order."""
        return in_order(self.warehouse.lake.execute(self.sql(listed)).pl())

    @contextmanager
    def streaming(self) -> Iterator[Lake]:
        """A connection of its own to the lake, which holds little at once: a large sort spills to disk."""
        settings = self.warehouse.settings
        lake = Lake.open(replace(settings, memory_limit=settings.memory_limit or MEMORY))
        try:
            yield lake
        finally:
            lake.close()

    def xy(self, features: Sequence[str], as_: Literal["polars", "pandas"] = "polars") -> tuple[Any, Any]:
        """Features and target; see `Dataset.xy`."""
        listed = [*map(quoted, features), quoted(self.target)]
        if as_ == "pandas":
            needs_pandas()
            pandas = self.warehouse.lake.execute(in_order_sql(self.sql(listed))).df()
            return pandas[list(features)], pandas[self.target]
        frame = self.frame(listed)
        return frame[list(features)], frame[self.target]


def labelled(
    warehouse: Warehouse, version: Version, target: str | None, split: str, share: float = 1.0
) -> LabelledRows:
    """The labelled rows of a split.

    Raises:
        NotFound: There is no such split.
        NoTarget: The dataset has none.
    """
    if target is None:
        raise NoTarget(version.dataset)
    if split not in SPLIT_NAMES:
        raise NotFound(f"split of {version.dataset!r}", split, tuple(SPLIT_NAMES)[:4])
    salt = salt_of(warehouse, version)
    return LabelledRows(warehouse=warehouse, version=version, salt=salt, target=target, split=split, share=share)


def salt_of(warehouse: Warehouse, version: Version) -> str:
    """The salt that a version was split with: the project's may have been changed on purpose since."""
    policies = warehouse.meta.policies(version.dataset)
    return next((p.salt for p in policies if p.policy == version.policy), warehouse.settings.salt)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows by `_row`, which is left out.

    They nearly always come so, because DuckDB reads files in their order: asking is cheap and sorting is not.
    """
    ordered = frame if frame[ROW].is_sorted() else frame.sort(ROW)
    return ordered.drop(ROW)


def refuse_quantity(rows: LabelledRows, labels: Sized, asked: str, hint: str) -> None:
    """Raise `NotPossible` for a target that has no classes; `labels` are its different ones."""
    kind = rows.version.columns[rows.target]
    if (is_number(kind) and not is_whole_number(kind)) or len(labels) > MOST_CLASSES:
        found = f"the target {rows.target!r} is a quantity ({kind}, {len(labels):,} different)"
        raise NotPossible(asked, found, hint)


def needs_pandas() -> None:
    """Raise `NotPossible` where pandas is not installed, which Gristmill does without."""
    if find_spec("pandas") is None:
        raise NotPossible('as_="pandas"', "pandas is not installed", 'pip install pandas, or take `as_="polars"`')


def known_columns(version: Version, columns: Sequence[str]) -> list[str]:
    """`columns`, quoted for SQL.

    Raises:
        NotFound: One of them is no column of the version.
    """
    for column in columns:
        if column not in version.columns:
            raise NotFound(f"column of {version.dataset!r}", column, tuple(version.columns))
    return [quoted(column) for column in columns]
