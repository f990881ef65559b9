"""What do other libraries say of the same pairs of tables? Prints by change the share of pairs in which each alarms.

In Gristmill's environment, but for the peers, which have one each, since their dependencies disagree:

    python tests/bench/shift_peers.py write DIR 40 20      # pairs a change of 1,000 rows, and of 10,000
    python tests/bench/shift_peers.py judge DIR            # Gristmill, and tests of rows
    PEER/bin/python tests/bench/shift_peers.py judge DIR   # a peer
    python tests/bench/shift_peers.py table DIR

The environments in which the table of docs/explanation/shift.md was measured:

    python3.12 -m venv PEER   pip install alibi-detect==0.13.0
    python3.12 -m venv PEER   pip install evidently==0.7.23 'pandas<3'

Both get their defaults: alibi-detect's TabularDrift with Bonferroni at .05 and told which columns are categories,
evidently's preset of drift with categories as texts; it alarms when it says of any column that it drifted. No column
has a missing value here, which TabularDrift does not take. Its p are those of our tests of rows but for columns of two
levels, where it corrects for continuity.
"""

from __future__ import annotations

import json
import runpy
import sys
import warnings
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

SIZES = (1_000, 10_000)
NOTHING = "nothing"


def proof() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "checks" / "test_shift_validity.py"))


def write(folder: Path, *n_pairs: int) -> None:
    ours = proof()
    changes = {NOTHING: lambda _, table: {}, **ours["MARGINS"], **ours["OTHERS"]}
    folder.mkdir(parents=True, exist_ok=True)
    for n_rows, n in zip(SIZES, n_pairs, strict=True):
        for at, (name, change) in enumerate(changes.items()):
            if name.startswith("nulls"):
                continue
            for number in range(n):
                tables, _, buckets = ours["changed_pair"](change, n_rows, number)
                for table in tables:
                    table["gaps"] = np.nan_to_num(table["gaps"])
                sides = {f"{side}.{c}": v for side, table in enumerate(tables) for c, v in table.items()}
                of = {"name": name, "n_rows": n_rows}
                file = folder / f"{n_rows}-{at}-{number}.npz"
                np.savez(file, of=json.dumps(of), bucket0=buckets[0], bucket1=buckets[1], **sides)


def read(file: Path) -> tuple[dict[str, Any], list[dict[str, np.ndarray]], list[np.ndarray]]:
    held = np.load(file)
    tables = [{n[2:]: held[n] for n in held.files if n.startswith(f"{side}.")} for side in (0, 1)]
    return json.loads(str(held["of"])), tables, [held["bucket0"], held["bucket1"]]


def by_gristmill(tables: list[Any], buckets: list[np.ndarray]) -> dict[str, float]:
    ours = OURS or OURS.update(proof()) or OURS
    n = len(buckets[0])
    entities = [np.arange(n), n + np.arange(n)]
    report = ours["asked"](tables, entities, buckets, seed="peers", n_assignments=399)
    by_rows = ours["TABLES"]["_p_by_rows"]
    return {
        "Gristmill": ours["least_p"](report),
        "tests of rows": min(1.0, min(by_rows(tables[0][c], tables[1][c]) for c in tables[0]) * len(tables[0])),
    }


OURS: dict[str, Any] = {}


def by_alibi(tables: list[Any], _buckets: list[np.ndarray]) -> dict[str, float]:
    from alibi_detect.cd import TabularDrift

    names = list(tables[0])
    whole = {i: None for i, name in enumerate(names) if tables[0][name].dtype.kind == "i"}
    one, two = (np.column_stack([table[name] for name in names]) for table in tables)
    told = TabularDrift(one, p_val=0.05, categories_per_feature=whole).predict(two, drift_type="batch")["data"]
    return {"alibi-detect": float(min(1.0, told["p_val"].min() * len(names)))}


def by_evidently(tables: list[Any], _buckets: list[np.ndarray]) -> dict[str, float]:
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    frames = [pd.DataFrame({n: v.astype(str) if v.dtype.kind == "i" else v for n, v in t.items()}) for t in tables]
    told = json.loads(Report([DataDriftPreset()]).run(frames[1], frames[0]).json())
    count = next(m["value"]["count"] for m in told["metrics"] if "DriftedColumnsCount" in json.dumps(m))
    return {"evidently": 0.0 if count else 1.0}


def judge(folder: Path) -> None:
    peer = next((by for name, by in PEERS.items() if find_spec(name)), by_gristmill)
    warnings.simplefilter("ignore")
    with (folder / f"{peer.__name__}.jsonl").open("w", encoding="utf-8") as out:
        for file in sorted(folder.glob("*.npz")):
            of, tables, buckets = read(file)
            out.write(json.dumps(of | {"file": file.name, "told": peer(tables, buckets)}) + "\n")
            out.flush()


PEERS = {"alibi_detect": by_alibi, "evidently": by_evidently}


def table(folder: Path) -> None:
    found: dict[tuple[int, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    alike: dict[str, dict[str, float]] = defaultdict(dict)
    for file in folder.glob("*.jsonl"):
        for line in file.read_text("utf-8").splitlines():
            one = json.loads(line)
            for peer, p in one["told"].items():
                found[one["n_rows"], one["name"]][peer].append(p)
                alike[one["file"]][peer] = p
    for (n_rows, name), by_peer in sorted(found.items()):
        shown = "  ".join(f"{peer} {np.mean(np.array(p) <= 0.05):.3f} of {len(p)}" for peer, p in by_peer.items())
        print(f"{n_rows:>6} {name:<28} {shown}")
    apart = [abs(p["alibi-detect"] - p["tests of rows"]) for p in alike.values() if len({"alibi-detect"} & set(p))]
    if apart:
        print(f"alibi-detect's least p and that of our tests of rows differ by at most {max(apart):.1e}")


if __name__ == "__main__":
    what, folder = sys.argv[1], Path(sys.argv[2])
    {"write": write, "judge": judge, "table": table}[what](folder, *map(int, sys.argv[3:]))
