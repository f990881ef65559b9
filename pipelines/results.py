"""The result of a query written as JSON, CSV, Parquet or Arrow, in batches, so that its size does not matter.

How it looks on a terminal is `pipelines.messages`.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import IO, Any

ROWS = 100_000


def write(result: Any, form: str, file: IO[bytes]) -> None:
    """Write what is on a DuckDB connection.

    Args:
        result: The connection.
        form: `json` (one object: `schema_version`, `columns`, `rows`), `csv`, `parquet` or `arrow` (an IPC stream).
        file: Open for bytes.
    """
    reader = result.to_arrow_reader(ROWS)
    if form == "json":
        _write_json(reader, file)
        return
    if form == "csv":
        _write_csv(reader, file)
        return
    import pyarrow as pa

    if form == "parquet":
        from pyarrow import parquet

        writer = parquet.ParquetWriter(pa.PythonFile(file), reader.schema)
    else:
        writer = pa.ipc.new_stream(file, reader.schema)
    with writer:
        for batch in reader:
            writer.write(batch)


def _write_csv(reader: Any, file: IO[bytes]) -> None:
    """CSV has no lists, structs, maps or bytes: such values are written as JSON."""
    import pyarrow as pa
    from pyarrow import csv

    kinds = (pa.types.is_nested, pa.types.is_binary, pa.types.is_interval, pa.types.is_duration)
    told = [i for i, field in enumerate(reader.schema) if any(is_kind(field.type) for is_kind in kinds)]
    schema = reader.schema
    for i in told:
        schema = schema.set(i, pa.field(schema.names[i], pa.string()))
    with csv.CSVWriter(file, schema) as writer:
        for batch in reader:
            columns = list(batch.columns)
            for i in told:
                values = [_plain(value) for value in columns[i].to_pylist()]
                texts = [None if value is None else json.dumps(value, default=str) for value in values]
                columns[i] = pa.array(texts, pa.string())
            writer.write(pa.RecordBatch.from_arrays(columns, schema=schema))


def _plain(value: Any) -> Any:
    """A value as JSON has it.

    No NaN and no infinity; bytes in hex; sums of integers, which arrive as decimals, as integers.
    """
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return value


def _write_json(reader: Any, file: IO[bytes]) -> None:
    names: list[str] = []
    for name in reader.schema.names:  # of two columns of one name a map would keep the last alone
        names.append(name if name not in names else f"{name}_{sum(n.split('_')[0] == name for n in names)}")
    file.write(f'{{"schema_version": 1, "columns": {json.dumps(names)}, "rows": ['.encode())
    separator = "\n"
    for batch in reader:
        for row in batch.rename_columns(names).to_pylist():
            file.write(f"{separator}{json.dumps(_plain(row), default=str)}".encode())
            separator = ",\n"
    file.write(b"\n]}\n")
