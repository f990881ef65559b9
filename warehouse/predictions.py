"""SQL that brings predictions made elsewhere beside the labelled rows of a version, by the dataset's key.

What is wrong with them is told by `assets.predictions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from warehouse.errors import Unreadable
from warehouse.modelled import INTEGER
from warehouse.query import literal, quoted

READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".gz": "read_csv", ".ndjson": "read_ndjson"}
WHOLE = r"[+-]?[0-9]+([.]0*)?(e[+]?[0-9]+)?"
FOUND, JOINED = "_predictions", "_joined"


def read_predictions(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    """Read files of predictions, all of one format, into the table `_predictions` of the current database.

    Raises:
        Unreadable: A file is not of its format.
    """
    reader = READERS.get(paths[0].suffix)
    if reader is None:
        hint = f"write them as one of {', '.join(READERS)}"
        raise Unreadable(paths[0], "predictions are no such files", hint)
    listed = ", ".join(literal(str(path)) for path in paths)
    more = ", union_by_name=true" if reader != "read_ndjson" else ""
    try:
        connection.execute(f"CREATE TABLE {FOUND} AS SELECT * FROM {reader}([{listed}]{more})")
    except duckdb.Error as error:
        raise Unreadable(paths[0], str(error).splitlines()[0], "look at it; all files have the same columns") from error


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The columns of `_predictions` and their types."""
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {FOUND}").fetchall()}


def join(connection: duckdb.DuckDBPyConnection, rows: str, key: Mapping[str, str], told: Mapping[str, str]) -> None:
    """Make the table `_joined`: every labelled row with what was told of it.

    Args:
        connection: Holds `_predictions`.
        rows: SELECT of labelled rows, the key as `_key_<i>`.
        key: The key's columns and their types in the version.
        told: By name in `_joined`, SQL over `_predictions`.
    """
    given = ", ".join(
        [f"{_key_sql(name, kind)} AS _key_{i}" for i, (name, kind) in enumerate(key.items())]
        + [f"{sql} AS {quoted(name)}" for name, sql in told.items()]
    )
    same = ", ".join(f"_key_{i}" for i in range(len(key)))
    connection.execute(
        f"CREATE TABLE {JOINED} AS SELECT * FROM ({rows}) LEFT JOIN (SELECT {given}, true AS _is_told FROM {FOUND})"
        f" USING ({same})"
    )


def _key_sql(name: str, kind: str) -> str:
    """A column of a key in its type in the version; NULL where it is no such value: 0.3 is not the integer 0."""
    column = quoted(name)
    cast = f"TRY_CAST({column} AS {kind})"
    if not INTEGER.fullmatch(kind):
        return cast
    # Of a text, a float or a decimal, a cast would round.
    return f"CASE WHEN regexp_full_match(trim(CAST({column} AS VARCHAR)), '{WHOLE}') THEN {cast} END"


def repeated_sql(key: Mapping[str, str]) -> str:
    """SELECT of keys that were predicted more than once, with how often."""
    listed = ", ".join(f"{_key_sql(name, kind)} AS {quoted(name)}" for name, kind in key.items())
    return f"SELECT {listed}, count(*) AS n FROM {FOUND} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 3"


def unknown_sql(dataset: str, snapshot: int, key: Mapping[str, str]) -> str:
    """SELECT of how many predictions are for no row of the version, and the first of their keys."""
    cast = ", ".join(f"{_key_sql(name, kind)} AS {quoted(name)}" for name, kind in key.items())
    listed = ", ".join(map(quoted, key))
    known = f"SELECT {listed} FROM lake.datasets.{quoted(dataset)} AT (VERSION => {snapshot})"
    shown = " || ' ' || ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), 'nothing')" for name in key)
    return (
        f"SELECT count(*), min(shown) FROM (SELECT {shown} AS shown FROM (SELECT {cast} FROM {FOUND})"
        f" ANTI JOIN ({known}) USING ({listed}))"
    )


def lacking_sql(n_key: int) -> str:
    """SELECT, by split, of how many labelled rows were not predicted, with the first of their keys."""
    shown = " || ' ' || ".join(f"CAST(_key_{i} AS VARCHAR)" for i in range(n_key))
    return f"SELECT _split, count(*), min({shown}) FROM {JOINED} WHERE _is_told IS NULL GROUP BY 1 ORDER BY 1"
