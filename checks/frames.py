"""Sides of a comparison as tables of one engine: frames of any library that speaks Arrow, and Ibis tables.

What may be asked of them is `checks.questions`; how columns of two types meet, `checks.meeting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from checks.errors import NotAskable

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import polars as pl
    import pyarrow as pa

REFERENCE, CURRENT = "reference", "current"
# What a table gets on the way: columns of a frame that are called so are left out, and the report says so.
NO_COLUMN, NO_NAME = "_none", "_unnamed"
OURS = frozenset({"_part", "_entity", "_bucket", "_side", "_nth", NO_COLUMN, NO_NAME})
INDEX = re.compile(r"__index_level_\d+__$")
MOST_NAMED = 3
AS_FRAME = "give a frame of Polars, pandas or Arrow, an Ibis table, or the name of a dataset"
# What is no table, by a word of its type's name, and the way to one.
MADE_OF = {
    "Series": "one column is no table: `.to_frame()` makes one of it",
    "Column": "one column is no table: select it from its table",
    "ChunkedArray": "one column is no table: `pyarrow.table({'x': it})` makes one of it",
    "dict": "make a frame of it: `polars.DataFrame(it)`",
    "list": "make a frame of it: `polars.DataFrame(it)`",
    "ndarray": "make a frame of it: `polars.DataFrame(it)`",
    "Path": "read the file: `polars.scan_csv` and `polars.scan_parquet` do",
    "Dataset": "read it: `.to_table()` does",
    "GroupBy": "close it by `.agg` first",
}


def on_one_engine(reference: Any, current: Any) -> tuple[ir.Table, ir.Table]:
    """Two sides as tables that one engine reads.

    Raises:
        NotAskable: A side is no table, or holds what no engine reads.
    """
    import duckdb
    import ibis

    sides = {REFERENCE: reference, CURRENT: current}
    for name, side in sides.items():
        _prove_is_table(side, name)
    if _share_an_engine(reference, current):
        for name, side in sides.items():
            _prove_names(side.columns, name)
        return _as_texts(reference), _as_texts(current)
    held = {REFERENCE: _arrow(reference, REFERENCE)}
    # What can be read once only, and is given twice, is read once.
    held[CURRENT] = held[REFERENCE] if current is reference else _arrow(current, CURRENT)
    connection = duckdb.connect()
    backend: Any = ibis.duckdb.from_connection(connection)
    for name, table in _with_types_for_none(held).items():
        _register(connection, table, name)
    return backend.table(f"_{REFERENCE}"), backend.table(f"_{CURRENT}")


def without_ours(side: ir.Table, *, named: Sequence[str | None]) -> ir.Table:
    """A side without columns that are called like ours, and without an index of pandas that nobody named."""
    left_out = [c for c in side.columns if _is_ours(c) or (INDEX.match(c) and c not in named)]
    kept = side.drop(*left_out)
    return kept if kept.columns else side.select(side[left_out[0]].isnull().name(NO_COLUMN))


def _is_ours(column: str) -> bool:
    return column.lower() in OURS  # an engine reads capitals as it likes


def told_apart_by_name(one: ir.Table, two: ir.Table, *, named: Sequence[str | None]) -> Iterator[str]:
    """What is to be said of columns that are not compared: those of one side alone, and those that are left out."""
    both = [c for c in one.columns if c in two.columns]
    if ours := [c for c in both if _is_ours(c) and c not in {NO_COLUMN, NO_NAME}]:
        yield f"not compared: {', '.join(ours)}, a name of Gristmill's own"
    if NO_NAME in both:
        yield "not compared: a column without a name"
    if index := [c for c in both if INDEX.match(c) and c not in named]:
        yield f"not compared: {', '.join(index)}, an index of pandas"
    for name, side, other in ((REFERENCE, one, two), (CURRENT, two, one)):
        alone = [c for c in side.columns if c not in other.columns and not _is_ours(c) and not INDEX.match(c)]
        if alone:
            more = f" and {len(alone) - MOST_NAMED} more" if len(alone) > MOST_NAMED else ""
            yield f"only in {name}: {', '.join(alone[:MOST_NAMED])}{more}"


def _prove_is_table(side: Any, name: str) -> None:
    import ibis.expr.types as ir
    import polars as pl

    speaks = hasattr(side, "__arrow_c_stream__") or hasattr(side, "__arrow_c_array__")
    kind = type(side).__name__
    is_column = kind in {"Series", "ChunkedArray"} or kind.endswith(("Array", "Scalar"))
    if isinstance(side, ir.Table | pl.LazyFrame) or (speaks and not isinstance(side, type) and not is_column):
        return
    ways = [way for word, way in MADE_OF.items() if kind.endswith(word)]
    raise NotAskable(
        f"The {name} side of a comparison", f"it is of type {kind}, which is no table", next(iter(ways), AS_FRAME)
    )


def _share_an_engine(reference: Any, current: Any) -> bool:
    import ibis.expr.types as ir

    if not (isinstance(reference, ir.Table) and isinstance(current, ir.Table)):
        return False
    if _held_in_memory(reference) or _held_in_memory(current):
        return False  # an engine knows a memtable only while Ibis runs it
    backend: Any = reference.get_backend()
    return backend is current.get_backend() and backend.name == "duckdb"


def _as_texts(table: ir.Table) -> ir.Table:
    """The table with enumerations of the engine as the texts that Ibis takes them for."""
    backend: Any = table.get_backend()
    described = backend.con.execute(backend.compile(table.limit(0))).description
    listed = [name for name, kind, *_ in described if str(kind).startswith("ENUM")]
    return table.mutate(**{name: table[name] + "" for name in listed})


def _held_in_memory(table: ir.Table) -> list[Any]:
    import ibis.expr.operations as ops

    return list(table.op().find(ops.InMemoryTable))


def _arrow(side: Any, name: str) -> pa.Table:
    """A side as an Arrow table whose columns DuckDB reads."""
    import ibis.expr.types as ir
    import polars as pl
    import pyarrow as pa

    side = side.collect() if isinstance(side, pl.LazyFrame) else side
    if isinstance(side, ir.Table):
        return _plain(_run(side, name))
    try:
        table = pa.table(_of_polars(side, name) if isinstance(side, pl.DataFrame) else side)
    except (pa.ArrowException, TypeError, ValueError) as error:
        said = "; ".join(" ".join(str(part).split()) for part in error.args)
        raise NotAskable(
            f"The {name} side of a comparison",
            f"Arrow cannot hold it: {said.rstrip('.')}",
            "make each column one of numbers, texts, truth values or moments, with a name of its own",
        ) from error
    _prove_names(table.column_names, name)
    return _plain(table.rename_columns([column or NO_NAME for column in table.column_names]))


def _of_polars(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame without what only Polars knows: integers of 128 bits are read as floats."""
    import polars as pl

    _prove_names(frame.columns, name)
    if objects := [column for column, kind in frame.schema.items() if kind == pl.Object]:
        raise NotAskable(
            f"The {name} side of a comparison",
            f"its column {objects[0]!r} holds Python objects, which have no distribution",
            "drop the column, or make it one of numbers, texts, truth values or moments",
        )
    wide = [column for column, kind in frame.schema.items() if kind in (pl.Int128, pl.UInt128)]
    return frame.with_columns(pl.col(wide).cast(pl.Float64)) if wide else frame


def _run(table: ir.Table, name: str) -> pa.Table:
    """Run an Ibis table on the engine that it lives on.

    Ibis's own way to Arrow wants a package that Gristmill does not need, so DuckDB is asked itself.
    """
    backend: Any = table.get_backend()
    if backend.name != "duckdb":
        return table.to_pyarrow()
    held = _held_in_memory(table)
    for op in held:
        backend.con.register(op.name, _arrow(op.data.obj, name).rename_columns(op.schema.names))
    found = backend.con.execute(backend.compile(table)).to_arrow_table()
    for op in held:
        backend.con.unregister(op.name)
    _prove_names(found.column_names, name)
    return found


def _prove_names(columns: Any, name: str) -> None:
    """Hold that every column has a name of its own, in an engine that reads `x` and `X` as one."""
    seen: dict[str, str] = {}
    for column in columns:
        if "\0" in column:
            raise NotAskable(
                f"The {name} side of a comparison", f"its column {column!r} has a NUL in its name", "rename it"
            )
        if (other := seen.setdefault(column.lower(), column)) != column or list(columns).count(column) > 1:
            raise NotAskable(
                f"The {name} side of a comparison",
                f"its columns {other!r} and {column!r} have one name (capitals do not count)",
                "rename one of them",
            )


def _plain(table: pa.Table) -> pa.Table:
    """The table as DuckDB reads it: types that it lacks as the nearest, what an extension wraps, NaN as missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if pa.types.is_floating(field.type) and not pa.types.is_float16(field.type):
            if pc.any(is_nan := pc.is_nan(table.column(i))).as_py():
                table = table.set_column(i, field.name, pc.if_else(is_nan, None, table.column(i)))
            continue
        if pa.types.is_dictionary(field.type) and isinstance(field.type.value_type, pa.BaseExtensionType):
            decoded = pa.chunked_array([chunk.dictionary_decode() for chunk in table.column(i).chunks])
            table = table.set_column(i, field.name, decoded.cast(_plain_type(decoded.type)))
        elif (kind := _plain_type(field.type)) != field.type:
            table = table.set_column(i, field.name, table.column(i).cast(kind, safe=False))
    return table


def _plain_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if isinstance(kind, pa.BaseExtensionType) and not kind.extension_name.startswith("arrow."):
        return _plain_type(kind.storage_type)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_decimal256(kind):
        return pa.float64()
    return pa.time64("us") if kind == pa.time64("ns") else kind


def _with_types_for_none(held: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """A column without a type, all of it missing, gets that of the other side."""
    import pyarrow as pa

    types = {name: {field.name: field.type for field in table.schema} for name, table in held.items()}
    for name, other in ((REFERENCE, CURRENT), (CURRENT, REFERENCE)):
        for i, field in enumerate(held[name].schema):
            if pa.types.is_null(field.type) and field.name in types[other]:
                column = held[name].column(i).cast(types[other][field.name])
                held[name] = held[name].set_column(i, field.name, column)
    return held


def _register(connection: Any, table: pa.Table, name: str) -> None:
    import duckdb
    import pyarrow as pa

    if not table.num_columns:  # an engine has no table without columns; its rows cannot be told either
        table = pa.table({NO_COLUMN: pa.nulls(table.num_rows)})
    try:
        connection.register(f"_{name}", table)
    except duckdb.NotImplementedException as error:
        raise NotAskable(
            f"The {name} side of a comparison",
            f"DuckDB does not read it: {' '.join(str(error).split())}",
            "cast or drop columns of that type",
        ) from error
