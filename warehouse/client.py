"""An open warehouse: settings, `meta`, and the lake once it is needed.

What runs on it does not belong here.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import Self

import duckdb

from warehouse.errors import Busy, Unreadable
from warehouse.lake import Lake
from warehouse.locks import locked
from warehouse.meta import Meta
from warehouse.settings import Settings


class Warehouse:
    """A project's warehouse. Opening it opens `meta` alone, in milliseconds; the lake is attached when it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.meta = Meta.open(settings.meta_path, duckdb_version=duckdb.__version__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def lake(self) -> Lake:
        """The lake, attached when it is first used."""
        return Lake.open(self.settings)

    def close(self) -> None:
        """Let go of both databases."""
        if "lake" in vars(self):
            self.lake.close()
        self.meta.close()

    def reconcile(self) -> int:
        """Tell `meta` what the lake has committed and `meta` has not seen; how many steps that were.

        Raises:
            Unreadable: `meta` has lost everything, its versions too.

        A process that dies between the two commits leaves such steps. Data is the lake's truth, so they are taken over.
        """
        known = self.meta.step_ids()
        commits = self.lake.commits()
        if not known and any(extra["kind"] == "build" for _, extra in commits):
            hint = "restore it from a copy of .gristmill; without it nobody knows which builds were published"
            raise Unreadable(self.settings.meta_path, "it is empty, and the lake beside it is not", hint)
        missed = [(snapshot, extra) for snapshot, extra in commits if extra["step"]["step_id"] not in known]
        for snapshot, extra in missed:
            self.meta.replay(extra, snapshot=snapshot)
        return len(missed)

    def lock(self, dataset: str) -> AbstractContextManager[None]:
        """The lock of one dataset, for the length of its run.

        Raises:
            Busy: Another process is running it.
        """
        file = self.settings.home / "locks" / "datasets" / f"{dataset}.lock"
        # The wait is for those who only look whether it is held, and take it for a moment to see.
        return locked(file, f"{dataset!r} is being run", wait_seconds=0.1)

    def is_running(self, dataset: str) -> bool:
        """Whether a process, this one or another, is running a dataset."""
        try:
            with self.lock(dataset):
                return False
        except Busy:
            return True
