"""What `meta` knows of a dataset's days: counts by day, the cells that they are counted by, the days that were judged.

An audit keeps what it adds. What a version knows is the sum over the audits of the versions up to it, back to the one
that counted all rows. How days are counted and judged is `checks`; when, `assets.watch`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np

from checks.bins import Cells
from checks.day_counts import DayCounts
from checks.watch_report import reference_until
from checks.watching import Judged
from warehouse.meta import Meta
from warehouse.profiles import packed, packed_sums, unpacked, unpacked_sums
from warehouse.records import Step, Version
from warehouse.schema import DAY_CELLS, DAYS, WATCHED

Rows = list[dict[str, Any]]
N_MOMENTS = 3


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How days are counted, and where watching begins. Kept with each audit.

    Attributes:
        time: The column that says which day a row is of.
        made_of: Digest of the columns, their types, and which are watched: another one makes the cells anew.
        cells_of: The build that the cells were made from.
        counted_by: The build of which all rows were counted last.
        began_after: The last day that was there when watching began; later ones are judged as they come.
        reference_until: The last day of the frozen reference; None while there are too few days.
    """

    time: str
    made_of: str
    cells_of: str
    counted_by: str
    began_after: date
    reference_until: date | None

    def to_json(self) -> dict[str, Any]:
        """As an audit's detail keeps it."""
        until = self.reference_until.isoformat() if self.reference_until else None
        return vars(self) | {"began_after": self.began_after.isoformat(), "reference_until": until}

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Recipe:
        """The recipe that `to_json` wrote."""
        until = raw["reference_until"]
        moments = {"began_after": date.fromisoformat(raw["began_after"])}
        return cls(**raw | moments | {"reference_until": date.fromisoformat(until) if until else None})


class Known:
    """What the audits up to a version know of days; read when it is asked for.

    Attributes:
        recipe: How days are counted.
    """

    def __init__(self, meta: Meta, dataset: str, audits: Collection[str], recipe: Recipe) -> None:
        self._meta, self._dataset = meta, dataset
        self.recipe = recipe
        self._audits = audits

    @classmethod
    def of(cls, meta: Meta, version: Version | None) -> Known | None:
        """What is known at a version; None where its audit counted no days."""
        if version is None:
            return None
        (audit,) = meta.steps(version.dataset, step_id=version.audit_id)
        audits = {v.audit_id for v in meta.versions(version.dataset) if v.version <= version.version}
        return cls._of(meta, audit, audits)

    @classmethod
    def of_build(cls, meta: Meta, audit: Step) -> Known | None:
        """What an audit of a build that is no version knows, and those of all versions before it."""
        return cls._of(meta, audit, {audit.step_id, *(v.audit_id for v in meta.versions(audit.dataset))})

    @classmethod
    def _of(cls, meta: Meta, audit: Step, audits: Collection[str]) -> Known | None:
        raw = audit.detail.get("watch")
        return cls(meta, audit.dataset, audits, Recipe.from_json(raw)) if raw else None

    def _rows(self, table: Any, **equal: str) -> Rows:
        return [row for row in self._meta.rows(table, dataset=self._dataset, **equal) if row["step_id"] in self._audits]

    @cached_property
    def cells(self) -> tuple[Cells, ...]:
        """How columns are counted; those that are not watched say why."""
        (row,) = self._rows(DAY_CELLS, cells_of=self.recipe.cells_of)
        return tuple(Cells.from_json(raw) for raw in row["cells"])

    @cached_property
    def counted(self) -> DayCounts:
        """Counts of all days."""
        watched = watched_among(self.cells)
        total = DayCounts()
        by_step: dict[str, Rows] = {}
        for row in self._rows(DAYS, counted_by=self.recipe.counted_by):
            by_step.setdefault(row["step_id"], []).append(row)
        for rows in by_step.values():
            total += _unpacked_days(rows, watched)
        return total

    def judged(self, *, is_played_back: bool) -> list[Judged]:
        """The days that were judged as they came, or those that were played back when watching began, in order."""
        rows = [
            row for row in self._rows(WATCHED, cells_of=self.recipe.cells_of) if row["is_played_back"] == is_played_back
        ]
        rows.sort(key=lambda row: row["day"])
        return [Judged(**{name: row[name] for name in ("day", "number", "value", "state")}) for row in rows]


def watched_among(cells: Sequence[Cells]) -> list[Cells]:
    """The columns that are watched."""
    return [c for c in cells if not c.why]


def cells_row(recipe: Recipe, cells: Sequence[Cells]) -> dict[str, Any]:
    """A row of `meta.day_cells`."""
    return {"cells_of": recipe.cells_of, "time": recipe.time, "cells": [c.to_json() for c in cells]}


def day_rows(recipe: Recipe, counted: DayCounts, cells: Sequence[Cells]) -> Iterator[dict[str, Any]]:
    """Rows of `meta.days`: one a day, the cells of all watched columns one after another."""
    watched = watched_among(cells)
    for i, day in enumerate(counted.days):
        counts = [counted.counts[c.column][i] for c in watched]
        moments = [counted.moments[c.column][i] for c in watched if c.is_ordered]
        yield {
            "day": day,
            "counted_by": recipe.counted_by,
            "n_rows": int(counted.rows[i]),
            "counts": packed(np.concatenate([np.zeros(0), *counts])),
            "moments": packed_sums(np.concatenate([np.zeros(0), *moments])),
        }


def _unpacked_days(rows: Rows, watched: Sequence[Cells]) -> DayCounts:
    rows = sorted(rows, key=lambda row: row["day"])
    counts = np.concatenate([unpacked(row["counts"], n_buckets=1) for row in rows]).astype(float)
    moments = np.stack([unpacked_sums(row["moments"]) for row in rows])
    ordered = [c for c in watched if c.is_ordered]
    ends = np.cumsum([c.n_cells for c in watched])[:-1]
    return DayCounts(
        days=tuple(row["day"] for row in rows),
        rows=np.array([row["n_rows"] for row in rows], dtype=float),
        counts=dict(zip([c.column for c in watched], np.split(counts, ends, axis=1), strict=True)),
        moments={c.column: moments[:, N_MOMENTS * i : N_MOMENTS * (i + 1)] for i, c in enumerate(ordered)},
    )


def watched_rows(recipe: Recipe, judged: Sequence[Judged], *, is_played_back: bool) -> Iterator[dict[str, Any]]:
    """Rows of `meta.watched`."""
    for one in judged:
        yield {
            "day": one.day,
            "cells_of": recipe.cells_of,
            "is_played_back": is_played_back,
            "number": one.number,
            "value": one.value,
            "is_alarm": one.is_alarm,
            "state": {column: float(f"{m:.9g}") for column, m in one.state.items()},
        }


def moved_on(recipe: Recipe, counted_by: str, days: Sequence[date]) -> Recipe:
    """The recipe of a later audit; a frozen reference of which no day is left gives way to another."""
    until = recipe.reference_until
    is_left = until is not None and bool(days) and days[0] <= until
    return replace(recipe, counted_by=counted_by, reference_until=until if is_left else reference_until(days))
