"""The plan says what is due and why, before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.plan import MODEL_STEPS, Planned
from assets.project import Project
from assets.run import chosen, plan
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.errors import NotFound

ALL = ("ingest", "build", "audit", "publish")
T = "source: t.csv\nkey: id\n"
U = "query: select id, x + 1 as y from t\nkey: id\n"
ROWS = "id,x\n1,10\n2,20\n"


def planned(root: Path, *names: str, is_forced: bool = False) -> list[Planned]:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse)
        return plan(project, run, chosen(project, names, with_upstream=False), is_forced=is_forced)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_everything_of_a_fresh_project_is_due_in_the_order_of_what_it_reads(make_project) -> None:
    root = make_project({"a.yaml": "query: select * from t\nkey: id\n", "t.yaml": T}, {"t.csv": ROWS})
    assert planned(root) == [
        Planned(dataset="t", steps=ALL, reasons=("t.csv is new or changed",), version=None),
        Planned(dataset="a", steps=ALL[1:], reasons=("t will have a new version",), version=None),
    ]


def test_nothing_is_due_of_an_unchanged_project(make_project, run_project) -> None:
    root = make_project({"t.yaml": T, "u.yaml": U}, {"t.csv": ROWS})
    run_project(root)
    assert planned(root) == [
        Planned(dataset="t", steps=(), reasons=(), version=1),
        Planned(dataset="u", steps=(), reasons=(), version=1),
    ]


def test_what_is_up_to_date_is_due_when_it_is_forced(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    assert planned(root, is_forced=True) == [Planned(dataset="t", steps=ALL[1:], reasons=("it is forced",), version=1)]


def test_a_changed_file_is_named_and_what_reads_it_is_due_too(make_project, run_project) -> None:
    root = make_project({"t.yaml": T, "u.yaml": U}, {"t.csv": ROWS})
    run_project(root)
    (root / "t.csv").write_text(ROWS + "3,30\n", "utf-8")
    assert planned(root) == [
        Planned(dataset="t", steps=ALL, reasons=("t.csv is new or changed",), version=1),
        Planned(dataset="u", steps=ALL[1:], reasons=("t will have a new version",), version=1),
    ]


def test_a_dataset_whose_upstream_moved_on_alone_is_due_because_its_rows_changed(make_project, run_project) -> None:
    root = make_project({"t.yaml": T, "u.yaml": U}, {"t.csv": ROWS})
    run_project(root)
    (root / "t.csv").write_text(ROWS + "3,30\n", "utf-8")
    run_project(root, "t")
    assert planned(root) == [
        Planned(dataset="t", steps=(), reasons=(), version=2),
        Planned(dataset="u", steps=ALL[1:], reasons=("rows changed",), version=1),
    ]


CHANGES = {
    "query": ("query: select id, x + 1 as y from t", "query: select id, x + 2 as y from t"),
    "contract": ("key: id", "key: id\ncontract: {columns: {y: {max: 900}}}"),
    "splits": ("key: id", "key: id\nsplits: {shares: {train: 0.5, dev: 0.25, test: 0.25}}"),
    "columns": ("key: id", "key: id\ntarget: y"),
}


def test_what_changed_in_the_yaml_is_the_reason_in_words(make_project, run_project) -> None:
    root = make_project({"t.yaml": T, "u.yaml": U}, {"t.csv": ROWS})
    run_project(root)
    found = {}
    for part, (old, new) in CHANGES.items():
        replace(root / "datasets" / "u.yaml", old, new)
        found[part] = planned(root, "u")[0]
        replace(root / "datasets" / "u.yaml", new, old)
    steps = dict.fromkeys(CHANGES, ALL[1:]) | {"columns": (*ALL[1:], *MODEL_STEPS)}  # a target brings a baseline
    assert found == {
        part: Planned(dataset="u", steps=steps[part], reasons=(f"{part} changed",), version=1) for part in CHANGES
    }


@pytest.mark.parametrize("words", ["description: One row a thing", "owners: [team:a]", "tags: [demo]", "# a comment"])
def test_words_about_a_dataset_make_nothing_due(make_project, run_project, words: str) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    (root / "datasets" / "t.yaml").write_text(f"{T}{words}\n", "utf-8")
    assert planned(root) == [Planned(dataset="t", steps=(), reasons=(), version=1)]


def test_a_file_that_is_gone_is_a_reason_where_its_rows_are_to_go(make_project, run_project) -> None:
    yaml = 'source: {path: "data/*.csv", mode: replace}\nkey: id\n'
    root = make_project({"t.yaml": yaml}, {"data/a.csv": ROWS, "data/b.csv": "id,x\n3,30\n"})
    run_project(root)
    (root / "data" / "b.csv").unlink()
    assert planned(root) == [Planned(dataset="t", steps=ALL, reasons=("data/b.csv is gone",), version=1)]


def test_a_build_that_was_blocked_is_audited_again_and_not_built(make_project, run_project) -> None:
    yaml = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 15, severity: block}}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": ROWS})
    assert run_project(root).datasets[0].status == "blocked"
    assert planned(root) == [
        Planned(dataset="t", steps=("audit", "publish"), reasons=("it has no version yet",), version=None)
    ]


def test_a_name_that_is_no_datasets_is_refused_with_the_near_one(make_project) -> None:
    root = make_project({"flights.yaml": T}, {"t.csv": ROWS})
    with pytest.raises(NotFound, match="flihgts") as caught:
        planned(root, "flihgts")
    assert any("'flights'" in note for note in caught.value.__notes__)


def test_a_named_dataset_whose_file_is_wrong_is_refused_with_the_line(make_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkye: id\n"}, {"t.csv": ROWS})
    with pytest.raises(SpecError, match=r"datasets/t\.yaml:2: `kye` is not a key"):
        planned(root, "t")


PLANNING = """
import sys
from pathlib import Path
from assets.project import Project
from assets.run import chosen, plan
from assets.step import Run
from warehouse.client import Warehouse

project = Project.open(Path(sys.argv[1]))
with Warehouse(project.settings) as warehouse:
    found = plan(project, Run(project=project, warehouse=warehouse), chosen(project, (), with_upstream=False))
print([one.steps for one in found])
heavy = {"ibis", "polars", "pandera", "pandas", "sklearn", "pyarrow"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("has_run", [False, True], ids=["before the first run", "after it"])
def test_planning_imports_nothing_heavy(make_project, run_project, has_run: bool) -> None:
    root = make_project({"t.yaml": T, "u.yaml": U}, {"t.csv": ROWS})
    if has_run:
        run_project(root)
    ran = subprocess.run([sys.executable, "-c", PLANNING, str(root)], capture_output=True, text=True, check=False)
    steps = "[(), ()]" if has_run else f"[{ALL}, {ALL[1:]}]"
    assert ran.stdout.splitlines() == [steps, "[]"], ran.stderr
