"""How a source file is read, and what it was found to be.

The reading is `warehouse.reader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WHOLE_FILE = -1


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source's files are read; None is found out from the file."""

    format: str | None = None
    names: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a file was found to be.

    Attributes:
        columns: Its columns in order and their DuckDB types.
        delimiter: Between fields, for CSV.
        quote: Around fields, for CSV.
        date_format: Of dates that are not written as ISO has them, for CSV.
        timestamp_format: The same of timestamps.
        has_mixed_ends: Whether some lines end in CR LF and others in LF, for CSV.
    """

    columns: Mapping[str, str]
    delimiter: str = ","
    quote: str = '"'
    date_format: str | None = None
    timestamp_format: str | None = None
    has_mixed_ends: bool = False


@dataclass(frozen=True, kw_only=True)
class Staged:
    """A file's rows, and its unreadable ones.

    Attributes:
        select: SQL for the rows: the file's columns and `_record`, the ordinal among all rows of the file, from 1.
        n_rows: How many these are.
        n_unread: How many rows the temporary table `unread` has: `_record`, `line` (NULL where it is not certain),
            `raw` (the text) and `reason`.
    """

    select: str
    n_rows: int
    n_unread: int
