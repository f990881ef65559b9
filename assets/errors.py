"""What can go wrong with steps and with the files that describe datasets.

    AssetError
    ├── SpecError       datasets/*.yaml says what cannot be; carries every problem that was found
    ├── NotPublished    a dataset is read that has no version yet
    ├── SaltChanged     the salt is another one than a published version was split with
    ├── IdentityGone    a column that identifies rows of a dataset without a key is no longer there
    ├── IdentityAbsent  nothing tells rows of a dataset apart: no key, no entity, no column but the target
    ├── IdentityRetyped a column that tells who a row is has another type
    ├── StrataGone      the column is gone by which rows were stratified so far
    ├── NotRepeatable   a query gave other rows the second time
    ├── ModelFailed     a model could not be fitted or judged; its version stays published
    └── StepFailed      DuckDB gave up inside a step

A problem of the data is never an error: it is a finding or a rejected row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with a file that a person wrote, where, and what to do.

    Attributes:
        file: Relative to the project.
        line: From 1, or None when it is about the whole file.
        key: The key, dotted, or "".
        found: What was found, ready to follow the key.
        hint: The way out.
        is_warning: It may stay.
    """

    file: str
    line: int | None
    key: str
    found: str
    hint: str
    is_warning: bool = False

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        said = f"`{self.key}` {self.found}" if self.key else self.found
        return f"{where}: {said}\n  Hint: {self.hint}"

    def to_json(self) -> dict[str, Any]:
        """The problem as scripts get it."""
        return asdict(self)


class AssetError(Exception):
    """The root: `code` for scripts, `exit_code` for the shell, `retry` when trying again may help."""

    code = "asset"
    exit_code = 1
    retry = False


@dataclass(eq=False)
class SpecError(AssetError):
    """Dataset files say what cannot be."""

    problems: tuple[Problem, ...]
    code = "spec"
    exit_code = 2

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(eq=False)
class NotPublished(AssetError):
    """A dataset is read, by another or by somebody, that has no version yet."""

    name: str
    needed_by: str
    code = "not_published"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: `gristmill run {self.needed_by} --with-upstream` publishes it first.")

    def __str__(self) -> str:
        if self.name == self.needed_by:
            return f"{self.name!r} has no published version."
        return f"{self.needed_by!r} reads {self.name!r}, which has no published version."


@dataclass(eq=False)
class SaltChanged(AssetError):
    """Another salt would move every row to another split."""

    name: str
    code = "salt_changed"

    def __post_init__(self) -> None:
        self.add_note(
            "Hint: put the old salt back, or `gristmill run --new-policy` to split everything anew on purpose."
        )

    def __str__(self) -> str:
        return f"The salt in gristmill.toml is not the one that versions of {self.name!r} were split with."


@dataclass(eq=False)
class IdentityGone(AssetError):
    """Rows without a key are known by their columns as of version 1, and one of these is gone."""

    name: str
    columns: tuple[str, ...]
    code = "identity_gone"

    def __post_init__(self) -> None:
        self.add_note("Hint: bring the columns back, or run with `--new-policy` to split everything anew on purpose.")

    def __str__(self) -> str:
        gone = ", ".join(map(repr, self.columns))
        return f"Rows of {self.name!r} are identified by {gone}, which the query no longer gives."


@dataclass(eq=False)
class IdentityAbsent(AssetError):
    """Rows have no key and no column but those that do not tell who a row is."""

    name: str
    columns: tuple[str, ...]
    code = "identity_absent"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: name a `key` or `splits.entity` in datasets/{self.name}.yaml.")

    def __str__(self) -> str:
        held = ", ".join(map(repr, self.columns)) or "no column"
        return f"Nothing tells rows of {self.name!r} apart: it has {held}, no key and no entity, and no feature."


@dataclass(eq=False)
class IdentityRetyped(AssetError):
    """A column that tells who a row is has another type, so that every row would have another text and place."""

    name: str
    column: str
    before: str
    now: str
    code = "identity_retyped"

    def __post_init__(self) -> None:
        self.add_note(
            f"Hint: give {self.column!r} the type that it had under `contract.columns`, or run with `--new-policy` to"
            " split everything anew on purpose."
        )

    def __str__(self) -> str:
        return (
            f"Rows of {self.name!r} are known by {self.column!r}, which was {self.before} and is {self.now}: each would"
            " be placed anew."
        )


@dataclass(eq=False)
class StrataGone(AssetError):
    """Rows were stratified by a column that is gone, and by another they would be placed anew."""

    name: str
    before: str
    now: str
    code = "strata_gone"

    def __post_init__(self) -> None:
        self.add_note(
            f"Hint: a column that was renamed keeps its old name in the query (`select {self.now} as {self.before}`);"
            " `--new-policy` splits anew on purpose, and rows that were trained on are then unused in dev and test."
        )

    def __str__(self) -> str:
        return (
            f"Rows of {self.name!r} were stratified by {self.before!r}, which is no longer a column, and would be by"
            f" {self.now!r}: each would be placed anew."
        )


@dataclass(eq=False)
class NotRepeatable(AssetError):
    """A query gave other rows when it was read again."""

    name: str
    n_expected: int
    n_found: int
    code = "not_repeatable"

    def __post_init__(self) -> None:
        self.add_note(
            "Hint: `random()`, `now()` or a sample stands in the query or a rule; no such version can be made twice."
        )

    def __str__(self) -> str:
        return f"The query of {self.name!r} gave {self.n_expected:,} accepted rows and then {self.n_found:,}."


@dataclass(eq=False)
class StepFailed(AssetError):
    """DuckDB gave up inside a step."""

    name: str
    step: str
    found: str
    hint: str
    code = "step_failed"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"{self.step} of {self.name!r}: {self.found}"


@dataclass(eq=False)
class ModelFailed(AssetError):
    """A model could not be fitted or judged; the version that it was to be judged on stays published."""

    model: str
    found: str
    hint: str
    code = "model"

    def __post_init__(self) -> None:
        self.add_note(f"Hint: {self.hint}")

    def __str__(self) -> str:
        return f"model {self.model!r}: {self.found}"
