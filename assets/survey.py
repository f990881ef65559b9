"""A first look at a file that nobody has described yet: its columns, what could be its key, what gives the target away.

What is written of it is `pipelines.draft`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from checks.giveaway import determining_columns, scores, suspicious_columns
from checks.labelled import Labelled
from checks.units import N_BUCKETS
from warehouse.errors import NotFound
from warehouse.files import SourceFile, plain
from warehouse.identity import FLOATS
from warehouse.layout import WHOLE_FILE, Reading
from warehouse.query import literal, quoted
from warehouse.reader import look, stage

# Texts that stand for nothing in the files of the world.
NULL_TEXTS = ("NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", "\\N", "missing")
JUDGED_ROWS = 200_000
MOST_CLASSES = 20


@dataclass(frozen=True, kw_only=True)
class ColumnFacts:
    """What was seen of one column; counts are exact, over all rows."""

    name: str
    kind: str
    n_missing: int
    n_distinct: int
    least: str | None
    most: str | None


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What was seen of a file.

    Attributes:
        n_rows: Rows that could be read.
        n_unread: Rows that could not.
        n_copies: Rows that are equal to an earlier one in every column.
        nulls: Texts that stand for a missing value.
        columns: In the file's order.
        key: The columns that alone are unique and never missing.
        times: The columns of dates or timestamps.
        target: The values of the target, each with its share, when they are few.
        determining: Columns that determine the target.
        suspicious: Columns that predict it suspiciously well, with their AUC and the next best column's.
    """

    n_rows: int
    n_unread: int
    n_copies: int
    nulls: tuple[str, ...]
    columns: tuple[ColumnFacts, ...]
    key: tuple[str, ...]
    times: tuple[str, ...]
    target: dict[str, float]
    determining: tuple[str, ...]
    suspicious: tuple[tuple[str, float, float], ...]


def survey(connection: duckdb.DuckDBPyConnection, file: SourceFile, reading: Reading, *, target: str | None) -> Survey:
    """Look at every row of a file.

    Raises:
        Unreadable: It is not of its format.
        NotFound: It has no column `target`.
    """
    with plain(file) as path:
        layout = look(connection, path, reading, sample_rows=WHOLE_FILE)
        staged = stage(connection, path, reading, layout)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE surveyed AS {staged.select}")
        nulls = _null_texts(connection, [name for name, kind in layout.columns.items() if kind == "VARCHAR"])
        if nulls and not reading.nulls and reading.format == "csv":
            return survey(connection, file, replace(reading, nulls=nulls), target=target)
    if target is not None and target not in layout.columns:
        raise NotFound("column", target, tuple(layout.columns))
    columns = tuple(_facts(connection, name, kind) for name, kind in layout.columns.items())
    determining, suspicious = _giveaways(connection, columns, target, staged.n_rows)
    listed = ", ".join(quoted(column.name) for column in columns)
    n_kinds = _value(connection, f"SELECT count(*) FROM (SELECT DISTINCT {listed} FROM temp.surveyed)")
    return Survey(
        n_rows=staged.n_rows,
        n_unread=staged.n_unread,
        n_copies=staged.n_rows - n_kinds,
        nulls=reading.nulls,
        columns=columns,
        key=tuple(
            c.name
            for c in columns
            if not c.n_missing and 0 < c.n_distinct == staged.n_rows and not FLOATS.match(c.kind) and c.name != target
        ),
        times=tuple(c.name for c in columns if c.kind == "DATE" or c.kind.startswith("TIMESTAMP")),
        target=_classes(connection, target, staged.n_rows) if target else {},
        determining=tuple(determining),
        suspicious=tuple((score.column, score.auc, best) for score, best in suspicious),
    )


def _value(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _null_texts(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> tuple[str, ...]:
    """The texts that alone keep a column of texts from being numbers or moments."""
    known = ", ".join(map(literal, NULL_TEXTS))
    found: set[str] = set()
    for name in texts:
        rows = connection.execute(
            f"SELECT DISTINCT {quoted(name)} FROM temp.surveyed WHERE {quoted(name)} IN ({known})"
            f" AND (SELECT count(*) FROM temp.surveyed WHERE {quoted(name)} NOT IN ({known})"
            f" AND TRY_CAST({quoted(name)} AS DOUBLE) IS NULL AND TRY_CAST({quoted(name)} AS TIMESTAMP) IS NULL) = 0"
        ).fetchall()
        found |= {row[0] for row in rows}
    return tuple(sorted(found))


def _facts(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> ColumnFacts:
    column = quoted(name)
    row = connection.execute(
        f"SELECT count(*) - count({column}), count(DISTINCT {column}), min({column})::VARCHAR, max({column})::VARCHAR"
        " FROM temp.surveyed"
    ).fetchone()
    n_missing, n_distinct, least, most = row or (0, 0, None, None)
    return ColumnFacts(name=name, kind=kind, n_missing=n_missing, n_distinct=n_distinct, least=least, most=most)


def _classes(connection: duckdb.DuckDBPyConnection, target: str, n_rows: int) -> dict[str, float]:
    rows = connection.execute(
        f"SELECT {quoted(target)}::VARCHAR, count(*) FROM temp.surveyed GROUP BY 1 ORDER BY 1 LIMIT {MOST_CLASSES + 1}"
    ).fetchall()
    return {str(value): n / n_rows for value, n in rows} if len(rows) <= MOST_CLASSES else {}


def _giveaways(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[ColumnFacts], target: str | None, n_rows: int
) -> Any:
    if target is None or not n_rows:
        return [], []
    n_buckets = N_BUCKETS if n_rows <= JUDGED_ROWS else max(8, N_BUCKETS * JUDGED_ROWS // n_rows)
    frame = connection.execute(
        "SELECT * FROM (SELECT * EXCLUDE (_record), ('0x' || right(md5(_record::VARCHAR), 2))::UTINYINT AS _bucket"
        " FROM temp.surveyed)"
        f" WHERE _bucket < {n_buckets} AND {quoted(target)} IS NOT NULL"
    ).pl()
    features = [column.name for column in columns if column.name != target]
    if not len(frame):
        return [], []
    rows = Labelled(frame=frame, features=tuple(features), target=target, judged_on=f"{len(frame):,} rows")
    determining = determining_columns(rows)
    if rows.is_quantity:
        return determining, []
    return determining, suspicious_columns(scores(rows, [name for name in features if name not in determining]))
