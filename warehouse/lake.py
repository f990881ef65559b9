"""The lake: every Parquet table of the warehouse and its immutable states. The only file that says ATTACH.

Nine rules of storage live here, each for a failure that was seen on DuckDB 1.5.5: `tests/warehouse/test_lake.py` shows
those that can be shown, decision 8 tells of rule 3. Which tables there are, what a version is, does not belong here.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.errors import Incompatible, RuleOfTheLake
from warehouse.locks import locked
from warehouse.settings import Settings

if TYPE_CHECKING:
    import polars as pl
    from ibis.backends.duckdb import Backend

SCHEMAS = ("raw", "datasets", "rejected", "placements", "weights")
EXTENSIONS = ("sqlite_scanner", "ducklake")
LOCK_WAIT_SECONDS = 600
KEEP_DELETED_FOR = "1 day"
# Rule by rule, what no other file may send to DuckDB.
FORBIDDEN = (
    (3, re.compile(r"\b(ducklake_)?set_option\s*\(", re.IGNORECASE)),
    (4, re.compile(r"\bset\s+(sorted|partitioned)\s+by\b", re.IGNORECASE)),
    (5, re.compile(r"\b(lake\.|ducklake_)(cleanup|delete|expire|merge|rewrite|flush)\w*\s*\(", re.IGNORECASE)),
    (6, re.compile(r"\bducklake_add_data_files\b", re.IGNORECASE)),
    (7, re.compile(r"\battach\b.*\bducklake\b", re.IGNORECASE | re.DOTALL)),
)
UNSTORABLE = re.compile(r"\b(ENUM\(|BIT\b|UNION\()|\[\d+\]")


class Lake:
    """An attached lake. Use `Lake.open`; one process may open it several times."""

    def __init__(self, settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
        self._settings = settings
        self.connection = connection
        self._ordinal = itertools.count()

    @classmethod
    def open(cls, settings: Settings) -> Lake:
        """Attach the lake of `settings`, and make it when there is none.

        Raises:
            Incompatible: An extension is of another version than DuckDB.
        """
        settings.data_path.mkdir(parents=True, exist_ok=True)
        connection = connect(settings)
        if settings.catalog_path.exists():
            _attach(connection, settings)
        else:
            with _write_lock(settings):
                _attach(connection, settings)
        # Asked of the lake and not of the file: a process may have died while it was making it.
        if not _is_complete(connection):
            with _write_lock(settings):
                # Rule 3: rows kept inside the catalog were once lost to time travel; every row is in a Parquet file.
                connection.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
                for schema in SCHEMAS:
                    connection.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        return cls(settings, connection)

    def close(self) -> None:
        """Let go of the catalog."""
        self.connection.close()

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own to the same lake, for a result that is read while others are asked for."""
        cursor = self.connection.cursor()
        cursor.execute("SET TimeZone='UTC'")
        return cursor

    @property
    def ibis(self) -> Backend:
        """The same connection for Ibis expressions."""
        import ibis

        return ibis.duckdb.from_connection(self.connection)

    def execute(self, sql: str, parameters: object = None) -> duckdb.DuckDBPyConnection:
        """Run one statement of ours.

        Raises:
            RuleOfTheLake: The statement is one that only this file may send.
        """
        for rule, pattern in FORBIDDEN:
            if match := pattern.search(sql):
                raise RuleOfTheLake(rule, match.group())
        return self.connection.execute(sql, parameters)

    @contextmanager
    def transaction(self, author: str, message: str, extra: Mapping[str, Any]) -> Iterator[None]:
        """One transaction of data, under the lock from before BEGIN until after COMMIT (rule 2).

        `extra` is committed with the data, as JSON: from it `meta` can be told again what it missed.
        """
        with self._lock():
            self.connection.execute("BEGIN")
            try:
                yield
                self.connection.execute(
                    "CALL lake.set_commit_message(?, ?, extra_info => ?)", [author, message, json.dumps(extra)]
                )
                self.connection.execute("COMMIT")
            except BaseException:
                # After a COMMIT that failed there is nothing left to roll back; its own error is the one to tell.
                with suppress(duckdb.TransactionException):
                    self.connection.execute("ROLLBACK")
                raise

    def create_or_replace(self, table: str, select: str) -> None:
        """Write the result of `select` as `table` (`schema.name`, quoted), inside a transaction.

        Raises:
            RuleOfTheLake: A column has a type that the lake cannot keep (rule 8).
        """
        described = self.connection.execute(f"DESCRIBE {select}").fetchall()
        for column, kind, *_ in described:
            if UNSTORABLE.search(kind):
                raise RuleOfTheLake(8, f"column {column!r} of type {kind}")
        self.execute(f"CREATE OR REPLACE TABLE lake.{table} AS {select}")

    def keep(self, name: str, select: str) -> None:
        """Keep the result of `select` as a table of the workspace."""
        self.execute(f'CREATE OR REPLACE TABLE "{name}" AS {select}')

    def keep_frame(self, name: str, frame: pl.DataFrame) -> None:
        """Keep a frame as a table of the workspace."""
        self.connection.register("_frame", frame.to_arrow())
        self.keep(name, "SELECT * FROM _frame")
        self.connection.unregister("_frame")

    def snapshot(self) -> int:
        """The snapshot that this connection committed last.

        Not the newest one: another process may have committed since.
        """
        row = self.connection.execute("SELECT id FROM lake.last_committed_snapshot()").fetchone()
        return int(row[0]) if row and row[0] is not None else 0

    def commits(self) -> list[tuple[int, dict[str, Any]]]:
        """The snapshots that carry an `extra`, in order, with it."""
        rows = self.connection.execute(
            "SELECT snapshot_id, commit_extra_info FROM lake.snapshots()"
            " WHERE commit_extra_info IS NOT NULL ORDER BY snapshot_id"
        ).fetchall()
        return [(int(snapshot), json.loads(extra)) for snapshot, extra in rows]

    def expire(self, pinned: set[int]) -> int:
        """Forget the snapshots older than a day that nothing pins (rule 8); how many were forgotten."""
        with self._lock():
            rows = self.connection.execute(
                "SELECT snapshot_id FROM lake.snapshots()"
                f" WHERE snapshot_time < now() - INTERVAL '{KEEP_DELETED_FOR}'"
                " AND snapshot_id < (SELECT max(snapshot_id) FROM lake.snapshots())"
            ).fetchall()
            old = sorted({int(row[0]) for row in rows} - pinned)
            if old:
                self.connection.execute(f"CALL ducklake_expire_snapshots('lake', versions => {old})")
            return len(old)

    def clean(self) -> None:
        """Delete files that nothing refers to: only those a day old, and under the lock (rule 5)."""
        with self._lock():
            old = f"older_than => now() - INTERVAL '{KEEP_DELETED_FOR}'"
            self.connection.execute(f"CALL ducklake_cleanup_old_files('lake', {old})")
            self.connection.execute(f"CALL ducklake_delete_orphaned_files('lake', {old})")

    def _lock(self) -> AbstractContextManager[None]:
        return _write_lock(self._settings)

    def attach_meta(self, path: Path) -> str:
        """Attach `meta` for reading; the name under which its tables stand."""
        self.connection.execute(f"ATTACH IF NOT EXISTS '{_text(path)}' AS _meta (TYPE sqlite, READ_ONLY)")
        return "_meta"

    @contextmanager
    def workspace(self) -> Iterator[str]:
        """A fresh in-memory database, current for the block's length, for views and tables that do not outlive it."""
        name = f"work_{next(self._ordinal)}"
        self.connection.execute(f"ATTACH ':memory:' AS {name}")
        self.connection.execute(f"USE {name}")
        try:
            yield name
        finally:
            self.connection.execute("USE memory")
            self.connection.execute(f"DETACH {name}")


def _is_complete(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last schema is there, which is made after everything else."""
    sql = "SELECT count(*) FROM duckdb_schemas() WHERE database_name = 'lake' AND schema_name = ?"
    return connection.execute(sql, [SCHEMAS[-1]]).fetchone() == (1,)


def connect(settings: Settings | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with the rules that hold for all (rule 9), and no lake."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "allow_unsigned_extensions": "true" if settings else "false",
        },
    )
    if settings:
        # Unsigned: the signature is a hash of 71 MB, 0.3 s at each opening, and who can change these two packages can
        # change DuckDB's own beside them. What is loaded later is looked at again; that cannot be taken back.
        for name in EXTENSIONS:
            connection.execute(f"LOAD '{_text(_extension(name))}'")
        connection.execute("SET allow_unsigned_extensions=false")
    connection.execute("SET TimeZone='UTC'")
    connection.execute("SET enable_progress_bar=false")
    if settings:
        connection.execute(f"SET temp_directory='{_text(settings.home / 'tmp')}'")
        if settings.threads:
            connection.execute(f"SET threads={settings.threads}")
        if settings.memory_limit:
            connection.execute(f"SET memory_limit='{settings.memory_limit}'")
    return connection


def _write_lock(settings: Settings) -> AbstractContextManager[None]:
    return locked(settings.home / "locks" / "lake.lock", "The lake is being written", wait_seconds=LOCK_WAIT_SECONDS)


def _attach(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    # Rule 1: with SQLite's default journal an idle reader makes a writer's commit fail. Rule 7: the catalog keeps an
    # absolute path; a project that was moved must not look for its files at the old place.
    connection.execute(
        f"ATTACH 'ducklake:sqlite:{_text(settings.catalog_path)}' AS lake"
        f" (DATA_PATH '{_text(settings.data_path)}', OVERRIDE_DATA_PATH true,"
        "  META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 30000)"
    )


def _extension(name: str) -> Path:
    distribution = f"duckdb-extension-{name.replace('_', '-')}"
    built_for = f"v{duckdb.__version__}"
    found = [Path(str(file.locate())) for file in files(distribution) or () if file.name == f"{name}.duckdb_extension"]
    for path in found:
        if path.parent.name == built_for:
            return path
    raise Incompatible("DuckDB", found[0].parent.name if found else "no version", built_for)


def _text(path: Path) -> str:
    return str(path).replace("'", "''")
