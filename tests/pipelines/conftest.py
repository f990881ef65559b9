"""What the faces are tested on: one shop's customers, published, and the command line called in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.commands_run import run_project

# 300 customers: number 13 has no label, number 14 has spent less than nothing.
CHURN_CSV = "id,city,spent,joined,churned\n" + "".join(
    f"{i},{'Bern' if i % 3 else 'Basel'},{-1 if i == 14 else i * 7 % 307},2024-{i % 12 + 1:02}-01,"
    f"{'' if i == 13 else int(i * i % 7 in (1, 2))}\n"
    for i in range(300)
)
CHURN_YAML = """\
description: One row a customer
owners: [team:shop]
source: churn.csv
key: id
time: joined
target: churned
contract:
  columns:
    spent: {type: integer, min: 0}
"""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What a command printed, and its exit code."""

    code: int
    stdout: bytes
    err: str

    @property
    def out(self) -> str:
        return self.stdout.decode()


Gristmill = Callable[..., Printed]


@pytest.fixture
def gristmill(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Gristmill:
    """Call the command line in the working directory: `gristmill("sql", "from churn")`."""
    monkeypatch.delenv("GRISTMILL_PROJECT", raising=False)

    def call(*words: str) -> Printed:
        monkeypatch.setattr("sys.argv", ["gristmill", *words])
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Printed(code=ended.value.code, stdout=printed.out, err=printed.err.decode())

    return call


@pytest.fixture
def shop(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the dataset `churn`, not run yet; the working directory is in it."""
    root = make_project({"churn.yaml": CHURN_YAML}, {"churn.csv": CHURN_CSV})
    monkeypatch.chdir(root)
    return root


@pytest.fixture(scope="session")
def shop_for_readers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "churn.csv").write_text(CHURN_CSV, "utf-8")
    (root / "datasets" / "churn.yaml").write_text(CHURN_YAML, "utf-8")
    assert run_project(root, is_quiet=True).exit_code == 0
    return root


@pytest.fixture
def reading(shop_for_readers: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was run once, for tests that change nothing; the working directory is in it."""
    monkeypatch.chdir(shop_for_readers)
    return shop_for_readers


@pytest.fixture
def published(shop: Path, shop_for_readers: Path) -> Path:
    """`shop`, run once, for tests that change it."""
    shutil.copytree(shop_for_readers, shop, dirs_exist_ok=True)
    return shop
