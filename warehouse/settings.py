"""Where the warehouse lives and how much of the machine it may use: `gristmill.toml` and the environment, read once.

What a dataset is does not belong here; that is `assets.spec`.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warehouse.errors import NotBuilt, NotFound, SettingsError, closest
from warehouse.policy import SPLITS

FILE = "gristmill.toml"
PROJECT_VARIABLE = "GRISTMILL_PROJECT"
KEYS: dict[str, tuple[str, ...] | None] = {
    "salt": None,
    "warehouse": ("path", "catalog"),
    "limits": ("threads", "memory"),
    "splits": None,
    "notify": ("command", "webhook"),
}


@dataclass(frozen=True, kw_only=True)
class Notify:
    """Who is told when a dataset fails, and when it has recovered: a command, or a web address.

    The address may name variables, `${NAME}`: they are read when somebody is told, for a reader need not have them.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""


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
        notify: Who is told of failures, or None.
    """

    root: Path
    home: Path
    salt: str
    policies: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    threads: int | None = None
    memory_limit: str | None = None
    notify: Notify | None = None

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
    """The project's folder: the nearest one with `gristmill.toml`, at or above `start`.

    Without `start`: `GRISTMILL_PROJECT`, else from the working directory upwards.

    Raises:
        NotFound: No such folder.
        SettingsError: `GRISTMILL_PROJECT` names a folder that is no project.
    """
    if start is None and (named := os.environ.get(PROJECT_VARIABLE)):
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(FILE, "", f"is not TOML: {error}", "mend the line that it names") from error
    for key, known in KEYS.items():
        if key != "salt":
            _refuse_unknown(key, _table(raw, key), known)
    _refuse_unknown("", raw, tuple(KEYS))
    warehouse, limits = _table(raw, "warehouse"), _table(raw, "limits")
    if "catalog" in warehouse:
        raise NotBuilt("A catalog in PostgreSQL", "leave `catalog` out: the warehouse is then a folder")
    if not isinstance(salt := raw.get("salt"), str) or not salt:
        raise SettingsError(FILE, "salt", "is missing", 'write `salt = "any text"`; it is drawn once and kept for ever')
    return Settings(
        root=root,
        home=root / Path(_text(warehouse, "warehouse.path", default=".gristmill")).expanduser(),
        salt=salt,
        policies={name: _shares(name, table) for name, table in _table(raw, "splits").items()},
        threads=_threads(*_limit(limits, "threads")),
        memory_limit=_memory(*_limit(limits, "memory")),
        notify=_notify(_table(raw, "notify")) if "notify" in raw else None,
    )


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = raw.get(key, {})
    if not isinstance(table, dict):
        raise SettingsError(
            FILE, key, f"is {table!r}, not a table", f"write [{key}] on a line of its own, its keys below"
        )
    return table


def _text(table: Mapping[str, Any], path: str, *, default: str) -> str:
    value = table.get(path.rpartition(".")[2], default)
    if not isinstance(value, str):
        raise SettingsError(FILE, path, f"is {value!r}, not a text", "put it in quotes")
    return value


def _refuse_unknown(table: str, keys: Mapping[str, Any], known: tuple[str, ...] | None) -> None:
    for key in keys:
        if known is not None and key not in known:
            close = closest(key, known)
            hint = f"did you mean `{close}`?" if close else f"known here are {', '.join(known)}"
            raise SettingsError(FILE, f"{table}.{key}".lstrip("."), "is not a key", hint)


def _shares(name: str, table: Any) -> dict[str, Decimal]:
    path, hint = f"splits.{name}", "write `shares = {train = 0.8, dev = 0.1, test = 0.1}`"
    if not isinstance(table, dict) or not isinstance(shares := table.get("shares"), dict) or not shares:
        raise SettingsError(FILE, path, "has no shares", hint)
    _refuse_unknown(path, table, ("shares",))
    _refuse_unknown(f"{path}.shares", shares, SPLITS)
    for split, share in shares.items():
        is_number = isinstance(share, Decimal | int) and not isinstance(share, bool)
        if not is_number or not Decimal(share).is_finite():
            raise SettingsError(FILE, f"{path}.shares.{split}", f"is {_shown(share)}, not a share", hint)
    return {split: Decimal(share) for split, share in shares.items()}


def _shown(value: object) -> str:
    return str(value) if isinstance(value, Decimal) else repr(value)


def _limit(limits: Mapping[str, Any], key: str) -> tuple[str, str, Any]:
    """Where a limit is said, in which file or variable, and what: the environment beats the file."""
    variable = f"GRISTMILL_{key.upper()}"
    if variable in os.environ:
        return "the environment", variable, os.environ[variable]
    return FILE, f"limits.{key}", limits.get(key)


def _threads(file: str, key: str, value: Any) -> int | None:
    if value is None:
        return None
    if not str(value).isdigit() or int(value) < 1:
        raise SettingsError(file, key, f"is {value!r}", "write a whole number of 1 or more")
    return int(value)


def _memory(file: str, key: str, value: Any) -> str | None:
    if value is None:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)", str(value)):
        raise SettingsError(file, key, f"is {value!r}", 'write a size with its unit, such as "4GB"')
    return str(value)


def _notify(table: Mapping[str, Any]) -> Notify:
    hint = 'write `command = "..."` or `webhook = "https://..."`'
    if len(table) != 1:
        found = "has both a command and a webhook" if table else "has neither a command nor a webhook"
        raise SettingsError(FILE, "notify", found, f"{hint}; one of them" if table else hint)
    if "command" in table:
        words = table["command"]
        is_list = isinstance(words, list) and words and all(isinstance(word, str) for word in words)
        if not is_list and not (isinstance(words, str) and words.strip()):
            raise SettingsError(FILE, "notify.command", f"is {words!r}, not a command", hint)
        return Notify(command=tuple(words if is_list else _words(words)))
    webhook = _text(table, "notify.webhook", default="")
    parts = urlsplit(webhook)
    if not webhook.startswith("${") and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise SettingsError(FILE, "notify.webhook", f"is {webhook!r}, not a web address", hint)
    return Notify(webhook=webhook)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        hint = 'close the quote, or write a list: `command = ["mail", "-s", "Gristmill", "team@example.org"]`'
        raise SettingsError(FILE, "notify.command", f"is {command!r}: {str(error).lower()}", hint) from error
