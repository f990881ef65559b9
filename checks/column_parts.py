"""Columns that have no distribution of their own, as parts that have one: text, lists, embeddings, bytes, rare levels.

A text is compared by its length, its kinds of characters and one of its words; a list by its length; vectors of one
length by eight fixed directions and their norm; bytes (an image) by their number; a struct by its fields; levels of
which each is rare, when two tables are compared, by which of 32 parts they fall into. How parts are counted is
`checks.profile`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.bins import Cells, Kind
from checks.collect import collect, one_row
from checks.kinds import hashed
from checks.profile import cells_of
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

N_DIRECTIONS, SHORTEST_VECTOR, NEARLY_ALL = 8, 8, 0.99
PART = ": "
SEED = 20_260_101
# Characters of Unicode's classes: letters and marks, digits, capital letters, whitespace.
CLASSES = {"letters": r"\p{L}|\p{M}", "digits": r"\p{N}", "capitals": r"\p{Lu}", "spaces": r"\s"}
HAVE_PARTS: frozenset[Kind] = frozenset({"text", "list", "bytes"})
# Where most rows have a level too rare for a cell, all levels are dealt to so many.
N_DEALT, MOSTLY_RARE, DEALT = 32, 0.5, "which levels"
OF_DEALT = f" of {N_DEALT} by hash"
DEALT_LABELS = tuple(f"{i}{OF_DEALT}" for i in range(N_DEALT))
SPACES = r"\s+"
AS_PARTS = "it is compared by its parts"
BYTES_ALONE = "bytes are compared by their number alone; of an image, give an embedding in a column of its own"


def cells_with_parts(
    table: ir.Table, columns: Sequence[str], *, n_rows: int, without: Collection[str] = ()
) -> tuple[ir.Table, tuple[Cells, ...]]:
    """The cells of columns as `cells_of` gives them, and those of the parts of others; and the table that has both.

    Args:
        table: Has `_bucket`.
        columns: Which.
        n_rows: Its number of rows.
        without: Columns that are not compared, so that no parts are made of them.

    Returns:
        The table with a column a part, named `<column>: <part>`, and the cells.
    """
    cells = tuple(
        replace(c, length=_common_length(table, c)) if c.kind == "list" and c.column not in without else c
        for c in cells_of(table, columns, n_rows=n_rows)
    )
    whole = [c for c in cells if c.column not in without]
    parts = {c.column: _parts(table, c) for c in whole if c.kind in HAVE_PARTS or table[c.column].type().is_struct()}
    named = {
        f"{column}{PART}{part}": made
        for column, of_column in parts.items()
        for part, made in of_column.items()
        if f"{column}{PART}{part}" not in table.columns
    }
    if not named:
        return table, cells
    wider = table.mutate(**named)
    told = tuple(replace(c, why=_why(c)) if parts.get(c.column) else c for c in cells)
    of_parts = cells_of(wider, list(named), n_rows=n_rows)
    of = {f"{column}{PART}{part}": column for column, of_column in parts.items() for part in of_column}
    return wider, told + tuple(replace(c, part_of=of[c.column]) for c in of_parts)


def with_dealt_levels(table: ir.Table, cells: Sequence[Cells], *, n_rows: int) -> tuple[ir.Table, tuple[Cells, ...]]:
    """For each column whose levels are mostly rare another, that says into which of 32 parts by hash a level falls.

    Of two tables without a level in common each level may be too rare for a cell; the parts have others all the same.
    The hash is the engine's own, of levels and not of rows: nothing of it is kept.

    Args:
        table: The rows of both sides.
        cells: How its columns are counted.
        n_rows: Its number of rows.
    """
    rare = [c for c in cells if not c.why and c.n_other > MOSTLY_RARE * n_rows]
    named = {name: c for c in rare if (name := f"{c.column}{PART}{DEALT}") not in table.columns}
    if not named:
        return table, tuple(cells)
    dealt = table.mutate(**{name: _dealt(table[c.column]) for name, c in named.items()})
    of_parts = tuple(
        Cells(column=name, type="string", kind="category", labels=DEALT_LABELS, part_of=c.column)
        for name, c in named.items()
    )
    return dealt, (*cells, *of_parts)


def levels_in_common(table: ir.Table, columns: Iterable[str]) -> Iterator[str]:
    """How many levels of a column are on both sides, where each is too rare to be compared."""
    for column in columns:
        part = table["_part"]
        by_level = table.filter(table[column].notnull()).group_by(level=column).agg(first=part.min(), last=part.max())
        n = one_row(by_level.aggregate(n=by_level.count(), shared=(by_level["first"] != by_level["last"]).sum()))
        yield f"{int(n['shared'] or 0):,} of {plural(int(n['n']), 'level')} of {column} are on both sides"


def _dealt(column: Any) -> Any:
    import ibis

    part = (hashed(column) % N_DEALT).cast("string")
    return ibis.ifelse(column.isnull(), ibis.null("string"), part + OF_DEALT)


def with_parts(table: ir.Table, cells: Sequence[Cells]) -> ir.Table:
    """The table with a column for each part that `cells` count: those of another table with the same columns."""
    wanted = {c.column for c in cells if c.part_of}
    wholes = {c.part_of for c in cells if c.part_of}
    named = {
        f"{c.column}{PART}{part}": made
        for c in cells
        if c.column in wholes
        for part, made in _parts(table, c).items()
        if f"{c.column}{PART}{part}" in wanted
    }
    return table.mutate(**named) if named else table


def _why(cells: Cells) -> str:
    if cells.kind == "bytes":
        return BYTES_ALONE
    return f"a {'struct' if cells.kind == 'other' else cells.kind}: {AS_PARTS}"


def _parts(table: ir.Table, cells: Cells) -> Mapping[str, Any]:
    column = table[cells.column]
    if column.type().is_struct():
        return {field: column[field] for field in column.type().names}
    if cells.kind == "text":
        return dict(_of_text(column))
    if cells.kind == "bytes":
        return {"length": _n_bytes()(column)}
    return dict(_of_list(column, cells.length))


def _of_text(column: Any) -> Iterator[tuple[str, Any]]:
    import ibis

    length = column.length()
    yield "length", length
    for name, characters in CLASSES.items():
        rest = column.re_replace(characters, "").length()
        yield name, ibis.ifelse(length > 0, (length - rest).cast("float64") / length, ibis.null("float64"))
    words = column.lower().strip().re_split(SPACES)
    # One word a row, chosen by the row's own text: a sample of words in which every row weighs the same.
    yield "a word", words[column.hash().abs() % words.length()]


def _of_list(column: Any, n: int) -> Iterator[tuple[str, Any]]:
    import ibis

    length = column.length()
    if not n:
        yield "length", length
        return
    numbers = column.cast("array<float64>")
    is_whole = (length == n) & (_count()(numbers) == n)
    # A list that is left out may still lie in the engine's memory, whose inner product refuses any NULL there.
    vector = ibis.ifelse(is_whole, numbers.filter(lambda number: number.notnull()), ibis.null("array<float64>"))
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], (N_DIRECTIONS, n)) / np.sqrt(n)
    for i, direction in enumerate(signs, 1):
        yield f"direction {i}", _inner_product()(vector, direction.tolist())
    yield "norm", _inner_product()(vector, vector).sqrt()


def _common_length(table: ir.Table, cells: Cells) -> int:
    """The length that nearly all lists have, when it is a vector's; else 0."""
    import ibis

    column: Any = table[cells.column]
    if not column.type().value_type.is_numeric():
        return 0
    length = column.length()
    counted = table.group_by(length=length).agg(n=table.count())
    rows = collect(counted.filter(counted["length"].notnull()).order_by(ibis.desc("n"), "length")).to_dicts()
    total = sum(row["n"] for row in rows)
    is_vector = rows and rows[0]["n"] >= NEARLY_ALL * total and rows[0]["length"] >= SHORTEST_VECTOR
    return int(rows[0]["length"]) if is_vector else 0


@cache
def _inner_product() -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="list_inner_product", signature=(("array<float64>", "array<float64>"), "float64"))
    def inner_product(one, other):  # type: ignore[no-untyped-def]
        """The engine's own."""

    return inner_product


@cache
def _count() -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="list_count", signature=(("array<float64>",), "int64"))
    def count(values):  # type: ignore[no-untyped-def]
        """The engine's own: how many are not NULL."""

    return count


@cache
def _n_bytes() -> Any:
    import ibis

    @ibis.udf.scalar.builtin(name="octet_length", signature=(("binary",), "int64"))
    def n_bytes(value):  # type: ignore[no-untyped-def]
        """The engine's own."""

    return n_bytes
