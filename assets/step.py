"""A step of a run: what it needs, what it says while it works, and how it is remembered.

The steps themselves are `assets.ingest`, `assets.build`, `assets.audit` and `assets.publish`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.project import Dataset, Project
from warehouse.client import Warehouse
from warehouse.records import Step, now


@dataclass(frozen=True, kw_only=True)
class Event:
    """A moment of a run: `stage` of `step` of `dataset` was reached."""

    dataset: str
    step: str
    stage: str
    said: str = ""


def _silent(_event: Event) -> None:
    return None


def new_run_id() -> str:
    """A run's identifier: a UUID of version 7, its time in front, so that runs sort; Dagster takes no other kind."""
    milliseconds = time.time_ns() // 1_000_000
    bits = (milliseconds << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution, handed to every step.

    Attributes:
        project: The datasets.
        warehouse: Where they are kept.
        run_id: Unique.
        author: Who started it.
        listen: Is told of every event, as it happens.
        has_new_policy: Whether splits may be made anew under another salt.
    """

    project: Project
    warehouse: Warehouse
    run_id: str = field(default_factory=new_run_id)
    author: str = ""
    listen: Callable[[Event], None] = _silent
    has_new_policy: bool = False

    def tell(self, dataset: Dataset, step: str, stage: str, said: str = "") -> None:
        """Tell the listener that a stage was reached."""
        self.listen(Event(dataset=dataset.name, step=step, stage=stage, said=said))

    def new_step(
        self, dataset: Dataset, step: str, fingerprint: str, *, status: str = "succeeded", **more: Any
    ) -> Step:
        """The record of a step of this run."""
        return Step(
            step_id=f"{self.run_id}-{dataset.name}-{step}-{secrets.token_hex(3)}",
            run_id=self.run_id,
            step=step,
            dataset=dataset.name,
            fingerprint=fingerprint,
            status=status,
            **{"started_at": now(), "finished_at": now()} | more,
        )


def digest(value: Mapping[str, Any]) -> str:
    """The SHA-256 of the canonical JSON of `value`.

    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
