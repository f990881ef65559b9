"""A shop's visits, published twice, the second time with more of them; what learning from a version is tested on."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.project import Project
from assets.run import chosen, execute
from assets.step import Run
from pipelines.api import Dataset, open_dataset
from warehouse.client import Warehouse

YAML = """\
source: visits.csv
key: visit
time: day
target: bought
models: {}
splits: {entity: customer, shares: {train: 0.8, dev: 0.1, test: 0.1}}
"""
HEADER = "visit,customer,day,city,spent,cost,bought"


def visit(i: int, customer: int) -> str:
    """A row. `spent` is 1.5 times its number, so that the features tell which it was; every 29th has no label."""
    day = f"2024-{1 + i * 7 % 12:02}-{1 + i % 28:02}"
    bought = "" if i % 29 == 0 else int((customer + i // 7) % 4 == 0)
    return f"{i},{customer},{day},{('Bern', 'Basel', '')[customer % 3]},{i * 1.5},{1 + i % 4},{bought}"


OLD_ROWS = [visit(i, i * i % 307) for i in range(1, 900)]
# The old ones after many others, of old and of new customers, in another order.
NEW_ROWS = [*(visit(i, i * i % 1511) for i in range(5_000, 900, -1)), *reversed(OLD_ROWS)]


def publish(root: Path, rows: list[str]) -> None:
    (root / "visits.csv").write_text("\n".join([HEADER, *rows, ""]), "utf-8")
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        report = execute(Run(project=project, warehouse=warehouse), chosen(project, (), with_upstream=False))
    assert report.exit_code == 0, report


@pytest.fixture(scope="session")
def shop_of_visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("visits")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "datasets" / "visits.yaml").write_text(YAML, "utf-8")
    publish(root, OLD_ROWS)
    publish(root, NEW_ROWS)
    return root


@pytest.fixture
def visits(shop_of_visits: Path) -> Dataset:
    """Version 1: 899 visits of some 150 customers."""
    return open_dataset("visits@1", shop_of_visits)


@pytest.fixture
def later(shop_of_visits: Path) -> Dataset:
    """Version 2: 4,999 visits of some 750 customers, those of version 1 among them."""
    return open_dataset("visits@2", shop_of_visits)
