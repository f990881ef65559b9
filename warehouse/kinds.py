"""DuckDB's types: which other engines keep, and which hold every value of which.

What a contract calls a type is `checks.contract`.
"""

from __future__ import annotations

import re

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
FLOATS = ("FLOAT", "DOUBLE")
# Types that other engines do not keep, and what is stored in their place.
STORED_AS = (
    (re.compile(r"HUGEINT|UHUGEINT|UINTEGER|UBIGINT"), "BIGINT"),
    (re.compile(r"UTINYINT|USMALLINT"), "INTEGER"),
    (re.compile(r"JSON|UUID|TIME|TIME WITH TIME ZONE|INTERVAL|BIT|ENUM\(.*"), "VARCHAR"),
    (re.compile(r"TIMESTAMP_(S|MS|NS)"), "TIMESTAMP"),
)


def stored_as(kind: str) -> str:
    """The type in which a column of the DuckDB type `kind` is stored.

    >>> stored_as("HUGEINT"), stored_as("FLOAT[3]"), stored_as("DATE")
    ('BIGINT', 'FLOAT[]', 'DATE')
    """
    for pattern, stored in STORED_AS:
        if pattern.fullmatch(kind):
            return stored
    return re.sub(r"\[\d+\]$", "[]", kind)


def is_lossless(found: str, known: str, *, is_text: bool) -> bool:
    """Whether a file's column of type `found` can be read as `known` without a value being changed in silence.

    In a text file a column of texts may be read as anything: what does not fit is an unread row, not a wrong value.

    >>> is_lossless("INTEGER", "BIGINT", is_text=False), is_lossless("DOUBLE", "BIGINT", is_text=True)
    (True, False)
    """
    if known in {found, "VARCHAR"} or (is_text and found == "VARCHAR"):
        return True
    if found in INTEGERS:
        # Of a text file a wider integer is the sniffer's caution: what does not fit is an unread row.
        fits = known in INTEGERS and (is_text or INTEGERS.index(found) <= INTEGERS.index(known))
        return fits or known in FLOATS or known.startswith("DECIMAL")
    if found in FLOATS:
        return known == "DOUBLE" or (is_text and known == "FLOAT")
    if found == "DATE":
        return known.startswith("TIMESTAMP")
    return is_text and found == "BOOLEAN" and known not in (*INTEGERS, *FLOATS)
