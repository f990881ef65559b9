"""What a second report costs when 1 % of the rows are new: all that an audit asks of shift, against a bare group-by.

In a process of its own, on a project of 1 million rows x 20 columns with a customer and a day:

    python tests/bench/shift_again.py 1_000_000 FOLDER    # CPU seconds, seconds, rows counted, MB at peak
"""

from __future__ import annotations

import resource
import runpy
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

N_ROWS = 1_000_000
YAML = "source: {path: data/*.parquet}\ntime: day\nsplits: {entity: customer}\n"
SHIFT = runpy.run_path(str(Path(__file__).with_name("shift.py")))


def make_project(folder: Path, n_rows: int) -> Path:
    """Two files of a project, the second not yet in its place: 1 % of the rows, of a later day and of new customers."""
    import duckdb

    SHIFT["make_sides"](folder, n_rows)
    project = folder / "project"
    for name in ("data", "datasets"):
        (project / name).mkdir(parents=True)
    (project / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (project / "datasets" / "big.yaml").write_text(YAML, "utf-8")
    with duckdb.connect() as connection:
        for side, target, days, n in (
            ("reference", project / "data" / "1.parquet", "(hash(normal_0) % 365)::INTEGER", n_rows),
            ("current", folder / "2.parquet", "365", n_rows // 100),
        ):
            connection.execute(
                f"COPY (SELECT * EXCLUDE (_bucket), DATE '2024-01-01' + {days} AS day"
                f" FROM '{folder}/{side}.parquet' LIMIT {n}) TO '{target}' (FORMAT parquet)"
            )
    return project


class Clock:
    """Listens to a run: CPU seconds and seconds between what is told of an audit."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[float, float]] = {}

    def __call__(self, event: Any) -> None:
        if event.step == "audit":
            self.at[event.stage] = time.process_time(), time.perf_counter()

    @property
    def spent(self) -> tuple[float, float]:
        """From the first question of shift until all that was learned is kept."""
        (cpu, wall), (cpu_end, wall_end) = self.at["shift"], self.at["remembered"]
        return cpu_end - cpu, wall_end - wall


def measured(folder: Path, n_rows: int) -> None:
    from assets.kept_profile import KeptProfile
    from assets.project import Project
    from assets.run import execute
    from assets.step import Run
    from warehouse.client import Warehouse

    opened = Project.open(make_project(folder, n_rows))
    with Warehouse(opened.settings) as warehouse:
        for what in ("first report", "second report"):
            clock = Clock()
            execute(Run(project=opened, warehouse=warehouse, listen=clock), ["big"])
            version = warehouse.meta.versions("big")[-1]
            (audit,) = warehouse.meta.steps("big", step_id=version.audit_id)
            print(f"{what}\t{clock.spent[0]:.3f}\t{clock.spent[1]:.3f}\t{audit.detail['n_counted']}", flush=True)
            if what == "first report":
                shutil.copy(folder / "2.parquet", opened.settings.root / "data" / "2.parquet")
        kept = KeptProfile.of(warehouse.meta, version, audit.detail["counted"])
        lake = warehouse.lake.connection
        lake.execute(
            "CREATE OR REPLACE TEMP VIEW both_sides AS SELECT *"
            f" FROM lake.datasets.big AT (VERSION => {version.snapshot})"
        )
        columns = [c for c in kept.profile.cells if c.column not in {"customer", "day"}] if kept else []
        before = time.process_time(), time.perf_counter()
        for statement in SHIFT["bare"](columns, "_split").split(";"):
            lake.execute(statement).fetchall()
        spent = time.process_time() - before[0], time.perf_counter() - before[1]
        print(f"bare group-by\t{spent[0]:.3f}\t{spent[1]:.3f}\t{version.n_rows}")
    print(f"peak\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


def bench_again(folder: Path, say: Callable[..., None]) -> None:
    """Print what a first and a second report cost."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, __file__, str(N_ROWS), str(folder)]
    told = SHIFT["told_by"](command)
    *rows, (_, peak) = [line.split("\t") for line in told.splitlines()]
    floor = next(float(cpu) for what, cpu, *_ in rows if what == "bare group-by")
    for what, cpu, wall, n_rows in rows:
        say(f"shift of {N_ROWS:,} rows x 20 columns, {what}: CPU s, s", f"{float(cpu):.2f}, {float(wall):.2f}")
        if what != "bare group-by":
            say("  / bare group-by; rows counted", f"{float(cpu) / floor:.2f}, {int(n_rows):,}", GOALS.get(what, ""))
    say("  MB at peak of both", peak, "goal under 1000")


GOALS = {"second report": "goal: 1 % of the rows, under 3 s"}

if __name__ == "__main__":
    measured(Path(sys.argv[2]), int(sys.argv[1]))
