"""What `meta` remembers, one frozen record a row.

How the rows are kept does not belong here; that is `warehouse.meta`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> datetime:
    """This moment in UTC, without a zone, as every time in `meta` is kept."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a run, as it ended."""

    step_id: str
    run_id: str
    step: str
    dataset: str
    source: str | None = None
    fingerprint: str
    status: str
    snapshot: int | None = None
    started_at: datetime
    finished_at: datetime | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The record as JSON types, for the lake's commit message."""
        return asdict(self) | {
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any], *, snapshot: int) -> Step:
        """The record that `to_json` wrote, with the snapshot that its transaction made."""
        finished = raw.get("finished_at")
        return cls(
            **dict(raw)
            | {
                "snapshot": snapshot,
                "started_at": datetime.fromisoformat(raw["started_at"]),
                "finished_at": datetime.fromisoformat(finished) if finished else None,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Ingestion:
    """One file taken into `raw`."""

    dataset: str
    source: str
    ingestion: int
    path: str
    sha256: str
    size: int
    mtime_ns: int
    n_rows: int
    n_rejected: int
    reading: str = ""
    state: str = "active"
    snapshot: int | None = None


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How the rows of a dataset are split, frozen when its first version was published."""

    dataset: str
    policy: int
    salt: str
    thresholds: Mapping[str, Any]
    entity: list[str]
    columns: list[str]
    frozen_at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    """A published version of a dataset: the only thing that pins a snapshot."""

    dataset: str
    version: int
    snapshot: int
    step_id: str
    audit_id: str
    policy: int | None
    fingerprint: str
    contract_sha256: str
    inputs: Mapping[str, Any]
    columns: Mapping[str, str]
    n_rows: int
    changed: list[str]
    created_at: datetime
    author: str
