"""Weights by which train looks like dev: computed once for a version, kept beside it, never written again.

The statistics are `checks.importance`; where they are kept, `warehouse.weights`. What is fitted with them is
`assets.fit`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets.errors import ModelFailed
from assets.project import Dataset
from assets.step import Run
from assets.task import Task
from checks.domain import rows_of
from checks.figure.scale import percent
from checks.importance import LEAST_EFFECTIVE_SHARE, Importance, importance
from warehouse.modelled import DIGEST, kind_of
from warehouse.portions import ROW, labelled_sql, named_sql, rows_sql
from warehouse.query import quoted
from warehouse.records import Version, now
from warehouse.weights import STEP, keep_weights, kept_weights, weights_sql

if TYPE_CHECKING:
    import polars as pl

    from warehouse.lake import Lake


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of the labelled rows of train.

    Attributes:
        frame: `_row` and `weight`.
        like: The split that train looks like under them.
        n_rows: How many rows that are.
        n_effective: So many rows of equal weight would say as much.
    """

    frame: pl.DataFrame
    like: str
    n_rows: int
    n_effective: float

    @property
    def line(self) -> str:
        """What they cost, in a sentence."""
        return (
            f"rows of train are weighted like {self.like}: {self.n_rows:,} of them count as {self.n_effective:,.0f}"
            " of equal weight"
        )


def labelled_features(
    lake: Lake, version: Version, target: str, features: Sequence[str], *, split: str
) -> pl.DataFrame:
    """Features, `_bucket`, `_who` and `_row` of the labelled rows of a split, in their order."""
    where = [labelled_sql(target, version.columns[target])]
    listed = [*map(quoted, features), "_bucket", named_sql(DIGEST, "_who")]
    sql = rows_sql(version.dataset, version.snapshot, listed, split=split, where=where)
    return lake.execute(sql).pl().sort(ROW)


def weighable(version: Version, features: Sequence[str]) -> list[str]:
    """The features that weights can be told by: numbers, moments and categories."""
    return [name for name in features if kind_of(version.columns[name]) != "other"]


def computed(train: pl.DataFrame, other: pl.DataFrame, features: Sequence[str]) -> Importance | None:
    """The weights of `train` by which its features look like those of `other`; None where they cannot be had."""
    import polars as pl

    sides = [side.with_columns(_part=pl.lit(name)) for side, name in ((train, "train"), (other, "other"))]
    return importance(rows_of(pl.concat(sides), features, second="other"))


def weights_for(run: Run, dataset: Dataset, task: Task, model: str, like: str) -> Weights:
    """The weights of a version's train rows: those that are kept, or computed and kept now.

    Raises:
        ModelFailed: They cannot be had, or so few rows count under them that a model would learn from chance.
    """
    lake, meta = run.warehouse.lake, run.warehouse.meta
    if step := kept_weights(meta, task.version, like):
        frame = lake.execute(weights_sql(task.version.dataset, step.step_id)).pl()
        told = step.detail
        return Weights(frame=frame, like=like, n_rows=int(told["n_rows"]), n_effective=float(told["n_effective"]))
    seen = weighable(task.version, list(task.features))
    train, other = (labelled_features(lake, task.version, task.target, seen, split=one) for one in ("train", like))
    found = computed(train, other, seen) if seen else None
    if found is None:
        why = f"{len(train):,} labelled rows of train and {len(other):,} of {like} are too few to weigh by"
        raise ModelFailed(model, why, "label more rows, or leave `weights` out")
    if found.is_thin:
        why = (
            f"weighted like {like}, the {len(train):,} rows of train count as {found.n_effective:,.0f} of equal weight,"
            f" under {percent(LEAST_EFFECTIVE_SHARE)}: the splits have little in common"
        )
        raise ModelFailed(model, why, f"collect rows like those of {like}, or leave `weights` out")
    return _kept(run, dataset, task, train, found, like)


def _kept(run: Run, dataset: Dataset, task: Task, train: pl.DataFrame, found: Importance, like: str) -> Weights:
    """Keep weights in the lake and the step in `meta`; a process that dies in between has its step told anew."""
    import polars as pl

    lake = run.warehouse.lake
    frame = train.select(ROW).with_columns(weight=pl.Series(found.weights))
    detail = {
        "version": task.version.version,
        "like": like,
        "n_rows": len(frame),
        "n_effective": found.n_effective,
        "most": found.most,
    }
    started_at = now()
    step = run.new_step(dataset, STEP, task.version.fingerprint, started_at=started_at, detail=detail)
    with lake.workspace() as workspace:
        lake.keep_frame("_weights", frame)
        extra = {"kind": STEP, "step": step.to_json()}
        with lake.transaction(run.author, f"weights of {dataset.name}", extra):
            select = f"SELECT _row, weight FROM {workspace}.main._weights"
            keep_weights(lake, dataset.name, select, step_id=step.step_id)
    run.warehouse.meta.add(step)
    return Weights(frame=frame, like=like, n_rows=len(frame), n_effective=found.n_effective)
