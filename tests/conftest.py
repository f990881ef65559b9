"""What every test may use: a project of its own in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# As the command line does, before scikit-learn is imported: threads that wait busily are slow on cores that are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pytest

from assets.project import Project
from assets.result import RunReport
from assets.run import chosen, execute
from assets.step import Event, Run
from warehouse.client import Warehouse

MakeProject = Callable[..., Path]
RunProject = Callable[..., RunReport]


@pytest.fixture
def make_project(tmp_path: Path) -> MakeProject:
    """Make a project: `make_project({"t.yaml": "source: t.csv"}, {"t.csv": "a\\n1\\n"})` gives its folder."""

    def make(
        datasets: dict[str, str], files: dict[str, str] | None = None, *, toml: str = 'salt = "gristmill"\n'
    ) -> Path:
        root = tmp_path / "project"
        (root / "datasets").mkdir(parents=True, exist_ok=True)
        (root / "gristmill.toml").write_text(toml, "utf-8")
        for name, text in datasets.items():
            (root / "datasets" / name).write_text(text, "utf-8")
        for name, text in (files or {}).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, "utf-8")
        return root

    return make


@pytest.fixture
def run_project() -> RunProject:
    """Run a project as `gristmill run` does: `run_project(root, "flights")` gives the report."""

    def run(root: Path, *names: str, listen: Callable[[Event], None] | None = None, **options: bool) -> RunReport:
        project = Project.open(root)
        with Warehouse(project.settings) as warehouse:
            more = {"listen": listen} if listen else {}
            started = Run(project=project, warehouse=warehouse, author="test", **more)
            return execute(started, chosen(project, names, with_upstream=False), **options)

    return run
