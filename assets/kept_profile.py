"""The profile of a build as rows of `meta`, and that of a version as its audit kept it.

How a profile grows by the rows that were added is `checks.growth`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.bins import Cells
from checks.profile import Profile
from checks.tally import Extremes
from checks.units import N_BUCKETS, Side
from warehouse.meta import Meta
from warehouse.profiles import packed, packed_sums, unpacked, unpacked_sums
from warehouse.records import Version
from warehouse.schema import PROFILES

Array = NDArray[Any]
Rows = list[dict[str, Any]]

# As a part, the counts that cells were learned from, of all rows and buckets together.
LEARNED = "_learned"
# As columns, the rows and the entities of each bucket.
ROWS, ENTITIES = "_rows", "_entities"


@dataclass(frozen=True, kw_only=True)
class KeptProfile:
    """What an audit kept of a build.

    Attributes:
        profile: Its counts.
        learned: By column, the rows by cell from which the cells were learned.
    """

    profile: Profile
    learned: Mapping[str, Array]

    @classmethod
    def of(cls, meta: Meta, version: Version, made_of: str) -> KeptProfile | None:
        """The counts of a version; None where they were made of other columns, types or units."""
        (audit,) = meta.steps(version.dataset, step_id=version.audit_id)
        if audit.detail.get("counted") != made_of:
            return None
        by_part: dict[str, Rows] = {}
        for row in meta.rows(PROFILES, step_id=version.audit_id):
            by_part.setdefault(row["part"], []).append(row)
        learned = {row["column"]: unpacked(row["counts"], n_buckets=1)[0] for row in by_part.pop(LEARNED, ())}
        first = [row for row in next(iter(by_part.values()), []) if row["column"] not in {ROWS, ENTITIES}]
        parts = {part: _side(part, {row["column"]: row for row in rows}) for part, rows in sorted(by_part.items())}
        extremes = {
            (row["column"], part): Extremes(low=row["low"], high=row["high"])
            for part, rows in by_part.items()
            for row in rows
            if row["low"] is not None
        }
        cells = {row["column"]: Cells.from_json(row["bins"]) for row in first}
        return cls(profile=Profile(cells=tuple(cells.values()), parts=parts, extremes=extremes), learned=learned)


def _side(part: str, rows: Mapping[str, Mapping[str, Any]]) -> Side:
    def floats(blob: bytes) -> Array:
        return unpacked(blob, n_buckets=N_BUCKETS).astype(np.float64)

    of_columns = {name: row for name, row in rows.items() if name not in {ROWS, ENTITIES}}
    return Side(
        name=part,
        rows=floats(rows[ROWS]["counts"])[:, 0],
        entities=floats(rows[ENTITIES]["counts"])[:, 0],
        counts={name: floats(row["counts"]) for name, row in of_columns.items()},
        precision={name: floats(row["precision"]) for name, row in of_columns.items() if row["precision"]},
        moments={
            name: unpacked_sums(row["moments"]).reshape(N_BUCKETS, -1)
            for name, row in of_columns.items()
            if row["moments"]
        },
    )


def profile_rows(profile: Profile, learned: Mapping[str, Array]) -> Iterator[dict[str, Any]]:
    """Rows of `meta.profiles`."""
    none = dict.fromkeys(("ordinal", "precision", "moments", "low", "high"))
    for part, side in profile.parts.items():
        of_part = none | {"part": part, "kind": "part", "bins": {}, "n_buckets": N_BUCKETS}
        for name, counted in ((ROWS, side.rows), (ENTITIES, side.entities)):
            yield of_part | {"column": name, "counts": packed(counted)}
    for ordinal, cells in enumerate(profile.cells):
        of_column = none | {"ordinal": ordinal, "column": cells.column, "kind": cells.kind, "bins": cells.to_json()}
        for part, side in profile.parts.items():
            ends = profile.extremes.get((cells.column, part))
            yield of_column | {
                "part": part,
                "n_buckets": N_BUCKETS,
                "counts": packed(side.counts[cells.column]),
                "precision": packed(side.precision[cells.column]) if cells.column in side.precision else None,
                "moments": packed_sums(side.moments[cells.column]) if cells.column in side.moments else None,
                "low": ends.low if ends else None,
                "high": ends.high if ends else None,
            }
        yield of_column | {"part": LEARNED, "n_buckets": 1, "counts": packed(learned[cells.column])}
