"""Does a group that is on both sides of the splits know the label (LEAK12)?

Visits of one patient, shipments of one site: where they are in train and in dev, and share their label, a model that
recognises the group need not learn anything else. Groups that are entities and whole in one split cannot leak so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from checks.finding import Finding
from checks.labelled import Array, Labelled, agreement, has_enough, is_ordered, mapped, neighbour_agreement

KNOWN, BEYOND_ORDER = 0.8, 0.3  # of Cohen's kappa, or R2
LITTLE, LOOKED_AT = 0.6, 20_000
FEWEST_GROUPS = 10
COVERED = 0.5
CROSSING = 0.1
SPLIT = "_split"


@dataclass(frozen=True, kw_only=True)
class Known:
    """How far a group tells the label of rows of other entities.

    Attributes:
        column: The group's column.
        told: Agreement beyond chance.
        n_groups: How many groups stand in both halves.
    """

    column: str
    told: float
    n_groups: int


def group_labels(
    rows: Labelled, columns: Sequence[str], *, told: Sequence[str] = (), entity: str | None = None
) -> list[Finding]:
    """The findings LEAK12: is the label constant, or nearly, within the values of a column that cross splits?

    A column is a group when at least 10 of its values, each in two rows or more of even buckets, cover half of the rows
    of odd ones, and a tenth of its values is both in train (or train_dev) and in dev (or test). Its commonest label in
    even buckets is held against the labels in odd ones. It warns from .8 of Cohen's kappa (R2) on, and, where values
    have an order, only if that is .3 beyond what the row with the next lower value tells: else the column is a quantity
    that predicts well, and no group. The entity itself crosses under `apart: pool` alone: then rows of train and
    train_dev are held against those of dev and test.

    Args:
        rows: Labelled rows with `columns`, and `_split` where it is known.
        columns: Features, parts of the key, and what no model sees but may recognise.
        told: Columns that are told by another code already.
        entity: The column of the entity, where entities may be in both pools.
    """
    names = [name for name in columns if name not in told]
    few = rows.fewer(LOOKED_AT)
    found = [known for name in names if (known := _looked_at(name, few, rows)) is not None]
    if entity is not None and (known := _across_pools(entity, rows)) is not None:
        found.append(known)
    if not found:
        seen = f"no column has groups that are in both halves of {rows.judged_on}"
        return [Finding(code="LEAK12", outcome="not_applicable", seen=seen)]
    warned = [
        Finding(
            code="LEAK12",
            outcome="warn",
            column=None if known.column == entity else known.column,
            seen=_said(known, rows),
        )
        for known in found
        if known.told >= KNOWN
    ]
    if warned:
        return warned
    most = max(found, key=lambda known: known.told)
    return [Finding(code="LEAK12", outcome="pass", seen=_said(most, rows))]


def _said(known: Known, rows: Labelled) -> str:
    named = "an entity of the other pool" if known.column.startswith("_") else f"another row of one {known.column}"
    return (
        f"{named} tells {max(known.told, 0):.2f} of 1 of {rows.target} ({known.n_groups:,} groups), on {rows.judged_on}"
    )


def _looked_at(name: str, few: Labelled, rows: Labelled) -> Known | None:
    """What a column's groups tell: of few rows where these say that it is little, else of all."""
    known = _known(name, few)
    return known if known is not None and known.told < LITTLE else _known(name, rows)


def _known(name: str, rows: Labelled) -> Known | None:
    codes = rows.codes(name)
    n_values = int(codes.max(initial=0))
    if not FEWEST_GROUPS <= n_values <= len(codes) / 2:
        return None
    rows_of = np.bincount(codes[rows.fitted], minlength=n_values + 1)
    n_groups = int(((rows_of > 1) & (np.bincount(codes[~rows.fitted], minlength=n_values + 1) > 0))[1:].sum())
    if n_groups < FEWEST_GROUPS or not _crosses(codes, rows, n_values):
        return None
    said = mapped(codes, rows)
    if said.covered_share < COVERED or not (rows.is_quantity or has_enough(said.truth)):
        return None
    told = agreement(said.predicted, said.truth, is_quantity=rows.is_quantity)
    if told >= KNOWN and is_ordered(rows.frame[name]) and told < BEYOND_ORDER + neighbour_agreement(codes, rows, codes):
        return None
    return Known(column=name, told=told, n_groups=n_groups)


def _crosses(codes: Array, rows: Labelled, n_values: int) -> bool:
    """Whether a tenth of the groups is in train and in dev or test; yes where splits are not known."""
    if SPLIT not in rows.frame.columns:
        return True
    is_target = _is_in(rows, "dev", "test")
    both = (np.bincount(codes[is_target], minlength=n_values + 1) > 0) & (
        np.bincount(codes[_is_in(rows, "train", "train_dev")], minlength=n_values + 1) > 0
    )
    return bool(both[1:].sum() >= CROSSING * n_values)


def _is_in(rows: Labelled, *splits: str) -> Array:
    return np.asarray(rows.frame.select(pl.col(SPLIT).is_in(splits).fill_null(False)).to_series().to_numpy())


def _across_pools(entity: str, rows: Labelled) -> Known | None:
    source, target = _is_in(rows, "train", "train_dev"), _is_in(rows, "dev", "test")
    halves = rows.within(source | target)
    pools = Labelled(
        frame=halves.frame.with_columns(_bucket=pl.Series(target[source | target].astype(np.int64))),
        features=rows.features,
        target=rows.target,
        judged_on=rows.judged_on,
    )
    codes = pools.codes(entity)
    said = mapped(codes, pools)
    n_groups = len(np.intersect1d(codes[pools.fitted], codes[~pools.fitted]))
    if n_groups < FEWEST_GROUPS or not len(said.truth) or not (rows.is_quantity or has_enough(said.truth)):
        return None
    return Known(
        column=entity, told=agreement(said.predicted, said.truth, is_quantity=rows.is_quantity), n_groups=n_groups
    )
