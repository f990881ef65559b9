"""What can go wrong with things that are stored.

    WarehouseError
    ├── SettingsError      gristmill.toml or the environment says something that cannot be
    ├── NotBuilt           asked for something that this version of Gristmill does not have
    ├── Busy               another process holds the lock (a retry helps)
    ├── Incompatible       the warehouse was written by another version of Gristmill or DuckDB
    ├── NotFound           no dataset, version or split of that name
    ├── NoTarget           a dataset without target was asked for labels
    ├── NotPossible        rows were asked for in a way in which they cannot be had
    ├── QueryError         SQL that does not parse or bind, with its place
    ├── RuleOfTheLake      code tried what only `warehouse.lake` may do
    └── Unreadable         a source file that cannot be read

Errors state facts in fields. A problem of the data is never an error: it is a finding or a rejected row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is nearest to `name`, or None when nothing is near.

    >>> closest("flihgts", ["flights", "weather"])
    'flights'
    """
    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)


class WarehouseError(Exception):
    """The root: `code` for scripts, `exit_code` for the shell, `retry` when trying again may help."""

    code = "warehouse"
    exit_code = 1
    retry = False


@dataclass(eq=False)
class SettingsError(WarehouseError):
    """A setting has a value that it cannot have."""

    file: str
    key: str
    found: str
    hint: str
    code = "settings"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"{self.file}: `{self.key}` {self.found}." if self.key else f"{self.file}: it {self.found}."


@dataclass(eq=False)
class NotBuilt(WarehouseError):
    """Something that the design has and this version has not."""

    what: str
    hint: str
    code = "not_built"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"{self.what} is not built in this version of Gristmill."


@dataclass(eq=False)
class Busy(WarehouseError):
    """Another process is at work."""

    what: str
    pid: int | None
    since: str
    code = "busy"
    retry = True

    def __post_init__(self) -> None:
        self.add_note("Hint: wait for it, or end that process; a lock is freed when its process ends.")

    def __str__(self) -> str:
        return f"{self.what} by pid {self.pid or 'unknown'} since {self.since or 'an unknown time'}."


@dataclass(eq=False)
class Incompatible(WarehouseError):
    """The warehouse was written by a version that this one does not read."""

    what: str
    written_by: str
    running: str
    code = "incompatible"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: install {self.what} {self.written_by}, or move .gristmill away and `gristmill run`.")

    def __str__(self) -> str:
        return f"This warehouse was written by {self.what} {self.written_by}; running is {self.what} {self.running}."


@dataclass(eq=False)
class NotFound(WarehouseError):
    """Nothing has the requested name."""

    kind: str
    name: str
    known: tuple[str, ...]
    code = "not_found"
    exit_code = 4

    def __post_init__(self) -> None:
        if close := closest(self.name, self.known):
            self.add_note(f"Hint: did you mean {close!r}?")
        elif self.known:
            self.add_note(f"Hint: there {'is' if len(self.known) == 1 else 'are'} {', '.join(self.known)}.")
        else:
            self.add_note("Hint: `gristmill list` shows what there is; `gristmill run` publishes.")

    def __str__(self) -> str:
        return f"No {self.kind} named {self.name!r}{f' among {len(self.known)}' if self.known else ''}."


@dataclass(eq=False)
class NoTarget(WarehouseError):
    """A dataset has no target."""

    dataset: str
    code = "no_target"
    exit_code = 4

    def __post_init__(self) -> None:
        self.add_note(
            f"Hint: name it as `target` in datasets/{self.dataset}.yaml and run again; `load` gives whole rows."
        )

    def __str__(self) -> str:
        return f"Dataset {self.dataset!r} has no target."


@dataclass(eq=False)
class NotPossible(WarehouseError):
    """Rows were asked for in a way in which they cannot be had."""

    asked: str
    found: str
    hint: str
    code = "not_possible"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"{self.asked}: {self.found}."


def refuse_uncounted(name: str, number: object, *, least: int = 1, hint: str = "") -> None:
    """Raise `NotPossible` for what should be a whole number from `least` and is none.

    NumPy's integers are whole numbers too; True and 5.0 are none.
    """
    if isinstance(number, bool) or not isinstance(number, Integral) or int(number) < least:
        found = f"a whole number from {least} is meant"
        raise NotPossible(f"{name}={number!r}", found, hint or f"{name}={least} is the least")


@dataclass(eq=False)
class QueryError(WarehouseError):
    """A query that DuckDB cannot parse, bind or run."""

    found: str
    line: int | None
    hint: str
    code = "query"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return self.found if self.line is None else f"{self.found} (line {self.line} of the query)"


@dataclass(eq=False)
class RuleOfTheLake(WarehouseError):
    """A statement that would break a rule of storage."""

    rule: int
    found: str
    code = "rule_of_the_lake"

    def __str__(self) -> str:
        return f"Rule {self.rule} of the lake forbids this here: {self.found}."


@dataclass(eq=False)
class Unreadable(WarehouseError):
    """A source file that cannot be read as what it is said to be."""

    path: Path
    found: str
    hint: str
    code = "unreadable"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"Cannot read {str(self.path)!r}: {self.found}."
