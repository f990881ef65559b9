"""What every test may use: a project of its own in a temporary folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

# As the command line does, before scikit-learn is imported: threads that wait busily are slow on cores that are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import polars as pl
import pytest

from assets.audit_policy import audit_policy
from assets.build import build
from assets.ingest import ingest
from assets.project import Project
from assets.publish import publish
from assets.result import RunReport
from assets.run import chosen, execute
from assets.step import Event, Run
from warehouse.client import Warehouse
from warehouse.policy import RESERVED
from warehouse.tables import version_sql

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


@dataclass(frozen=True, kw_only=True)
class FirstRuns:
    """The first run of a project, made once and copied wherever a test begins with the same files."""

    folder: Path
    reports: dict[str, RunReport] = field(default_factory=dict)

    def run(self, root: Path, names: tuple[str, ...], work: Callable[[], RunReport]) -> RunReport:
        files = sorted(path for path in root.rglob("*") if path.is_file())
        said = (*names, *((str(path.relative_to(root)), path.read_bytes()) for path in files))
        key = hashlib.sha256(repr(said).encode()).hexdigest()
        if key in self.reports:
            shutil.copytree(self.folder / key, root, dirs_exist_ok=True)
        else:
            report = work()
            if report.exit_code:
                return report
            shutil.copytree(root, self.folder / key)
            self.reports[key] = report
        return deepcopy(self.reports[key])


@pytest.fixture(scope="session")
def first_runs(tmp_path_factory: pytest.TempPathFactory) -> FirstRuns:
    return FirstRuns(folder=tmp_path_factory.mktemp("first_runs"))


@pytest.fixture
def run_project(first_runs: FirstRuns) -> RunProject:
    """Run a project as `gristmill run` does: `run_project(root, "flights")` gives the report."""

    def run(root: Path, *names: str, listen: Callable[[Event], None] | None = None, **options: bool) -> RunReport:
        def work() -> RunReport:
            project = Project.open(root)
            with Warehouse(project.settings) as warehouse:
                more = {"listen": listen} if listen else {}
                started = Run(project=project, warehouse=warehouse, author="test", **more)
                return execute(started, chosen(project, names, with_upstream=False), **options)

        is_plain = not listen and not options and not (root / ".gristmill").exists()
        return first_runs.run(root, names, work) if is_plain else work()

    return run


@dataclass(frozen=True, kw_only=True)
class Published:
    """A version that was taken in, built and published; of its audit only what it asks of the policy.

    `findings` and `version` read as those of a run's result.
    """

    version: int
    snapshot: int
    facts: dict[str, Any]
    findings: list[dict[str, Any]]


def publish_placed(root: Path, name: str, warehouse: Warehouse, *, has_new_policy: bool = False) -> Published:
    project = Project.open(root)
    assert not project.problems, "\n".join(map(str, project.problems))
    run = Run(project=project, warehouse=warehouse, author="test", has_new_policy=has_new_policy)
    dataset = project.dataset(name)
    for source_name, source in dataset.file.spec.sources_of(name).items():
        ingest(run, dataset, source_name, source)
    built = build(run, dataset)
    rows = warehouse.lake.ibis.sql(version_sql(name, int(built.snapshot or 0), named=RESERVED))
    findings = [asdict(finding) for finding in audit_policy(run, dataset, built, rows)]
    version = publish(run, dataset, built, built)
    facts = dict(built.detail["placing"])
    return Published(version=version.version, snapshot=version.snapshot, facts=facts, findings=findings)


@pytest.fixture
def place() -> Callable[..., Published]:
    """Publish a dataset, its audit left out but for the policy: `place(root)`, a third of the time of `run_project`."""

    def place(root: Path, name: str = "t", *, has_new_policy: bool = False) -> Published:
        with Warehouse(Project.open(root).settings) as warehouse:
            return publish_placed(root, name, warehouse, has_new_policy=has_new_policy)

    return place


@dataclass(kw_only=True)
class Versions:
    """The versions of one dataset, one after another, as `publish_placed` makes them.

    Files and YAML say HERE for the dataset's own folder.
    """

    name: str
    root: Path
    warehouse: Warehouse
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self, file: str, text: str) -> None:
        (self.root / self.name).mkdir(exist_ok=True)
        (self.root / self.name / file).write_text(text, "utf-8")

    def say(self, yaml: str) -> None:
        (self.root / "datasets" / f"{self.name}.yaml").write_text(yaml.replace("HERE", self.name), "utf-8")

    def publish(self) -> pl.DataFrame:
        """Publish what the files hold now; its rows with their splits, in the order of their first column."""
        published = publish_placed(self.root, self.name, self.warehouse)
        self.facts = published.facts
        select = version_sql(self.name, published.snapshot, named=RESERVED)
        return self.warehouse.lake.execute(f"SELECT * FROM ({select}) ORDER BY ALL").pl()


@pytest.fixture(scope="module")
def make_versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Versions]]:
    """Make a dataset in a project of the module's own: `make_versions("source: HERE/*.csv")` gives its versions."""
    root = tmp_path_factory.mktemp("versions")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    with Warehouse(Project.open(root).settings) as warehouse:

        def make(yaml: str) -> Versions:
            name = f"d{chr(97 + len(list((root / 'datasets').iterdir())))}"
            versions = Versions(name=name, root=root, warehouse=warehouse)
            versions.say(yaml)
            return versions

        yield make
