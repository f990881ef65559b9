"""How many old rows change sides when rows are added in another order: Gristmill's policies and their peers, one table.

    python tests/bench/split_peers.py [FOLDER]

Each peer is installed from the package index into an environment of its own in FOLDER (a temporary one by default; one
that is there already is used again). Every step of Gristmill is a process of its own. An old row has moved when it was
in train and is not, or was not and is; rows that are unused are counted apart, as they are in no split.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

N_ROWS, N_CUSTOMERS = 20_000, 5_000
GROWTHS = {"1 %": 0.01, "50 %": 0.5, "1,000 %": 10.0}
YAML = "source: {path: rows.parquet, mode: replace}\nkey: id\ntime: day\ntarget: y\nmodels: {}\nsplits: "

# One is added by its YAML alone.
POLICIES = {
    "digest": "{entity: customer}",
    "digest, evaluate_on": "{entity: customer, evaluate_on: \"day >= '2024-10-01'\"}",
    "digest, evaluate_on, apart: pool": "{entity: customer, evaluate_on: \"day >= '2024-10-01'\", apart: pool}",
    "stratified": "{entity: customer, stratified: true}",
    "time, cut points": "{time: {dev: 2024-10-01, test: 2024-11-15, gap: 1d}}",
    "predefined": "{predefined: part}",
    "clusters, linked": "{clusters: {linked_by: [customer, device]}}",
}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Somebody else's splitter.

    Attributes:
        name: What is called.
        package: What is installed, with its version; None for what Gristmill's own environment has.
        code: Puts into `test` the `id` of the rows of the pandas or Polars frame `rows` that are in test.
    """

    name: str
    package: str | None
    code: str


PEERS = (
    Peer(
        name="sklearn train_test_split(random_state=0)",
        package=None,
        code="""
        from sklearn.model_selection import train_test_split
        _, test = train_test_split(rows["id"].to_numpy(), test_size=0.2, random_state=0)
        """,
    ),
    Peer(
        name="sklearn StratifiedShuffleSplit(random_state=0)",
        package=None,
        code="""
        from sklearn.model_selection import StratifiedShuffleSplit
        splitter = StratifiedShuffleSplit(n_splits=1, test_size=0.2, random_state=0)
        _, at = next(splitter.split(rows["id"].to_numpy(), rows["y"].to_numpy()))
        test = rows["id"].to_numpy()[at]
        """,
    ),
    Peer(
        name="sklearn StratifiedGroupKFold(5, shuffle, 0)",
        package=None,
        code="""
        from sklearn.model_selection import StratifiedGroupKFold
        splitter = StratifiedGroupKFold(n_splits=5, shuffle=True, random_state=0)
        _, at = next(splitter.split(rows["id"].to_numpy(), rows["y"].to_numpy(), rows["customer"].to_numpy()))
        test = rows["id"].to_numpy()[at]
        """,
    ),
    Peer(
        name="stable-hash-splitter, by customer",
        package="stable-hash-splitter==0.1.1",
        code="""
        from stable_hash_splitter import StableHashSplit
        _, at = next(StableHashSplit(test_size=0.2, id_column="customer").split(rows))
        test = rows["id"].to_numpy()[at]
        """,
    ),
    Peer(
        name="dataset-splitter, by customer",
        package="dataset-splitter==0.1.0",
        code="""
        from dataset_splitter import split
        test = split(rows, target="y", group="customer", test_size=0.2, val_size=0).test["id"].to_numpy()
        """,
    ),
    Peer(
        name="safesplit, by customer",
        package="safesplit==0.3.0",
        code="""
        from safesplit import safe_split
        test = safe_split(rows, test_size=0.2, group_col="customer", random_state=0)[1]["id"].to_numpy()
        """,
    ),
)
WRAPPED = """
import sys
{reader}
{code}
open(sys.argv[2], "w").write("\\n".join(str(int(one)) for one in test))
"""
# Peers have pandas, not always Parquet; Gristmill has Polars.
READERS = {
    True: "import polars as pl; rows = pl.read_csv(sys.argv[1], try_parse_dates=True)",
    False: "import pandas as pd; rows = pd.read_csv(sys.argv[1])",
}


def made(n_rows: int, seed: int) -> pl.DataFrame:
    """`n_rows` purchases; ids go on, half of the later customers are new, one label of ten is 1."""
    import numpy as np

    drawn = np.random.default_rng(seed)
    ids = np.arange(n_rows)
    known = drawn.integers(0, N_CUSTOMERS, n_rows)
    new = N_CUSTOMERS + drawn.integers(0, N_CUSTOMERS * max(1, n_rows // N_ROWS), n_rows)
    is_new = (ids >= N_ROWS) & (drawn.random(n_rows) < 0.5)
    customer = np.where(is_new, new, known)
    return pl.DataFrame(
        {
            "id": ids,
            "customer": [f"c{i}" for i in customer],
            "device": [f"d{i}" for i in customer],
            "x": drawn.normal(size=n_rows).round(6),
            "y": (drawn.random(n_rows) < 0.1).astype(int),
            "part": [("train", "dev", "test")[i % 10 % 3 if i % 10 > 6 else 0] for i in customer],
        }
    ).with_columns(day=pl.date(2024, 1, 1) + pl.duration(days=pl.col("id") % 366))


def grown(before: pl.DataFrame, share: float) -> pl.DataFrame:
    """The old rows as they were and `share` as many new ones, all in another order."""
    more = made(int(before.height * (1 + share)), seed=2).filter(pl.col("id") >= before.height)
    return pl.concat([before, more]).sample(fraction=1.0, shuffle=True, seed=3)


def moved(before: pl.DataFrame, after: pl.DataFrame) -> str:
    """The share of old rows that changed sides, and of those that fell out of use."""
    both = before.join(after, on="id", how="left", suffix="_after")
    was, is_ = (pl.col(name).is_in(["train", "train_dev"]) for name in ("side", "side_after"))
    used = both.filter(pl.col("side").is_not_null() & pl.col("side_after").is_not_null())
    n_moved = used.filter(was != is_).height
    n_out = both.filter(pl.col("side").is_not_null() & pl.col("side_after").is_null()).height
    return f"{n_moved / before.height:.1%}" + (f" ({n_out / before.height:.1%} out of use)" if n_out else "")


RUN = """
import sys
from pathlib import Path
from assets.project import Project
from assets.run import execute
from assets.step import Run
from warehouse.client import Warehouse
project = Project.open(Path(sys.argv[1]))
if problems := project.problems_of("t"):
    sys.exit(str(problems[0]))
with Warehouse(project.settings) as warehouse:
    one = execute(Run(project=project, warehouse=warehouse, author="bench"), ["t"]).datasets[0]
sys.exit(0 if one.status == "published" else one.error or f"blocked by {one.blocked_by}")
"""


def by_gristmill(splits: str, rows: pl.DataFrame, root: Path) -> pl.DataFrame | str:
    """The side of each row after a run in a process of its own; or why there is none."""
    (root / "datasets").mkdir(parents=True, exist_ok=True)
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "datasets" / "t.yaml").write_text(YAML + splits + "\n", "utf-8")
    rows.write_parquet(root / "rows.parquet")
    done = subprocess.run([sys.executable, "-c", RUN, str(root)], capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[0]
    import gristmill as gm

    return gm.sql("SELECT id, _split AS side FROM t", project=root)


def by_peer(peer: Peer, rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """The side of each row as a peer tells it."""
    python, given, told = python_of(peer, folder), folder / "rows.csv", folder / "test.txt"
    rows.write_csv(given)
    script = WRAPPED.format(reader=READERS[peer.package is None], code=textwrap.dedent(peer.code))
    subprocess.run([python, "-W", "ignore", "-c", script, str(given), str(told)], check=True)
    test = pl.Series([int(line) for line in told.read_text("utf-8").split()], dtype=pl.Int64)
    return rows.select(
        "id", side=pl.when(pl.col("id").is_in(test.implode())).then(pl.lit("test")).otherwise(pl.lit("train"))
    )


def python_of(peer: Peer, folder: Path) -> str:
    """The interpreter of a peer's own environment, made when it is not there."""
    if peer.package is None:
        return sys.executable
    home = folder / f"peer-{peer.package.split('==')[0]}"
    python = home / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", peer.package], check=True)
    return str(python)


def grown_by_gristmill(splits: str, before: pl.DataFrame, after: dict[str, pl.DataFrame], root: Path) -> list[str]:
    """What moves under one policy, growth by growth, each from the same version 1."""
    one = by_gristmill(splits, before, root / "first")
    cells = []
    for i, rows in enumerate(after.values()):
        if isinstance(one, str):
            cells.append(one)
            continue
        shutil.copytree(root / "first", root / str(i))
        two = by_gristmill(splits, rows, root / str(i))
        cells.append(two if isinstance(two, str) else moved(one, two))
    return cells


def line(name: str, cells: list[Any]) -> None:
    print(f"| {name} | {' | '.join(map(str, cells))} |", flush=True)


def main(folder: Path) -> None:
    before = made(N_ROWS, seed=1)
    after = {name: grown(before, share) for name, share in GROWTHS.items()}
    line("old rows that change sides when rows are added", list(GROWTHS))
    line("---", ["---"] * len(GROWTHS))
    for name, splits in POLICIES.items():
        with tempfile.TemporaryDirectory(dir=folder) as root:
            line(f"Gristmill, {name}", grown_by_gristmill(splits, before, after, Path(root)))
    for peer in PEERS:
        first = by_peer(peer, before, folder)
        line(peer.name, [moved(first, by_peer(peer, rows, folder)) for rows in after.values()])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made_for_it:
            main(Path(made_for_it))
