"""What a name in SQL stands for: `flights`, `flights.train`, `flights_v3`, `rejected.flights`, `meta.findings`.

The names in a query's parse tree become views of pinned snapshots in a database made for that query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import duckdb

from warehouse.client import Warehouse
from warehouse.errors import NotFound
from warehouse.meta import Meta
from warehouse.query import Parsed, parse, query_error, quoted
from warehouse.records import Version
from warehouse.schema import SCHEMA
from warehouse.tables import SPLIT_NAMES, version_sql
from warehouse.weights import named_weights

INSPECTING = re.compile(r"^\s*(describe|summarize)\s+(.*)$", re.IGNORECASE | re.DOTALL)


def version_of(warehouse: Warehouse, name: str) -> Version:
    """The version that `flights` (latest), `flights_v3` or `flights@3` names.

    Raises:
        NotFound: There is no such dataset, or no such version of it.
    """
    return named_version(warehouse.meta, name)


def named_version(meta: Meta, name: str) -> Version:
    """As `version_of`, where no lake is needed."""
    return _version_among(meta.versions(), name)


def _version_among(published: Sequence[Version], name: str) -> Version:
    match = re.fullmatch(r"(.*?)(?:_v|@)(\d+)", name)
    dataset, number = (match.group(1), int(match.group(2))) if match else (name, None)
    versions = [version for version in published if version.dataset == dataset]
    if not versions:
        raise NotFound("published dataset", dataset, tuple(sorted({v.dataset for v in published})))
    if number is None:
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise NotFound(f"version of {dataset!r}", str(number), tuple(str(v.version) for v in versions))


def read_tables(sql: str) -> Parsed:
    """The parse of a query; `describe` and `summarize` of a table or a query count as reading it.

    Raises:
        QueryError: It does not parse, or does not only read.
    """
    if match := INSPECTING.match(sql):
        inner = match.group(2).strip().rstrip(";")
        is_query = re.match(r"(select|from|with|\()", inner, re.IGNORECASE)
        return parse(inner if is_query else f"FROM {inner}")
    return parse(sql)


def mount(warehouse: Warehouse, tables: Iterable[tuple[str, str]], *, named: Iterable[str]) -> None:
    """Make the views that a query reads, in the current workspace of the lake.

    Args:
        warehouse: Where they come from.
        tables: What the query reads: (schema or "", name).
        named: The columns that it names; reserved ones are in a view only when they are.

    Raises:
        NotFound: A name stands for nothing.
    """
    lake, named = warehouse.lake, set(named)
    published = warehouse.meta.versions()  # read once: names of one query must not see different versions
    for schema, name in sorted(tables):
        if schema == "meta":
            _mount_meta(warehouse, name)
            continue
        lake.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema or 'main')}")
        if schema == "rejected":
            select = rejected_rows_sql(warehouse, name)
        elif schema:
            if name not in SPLIT_NAMES:
                raise NotFound(f"split of {schema!r}", name, tuple(SPLIT_NAMES)[:4])
            version = _version_among(published, schema)
            weights = named_weights(warehouse.meta, version, named)
            select = version_sql(version.dataset, version.snapshot, split=name, named=named, weights=weights)
        else:
            version = _version_among(published, name)
            weights = named_weights(warehouse.meta, version, named)
            select = version_sql(version.dataset, version.snapshot, named=named, weights=weights)
        lake.execute(f"CREATE VIEW {quoted(schema or 'main')}.{quoted(name)} AS {select}")


def rejected_rows_sql(warehouse: Warehouse, dataset: str) -> str:
    """SELECT of the rejected rows of the build that was audited last, published or not.

    Raises:
        NotFound: It was never built.
    """
    meta = warehouse.meta
    builds = meta.steps(dataset, step="build", status="succeeded")
    if not builds:
        raise NotFound("dataset that was built", dataset, tuple(sorted({s.dataset for s in meta.steps(step="build")})))
    audited = next((step.detail["build"] for step in meta.steps(dataset, step="audit")), builds[0].step_id)
    build = next((step for step in builds if step.step_id == audited), builds[0])
    return f"SELECT * FROM lake.rejected.{quoted(dataset)} AT (VERSION => {build.snapshot})"


def _mount_meta(warehouse: Warehouse, name: str) -> None:
    if name not in SCHEMA.tables:
        raise NotFound("table of meta", name, tuple(SCHEMA.tables))
    alias = warehouse.lake.attach_meta(warehouse.settings.meta_path)
    warehouse.lake.execute("CREATE SCHEMA IF NOT EXISTS meta")
    warehouse.lake.execute(f"CREATE VIEW meta.{quoted(name)} AS SELECT * FROM {alias}.{quoted(name)}")


def run_query(warehouse: Warehouse, sql: str) -> duckdb.DuckDBPyConnection:
    """Run a reader's query in the lake's current workspace; the result is on the connection.

    Raises:
        QueryError: It does not parse, bind or run.
        NotFound: It names what there is not.
    """
    parsed = read_tables(sql)
    mount(warehouse, parsed.tables, named=parsed.columns)
    try:
        return warehouse.lake.execute(sql)
    except duckdb.Error as error:
        raise query_error(error) from error
