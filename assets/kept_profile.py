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
from warehouse.schema import PARTS, PROFILES

Array = NDArray[Any]
Rows = list[dict[str, Any]]

# As a part, the counts that cells were learned from, of all rows and buckets together.
LEARNED = "_learned"


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
        first = next(iter(by_part.values()), [])
        parts = {row["part"]: _side(row, by_part[row["part"]]) for row in meta.rows(PARTS, step_id=version.audit_id)}
        extremes = {
            (row["column"], part): Extremes(low=row["low"], high=row["high"])
            for part, rows in by_part.items()
            for row in rows
            if row["low"] is not None
        }
        cells = {row["column"]: Cells.from_json(row["bins"]) for row in first}
        return cls(profile=Profile(cells=tuple(cells.values()), parts=parts, extremes=extremes), learned=learned)


def _side(part: Mapping[str, Any], rows: Rows) -> Side:
    def floats(blob: bytes) -> Array:
        return unpacked(blob, n_buckets=N_BUCKETS).astype(np.float64)

    return Side(
        name=part["part"],
        rows=floats(part["n_rows"])[:, 0],
        entities=floats(part["n_entities"])[:, 0],
        counts={row["column"]: floats(row["counts"]) for row in rows},
        precision={row["column"]: floats(row["precision"]) for row in rows if row["precision"]},
        moments={row["column"]: unpacked_sums(row["moments"]).reshape(N_BUCKETS, -1) for row in rows if row["moments"]},
    )


def profile_rows(profile: Profile, learned: Mapping[str, Array]) -> Iterator[dict[str, Any]]:
    """Rows of `meta.profiles`."""
    for ordinal, cells in enumerate(profile.cells):
        of_column = {"ordinal": ordinal, "column": cells.column, "kind": cells.kind, "bins": cells.to_json()}
        none = dict.fromkeys(("precision", "moments", "low", "high"))
        for part, side in profile.parts.items():
            ends = profile.extremes.get((cells.column, part))
            yield (
                of_column
                | none
                | {
                    "part": part,
                    "n_buckets": N_BUCKETS,
                    "counts": packed(side.counts[cells.column]),
                    "precision": packed(side.precision[cells.column]) if cells.column in side.precision else None,
                    "moments": packed_sums(side.moments[cells.column]) if cells.column in side.moments else None,
                    "low": ends.low if ends else None,
                    "high": ends.high if ends else None,
                }
            )
        yield of_column | none | {"part": LEARNED, "n_buckets": 1, "counts": packed(learned[cells.column])}


def part_rows(profile: Profile) -> Iterator[dict[str, Any]]:
    """Rows of `meta.parts`: how many rows and entities each bucket of a part has."""
    for part, side in profile.parts.items():
        yield {"part": part, "n_rows": packed(side.rows), "n_entities": packed(side.entities)}
