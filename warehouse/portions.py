"""Portions of a split, as SQL: the places that folds are cut from, nested shares, and an order drawn by a seed.

All are functions of MD5, each by a use of its own: within train the digest that made the split holds no chance any
more, its leading digits are those of train. What folds are made of the places does not belong here; `pipelines.folds`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Real

from warehouse.errors import NotPossible
from warehouse.policy import DIGITS
from warehouse.query import literal, quoted
from warehouse.tables import SPLIT_NAMES

# A place is a whole number from 0 to this, drawn for an entity: the digest's first 12 hex digits.
PLACES = 16**DIGITS
SHARE = "share"
ROW = "_row"
# The row's number in the lake.
OWN = "rowid"


def place_of(salt: str, use: str, entity: str) -> int:
    """Where an entity stands for one use: the twin in Python of `place_sql`.

    >>> place_of("salt", "fold 0", "7") == place_of("salt", "fold 0", "7") != place_of("salt", "fold 1", "7")
    True
    """
    return int(hashlib.md5(f"{salt}|{use}|{entity}".encode(), usedforsecurity=False).hexdigest()[:DIGITS], 16)


def place_sql(salt: str, use: str, text: str = "_entity") -> str:
    """SQL for the place of an entity whose text is `text`, an SQL expression."""
    return f"CAST('0x' || {_digits(salt, use, text)} AS BIGINT)"


def share_sql(salt: str, share: float) -> str | None:
    """SQL for whether an entity is in a nested share; None for all of them.

    A smaller share is part of every larger one, and an entity that is in stays in as rows are added.

    Raises:
        NotPossible: The share is not above 0 and at most 1.
    """
    if isinstance(share, bool) or not isinstance(share, Real | Decimal) or not 0 < share <= 1:
        raise NotPossible(f"share={share!r}", "a share is above 0 and at most 1", "0.1 is a tenth of the entities")
    if share == 1:
        return None
    # As written: 0.1 is a tenth, and not the binary number next to it.
    threshold = round(Fraction(Decimal(repr(float(share)))) * PLACES)
    return f"{_digits(salt, SHARE, '_entity')} < {literal(f'{threshold:0{DIGITS}x}')}"


def rows_sql(
    dataset: str, snapshot: int, listed: Sequence[str], *, split: str | None = None, where: Sequence[str] = ()
) -> str:
    """SELECT of `listed` (SQL expressions) and of `_row` from the rows of a version.

    `_row` is the row's number in the lake, given when the version was written and kept when files are merged: by it
    the rows of a version have one order for ever.
    """
    conditions = [*([f"_split = {literal(SPLIT_NAMES[split])}"] if split else []), *where]
    return (
        f"SELECT {', '.join([*listed, f'{OWN} AS {ROW}'])} FROM lake.datasets.{quoted(dataset)}"
        f" AT (VERSION => {snapshot}){' WHERE ' + ' AND '.join(conditions) if conditions else ''}"
    )


def in_order_sql(rows: str) -> str:
    """SELECT of `rows` in their one order, without `_row`."""
    return f"SELECT * EXCLUDE ({ROW}) FROM ({rows}) ORDER BY {ROW}"


def shuffled_sql(rows: str, *, seed: int, epoch: int) -> str:
    """SELECT of `rows` in an order drawn by seed and epoch, without `_row`; a large sort spills to disk."""
    return (
        f"SELECT * EXCLUDE ({ROW}) FROM ({rows})"
        f" ORDER BY md5_number_lower({literal(f'{seed}|{epoch}|')} || {ROW}), {ROW}"
    )


def labelled_sql(target: str, kind: str) -> str:
    """SQL for whether a row of a version has a label; `kind` is the target's DuckDB type."""
    name = quoted(target)
    # What is no number is no label either.
    return f"({name} IS NOT NULL AND NOT isnan({name}))" if kind in {"FLOAT", "DOUBLE"} else f"{name} IS NOT NULL"


def time_sql(column: str, kind: str) -> str:
    """SQL for when a row happened, as a number: microseconds since 1970 where the column is a time; NULL if unknown."""
    name = quoted(column)
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CASE WHEN isfinite({name}) THEN CAST(epoch_us({name}) AS DOUBLE) END"
    return number_sql(column)


def named_sql(expression: str, name: str) -> str:
    """SQL for an expression under a name of ours."""
    return f"{expression} AS {name}"


def label_sql(column: str) -> str:
    """SQL for a column as the text of a label."""
    return f"CAST({quoted(column)} AS VARCHAR)"


def number_sql(column: str) -> str:
    """SQL for a column as a number."""
    return f"CAST({quoted(column)} AS DOUBLE)"


def or_entity_sql(text: str) -> str:
    """SQL for a text, or that of the row's entity where it is missing."""
    return f"coalesce({text}, _entity)"


def _digits(salt: str, use: str, text: str) -> str:
    return f"substr(md5({literal(f'{salt}|{use}|')} || {text}), 1, {DIGITS})"
