"""`import gristmill as gm`: the warehouse from Python.

    gm.list()                                   what there is
    d = gm.dataset("flights")                   its latest version; "flights@3" for another
    train = d.load("train")                     a Polars frame
    X, y = d.xy("train")                        for scikit-learn
    gm.sql("select * from flights.dev")         any query
    gm.compare("flights.train", "flights.dev")  do two tables differ in distribution? frames too
    gm.run("flights")                           what is due

Everything is imported when it is called. What the names do is `pipelines.api`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from assets.result import RunReport
    from checks.report import ShiftReport
    from pipelines.api import Dataset

# The packages of Gristmill, each with a module that it has: a package of that name without it is somebody else's.
PACKAGES = {"pipelines": "api", "assets": "project", "checks": "finding", "warehouse": "client"}

__all__ = ["compare", "dataset", "list", "run", "sql"]


def dataset(name: str, *, project: str | Path | None = None) -> Dataset:
    """A published version of a dataset: `flights` is the latest, `flights@3` the third.

    Raises:
        NotFound: There is no such dataset, or no such version of it.
    """
    with _hidden_packages_told():
        from pipelines import api
    return api.open_dataset(name, project)


def compare(
    reference: Any,
    current: Any,
    *,
    target: str | None = None,
    time: str | None = None,
    entity: str | Sequence[str] | None = None,
    project: str | Path | None = None,
    classifier: bool = False,
    **policy: float,
) -> ShiftReport:
    """Do two tables differ in distribution, by how much, and could we tell?

    Args:
        reference: What is compared with: a frame of Polars, pandas or Arrow, a relation of DuckDB, an Ibis table, a
            dataset of `gm.dataset`, or a name as in SQL: `flights`, `flights@1`, `flights.train`.
        current: What is compared.
        target: The column that a model is to predict; a dataset brings its own.
        time: The column of time. Without `entity` the unit of chance is then the day.
        entity: The columns whose rows belong together; a dataset brings its own where no time is named.
        project: Where datasets are; found from the working directory.
        classifier: Whether boosted trees are asked, too, if they can tell the tables apart: sees what no column alone
            shows, and an alarm of it is a shift. It has half of `alpha`, and columns the other half; where one alarms
            within its half the other has all of it, so a false alarm of either is as rare. At most 200,000 rows a side.
        **policy: `alpha` (.05), the family-wise error; `tolerance` (.02), below which an effect is no alarm.

    Raises:
        NotFound: There is no such dataset, version or split.
        NoSuchColumn: A named column is not in both tables.
        NotAskable: A side is no table, an option no share, the time no moment, the entity of two types, or a column
            is named for two things.
    """
    with _hidden_packages_told():
        from pipelines import api_compare

    asked: dict[str, Any] = {"project": project, "classifier": classifier, "policy": policy}
    return api_compare.compare(reference, current, target, time, entity, **asked)


def list(*, project: str | Path | None = None) -> pl.DataFrame:  # noqa: A001 - it is `gm.list()`
    """Every dataset: name, version, rows, when it was updated, owners, status."""
    with _hidden_packages_told():
        from pipelines import api
    return api.list_datasets(project)


def sql(query: str, *, project: str | Path | None = None) -> pl.DataFrame:
    """The result of a query over datasets, splits, versions, `rejected.*` and `meta.*`.

    Raises:
        QueryError: It does not parse, bind or run.
        NotFound: It names what there is not.
    """
    with _hidden_packages_told():
        from pipelines import api
    return api.run_sql(query, project)


def run(*names: str, project: str | Path | None = None, **options: Any) -> RunReport:
    """Run what is due of all datasets, or of those named. Options: `is_forced`, `with_upstream`, `has_new_policy`.

    Raises:
        NotFound: A name is no dataset's.
        SpecError: The file of a dataset that was named cannot be understood.
    """
    with _hidden_packages_told():
        from pipelines import api
    return api.run(names, project, **options)


@contextmanager
def _hidden_packages_told() -> Iterator[None]:
    """Say so when a package of another's stands before one of ours on the path."""
    try:
        yield
    except ImportError as error:
        for name, module in PACKAGES.items():
            places = [Path(place) for place in getattr(sys.modules.get(name), "__path__", ())]
            if places and not any((place / f"{module}.py").exists() for place in places):
                error.add_note(
                    f"Hint: {places[0]} hides Gristmill's own package {name!r}: rename it, or start Python elsewhere."
                )
        raise
