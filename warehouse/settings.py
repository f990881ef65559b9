"""Where the warehouse lives and how much of the machine it may use: `gristmill.toml` and the environment, read once.

What a dataset is does not belong here; that is `assets.spec`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from warehouse.errors import NotBuilt, NotFound, SettingsError, closest

FILE = "gristmill.toml"
PROJECT_VARIABLE = "GRISTMILL_PROJECT"
KEYS: dict[str, tuple[str, ...] | None] = {
    "salt": None,
    "warehouse": ("path", "catalog"),
    "limits": ("threads", "memory"),
    "splits": None,
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A project's settings.

    Attributes:
        root: The project's folder, absolute.
        home: Where Gristmill keeps what it writes, absolute.
        salt: The one salt of every split in the project.
        policies: Shares by split for each named policy.
        threads: Threads that DuckDB may use; None is DuckDB's own choice.
        memory_limit: Memory that DuckDB may use, such as `4GB`; None is DuckDB's own choice.
    """

    root: Path
    home: Path
    salt: str
    policies: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    threads: int | None = None
    memory_limit: str | None = None

    @property
    def catalog_path(self) -> Path:
        """The lake's catalog."""
        return self.home / "lake.sqlite"

    @property
    def data_path(self) -> Path:
        """The lake's Parquet files."""
        return self.home / "lake"

    @property
    def meta_path(self) -> Path:
        """The database of small facts."""
        return self.home / "meta.sqlite"


def find_project(start: Path | None = None) -> Path:
    """The project's folder: `GRISTMILL_PROJECT`, else the nearest folder at or above `start` that has `gristmill.toml`.

    Raises:
        NotFound: No such folder.
    """
    if named := os.environ.get(PROJECT_VARIABLE):
        root = Path(named).expanduser().resolve()
        if not (root / FILE).is_file():
            raise SettingsError(PROJECT_VARIABLE, named, f"has no {FILE}", "name a project's folder, or unset it")
        return root
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    missing = NotFound("project", str(here), ())
    missing.__notes__ = [f"Hint: `gristmill add your.csv` makes one; a project is a folder with {FILE}."]
    raise missing


def read_settings(root: Path) -> Settings:
    """Read the settings of the project in `root`.

    Raises:
        SettingsError: A key is unknown or a value cannot be.
        NotBuilt: A catalog in PostgreSQL.
    """
    path = root / FILE
    try:
        raw = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(FILE, "the file", f"is not TOML: {error}", "mend the line that it names") from error
    _refuse_unknown(raw)
    warehouse, limits = raw.get("warehouse", {}), raw.get("limits", {})
    if "catalog" in warehouse:
        raise NotBuilt("A catalog in PostgreSQL", "leave `catalog` out: the warehouse is then a folder")
    if not isinstance(salt := raw.get("salt"), str) or not salt:
        raise SettingsError(FILE, "salt", "is missing", 'write `salt = "any text"`; it is drawn once and kept for ever')
    return Settings(
        root=root,
        home=root / Path(warehouse.get("path", ".gristmill")).expanduser(),
        salt=salt,
        policies={name: _shares(name, table) for name, table in raw.get("splits", {}).items()},
        threads=_threads(os.environ.get("GRISTMILL_THREADS", limits.get("threads"))),
        memory_limit=_memory(os.environ.get("GRISTMILL_MEMORY", limits.get("memory"))),
    )


def _refuse_unknown(raw: Mapping[str, Any]) -> None:
    found = [(key, key, tuple(KEYS)) for key in raw if key not in KEYS]
    for table, known in KEYS.items():
        if known is not None and isinstance(raw.get(table), dict):
            found += [(f"{table}.{key}", key, known) for key in raw[table] if key not in known]
    for path, key, known in found:
        close = closest(key, known)
        hint = f"did you mean `{close}`?" if close else f"known here are {', '.join(known)}"
        raise SettingsError(FILE, path, "is not a key", hint)


def _shares(name: str, table: Any) -> dict[str, Decimal]:
    shares = table.get("shares") if isinstance(table, dict) else None
    if not isinstance(shares, dict) or not all(isinstance(v, Decimal | int) for v in shares.values()):
        raise SettingsError(
            FILE, f"splits.{name}", "has no shares", "write `shares = {train = 0.8, dev = 0.1, test = 0.1}`"
        )
    return {split: Decimal(share) for split, share in shares.items()}


def _threads(value: Any) -> int | None:
    if value is None:
        return None
    if not str(value).isdigit() or int(value) < 1:
        raise SettingsError(FILE, "limits.threads", f"is {value!r}", "write a whole number of 1 or more")
    return int(value)


def _memory(value: Any) -> str | None:
    if value is None:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)", str(value)):
        raise SettingsError(FILE, "limits.memory", f"is {value!r}", 'write a size with its unit, such as "4GB"')
    return str(value)
