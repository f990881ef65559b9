"""What a dataset promises, as a person writes it in YAML.

How a promise is held against rows does not belong here; that is `checks.rules`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

Severity = Literal["reject", "block", "warn"]
Bound = bool | int | float | Decimal | datetime | date | str

# What a contract calls a type: the type that DuckDB casts to, and the types that are it already.
TYPES: dict[str, tuple[str, re.Pattern[str]]] = {
    "string": ("VARCHAR", re.compile("VARCHAR")),
    "integer": ("BIGINT", re.compile("TINYINT|SMALLINT|INTEGER|BIGINT")),
    "float": ("DOUBLE", re.compile("FLOAT|DOUBLE")),
    "boolean": ("BOOLEAN", re.compile("BOOLEAN")),
    "date": ("DATE", re.compile("DATE")),
    "timestamp": ("TIMESTAMP", re.compile("TIMESTAMP(_S|_MS|_NS)?")),
    "timestamptz": ("TIMESTAMP WITH TIME ZONE", re.compile("TIMESTAMP WITH TIME ZONE")),
    "list": ("", re.compile(r".*\[\]")),
    "struct": ("", re.compile(r"STRUCT\(.*\)", re.DOTALL)),
}
DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


class Strict(BaseModel):
    """A part of the YAML: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


OneOrMany = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class ColumnPromise(Strict):
    """What one column promises. A column that is named here is not nullable unless it says so."""

    type: str | None = Field(
        None, description="string, integer, float, boolean, date, timestamp, timestamptz, decimal(p, s)"
    )
    nullable: bool = Field(False, description="Whether a value may be missing.")
    unique: bool = Field(False, description="No value twice.")
    in_: tuple[Bound, ...] | None = Field(None, alias="in", description="The values that it may have.")
    min: Bound | None = Field(None, description="The smallest value that it may have.")
    max: Bound | None = Field(None, description="The largest value that it may have.")
    pattern: str | None = Field(None, description="A regular expression that each text matches somewhere.")
    references: str | None = Field(None, description="`dataset.column`: every value is one of that column's.")
    severity: Severity = Field("reject", description="What a broken promise does: reject the row, block, or warn.")

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str | None) -> str | None:
        if value is not None and value not in TYPES and not DECIMAL.fullmatch(value):
            msg = f"{value!r} is no type; there are {', '.join(TYPES)}, decimal(p, s)"
            raise ValueError(msg)
        return value

    @field_validator("references")
    @classmethod
    def _dotted(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[^.]+\.[^.]+", value):
            msg = f"{value!r} names no column of another dataset; write `dataset.column`"
            raise ValueError(msg)
        return value

    @property
    def cast(self) -> str | None:
        """The DuckDB type that the column is cast to when it has another; None when any will do."""
        if self.type and (match := DECIMAL.fullmatch(self.type)):
            return f"DECIMAL({match.group(1)},{match.group(2)})"
        return TYPES[self.type][0] or None if self.type else None

    def is_held_by(self, kind: str) -> bool:
        """Whether a column of the DuckDB type `kind` has the promised type already.

        >>> ColumnPromise(type="integer").is_held_by("SMALLINT")
        True
        """
        if self.type is None:
            return True
        if DECIMAL.fullmatch(self.type):
            return kind == self.cast
        return bool(TYPES[self.type][1].fullmatch(kind))


def _as_promise(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


def _as_uniques(value: object) -> object:
    """A list of column lists, each with or without its severity."""
    items = value if isinstance(value, list | tuple) else [value]
    return [{"columns": item} if isinstance(item, str | list | tuple) else item for item in items]


def _as_expression(value: object) -> object:
    return {"expr": value} if isinstance(value, str) else value


class UniquePromise(Strict):
    """Columns that together are never the same twice."""

    columns: OneOrMany
    severity: Severity = "reject"


class ExpressionPromise(Strict):
    """A condition on one row, in SQL. NULL passes."""

    expr: str
    severity: Severity = "reject"


class Contract(Strict):
    """What a dataset promises."""

    columns: dict[str, Annotated[ColumnPromise, BeforeValidator(_as_promise)]] = Field(
        default_factory=dict, description="By column: its type, or a map of promises. Columns not named pass."
    )
    unique: Annotated[tuple[UniquePromise, ...], BeforeValidator(_as_uniques)] = Field(
        (), description="Lists of columns that together are unique."
    )
    rules: dict[str, Annotated[ExpressionPromise, BeforeValidator(_as_expression)]] = Field(
        default_factory=dict, description="By name: a condition in SQL that every row meets."
    )
    max_rejected_share: float = Field(
        0.05, ge=0, le=1, description="Above this share of rejected rows the dataset blocks."
    )

    def to_canonical(self) -> dict[str, Any]:
        """The contract as JSON types, for the fingerprint."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
