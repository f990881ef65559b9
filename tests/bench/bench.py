"""How fast is it, as ratios against a named floor or peer in the same run. `make bench` prints them.

Absolute seconds are printed beside; they say more about the machine than about Gristmill.
"""

from __future__ import annotations

import os
import resource
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

N_ROWS = int(os.environ.get("BENCH_ROWS", "20_000_000"))
RULES = 12


def say(what: str, figure: str, goal: str = "") -> None:
    print(f"{what:<64} {figure:>14}   {goal}", flush=True)


def seconds_of(command: list[str], cwd: Path) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of a process."""
    before = time.perf_counter()
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - before, usage.ru_maxrss / 1024


def best(work: Callable[[], object], n: int = 5) -> float:
    times = []
    for _ in range(n):
        before = time.perf_counter()
        work()
        times.append(time.perf_counter() - before)
    return median(times)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all threads."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench_run(folder: Path) -> Path:
    gristmill = str(Path(sys.executable).with_name("gristmill"))
    wall, memory = seconds_of([gristmill, "demo", "demo"], folder)
    say("the demo: every step, Dagster, model, reports: wall seconds", f"{wall:.1f}", "goal under 60")
    say("  peak memory, MiB", f"{memory:.0f}", "goal under 1536")
    again = median(seconds_of([gristmill, "run"], folder / "demo")[0] for _ in range(5))
    say("second run, nothing due: wall seconds", f"{again:.2f}", "goal under 1")
    checked = median(seconds_of([gristmill, "check"], folder / "demo")[0] for _ in range(3))
    say("gristmill check of the demo: wall seconds", f"{checked:.2f}", "goal under 1")
    floor = median(seconds_of([sys.executable, "-c", "import click, rich"], folder)[0] for _ in range(9))
    helped = median(seconds_of([gristmill, "--help"], folder)[0] for _ in range(9))
    say("gristmill --help / python -c 'import click, rich'", f"{helped / floor:.2f}", "goal at most 3")
    return folder / "demo"


def bench_load(project: Path) -> None:
    import gristmill as gm
    import polars as pl

    dataset = gm.dataset("flights", project=project)
    version = dataset._version
    lake = dataset._warehouse.lake.connection
    bare = f"SELECT * FROM lake.datasets.flights AT (VERSION => {version.snapshot})"
    one_file = project / "one.parquet"
    dataset.load().write_parquet(one_file)
    dataset.load(), lake.execute(bare).pl()
    loaded, queried = best(dataset.load, 9), best(lambda: lake.execute(bare).pl(), 9)
    say("warm load of all flights / the bare DuckLake query to Polars", f"{loaded / queried:.2f}", "goal at most 1.3")
    say(
        "  / Polars reading one Parquet file", f"{loaded / best(lambda: pl.read_parquet(one_file), 9):.2f}", "about 4.4"
    )


def make_big(folder: Path) -> None:
    import duckdb

    (folder / "data").mkdir(parents=True)
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT range AS id, (hash(range) % 1000000)::BIGINT AS customer,"
            " (hash(range + 1) % 100)::INTEGER AS age,"
            " hash(range + 2) / 1.8446744073709552e19 AS score, (hash(range + 3) % 1000) / 10.0 AS amount,"
            " CASE WHEN hash(range + 4) % 20 > 0 THEN (hash(range + 5) % 500)::INTEGER END AS visits,"
            " ['red', 'green', 'blue', 'black'][1 + (hash(range + 6) % 4)::INT] AS colour,"
            " DATE '2020-01-01' + (hash(range + 7) % 1000)::INT AS day, hash(range + 8) % 2 = 0 AS is_member,"
            f" hash(range + 9) % 10 = 0 AS churned FROM range({N_ROWS}))"
            f" TO '{folder}/data/big.parquet' (FORMAT parquet)"
        )
    (folder / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (folder / "datasets").mkdir()
    (folder / "datasets" / "big.yaml").write_text(BIG, "utf-8")


BIG = """
source: data/big.parquet
target: churned
splits: {entity: customer}
contract:
  columns:
    id: {type: integer, min: 0}
    age: {type: integer, min: 0, max: 99}
    score: {type: float, min: 0, max: 1}
    amount: {min: 0}
    colour: {type: string, in: [red, green, blue, black]}
  rules: {grown_up_or_poor: age > 0 or amount < 1000}
"""

BY_HAND = """
CREATE OR REPLACE TABLE lake.datasets.by_hand AS
SELECT * EXCLUDE (_digest), CASE WHEN substr(_digest, 1, 12) < '199999999999' THEN 'test'
  WHEN substr(_digest, 1, 12) < '333333333333' THEN 'dev' ELSE 'train' END AS _split,
  ('0x' || substr(_digest, 31, 2))::UTINYINT AS _bucket, CASE WHEN _entity IS NULL THEN 'no entity' END AS _unused
FROM (SELECT *, md5('gristmill|' || _entity) AS _digest FROM (SELECT *, customer::VARCHAR AS _entity FROM {raw}))
WHERE coalesce(id IS NOT NULL AND id >= 0 AND age IS NOT NULL AND age >= 0 AND age <= 99 AND score IS NOT NULL
  AND score >= 0 AND score <= 1 AND amount IS NOT NULL AND amount >= 0 AND colour IN ('red', 'green', 'blue', 'black')
  AND (age > 0 OR amount < 1000), true)
"""

COUNTED_BY_HAND = """
SELECT count(*), count(*) FILTER (id IS NULL), count(*) FILTER (id < 0), count(*) FILTER (age IS NULL),
  count(*) FILTER (age < 0), count(*) FILTER (age > 99), count(*) FILTER (score IS NULL), count(*) FILTER (score < 0),
  count(*) FILTER (score > 1),
  count(*) FILTER (amount IS NULL), count(*) FILTER (amount < 0), count(*) FILTER (colour IS NULL),
  count(*) FILTER (colour NOT IN ('red', 'green', 'blue', 'black')), count(*) FILTER (NOT (age > 0 OR amount < 1000))
FROM {raw}
"""


def bench_build(folder: Path) -> None:
    from assets.build import build
    from assets.ingest import ingest
    from assets.project import Project
    from assets.step import Run
    from warehouse.client import Warehouse

    make_big(folder)
    project = Project.open(folder)
    dataset = project.datasets["big"]
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse, author="bench")
        ingest(run, dataset, "big", dataset.file.spec.source)
        ours = cpu(lambda: build(run, dataset))
        lake = warehouse.lake.connection
        raw = "lake.raw.big__big"
        by_hand = cpu(
            lambda: (lake.execute(COUNTED_BY_HAND.format(raw=raw)).fetchall(), lake.execute(BY_HAND.format(raw=raw)))
        )
        source, copy = folder / "data" / "big.parquet", folder / "copy.parquet"
        bare = cpu(lambda: lake.execute(f"COPY (FROM '{source}') TO '{copy}' (FORMAT parquet)"))
        unique = cpu(lambda: lake.execute(f"SELECT id FROM {raw} GROUP BY id HAVING count(*) > 1").fetchall())
    say(f"build of {N_ROWS:,} rows x 10 columns: CPU seconds", f"{ours:.1f}")
    say("  / the same SQL by hand (count every rule, then write)", f"{ours / by_hand:.2f}", "goal at most 1.15")
    say("  / bare Parquet-to-Parquet COPY", f"{ours / bare:.2f}", "goal at most 2.7")
    say("  uniqueness of one column, apart / COPY", f"{unique / bare:.2f}")


def make_wide(folder: Path) -> None:
    """A project of 1,000 datasets x 20 columns, their facts made up in `meta`: pages read nothing else."""
    from assets.project import Project
    from warehouse.client import Warehouse

    made = runpy.run_path(str(Path(__file__).parents[1] / "pipelines" / "web" / "made_rows.py"))
    (folder / "datasets").mkdir(parents=True)
    (folder / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    levels = [f"level {i}" for i in range(12)]
    columns = {
        f"c{i:02}": made["category_column"](f"c{i:02}", levels)
        if i % 4 == 3
        else made["numeric_column"](f"c{i:02}", moves=i < 2)
        for i in range(20)
    }
    for i in range(N_DATASETS):
        text = WIDE.format(i=i, team=i % 17, tag=i % 23)
        (folder / "datasets" / f"wide_{i:04}.yaml").write_text(text, "utf-8")
    with Warehouse(Project.open(folder).settings) as warehouse:
        for i in range(N_DATASETS):
            version = made["add_dataset"](
                warehouse.meta, f"wide_{i:04}", columns, n_versions=3, run_id=f"run-{i // 50}"
            )
            made["set_comparisons"](warehouse.meta, version, made["shift_of_splits"](list(columns)))
            made["add_model"](warehouse.meta, version)


N_DATASETS = 1000
WIDE = """
description: Wide table number {i}, one row a measurement
owners: [team:t{team}]
tags: [tag{tag}]
source: data/wide.csv
key: c00
target: c03
contract: {{columns: {{c01: {{type: float, min: 0}}}}}}
"""


def bench_catalog(folder: Path) -> None:
    import http.client
    from urllib.parse import urlsplit

    make_wide(folder)
    gristmill = str(Path(sys.executable).with_name("gristmill"))
    before = time.perf_counter()
    with subprocess.Popen([gristmill, "serve"], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        address = urlsplit((process.stdout.readline() if process.stdout else "").strip())
        connection = http.client.HTTPConnection("127.0.0.1", address.port or 0)

        def fetched(path: str, cookie: str = "") -> tuple[http.client.HTTPResponse, bytes]:
            connection.request("GET", path, headers={"cookie": cookie})
            answer = connection.getresponse()
            return answer, answer.read()

        cookie = (fetched(f"/?{address.query}")[0].getheader("set-cookie") or "").split(";")[0]
        fetched("/", cookie)
        say(
            "serve, 1,000 datasets x 20 columns: seconds to the first page",
            f"{time.perf_counter() - before:.2f}",
            "goal under 3",
        )
        while b"still being read" in fetched("/", cookie)[1]:
            time.sleep(0.2)
        say("  to the page with owners and tags", f"{time.perf_counter() - before:.2f}")
        for what, path in PAGES.items():
            size = len(fetched(path, cookie)[1])
            p50 = best(lambda path=path: fetched(path, cookie), 101)
            say(f"  {what}: p50 in ms, and KB", f"{p50 * 1000:.1f}, {size / 1000:.0f}", "goal under 25, 100")
        connection.close()
        process.terminate()


PAGES = {
    "home": "/",
    "search by name and column": "/?q=0042",
    "one owner": "/?owner=team%3At3&fresh=month",
    "a dataset": "/datasets/wide_0500",
    "its last columns": "/datasets/wide_0500?columns=3",
    "a run": "/runs/run-3",
    "a model run": "/models/wide_0500-3-baseline",
}


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gristmill-bench-"))
    try:
        parts = sys.argv[1:] or ["run", "load", "build", "catalog", "leakage", "shift"]
        project = bench_run(folder) if "run" in parts or "load" in parts else folder
        if "load" in parts:
            bench_load(project)
        if "build" in parts:
            bench_build(folder / "big")
        if "catalog" in parts:
            bench_catalog(folder / "wide")
        if "leakage" in parts:
            leakage = runpy.run_path(str(Path(__file__).with_name("leakage.py")))
            leakage["bench_leakage"](folder / "split", N_ROWS, say, cpu)
            leakage["bench_texts"](say)
        if "shift" in parts:
            shift = runpy.run_path(str(Path(__file__).with_name("shift.py")))
            shift["bench_shift"](folder / "shift", say, parts)
            again = runpy.run_path(str(Path(__file__).with_name("shift_again.py")))
            again["bench_again"](folder / "again", say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
