"""The project as the catalog sees it: its files, read again in the background when they change, and its `meta`.

A thousand dataset files take seconds to understand; no page waits for them. What stands in `meta` is always current.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from assets.errors import Problem
from assets.project import Dataset, Project
from assets.spec import DatasetSpec
from warehouse.client import Warehouse
from warehouse.meta import Meta
from warehouse.settings import read_settings


class Catalog:
    """What pages are made from. `project` is None until the files were read."""

    def __init__(self, root: Path, meta: Meta, project: Project | None = None) -> None:
        self.root, self.meta, self._project = root, meta, project
        self._seen: object = None
        self._lock = threading.Lock()

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
        return self._readers_of(self._project).get(name, []) if self._project else []

    def refresh(self) -> None:
        """Read the files again, in the background, when one of them has changed."""
        if not self._lock.acquire(blocking=False):
            return
        if (found := _stamps(self.root)) == self._seen:
            self._lock.release()
            return
        self._seen = found
        self._reading = threading.Thread(target=self._read, daemon=True, name="gristmill-files")
        self._reading.start()

    def wait(self, seconds: float) -> None:
        """Wait until the files were read, for a while."""
        self._reading.join(seconds)

    def _read(self) -> None:
        try:
            self._project = Project.open(self.root)
        finally:
            self._lock.release()

    def _readers_of(self, project: Project) -> dict[str, list[str]]:
        if self._readers[0] is not project:
            readers: dict[str, list[str]] = {}
            for name, dataset in project.datasets.items():
                for upstream in dataset.inputs:
                    readers.setdefault(upstream, []).append(name)
            self._readers = (project, readers)
        return self._readers[1]

    @cached_property
    def _readers(self) -> tuple[Project | None, dict[str, list[str]]]:
        return None, {}


def _stamps(root: Path) -> object:
    """What tells that a file changed: names, sizes and times of all that describe the project."""
    folder = root / "datasets"
    files = [root / "gristmill.toml", *(folder.rglob("*") if folder.is_dir() else ())]
    stats = [(str(path), path.stat()) for path in files if path.suffix in {".yaml", ".yml", ".sql", ".toml"}]
    return sorted((path, stat.st_mtime_ns, stat.st_size) for path, stat in stats)
