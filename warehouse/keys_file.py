"""A file that names the split of each key, read into the workspace.

What its names mean is `warehouse.named_splits`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from warehouse.files import SourceFile, plain
from warehouse.identity import entity_sql
from warehouse.lake import Lake, connect
from warehouse.layout import WHOLE_FILE, Reading
from warehouse.query import described, quoted
from warehouse.reader import look, stage

SNIFFED_ROWS = 20_480


def columns_of(file: SourceFile) -> Mapping[str, str]:
    """The columns of a file and their types, as its first rows have them.

    Raises:
        Unreadable: It is empty or not of its format.
    """
    with plain(file) as path, connect() as connection:
        return look(connection, path, Reading(format=file.format or "csv"), sample_rows=SNIFFED_ROWS).columns


def keep_keys(lake: Lake, name: str, file: SourceFile, columns: Sequence[str], like: str, split: str) -> int:
    """Keep what a file says as the table `name` of the workspace: `_key` and `_named`, one row a line.

    Args:
        lake: In a workspace.
        name: The table's.
        file: The file.
        columns: The columns that make a key.
        like: The table whose types they have: as these the file's values are read.
        split: The column that names the split.

    Returns:
        How many lines of the file could not be read.

    Raises:
        Unreadable: It is not of its format.
    """
    by = described(lake.connection, f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(like)}")
    reading = Reading(format=file.format or "csv", types={**by, split: "VARCHAR"})
    typed = ", ".join(f"TRY_CAST({quoted(column)} AS {kind}) AS {quoted(column)}" for column, kind in by.items())
    with plain(file) as path:
        layout = look(lake.connection, path, reading, sample_rows=WHOLE_FILE)
        staged = stage(lake.connection, path, reading, layout)
        lines = f"SELECT {typed}, CAST({quoted(split)} AS VARCHAR) AS _named FROM ({staged.select})"
        lake.keep(name, f"SELECT {entity_sql(by, tuple(by))} AS _key, _named FROM ({lines})")
    return staged.n_unread
