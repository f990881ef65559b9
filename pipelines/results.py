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
    import pyarrow as pa

    if form == "csv":
        from pyarrow import csv

        writer = csv.CSVWriter(file, reader.schema)
    elif form == "parquet":
        from pyarrow import parquet

        writer = parquet.ParquetWriter(pa.PythonFile(file), reader.schema)
    else:
        writer = pa.ipc.new_stream(file, reader.schema)
    with writer:
        for batch in reader:
            writer.write(batch)


def _plain(value: Any) -> Any:
    """A value as JSON has it: no NaN, no infinity; sums of integers, which arrive as decimals, as integers."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return value


def _write_json(reader: Any, file: IO[bytes]) -> None:
    file.write(f'{{"schema_version": 1, "columns": {json.dumps(reader.schema.names)}, "rows": ['.encode())
    separator = "\n"
    for batch in reader:
        for row in batch.to_pylist():
            file.write(f"{separator}{json.dumps(_plain(row), default=str)}".encode())
            separator = ",\n"
    file.write(b"\n]}\n")
