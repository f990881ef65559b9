"""What the proof that nothing leaks costs, against one scan of all columns; and near-duplicates of a million texts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

N_TEXTS = 1_000_000


def make_split(file: Path, n_rows: int) -> None:
    """Rows of ten columns, five rows an entity, entities in train, dev and test."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT range AS id, md5((range // 5)::VARCHAR) AS _entity,"
            " CASE hash(range // 5) % 10 WHEN 0 THEN 'test' WHEN 1 THEN 'dev' ELSE 'train' END AS _split,"
            " hash(range + 1) / 1.8e19 AS a, hash(range + 2) / 1.8e19 AS b, (hash(range + 3) % 1000)::INTEGER AS c,"
            " (hash(range + 4) % 10)::INTEGER AS d, 'cat' || hash(range + 5) % 50 AS e,"
            " (hash(range + 6) / 1.8e19)::FLOAT AS f, DATE '2020-01-01' + (hash(range + 7) % 1000)::INT AS g"
            f" FROM range({n_rows})) TO '{file}' (FORMAT parquet)"
        )


def bench_leakage(
    folder: Path, n_rows: int, say: Callable[..., None], cpu: Callable[[Callable[[], object]], float]
) -> None:
    """Print the cost of LEAK1, LEAK2 and the time ranges of splits, in scans of all columns."""
    import duckdb
    import ibis

    from checks.collect import collect
    from checks.leakage import identical_rows, shared_entities

    folder.mkdir(parents=True, exist_ok=True)
    make_split(folder / "split.parquet", n_rows)
    memory = {"memory_limit": "4GB", "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=memory) as connection:
        connection.execute(f"CREATE VIEW t AS SELECT * FROM '{folder}/split.parquet'")
        columns = [row[0] for row in connection.execute("DESCRIBE t").fetchall()]
        every = ", ".join(f"min({name}), max({name})" for name in columns)
        scan = cpu(lambda: connection.execute(f"SELECT {every} FROM t").fetchall())
        table = ibis.duckdb.from_connection(connection).table("t")
        costs = {
            "entities": cpu(lambda: shared_entities(table, apart="everywhere")),
            "identical rows": cpu(lambda: identical_rows(table, list("abcdef"), has_key=True)),
            "time": cpu(lambda: collect(table.group_by("_split").agg(first=table["g"].min(), last=table["g"].max()))),
        }
    say(
        f"leakage proof of {n_rows:,} rows x 10 columns / one scan",
        f"{sum(costs.values()) / scan:.2f}",
        "goal at most 4",
    )
    for what, cost in costs.items():
        say(f"  {what}", f"{cost / scan:.2f}")


TEXTS = """
import resource, sys
import numpy as np, polars as pl
from checks.near_text import near_texts
rng = np.random.default_rng(0)
words = np.array(["w" + np.base_repr(7919 * i + 1000, 36).lower() for i in range(50_000)])
n = int(sys.argv[1])
sizes = rng.poisson(9, n) + 3
share = 1 / np.arange(1, 50_001)
flat = words[rng.choice(50_000, sizes.sum(), p=share / share.sum())]
ends = sizes.cumsum()
texts = [" ".join(flat[end - size : end]) for end, size in zip(ends, sizes)]
for i in range(n // 20):
    texts[-1 - i] = "  ".join(rng.permutation(texts[i].split())).upper()
texts = pl.Series(texts)
del flat
before = resource.getrusage(resource.RUSAGE_SELF)
near = near_texts(texts)
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(f"{cpu:.0f} {after.ru_maxrss / 2**20:.2f} {len(texts) - near.n_kinds} {len(near.left)}")
"""


def bench_texts(say: Callable[..., None]) -> None:
    """Print what near-duplicates of a million short texts cost, in a process of its own."""
    told = subprocess.run([sys.executable, "-c", TEXTS, str(N_TEXTS)], check=True, capture_output=True, text=True)
    seconds, gib, _, n_pairs = told.stdout.split()
    say(f"near-duplicates of {N_TEXTS:,} short texts: CPU seconds", seconds, "goal under 300")
    say(f"  GiB of memory; near pairs {int(n_pairs):,}", gib, "goal under 4")
