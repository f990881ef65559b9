"""A catalog to look at: a shop's customers, run for real, with rows of what is dear to compute made up beside."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient

from assets.project import Project
from pipelines.web.app import make_app
from pipelines.web.catalog import Catalog
from pipelines.web.guard import Guard
from warehouse.client import Warehouse

PORT = 8321
Change = Callable[[Any, Any], None]


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """The functions of `made_rows`."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("made_rows.py"))))


@pytest.fixture
def shop_copy(shop_for_readers: Path, tmp_path: Path) -> Path:
    """The shop, run once, in a folder of its own."""
    root = tmp_path / "shop"
    shutil.copytree(shop_for_readers, root)
    return root


@pytest.fixture
def known(shop_copy: Path, made: SimpleNamespace) -> Path:
    """The shop with statistics, comparisons and a model of `churn` made up."""
    with Warehouse(Project.open(shop_copy).settings) as warehouse:
        version = warehouse.meta.versions("churn")[-1]
        columns = {
            name: made.category_column(name, ["Bern", "Basel"]) if name == "city" else made.numeric_column(name, moves=True)
            for name in version.columns
        }
        made.set_columns(warehouse.meta, version, columns)
        made.set_comparisons(warehouse.meta, version, made.shift_of_splits(list(version.columns)))
        made.add_model(warehouse.meta, version)
    return shop_copy


class Browser:
    """Pages of a project, behind the guard, as one browser sees them that was let in."""

    def __init__(self, root: Path) -> None:
        self.catalog = Catalog.open(root)
        self.catalog.wait(20)
        self.guard = Guard(make_app(self.catalog), port=PORT)
        self.client = TestClient(self.guard, base_url=f"http://127.0.0.1:{PORT}")

    def enter(self) -> Browser:
        assert self.client.get(self.guard.entrance).status_code == 200
        return self

    def read(self, address: str, status: int = 200) -> str:
        answer = self.client.get(address)
        assert answer.status_code == status, answer.text
        return answer.text

    def close(self) -> None:
        self.client.close()
        self.catalog.meta.close()


@pytest.fixture
def browse() -> Iterator[Callable[[Path], Browser]]:
    """`browse(root)` opens the catalog of a project and lets one browser in."""
    opened: list[Browser] = []

    def browse(root: Path, *, is_let_in: bool = True) -> Browser:
        opened.append(Browser(root))
        return opened[-1].enter() if is_let_in else opened[-1]

    yield browse
    for one in opened:
        one.close()
