"""What do other libraries find of the same planted leaks? Prints shares found by kind, and alarms on clean tables.

In Gristmill's environment, but for the peers, which have one each, since their dependencies disagree:

    python tests/bench/leak_peers.py write DIR 20 60      # tables a kind, clean tables
    python tests/bench/leak_peers.py judge DIR            # what Gristmill finds
    PEER/bin/python tests/bench/leak_peers.py judge DIR   # what each peer finds; may be interrupted
    python tests/bench/leak_peers.py table DIR            # all of it, side by side

The environments in which the table of docs/explanation/leakage.md was measured:

    python3.12 -m venv PEER   pip install leakhound-ml==0.5.0 'pandas<3' pyarrow
    python3.12 -m venv PEER   pip install mlleak==0.1.1 pyarrow
    python3.12 -m venv PEER   pip install dataset-splitter==0.1.0 pyarrow
    python3.11 -m venv PEER   pip install deepchecks==0.19.1 'numpy<2' 'pandas<2.3' 'scikit-learn<1.5' 'pyarrow<=21'

A peer gets the train rows and those of dev and test, and is told target, features, key, time and what makes an entity.
It is read in its favour, with its own thresholds: it has found a leak when it names a column that no honest table has,
or rows or groups that are in both. What it says of honest columns is not held for it, but counts on clean tables. That
splits by entity share a period is said by whoever is told the time, planted or clean: it has a line of its own.
"""

from __future__ import annotations

import json
import runpy
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROWS, TIME = "rows or groups", "time"  # what an alarm is about, if not a column
OURS, CLEAN = "Gristmill", "clean"
Alarms = Callable[[Any, Any, dict[str, Any]], "set[str]"]
Judge = Callable[[Path, dict[str, Any]], "list[str]"]


@cache
def proof() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parents[1] / "checks" / "test_planted_leaks.py"))


def write(folder: Path, n_planted: int, n_clean: int) -> None:
    """Writes the tables, and what is told of each."""
    import numpy as np

    ours = proof()
    kinds = ours["KINDS"]
    honest = {*ours["PLANTED"]["base"](np.random.default_rng(0)).frame.columns}
    drawn = [(kind, number) for kind in kinds for number in range(n_planted)]
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for kind, number in [*drawn, *((CLEAN, number) for number in range(n_clean))]:
        table = ours["planted"](kind, number) if kind in kinds else ours["clean"](number)
        name = f"{kind.replace(' ', '_').replace(',', '')}_{number:03}"
        table.frame.write_parquet(folder / f"{name}.parquet")
        of_kind = {"kind": kind, "codes": [*kinds[kind].codes] if kind in kinds else [], "number": number, "name": name}
        roles = {"features": table.features, "target": table.target, "time": table.time, "key": [*table.key]}
        group = "_entity" if len(table.entity) > 1 else next(iter(table.entity), None)
        roles |= {"hidden": [*table.hidden], "entity": [*table.entity], "group": group}
        listed.append(of_kind | roles | {"planted": [name for name in table.frame.columns if name not in honest]})
    (folder / "tables.json").write_text(json.dumps(listed), "utf-8")


def by_us(folder: Path, told: dict[str, Any]) -> list[str]:
    """What warns or blocks, by the codes of the kind alone; on clean tables by any code."""
    ours = proof()
    if told["codes"]:
        return [ROWS] if ours["is_found"](told["kind"], told["number"]) else []
    return sorted({found.code for found in ours["bad"](ours["clean"](told["number"]))})


def leakhound(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    from leakhound import audit

    roles = {"target": told["target"], "time_col": told["time"], "group_col": told["group"]}
    report = audit(train, test, **roles, feature_cols=told["features"])
    about = {"temporal": TIME, "duplicates": ROWS, "near_duplicates": ROWS, "group_split": ROWS}
    return {about.get(found.check) or found.evidence["feature"] for found in report.leaks}


def mlleak(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    """Its two questions want different columns: copies are sought in the features alone."""
    import mlleak as library

    seen = [*told["features"], told["target"]]
    copies = library.report(train[seen], test[seen], target=told["target"], verbose=False)
    groups = [told["group"]] if told["group"] else None
    others = library.report(train, test, group_cols=groups, time_col=told["time"], verbose=False)
    asked = ((ROWS, copies["duplicate_check"]), (ROWS, others["group_check"]), (TIME, others["time_check"]))
    return {about for about, answer in asked if answer and not answer["passed"]}


def dataset_splitter(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    """Its report is on a split of its own; the function that makes it is given ours."""
    import numpy as np
    import pandas as pd
    from dataset_splitter.report import build_report

    both = pd.concat([train, test], ignore_index=True)
    at = {"train": np.arange(len(train)), "test": np.arange(len(train), len(both))}
    groups = {"group": [told["group"]], "group_mode": "single"} if told["group"] else {}
    strategy = {"rows": len(both), "time": told["time"]} | groups
    report = build_report(both, {"train": train, "test": test}, at, strategy, None, None, [])
    features = {"train": train[told["features"]], "test": test[told["features"]]}
    copies = build_report(both, features, at, {"rows": len(both)}, None, None, [])
    is_shared = report.group_overlap["overlapping_groups"] or copies.duplicate_leakage["leaked_rows"]
    return ({ROWS} if is_shared else set()) | (set() if report.time_ordering["ordered"] else {TIME})


def deepchecks(train: Any, test: Any, told: dict[str, Any]) -> set[str]:
    """The checks on leaks of its suites; a share of copies counts from one row on, though it allows 5 %."""
    from deepchecks.tabular import Dataset
    from deepchecks.tabular import checks as library

    target, kind = train[told["target"]], "regression"
    if target.dtype.kind in "bO":
        kind = "binary" if target.nunique() == 2 else "multiclass"
    categories = [name for name in told["features"] if train[name].dtype.kind in "bO"]
    roles = {"features": told["features"], "cat_features": categories, "label": told["target"], "label_type": kind}

    def sets(index: str | None) -> list[Any]:
        dated = roles | {"datetime_name": told["time"], "index_name": index}
        return [Dataset(frame.reset_index(drop=True), **dated) for frame in (train, test)]

    one, two = sets(told["group"])
    found = {ROWS} if library.TrainTestSamplesMix().run(one, two, with_display=False).value["ratio"] else set()
    change = library.FeatureLabelCorrelationChange().run(one, two, with_display=False).value
    found |= {name for name, power in change["train"].items() if power >= 0.7}
    found |= {name for name, power in change["train-test difference"].items() if abs(power) >= 0.2}
    if told["group"] and library.IndexTrainTestLeakage().run(one, two, with_display=False).value:
        found.add(ROWS)
    if told["time"] and library.DateTrainTestLeakageOverlap().run(one, two, with_display=False).value:
        found.add(TIME)
    for index in filter(None, dict.fromkeys([told["group"], *told["key"]])):
        powers = library.IdentifierLabelCorrelation().run(sets(index)[0], with_display=False).value
        found |= {name for name, power in powers.items() if power > 0}
    return found


PEERS: dict[str, tuple[str, Alarms]] = {
    "leakhound-ml": ("leakhound", leakhound),
    "mlleak": ("mlleak", mlleak),
    "dataset-splitter": ("dataset_splitter", dataset_splitter),
    "deepchecks": ("deepchecks", deepchecks),
}


def judges() -> dict[str, tuple[str, Judge]]:
    """The peers that this interpreter has, else ourselves: each with its version."""
    found = {peer: (module, of) for peer, (module, of) in PEERS.items() if find_spec(module)}
    return {peer: (version(peer), partial(by_peer, of)) for peer, (_, of) in found.items()} or {OURS: ("", by_us)}


def by_peer(peer: Alarms, folder: Path, told: dict[str, Any]) -> list[str]:
    import pandas as pd

    warnings.simplefilter("ignore")
    frame = pd.read_parquet(folder / f"{told['name']}.parquet")
    roles = [told["target"], told["time"], told["group"], *told["key"], *told["entity"], *told["hidden"]]
    columns = list(dict.fromkeys(name for name in [*told["features"], *roles] if name))
    of_train = frame["_split"].isin(["train", "train_dev"])
    of_test = frame["_split"].isin(["dev", "test"])
    return sorted(peer(frame.loc[of_train, columns], frame.loc[of_test, columns], told))


def in_rounds(listed: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The tables in rounds that hold each kind, and as large a part of the clean ones."""
    n_of = Counter(told["kind"] for told in listed)
    n_rounds, rounds = min(n_of.values()), defaultdict(list)
    for told in listed:
        rounds[told["number"] * n_rounds // n_of[told["kind"]]].append(told)
    return [rounds[number] for number in range(n_rounds)]


def judge(folder: Path) -> None:
    """Keeps what was judged after each round, and goes on from there when asked again."""
    listed = json.loads((folder / "tables.json").read_text("utf-8"))
    for peer, (release, asked) in judges().items():
        kept = folder / f"{peer}.json"
        tables = json.loads(kept.read_text("utf-8"))["tables"] if kept.exists() else []
        with ProcessPoolExecutor() as pool:
            for each in in_rounds(listed):
                due = [told for told in each if told["name"] not in {known["name"] for known in tables}]
                found = pool.map(partial(asked, folder), due)
                tables += [told | {"alarms": about} for told, about in zip(due, found, strict=True)]
                kept.write_text(json.dumps({"version": release, "tables": tables}), "utf-8")
        print(f"{peer} {release}: {len(tables)} tables judged")


def is_found(told: dict[str, Any]) -> bool:
    """A key is the leak of those kinds alone that plant it there."""
    plain = set() if "LEAK11" in told["codes"] else {*told["key"]}
    return bool({*told["alarms"]} & {ROWS, *told["planted"]} - plain)


def is_flagged(told: dict[str, Any]) -> bool:
    return bool({*told["alarms"]} - {TIME})


def is_of_time(told: dict[str, Any]) -> bool:
    return TIME in told["alarms"]


def table(folder: Path) -> None:
    """Prints the shares, and above them of how many tables a kind and of how many clean ones each is."""
    kept = [(peer, folder / f"{peer}.json") for peer in (OURS, *PEERS)]
    told = {peer: json.loads(file.read_text("utf-8")) for peer, file in kept if file.exists()}
    names = [f"{peer} {of['version']}".strip() for peer, of in told.items()]
    print("| planted | codes | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(told))
    n_of = [Counter(each["kind"] for each in of["tables"]) for of in told.values()]
    print("| tables a kind, clean ones | | " + " | ".join(f"{min(n.values())}, {n['clean']}" for n in n_of) + " |")
    planted = [(each["kind"], "/".join(each["codes"]), is_found) for each in told[OURS]["tables"] if each["codes"]]
    rows = [*dict.fromkeys(planted), ("clean", "any alarm", is_flagged), ("clean", "shared period", is_of_time)]
    for kind, codes, asked in rows:
        each = [[asked(table) for table in of["tables"] if table["kind"] == kind] for of in told.values()]
        print(f"| {kind} | {codes} | " + " | ".join(f"{sum(found) / len(found):.2f}" for found in each) + " |")


if __name__ == "__main__":
    what, where = sys.argv[1], Path(sys.argv[2])
    if what == "write":
        write(where, int(sys.argv[3]), int(sys.argv[4]))
    else:
        {"judge": judge, "table": table}[what](where)
