"""What `import gristmill` does when it is called.

The public names stand in `pipelines.gristmill`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from assets.project import Project
from assets.result import RunReport
from checks.words import is_loud, plural
from pipelines import views
from pipelines.labelled import needs_pandas, salt_of
from pipelines.trainable import Trainable
from warehouse.client import Warehouse
from warehouse.errors import NotFound
from warehouse.names import run_query, version_of
from warehouse.portions import share_sql
from warehouse.query import parse, quoted
from warehouse.records import Version
from warehouse.settings import find_project, read_settings
from warehouse.tables import SPLIT_NAMES, version_sql
from warehouse.weights import named_weights

if TYPE_CHECKING:
    import polars as pl

As = Literal["polars", "arrow", "pandas", "lazy"]


def find_root(project: str | Path | None) -> Path:
    """The project that is named, or the one that is stood in."""
    return find_project(Path(project)) if project else find_project()


class Dataset(Trainable):
    """One published version. It never changes: what is loaded today is loaded next year.

    Attributes:
        name: The dataset's name.
        version: The version's number.
    """

    def __init__(self, warehouse: Warehouse, version: Version) -> None:
        self._warehouse, self._version = warehouse, version
        self._detail = next(
            s for s in warehouse.meta.steps(version.dataset, step="build") if s.step_id == version.step_id
        ).detail
        self.name, self.version = version.dataset, version.version

    def __repr__(self) -> str:
        sizes = " · ".join(f"{row['split']} {row['n_rows']:,}" for row in self.splits)
        target = f", target {self.target!r}" if self.target else ""
        warned = plural(sum(is_loud(row) for row in self.findings), "warning")
        return (
            f"<Dataset {self.name}@{self.version}: {self._version.n_rows:,} rows, {len(self.columns)} columns{target}\n"
            f"  {sizes}\n  {warned}, published {self._version.created_at:%Y-%m-%d %H:%M} UTC>"
        )

    @property
    def project(self) -> Path:
        """The folder of its project."""
        return self._warehouse.settings.root

    @property
    def columns(self) -> dict[str, str]:
        """Its columns and their DuckDB types."""
        return dict(self._version.columns)

    @property
    def splits(self) -> list[dict[str, Any]]:
        """What each split holds."""
        rows: list[dict[str, Any]] = views.audit_of(self._warehouse.meta, self._version).detail["splits"]
        return rows

    @property
    def policies(self) -> list[dict[str, Any]]:
        """How the dataset's rows were split, policy by policy: since which version, what it was, what changed."""
        from pipelines.views_splits import policies

        return policies(self._warehouse.meta, self.name)

    @property
    def judged_on_test(self) -> dict[str, Any]:
        """How many models were judged on this version's test set, by whom and when, and what that costs."""
        from assets.judged import uses_of_test

        return uses_of_test(self._warehouse.meta, self._version)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings on this version."""
        return views.findings(self._warehouse.meta, self._version)

    def load(
        self,
        split: str | None = None,
        *,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        share: float = 1.0,
        as_: As = "polars",
    ) -> Any:
        """Load rows.

        Args:
            split: `train`, `train_dev`, `dev` (also `val`, `valid`, `validation`), `test`; None for all rows, with
                their `split`.
            columns: Only these, in this order.
            where: Only rows that meet this condition, in SQL.
            share: Which share of the entities, above 0 and at most 1, whole. A smaller share is part of a larger one,
                so .01, .1 and 1 make a learning curve. Decided by MD5: an entity stays in as rows are added.
            as_: `polars` (a DataFrame), `arrow` (a Table), `pandas` (a DataFrame), `lazy` (a Polars LazyFrame).

        Raises:
            NotFound: There is no such split or column.
            QueryError: The condition does not hold.
            NotPossible: The share is not above 0 and at most 1.
        """
        return _as(self._warehouse, self._select(split, columns, where, share), as_)

    def _select(self, split: str | None, columns: Sequence[str] | None, where: str | None, share: float) -> str:
        if split is not None and split not in SPLIT_NAMES:
            raise NotFound(f"split of {self.name!r}", split, tuple(SPLIT_NAMES)[:4])
        named = {*(columns or ()), *(parse(f"SELECT 1 WHERE {where}").columns if where else ())}
        part = share_sql(salt_of(self._warehouse, self._version), share)
        weights = named_weights(self._warehouse.meta, self._version, named)
        asked: dict[str, Any] = {"split": split, "named": named, "condition": part, "weights": weights}
        select = version_sql(self.name, self._version.snapshot, **asked)
        known = [*self.columns, "split", "_entity", "_split", "_bucket", "_unused", *weights]
        for column in columns or ():
            if column not in known:
                raise NotFound(f"column of {self.name!r}", column, tuple(self.columns))
        listed = ", ".join(map(quoted, columns)) if columns else "*"
        return (
            select
            if not columns and not where
            else f"SELECT {listed} FROM ({select}){f' WHERE {where}' if where else ''}"
        )

    def evaluate(self, name: str, frame: Any, *, partial: bool = False) -> dict[str, Any]:
        """Judge predictions that were made elsewhere, and remember them beside this version's models.

        Args:
            name: What the model is called from now on.
            frame: The dataset's key and `prediction`, or one `p_<class>` a class, for every labelled row; any frame
                that speaks the Arrow stream protocol (Polars, pandas, PyArrow).
            partial: Whether rows may be lacking.

        Returns:
            Its ladders, gaps and first fix, as `gristmill diagnose --json` has them.

        Raises:
            ModelFailed: The predictions lack rows, or name keys or classes that there are not.
        """
        from pipelines.judging import judge_frame

        return judge_frame(self._warehouse, self._version, name, frame, is_partial=partial)


def _as(warehouse: Warehouse, select: str, as_: As) -> Any:
    import duckdb

    from warehouse.query import query_error

    try:
        if as_ == "lazy":
            return warehouse.lake.reader().sql(select).pl(lazy=True)
        if as_ == "pandas":
            needs_pandas()
        result = warehouse.lake.execute(select)
        if as_ == "arrow":
            return result.to_arrow_table()
        return result.df() if as_ == "pandas" else result.pl()
    except duckdb.Error as error:
        raise query_error(error) from error


def open_dataset(name: str, project: str | Path | None) -> Dataset:
    """See `gristmill.dataset`."""
    warehouse = Warehouse(read_settings(find_root(project)))
    return Dataset(warehouse, version_of(warehouse, name))


def list_datasets(project: str | Path | None) -> pl.DataFrame:
    """See `gristmill.list`."""
    import polars as pl

    opened = Project.open(find_root(project))
    with Warehouse(opened.settings) as warehouse:
        return pl.DataFrame(views.list_datasets(opened, warehouse.meta), infer_schema_length=None)


def run_sql(query: str, project: str | Path | None) -> pl.DataFrame:
    """See `gristmill.sql`."""
    with Warehouse(read_settings(find_root(project))) as warehouse, warehouse.lake.workspace():
        frame: pl.DataFrame = run_query(warehouse, query).pl()
        return frame


def run(names: tuple[str, ...], project: str | Path | None, **options: Any) -> RunReport:
    """See `gristmill.run`."""
    from pipelines.commands_run import run_project

    return run_project(find_root(project), names, **options)
