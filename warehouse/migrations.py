"""How `meta` came from each schema to the next.

Which tables there are is `warehouse.schema`.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from warehouse.errors import Incompatible
from warehouse.schema import PROFILES, SCHEMA, STEPS, WRITTEN_BY


def _widen_profiles(connection: sa.Connection) -> None:
    known = {column["name"] for column in sa.inspect(connection).get_columns(PROFILES.name)}
    for column in PROFILES.columns:
        if column.name not in known:
            kind = column.type.compile(connection.dialect)
            connection.execute(sa.text(f'ALTER TABLE {PROFILES.name} ADD COLUMN "{column.name}" {kind}'))


def _index_steps(connection: sa.Connection) -> None:
    for index in STEPS.indexes:
        index.create(connection, checkfirst=True)


# Numbered: migration n brings a database from schema n to schema n + 1. Never edit one that was released.
# `create_all` makes the tables that are not there: it is every migration that only adds tables.
MIGRATIONS: tuple[Callable[[sa.Connection], None], ...] = (
    SCHEMA.create_all,
    SCHEMA.create_all,
    _index_steps,
    SCHEMA.create_all,
    SCHEMA.create_all,
    _widen_profiles,
)


def migrate(connection: sa.Connection, duckdb_version: str) -> None:
    """Bring a database up to date.

    Raises:
        Incompatible: It is ahead of this code, or the lake beside it is another DuckDB's.
    """
    has_version = sa.inspect(connection).has_table(WRITTEN_BY.name)
    row = connection.execute(sa.select(WRITTEN_BY)).first() if has_version else None
    version = row.version if row else 0
    if version > len(MIGRATIONS):
        raise Incompatible("Gristmill's schema", str(version), str(len(MIGRATIONS)))
    if row and row.duckdb_version != duckdb_version:
        raise Incompatible("DuckDB", row.duckdb_version, duckdb_version)
    for step in MIGRATIONS[version:]:
        step(connection)
    if version < len(MIGRATIONS):
        connection.execute(WRITTEN_BY.delete())
        connection.execute(WRITTEN_BY.insert().values(version=len(MIGRATIONS), duckdb_version=duckdb_version))
