"""What a comparison of two tables costs, against a bare group-by of the same columns in the same process.

Each size runs in a process of its own, on one thread, and says its peak memory:

    python tests/bench/shift.py 1_000_000                            # one size: CPU seconds, MB at peak
    python tests/bench/bench.py shift --large                        # 2 x 50 million rows too
    python tests/bench/bench.py shift --evidently PEER/bin/python    # and a peer, in an environment of its own

The peer's environment: python3.12 -m venv PEER; pip install evidently==0.7.23 'pandas<3' pyarrow
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIZES = (1_000_000, 10_000_000)
LARGE = 50_000_000
SIDES = ("reference", "current")
N_LEVELS = (5, 20, 60, 500, 1_000)
MEMORY = "512MB"
# Of more rows only what a report needs, and the floor.
MOST_FOR_ALL, FOR_LARGE = 40_000_000, ("cells", "bare", "scan, entities counted", "all, by customer")


def make_sides(folder: Path, n_rows: int) -> None:
    """Two files of `n_rows` rows: 12 columns of normal numbers, 1 whole, 1 with gaps, 1 of tenths, 5 of levels."""
    import duckdb

    def share(i: int) -> str:
        return f"(hash(range * 31 + {i}) / 1.8446744073709552e19)"

    columns = [f"sqrt(-2 * ln({share(i)} + 1e-300)) * cos(6.283185 * {share(i + 50)}) AS normal_{i}" for i in range(12)]
    columns += [
        f"({share(12)} * 100)::INTEGER AS whole",
        f"CASE WHEN {share(13)} > .05 THEN {share(13)} END AS gaps",
        f"round({share(14)} * 1000, 1) AS tenths",
    ]
    columns += [
        f"'level ' || ({share(15 + i)} * {share(65 + i)} * {n})::INTEGER AS level_{n}" for i, n in enumerate(N_LEVELS)
    ]
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        for side, first in zip(SIDES, (0, n_rows), strict=True):
            connection.execute(
                f"COPY (SELECT range // 3 AS customer, (hash(range // 3) >> 56)::UTINYINT AS _bucket,"
                f" {', '.join(columns)} FROM range({first}, {first + n_rows}))"
                f" TO '{folder}/{side}.parquet' (FORMAT parquet)"
            )


def bare(cells: Any, keys: str) -> str:
    """The same counts as one engine makes them: of numbers by their edges, of levels by all of them."""

    def edges(of: Any) -> str:
        return ", ".join("'inf'::DOUBLE" if e == float("inf") else f"'{e!r}'::DOUBLE" for e in of.edges)

    numbers = ", ".join(f"histogram({c.column}::DOUBLE, [{edges(c)}])" for c in cells if c.is_ordered)
    levels = [c.column for c in cells if not c.is_ordered]
    sets = ", ".join(f"({keys}, {name})" for name in levels)
    return (
        f"SELECT {keys}, {numbers} FROM both_sides GROUP BY {keys};"
        f"SELECT {keys}, {', '.join(levels)}, count(*) FROM both_sides GROUP BY GROUPING SETS ({sets})"
    )


def measured(folder: Path) -> Iterator[tuple[str, float, float]]:
    """What was done, CPU seconds, and the peak of memory in MB until then."""
    import duckdb
    import ibis

    from checks.both_sides import Both, compare_both
    from checks.comparison import compare
    from checks.profile import cells_of, scan
    from checks.shift_question import Question

    config = {"threads": 1, "memory_limit": MEMORY, "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=config) as connection:
        engine = ibis.duckdb.from_connection(connection)
        for side in SIDES:
            connection.execute(f"CREATE VIEW {side} AS SELECT * FROM '{folder}/{side}.parquet'")
        connection.execute(
            "CREATE VIEW both_sides AS SELECT 'reference' AS _part, customer AS _entity, * FROM reference"
            " UNION ALL SELECT 'current', customer, * FROM current"
        )
        table = engine.table("both_sides")
        columns = [c for c in table.columns if c not in {"_part", "_entity", "_bucket", "customer"}]
        n_rows = connection.execute("SELECT count(*) FROM both_sides").fetchall()[0][0]
        sides = [engine.table(side).drop("customer", "_bucket") for side in SIDES]
        whole = engine.table("both_sides").drop("customer")
        done: dict[str, Any] = {}
        todo: dict[str, Callable[[], Any]] = {
            "cells": lambda: cells_of(table, columns, n_rows=n_rows),
            "bare": lambda: connection.execute(bare(done["cells"], "_part")).fetchall(),
            "bare, by bucket": lambda: connection.execute(bare(done["cells"], "_part, _bucket")).fetchall(),
            "scan": lambda: scan(table, done["cells"], n_rows=n_rows, has_entities=False),
            "scan, entities counted": lambda: scan(table, done["cells"], n_rows=n_rows),
            "all, by customer": lambda: compare_both(
                Both(table=whole, columns=columns), Question(unit="customer"), reference="a", current="b"
            ),
            "all, by row": lambda: compare(*sides),
        }
        for what in todo if n_rows <= MOST_FOR_ALL else FOR_LARGE:
            work = todo[what]
            before = time.process_time()
            done[what] = work()
            spent = time.process_time() - before
            yield what, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


STATISTICS = """
import time
import numpy as np
from checks.bins import ordered_cells
from checks.shift import compare_sides
from checks.shift_question import Question
from checks.units import Side
drawn = np.random.default_rng(0)
values = drawn.normal(size=100_000)
cells, counts, moments = [], [{}, {}], [{}, {}]
for i in range(200):
    cells.append(ordered_cells(f"c{i}", "float64", "numeric", values, has_precision=False))
    for side in range(2):
        each = drawn.multinomial(4_000, np.full(cells[-1].n_cells - 1, 1 / (cells[-1].n_cells - 1)), 256)
        counts[side][f"c{i}"] = np.append(each, np.zeros((256, 1)), axis=1).astype(float)
        sums = drawn.normal(0, 60, 256)
        moments[side][f"c{i}"] = np.column_stack([np.full(256, 4_000.0), sums, 4_000 + sums])
rows = np.full(256, 4_000.0)
counts[1]["c0"][:, :8] *= 2  # so that all assignments are needed
sides = [Side(name=str(i), rows=rows, entities=rows, counts=counts[i], moments=moments[i]) for i in range(2)]
before = time.process_time()
compare_sides(*sides, cells, Question(unit="row"))
print(time.process_time() - before)
"""

PEER = """
import sys, time
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
files = [f"{sys.argv[1]}/{side}.parquet" for side in ("reference", "current")]
sides = [pd.read_parquet(file).drop(columns=["customer", "_bucket"]) for file in files]
before = time.process_time()
Report([DataDriftPreset()]).run(sides[1], sides[0]).json()
print(time.process_time() - before)
"""


def told_by(command: list[str]) -> str:
    alone = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=alone).stdout


def bench_shift(folder: Path, say: Callable[..., None], options: list[str]) -> None:
    """Print the cost of the scan and of whole comparisons, in bare group-bys, and the peak of memory."""
    for n_rows in [*SIZES, *([LARGE] if "--large" in options else [])]:
        told = [line.split("\t") for line in told_by([sys.executable, __file__, str(n_rows)]).splitlines()]
        floor = next(float(seconds) for what, seconds, _ in told if what == "bare")
        say(f"shift, 2 x {n_rows:,} rows x 20 columns: bare group-by, CPU s", f"{floor:.2f}")
        for what, seconds, peak in told:
            if what != "bare":
                say(f"  {what} / bare; MB at peak", f"{float(seconds) / floor:.2f}, {peak}", GOALS.get(what, ""))
    seconds = told_by([sys.executable, "-c", STATISTICS])
    say("statistics of 200 columns x 1,999 assignments: CPU seconds", f"{float(seconds):.1f}", "goal under 5")
    if "--evidently" in options:
        folder.mkdir(parents=True, exist_ok=True)
        make_sides(folder, SIZES[0])
        told_seconds = told_by([options[options.index("--evidently") + 1], "-c", PEER, str(folder)]).split()[-1]
        say(f"evidently, 2 x {SIZES[0]:,} rows x 20 columns: CPU seconds", f"{float(told_seconds):.1f}")


GOALS = {"scan": "goal at most 1.6", "all, by customer": "goal at most 3", "all, by row": "goal at most 3"}


def main() -> None:
    n_rows = int(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="gristmill-shift-") as folder:
        # In a process of its own: what made the rows is no part of the peak.
        told_by([sys.executable, __file__, str(n_rows), folder])
        for what, seconds, peak in measured(Path(folder)):
            print(f"{what}\t{seconds:.3f}\t{peak:.0f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        make_sides(Path(sys.argv[2]), int(sys.argv[1]))
    else:
        main()
