"""The project as the catalog sees it: its files, read again in the background when they change, and its `meta`.

A thousand dataset files take seconds to understand; no page waits for them. What stands in `meta` is always current.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from assets.errors import Problem
from assets.project import Dataset, Project
from assets.spec import DatasetSpec
from warehouse.client import Warehouse
from warehouse.meta import Meta
from warehouse.settings import read_settings

T = TypeVar("T")
LOOK_SECONDS = 1.0


class Catalog:
    """What pages are made from. `project` is None until the files were read."""

    def __init__(self, root: Path, meta: Meta, project: Project | None = None) -> None:
        self.root, self.meta, self._project = root, meta, project
        self._seen: object = None
        self._looked_at = -LOOK_SECONDS
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[Any, Any]] = {}

    @classmethod
    def open(cls, root: Path) -> Catalog:
        """The catalog of the project in `root`; its files are read in the background.

        Raises:
            SettingsError: gristmill.toml says what cannot be.
        """
        catalog = cls(root, Warehouse(read_settings(root)).meta)
        catalog.refresh()
        return catalog

    @property
    def name(self) -> str:
        """The project's name: its folder's."""
        return self.root.name

    @property
    def is_read(self) -> bool:
        """Whether the files were read."""
        return self._project is not None

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """The datasets whose file can be understood."""
        return self._project.datasets if self._project else {}

    @property
    def names(self) -> tuple[str, ...]:
        """Every dataset that has a file."""
        return self._project.names if self._project else ()

    def spec(self, name: str) -> DatasetSpec | None:
        """What the file of a dataset says."""
        return self.datasets[name].file.spec if name in self.datasets else None

    def problems(self, name: str) -> tuple[Problem, ...]:
        """What is wrong with the file of a dataset."""
        return self._project.problems_of(name) if self._project else ()

    def readers(self, name: str) -> list[str]:
        """The datasets that read this one."""
        return self.cached("readers", self._readers).get(name, [])

    def refresh(self) -> None:
        """Look, in the background and once a second at most, whether a file has changed, and read them again."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS or not self._lock.acquire(blocking=False):
            return
        self._looked_at = time.monotonic()
        self._reading = threading.Thread(target=self._read, daemon=True, name="gristmill-files")
        self._reading.start()

    def wait(self, seconds: float) -> None:
        """Wait until the files were read, for a while."""
        self._reading.join(seconds)

    def cached(self, what: str, make: Callable[[], T]) -> T:
        """What `make` gives, made again once `meta` or a file has changed."""
        state = (self.meta.stamp(), self._project)
        if self._cache.get(what, (None, None))[0] != state:
            self._cache[what] = (state, make())
        found: T = self._cache[what][1]
        return found

    def _read(self) -> None:
        try:
            if (found := _stamps(self.root)) != self._seen:
                self._project = Project.open(self.root)
                self._seen = found
        finally:
            self._lock.release()

    def _readers(self) -> dict[str, list[str]]:
        readers: dict[str, list[str]] = {}
        for name, dataset in self.datasets.items():
            for upstream in dataset.inputs:
                readers.setdefault(upstream, []).append(name)
        return readers


def _stamps(root: Path) -> object:
    """What tells that a file changed: names, sizes and times of all that describe the project."""
    folder = root / "datasets"
    files = [root / "gristmill.toml", *(folder.rglob("*") if folder.is_dir() else ())]
    told = [path for path in files if path.suffix in {".yaml", ".yml", ".sql", ".toml"}]
    stats = [(str(path), path.stat()) for path in told if path.is_file()]
    return sorted((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
