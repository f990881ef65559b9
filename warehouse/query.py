"""SQL as text: quoting names, reading DuckDB's own parse tree, binding a query to empty tables.

What a name in a query stands for does not belong here; that is `warehouse.names`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from warehouse.errors import QueryError

VOLATILE = frozenset(
    [
        "now",
        "age",
        "nextval",
        "txid_current",
        "current_localtime",
        "current_localtimestamp",
        "current_date",
        "current_time",
        "current_timestamp",
        "get_current_time",
        "get_current_timestamp",
        "localtime",
        "localtimestamp",
        "today",
        "transaction_timestamp",
        "random",
        "uuid",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "setseed",
    ]
)
ORDER_DEPENDENT = frozenset(
    ["first", "last", "any_value", "arbitrary", "list", "array_agg", "string_agg", "group_concat", "listagg"]
)
GENERATORS = frozenset(["range", "generate_series", "unnest", "generate_subscripts", "repeat", "repeat_row"])


def quoted(name: str) -> str:
    """`name` as an SQL identifier.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """`value` as an SQL text.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """What a query says, read from its parse tree.

    Attributes:
        tables: The tables that it reads, as written: (schema or "", name). Names of its own CTEs are not among them.
        columns: The last part of every column that it names.
        functions: Every function that it calls.
        table_functions: Those called in FROM.
        is_row_by_row: Each row of the result comes from one row of one table.
        is_steady: It calls nothing whose answer changes, and samples nothing.
        is_repeatable: It is row by row and calls nothing whose answer changes: read twice, it gives the same rows.
        is_ordered_limit: Every LIMIT has an ORDER BY.
    """

    tables: frozenset[tuple[str, str]]
    columns: frozenset[str]
    functions: frozenset[str]
    table_functions: frozenset[str]
    is_row_by_row: bool
    is_steady: bool
    is_repeatable: bool
    is_ordered_limit: bool


@cache
def parse(sql: str) -> Parsed:
    """Read the parse tree of one SELECT.

    Raises:
        QueryError: It does not parse, or is not one SELECT.
    """
    with _parser().cursor() as connection:
        row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {}
    if tree.get("error"):
        raise _not_parsed(sql, tree)
    if len(tree["statements"]) != 1:
        found = f"there are {len(tree['statements'])} statements, where one SELECT is meant"
        raise QueryError(found, None, "keep one of them")
    node = tree["statements"][0]["node"]
    nodes = list(_walk(node))
    referred = [n["column_names"][-1:] for n in nodes if n.get("class") == "COLUMN_REF"]
    joined = [n.get("using_columns") or [] for n in nodes if n.get("type") == "JOIN"]
    columns = frozenset(name for names in referred + joined for name in names)
    functions = frozenset(n["function_name"].lower() for n in nodes if n.get("class") == "FUNCTION")
    is_row_by_row = _is_row_by_row(node, nodes) and not functions & _aggregates()
    is_steady = not VOLATILE & {name.lower() for name in functions | columns} and not any(
        n.get("sample") for n in nodes
    )
    return Parsed(
        tables=frozenset(_tables(node, frozenset())),
        columns=columns,
        functions=functions,
        table_functions=frozenset(
            n["function"]["function_name"].lower() for n in nodes if n.get("type") == "TABLE_FUNCTION"
        ),
        is_row_by_row=is_row_by_row,
        is_steady=is_steady,
        is_repeatable=is_row_by_row and is_steady,
        is_ordered_limit=all(_is_ordered(n) for n in nodes if "modifiers" in n),
    )


def volatile_words(parsed: Parsed) -> set[str]:
    """What a query names whose answer changes from run to run."""
    return {name for name in parsed.functions | parsed.columns if name.lower() in VOLATILE}


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database for questions about SQL itself."""
    return duckdb.connect()


@cache
def _aggregates() -> frozenset[str]:
    sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
    with _parser().cursor() as connection:
        return frozenset(name for (name,) in connection.execute(sql).fetchall())


def _not_parsed(sql: str, tree: Mapping[str, Any]) -> QueryError:
    if tree.get("error_type") == "not implemented":
        return QueryError("it is not a SELECT", None, "a query only reads: write one SELECT")
    position = int(tree.get("position") or 0)
    line = sql[:position].count("\n") + 1
    return QueryError(str(tree["error_message"]), line, "DuckDB's SQL is meant")


def _walk(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value)


def _tables(node: object, own: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Tables below `node`; `own` are the names of CTEs that are in sight."""
    if isinstance(node, list):
        for value in node:
            yield from _tables(value, own)
        return
    if not isinstance(node, dict):
        return
    if node.get("type") == "BASE_TABLE":
        schema, name = node["schema_name"], node["table_name"]
        if schema or name.lower() not in own:
            yield (".".join(part for part in (node["catalog_name"], schema) if part), name)
    for entry in (node.get("cte_map") or {}).get("map", ()):
        is_recursive = any(n.get("type") == "RECURSIVE_CTE_NODE" for n in _walk(entry["value"]))
        named = own | {entry["key"].lower()}
        yield from _tables(entry["value"], named if is_recursive else own)
        own = named
    for key, value in node.items():
        if key != "cte_map":
            yield from _tables(value, own)


def _is_row_by_row(node: Mapping[str, Any], nodes: list[dict[str, Any]]) -> bool:
    return (
        node.get("type") == "SELECT_NODE"
        and not node["modifiers"]
        and not node["group_expressions"]
        and node["aggregate_handling"] == "STANDARD_HANDLING"  # the other is GROUP BY ALL
        and not (node.get("sample") or node["having"] or node["qualify"])
        and node["from_table"]["type"] == "BASE_TABLE"
        and not any(n.get("class") in {"WINDOW", "SUBQUERY"} or n.get("type") == "TABLE_FUNCTION" for n in nodes)
        and not any(n.get("function_name") == "unnest" for n in nodes)
        and not node["cte_map"]["map"]
    )


def _is_ordered(node: Mapping[str, Any]) -> bool:
    kinds = {modifier["type"] for modifier in node["modifiers"]}
    return not kinds & {"LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER"} or "ORDER_MODIFIER" in kinds


def bind(select: str, tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The columns and types of `select`, bound to empty tables of the given columns.

    Args:
        select: One SELECT.
        tables: For each table (a plain name), its columns and their DuckDB types.

    Raises:
        QueryError: It does not bind, with the line of the query where DuckDB says so.
    """
    with _parser().cursor() as connection:
        connection.execute("BEGIN")  # rolled back: the next question finds an empty database again
        try:
            for name, columns in tables.items():
                body = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
                connection.execute(f"CREATE TABLE {quoted(name)} ({body})")
            return described(connection, select)
        finally:
            with suppress(duckdb.TransactionException):
                connection.execute("ROLLBACK")


def described(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, str]:
    """The columns and types of `select` on `connection`.

    Raises:
        QueryError: It does not bind.
    """
    try:
        # On a line of its own, so that DuckDB counts the query's lines and not ours.
        rows = connection.execute(f"DESCRIBE\n{select}").fetchall()
    except duckdb.Error as error:
        raise query_error(error, lines_before=1) from error
    return {row[0]: row[1] for row in rows}


def query_error(error: duckdb.Error, *, lines_before: int = 0) -> QueryError:
    """DuckDB's word on a query, as ours."""
    said = str(error)
    place = re.search(r"\bLINE (\d+):", said)
    found, *more = re.sub(r"^[\w ]+ Error: ", "", said.split("\n\nLINE", maxsplit=1)[0]).strip().split("\n")
    hint = " ".join(line.strip() for line in more if line.strip()) or "DuckDB's SQL is meant"
    return QueryError(found, int(place.group(1)) - lines_before if place else None, hint)
