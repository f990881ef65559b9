"""The text that says who a row is: `_entity`, computed once and stored, hashed by every engine alike.

What the digest of it decides does not belong here; that is `warehouse.splits`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from warehouse.query import literal, quoted

FLOATS = re.compile(r"^(FLOAT|DOUBLE|REAL)$")
INTEGERS = re.compile(r"^U?(TINY|SMALL|BIG)?INT(EGER)?$")


def entity_sql(columns: Mapping[str, str], entity: Sequence[str]) -> str:
    """SQL for the entity's text.

    Args:
        columns: The table's columns and their DuckDB types.
        entity: The columns of the entity: one gives its text, several `<code points>:<text>` joined by `|`, a NULL part
            `-`. NULL only when all are.
    """
    if len(entity) == 1:
        return text_sql(entity[0], columns[entity[0]])
    return f"CASE WHEN {_all_null(entity)} THEN NULL ELSE {_parts_sql(columns, entity)} END"


def row_sql(columns: Mapping[str, str], frozen: Sequence[str]) -> str:
    """SQL for the identity of a row that has no key: the MD5 of its `frozen` columns, so that identical rows agree."""
    return f"md5({_parts_sql(columns, frozen)})"


def text_sql(column: str, kind: str) -> str:
    """SQL for the one text of a value, the same whatever the machine's zone or the decimal's scale.

    >>> text_sql("seats", "BIGINT")
    'CAST("seats" AS VARCHAR)'
    """
    return _text_of(quoted(column), kind)


def _text_of(name: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(make_timestamp(epoch_us({name})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%f')"
    if kind.startswith("DECIMAL"):
        # A change of scale (1.50 after 1.5) must move no row; a DECIMAL(2,2) has no zero before its point.
        text = f"regexp_replace(CAST({name} AS VARCHAR), '^(-?)\\.', '\\10.')"
        return f"CASE WHEN {text} LIKE '%.%' THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    return name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"


def has_same_texts(before: str, now: str) -> bool:
    """Whether a column that was of type `before` gives every value the text that it has as one of type `now`.

    >>> has_same_texts("INTEGER", "BIGINT"), has_same_texts("BIGINT", "VARCHAR"), has_same_texts("DATE", "TIMESTAMP")
    (True, True, False)
    """
    one, other = _text_kind(before), _text_kind(now)
    return one == other or (one, other) == ("number", "VARCHAR")


def other_text_sql(column: str, before: str, now: str) -> str:
    """SQL: whether a value has another text as type `now` than as `before`; NULL when it cannot be of that type.

    >>> other_text_sql("n", "VARCHAR", "BIGINT")
    'CAST(TRY_CAST("n" AS BIGINT) AS VARCHAR) <> "n"'
    """
    return f"{_text_of(f'TRY_CAST({quoted(column)} AS {now})', now)} <> {text_sql(column, before)}"


def _text_kind(kind: str) -> str:
    if INTEGERS.match(kind) or kind.startswith("DECIMAL"):
        return "number"
    return "TIMESTAMP" if re.match(r"TIMESTAMP(_S|_MS|_NS)?$", kind) else kind


def named_text_sql(column: str, kind: str) -> str:
    r"""SQL for the text of a value behind its column's name; NULL for no value.

    >>> named_text_sql("user", "VARCHAR")
    '\'user:\' || "user"'
    """
    return f"{literal(f'{column}:')} || {text_sql(column, kind)}"


def _parts_sql(columns: Mapping[str, str], names: Sequence[str]) -> str:
    texts = [text_sql(name, columns[name]) for name in names]
    # The length stands first: joined by '|' alone, ('a|b', 'c') and ('a', 'b|c') would be one entity.
    parts = (f"coalesce(length({text}) || ':' || {text}, '-')" for text in texts)
    # Not a chain of ||, which nests once a column.
    return f"concat_ws({literal('|')}, {', '.join(parts)})"


def _all_null(names: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} IS NULL" for name in names)
