"""Builds a made project twice, as small as it shows every policy, and prints what its rows became, as JSON.

Run by each Python that is to be compared; see `test_two_pythons.py`.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path

from assets.project import Project
from assets.run import execute
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.names import run_query

# One dataset a policy.
POLICIES = {
    "digest": "{entity: customer}",
    "pools": "{entity: customer, evaluate_on: day >= '2024-06-01'}",
    "by_pool": "{entity: customer, evaluate_on: day >= '2024-06-01', apart: pool}",
    "stratified": "{entity: customer, stratified: true}",
    "by_time": "{time: {dev: 2024-10-01, test: 2024-11-15, gap: 1d}}",
    "predefined": "{predefined: part}",
    "linked": "{clusters: {linked_by: [customer, device]}}",
}
PARTS = ("train", "train", "train", "dev", "test")


def rows(first: int, last: int) -> list[str]:
    days = [f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}" for i in range(first, last)]
    return [
        f"{i},é{i % 700},{day},{i % 97 / 4},{int(i * i % 11 < 2)},{PARTS[i % 5]},d{i % 350}"
        for i, day in enumerate(days, first)
    ]


def build(root: Path) -> dict[str, object]:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        report = execute(Run(project=project, warehouse=warehouse, author="made"), list(POLICIES))
        told: dict[str, object] = {}
        for result in report.datasets:
            if result.version is None:
                told[result.name] = result.error
                continue
            with warehouse.lake.workspace():
                query = f"SELECT id, _entity, _split, _bucket, _unused FROM {result.name} ORDER BY id"
                found = run_query(warehouse, query).fetchall()
            version = warehouse.meta.versions(result.name)[-1]
            digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
            told[result.name] = [version.version, version.fingerprint, len(found), digest]
    return told


def main() -> None:
    root = Path(sys.argv[1])
    (root / "datasets").mkdir(parents=True)
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    for name, splits in POLICIES.items():
        text = f"source: t.csv\nkey: id\ntime: day\ntarget: y\nmodels: {{}}\nsplits: {splits}\n"
        (root / "datasets" / f"{name}.yaml").write_text(text, "utf-8")
    versions = []
    for n_rows in (2_000, 3_000):
        listed = rows(0, n_rows)
        random.Random(n_rows).shuffle(listed)
        (root / "t.csv").write_text("id,customer,day,x,y,part,device\n" + "\n".join(listed) + "\n", "utf-8")
        versions.append(build(root))
    print(json.dumps({"python": sys.version.split()[0], "versions": versions}))


if __name__ == "__main__":
    main()
