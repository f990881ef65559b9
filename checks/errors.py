"""What can go wrong with questions.

    CheckError
    ├── NotSayable     a pandera schema holds a check that no contract can say
    ├── NoSuchColumn   a column that was named is not in both tables
    └── NotAskable     two tables are to be compared in a way in which they cannot be

A problem of the data is never an error: it is a finding or a rejected row.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

MOST_NAMED = 10


class CheckError(Exception):
    """The root: `code` for scripts, `exit_code` for the shell, `retry` when trying again may help."""

    code = "check"
    exit_code = 1
    retry = False


@dataclass(eq=False)
class NotSayable(CheckError):
    """A pandera schema holds a check that no contract can say."""

    column: str | None
    check: str
    code = "not_sayable"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note("Hint: say it in SQL under the contract's `rules`, and take it out of the schema.")

    def __str__(self) -> str:
        where = "The table" if self.column is None else f"The column {self.column!r}"
        return f"{where} has `{self.check}` in pandera, which a contract cannot say."


@dataclass(eq=False)
class NoSuchColumn(CheckError):
    """A column that was named is not in both tables."""

    column: str
    known: tuple[str, ...]
    alone: str = ""
    code = "no_such_column"
    exit_code = 4

    def __post_init__(self) -> None:
        if close := get_close_matches(self.column, self.known, n=1):
            self.add_note(f"Hint: did you mean {close[0]!r}?")
            return
        more = f" and {len(self.known) - MOST_NAMED} more" if len(self.known) > MOST_NAMED else ""
        self.add_note(f"Hint: both have {', '.join(self.known[:MOST_NAMED]) or 'no column in common'}{more}.")

    def __str__(self) -> str:
        where = f": the {self.alone} side alone has it" if self.alone else ""
        return f"No column named {self.column!r} is in both tables{where}."


@dataclass(eq=False)
class NotAskable(CheckError):
    """Two tables are to be compared in a way in which they cannot be."""

    asked: str
    found: str
    hint: str
    code = "not_askable"
    exit_code = 2

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}.")

    def __str__(self) -> str:
        return f"{self.asked}: {self.found}."
