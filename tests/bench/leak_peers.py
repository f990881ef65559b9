"""What do other libraries find of the same planted leaks? Prints shares found by kind, and alarms on clean tables.

In our own environment, then in that of each peer (a venv of its own, since their dependencies disagree):

    python tests/bench/leak_peers.py write DIR 100 100     # tables a kind, clean tables
    PEER/bin/python tests/bench/leak_peers.py judge DIR    # every peer that this interpreter has
    python tests/bench/leak_peers.py table DIR             # all of it, side by side

A peer is told target, entity and features, and gets the train rows and those of dev and test. Any alarm of its own
counts as found, whatever it is about: nothing is subtracted, so read each share beside that of the clean tables.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

Alarms = Callable[[Any, Any, dict[str, Any]], "set[str]"]


def write(folder: Path, n_planted: int, n_clean: int) -> None:
    import runpy

    proof = runpy.run_path(str(Path(__file__).parents[1] / "checks" / "test_planted_leaks.py"))
    tables = [(kind, n, proof["planted"](kind, n)) for kind in proof["KINDS"] for n in range(n_planted)]
    tables += [("clean", n, proof["clean"](n)) for n in range(n_clean)]
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for kind, n, table in tables:
        name = f"{kind.replace(' ', '_').replace(',', '')}_{n:03}"
        table.frame.sort("_row").write_parquet(folder / f"{name}.parquet")
        roles = {"features": table.features, "target": table.target, "entity": [*table.entity], "key": [*table.key]}
        listed.append({"kind": kind, "name": name, "time": table.time, **roles})
    (folder / "tables.json").write_text(json.dumps(listed), "utf-8")


def leakhound(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    from leakhound import audit

    seen = [*told["features"], told["target"]]
    group = told["entity"][0] if told["entity"] else None
    columns = [*seen, *([group] if group else [])]
    report = audit(train[columns], test[columns], target=told["target"], group_col=group, feature_cols=told["features"])
    return {f"{found.check} {found.evidence.get('feature', '')}" for found in report.leaks}


def mlleak(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    import mlleak as library

    columns, found = [*told["features"], told["target"]], set()
    copies = library.report(train[columns], test[columns], target=told["target"], verbose=False)
    if not copies["duplicate_check"]["passed"]:
        found.add("duplicates")
    if told["entity"]:
        columns += told["entity"]
        groups = library.report(train[columns], test[columns], group_cols=told["entity"], verbose=False)
        if not groups["group_check"]["passed"]:
            found.add("groups")
    return found


def dataset_splitter(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    """Its report is on a split of its own; the function that makes it is given ours."""
    import numpy as np
    import pandas as pd
    from dataset_splitter.report import build_report

    columns = [*told["features"], told["target"], *told["entity"]]
    frames = {"train": train[columns], "test": test[columns]}
    at = {"train": np.arange(len(train)), "test": np.arange(len(train), len(train) + len(test))}
    strategy = {"rows": len(train) + len(test), "group": told["entity"] or None, "group_mode": "any"}
    copies = {name: frame[told["features"]] for name, frame in frames.items()}
    both = pd.concat(list(frames.values()), ignore_index=True)
    report = build_report(both, frames, at, strategy, None, None, [])
    of_copies = build_report(both, copies, at, {"rows": strategy["rows"]}, None, None, [])
    found = {"groups"} if report.group_overlap.get("overlapping_groups") else set()
    return found | ({"duplicates"} if of_copies.duplicate_leakage.get("leaked_rows") else set())


def deepchecks(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    from deepchecks.tabular import Dataset
    from deepchecks.tabular import checks as library

    is_class = train[told["target"]].dtype.kind in "bO"
    label_type = ("binary" if train[told["target"]].nunique() == 2 else "multiclass") if is_class else "regression"
    index = told["entity"][0] if told["entity"] else None
    named = {"features": told["features"], "label": told["target"], "label_type": label_type}
    categories = [name for name in told["features"] if train[name].dtype.kind in "bO"]
    columns = [*told["features"], told["target"], *([index] if index else [])]
    one, two = (
        Dataset(frame[columns], cat_features=categories, index_name=index, **named)
        for frame in (train.reset_index(drop=True), test.reset_index(drop=True))
    )
    asked = {
        "copies": (library.TrainTestSamplesMix().add_condition_duplicates_ratio_less_or_equal(0), (one, two)),
        "label": (library.FeatureLabelCorrelation().add_condition_feature_pps_less_than(0.8), (one,)),
    }
    if index:
        asked["index"] = (library.IndexTrainTestLeakage().add_condition_ratio_less_or_equal(0), (one, two))
        asked["id"] = (library.IdentifierLabelCorrelation().add_condition_pps_less_or_equal(0), (one,))
    return {name for name, (check, given) in asked.items() if not check.run(*given).passed_conditions()}


PEERS: dict[str, tuple[str, Alarms]] = {
    "leakhound-ml": ("leakhound", leakhound),
    "mlleak": ("mlleak", mlleak),
    "dataset-splitter": ("dataset_splitter", dataset_splitter),
    "deepchecks": ("deepchecks", deepchecks),
}


def installed() -> Iterable[str]:
    from importlib.util import find_spec

    return [peer for peer, (module, _) in PEERS.items() if find_spec(module)]


def judge(folder: Path) -> None:
    import pandas as pd

    warnings.simplefilter("ignore")
    listed = json.loads((folder / "tables.json").read_text("utf-8"))
    for peer in installed():
        lines = []
        for told in listed:
            frame = pd.read_parquet(folder / f"{told['name']}.parquet")
            train, test = (
                frame[frame["_split"].isin(["train", "train_dev"])],
                frame[frame["_split"].isin(["dev", "test"])],
            )
            try:
                alarms = sorted(PEERS[peer][1](train, test, told))
            except Exception as error:  # noqa: BLE001  a peer that cannot take a table is told as such
                alarms = [f"error: {type(error).__name__}: {str(error)[:80]}"]
            lines.append({"kind": told["kind"], "name": told["name"], "alarms": alarms})
        (folder / f"{peer}.json").write_text(json.dumps(lines), "utf-8")
        show(folder, peer)


def shares(folder: Path, peer: str) -> dict[str, tuple[float, float]]:
    """By kind the share of tables with any alarm, and the share that could not be taken."""
    lines = json.loads((folder / f"{peer}.json").read_text("utf-8"))
    found = {}
    for kind in dict.fromkeys(line["kind"] for line in lines):
        alarms = [line["alarms"] for line in lines if line["kind"] == kind]
        errors = [any(alarm.startswith("error") for alarm in each) for each in alarms]
        rung = [any(not alarm.startswith("error") for alarm in each) for each in alarms]
        found[kind] = (sum(rung) / len(rung), sum(errors) / len(errors))
    return found


def show(folder: Path, peer: str) -> None:
    print(peer)
    for kind, (found, failed) in shares(folder, peer).items():
        print(f"  {kind:<34} {found:.2f}" + (f"   could not take {failed:.2f}" if failed else ""), flush=True)


def table(folder: Path) -> None:
    peers = [peer for peer in PEERS if (folder / f"{peer}.json").exists()]
    told = {peer: shares(folder, peer) for peer in peers}
    print("| kind | " + " | ".join(peers) + " |\n|---|" + "---|" * len(peers))
    for kind in next(iter(told.values())):
        print(f"| {kind} | " + " | ".join(f"{told[peer][kind][0]:.2f}" for peer in peers) + " |")


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "write":
        write(where, int(sys.argv[3]), int(sys.argv[4]))
    else:
        {"judge": judge, "table": table}[what](where)
