"""A run that is killed leaves readers what they had, and the next run completes by itself."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assets.project import Project
from assets.run import chosen, execute
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.names import run_query
from warehouse.settings import read_settings

# Between the BEGIN that writes the rows and the COMMIT that publishes them, and before.
BEFORE = [("ingest", "start"), ("ingest", "read"), ("ingest", "begin"), ("ingest", "written"), ("ingest", "committed")]
BEFORE += [("ingest", "remembered"), ("build", "start"), ("build", "query"), ("build", "contract")]
BETWEEN = [
    ("build", "begin"),
    ("build", "accepted"),
    ("build", "rejected"),
    ("build", "proved"),
    ("build", "committed"),
]
BETWEEN += [
    ("build", "remembered"),
    ("audit", "start"),
    ("audit", "splits"),
    ("audit", "leakage"),
    ("audit", "remembered"),
]
BETWEEN += [("publish", "start"), ("publish", "begin")]

CHILD = """
import os, signal, sys
from pathlib import Path
from assets.project import Project
from assets.run import chosen, execute
from assets.step import Run
from warehouse.client import Warehouse

root, step, stage = sys.argv[1:]

def listen(event):
    if (event.step, event.stage) == (step, stage):
        os.kill(os.getpid(), signal.SIGKILL)

project = Project.open(Path(root))
with Warehouse(project.settings) as warehouse:
    run = Run(project=project, warehouse=warehouse, author="test", listen=listen)
    execute(run, chosen(project, (), with_upstream=False))
"""

YAML = """
source: t.csv
key: id
target: y
contract: {columns: {x: {type: integer, max: 900}}, max_rejected_share: 0.2}
models: {}
splits: {stratified: true}
"""


def rows(n: int) -> str:
    return "id,x,y\n" + "".join(f"{i},{i % 1000},{i % 2}\n" for i in range(n))


def files_of(root: Path) -> dict[str, str]:
    lake = root / ".gristmill" / "lake"
    return {p.relative_to(lake).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in lake.rglob("*.parquet")}


def rows_of(root: Path, name: str) -> list[tuple[object, ...]]:
    with Warehouse(read_settings(root)) as warehouse, warehouse.lake.workspace():
        return run_query(warehouse, f"SELECT id, x, y, split FROM {name} ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def one_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was run once."""
    root = tmp_path_factory.mktemp("one_version")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "datasets" / "t.yaml").write_text(YAML, "utf-8")
    (root / "t.csv").write_text(rows(1000), "utf-8")
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        report = execute(Run(project=project, warehouse=warehouse), chosen(project, (), with_upstream=False))
    assert report.datasets[0].status == "published"
    return root


# One point of each kind is tried every time, all of them by `make test-all`.
ALWAYS = {
    ("ingest", "written"),
    ("build", "contract"),
    ("build", "proved"),
    ("build", "committed"),
    ("publish", "begin"),
}
POINTS = [
    pytest.param(*point, marks=[] if point in ALWAYS else [pytest.mark.slow], id="-".join(point))
    for point in (*BEFORE, *BETWEEN)
]


@pytest.mark.parametrize(("step", "stage"), POINTS)
def test_a_run_killed_at_a_named_point_harms_nothing(
    one_version: Path, tmp_path: Path, run_project, step: str, stage: str
) -> None:
    root = tmp_path / "project"
    shutil.copytree(one_version, root)
    files, first = files_of(root), rows_of(root, "t_v1")
    (root / "t.csv").write_text(rows(1300), "utf-8")

    killed = subprocess.run([sys.executable, "-c", CHILD, str(root), step, stage], capture_output=True, check=False)

    assert killed.returncode == -9, killed.stderr.decode()
    assert files.items() <= files_of(root).items(), "a file of a published version changed"
    assert rows_of(root, "t") == first, "readers see something else than the version that was published"
    after = run_project(root).datasets[0]
    assert (after.status, after.version, after.n_rows_accepted, after.n_rows_rejected) == ("published", 2, 1201, 99)
    assert files.items() <= files_of(root).items()
    assert rows_of(root, "t_v1") == first
    later = rows_of(root, "t")
    assert len(later) == 1201
    # What was placed by the run that was killed counts for nothing, or for the version that it became.
    assert set(first) <= set(later), "a row that was published moved"
    assert run_project(root).datasets[0].status == "unchanged"


def test_a_build_that_was_committed_before_the_kill_is_audited_and_not_built_again(make_project, run_project) -> None:
    root = make_project({"t.yaml": YAML}, {"t.csv": rows(100)})
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(root), "build", "committed"], capture_output=True, check=False
    )
    assert killed.returncode == -9, killed.stderr.decode()

    after = run_project(root).datasets[0]

    assert after.status == "published"
    assert "build" not in [step["step"] for step in after.steps]
