"""The result of a query written as JSON, CSV, Parquet or Arrow, in batches, so that its size does not matter.

How it looks on a terminal is `pipelines.messages`.
"""

from __future__ import annotations

import json
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


def _write_json(reader: Any, file: IO[bytes]) -> None:
    file.write(f'{{"schema_version": 1, "columns": {json.dumps(reader.schema.names)}, "rows": ['.encode())
    separator = "\n"
    for batch in reader:
        for row in batch.to_pylist():
            file.write(f"{separator}{json.dumps(row, default=str)}".encode())
            separator = ",\n"
    file.write(b"\n]}\n")
