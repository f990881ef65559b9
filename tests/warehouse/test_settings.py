"""`gristmill.toml` and the environment: what they may say, and the error for each mistake."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.errors import NotBuilt, NotFound, SettingsError
from warehouse.settings import find_project, read_settings


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GRISTMILL_PROJECT", "GRISTMILL_THREADS", "GRISTMILL_MEMORY"):
        monkeypatch.delenv(name, raising=False)


def project(root: Path, toml: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "gristmill.toml").write_text(toml, "utf-8")
    return root


def notes(error: BaseException) -> str:
    return " ".join(error.__notes__)


def test_the_salt_alone_is_enough(tmp_path: Path) -> None:
    settings = read_settings(project(tmp_path, 'salt = "s"'))
    assert settings.salt == "s"
    assert settings.home == tmp_path / ".gristmill"
    assert settings.catalog_path == tmp_path / ".gristmill" / "lake.sqlite"
    assert settings.data_path == tmp_path / ".gristmill" / "lake"
    assert settings.meta_path == tmp_path / ".gristmill" / "meta.sqlite"

    assert (settings.threads, settings.memory_limit, settings.policies) == (None, None, {})


def test_everything_that_may_be_said_is_read(tmp_path: Path) -> None:
    toml = """
        salt = "s"
        warehouse.path = "store"
        limits = {threads = 2, memory = "4GB"}
        splits.customers.shares = {train = 0.8, dev = 0.1, test = 0.1}
    """
    settings = read_settings(project(tmp_path, toml))
    assert settings.home == tmp_path / "store"
    assert (settings.threads, settings.memory_limit) == (2, "4GB")
    shares = {"train": Decimal("0.8"), "dev": Decimal("0.1"), "test": Decimal("0.1")}
    assert settings.policies == {"customers": shares}


def test_a_warehouse_may_lie_outside_the_project(tmp_path: Path) -> None:
    root = project(tmp_path / "project", f'salt = "s"\nwarehouse.path = "{tmp_path / "disk"}"')
    assert read_settings(root).home == tmp_path / "disk"


@pytest.mark.parametrize(
    ("toml", "said", "hint"),
    [
        ("", "`salt` is missing.", 'write `salt = "any text"`'),
        ('salt = ""', "`salt` is missing.", 'write `salt = "any text"`'),
        ("salt = 3", "`salt` is missing.", 'write `salt = "any text"`'),
        ('salt = "s', "it is not TOML: ", "mend the line"),
        ('sallt = "s"', "`sallt` is not a key.", "did you mean `salt`?"),
        ('salt = "s"\ncolour = 1', "`colour` is not a key.", "known here are salt, warehouse, limits, splits"),
        ('salt = "s"\nwarehouse.pth = "x"', "`warehouse.pth` is not a key.", "did you mean `path`?"),
        ('salt = "s"\nlimits.thread = 2', "`limits.thread` is not a key.", "did you mean `threads`?"),
        ('salt = "s"\nlimits.threads = 0', "`limits.threads` is 0.", "a whole number of 1 or more"),
        ('salt = "s"\nlimits.threads = -1', "`limits.threads` is -1.", "a whole number of 1 or more"),
        ('salt = "s"\nlimits.threads = true', "`limits.threads` is True.", "a whole number of 1 or more"),
        ('salt = "s"\nlimits.threads = "two"', "`limits.threads` is 'two'.", "a whole number of 1 or more"),
        ('salt = "s"\nlimits.memory = 4', "`limits.memory` is 4.", 'such as "4GB"'),
        ('salt = "s"\nlimits.memory = "lots"', "`limits.memory` is 'lots'.", 'such as "4GB"'),
        ('salt = "s"\nsplits.customers = 1', "`splits.customers` has no shares.", "write `shares = {train"),
        ('salt = "s"\nsplits.customers.share = {train = 1}', "`splits.customers` has no shares.", "write `shares"),
        (
            'salt = "s"\nsplits.customers.shares = {train = "all"}',
            "`splits.customers.shares.train` is 'all'",
            "write `shares",
        ),
    ],
)
def test_a_mistake_is_named_with_its_way_out(tmp_path: Path, toml: str, said: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(project(tmp_path, toml))
    assert str(caught.value).startswith(f"gristmill.toml: {said}")
    assert hint in notes(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ('salt = "s"\nwarehouse = "store"', "warehouse"),
        ('salt = "s"\nlimits = 4', "limits"),
        ('salt = "s"\nsplits = 3', "splits"),
        ('salt = "s"\nwarehouse.path = 4', "warehouse.path"),
        ('salt = "s"\nsplits.customers.shares = {train = true}', "splits.customers.shares.train"),
        ('salt = "s"\nsplits.customers.shares = {train = nan}', "splits.customers.shares.train"),
        ('salt = "s"\nsplits.customers.shares = {traim = 1}', "splits.customers.shares.traim"),
        ('salt = "s"\nsplits.customers = {shares = {train = 1}, seed = 4}', "splits.customers.seed"),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error_of_the_settings(tmp_path: Path, toml: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(project(tmp_path, toml))
    assert caught.value.key == key


def test_a_file_that_is_not_utf8_is_an_error_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "gristmill.toml").write_bytes(b'salt = "\xff"')
    with pytest.raises(SettingsError):
        read_settings(tmp_path)


def test_a_catalog_in_postgresql_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(NotBuilt, match="A catalog in PostgreSQL is not built"):
        read_settings(project(tmp_path, 'salt = "s"\nwarehouse.catalog = "postgres:x"'))


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_THREADS", "3")
    monkeypatch.setenv("GRISTMILL_MEMORY", "2GiB")
    settings = read_settings(project(tmp_path, 'salt = "s"\nlimits = {threads = 1, memory = "1GB"}'))
    assert (settings.threads, settings.memory_limit) == (3, "2GiB")


def test_a_mistake_in_the_environment_is_not_blamed_on_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRISTMILL_THREADS", "many")
    with pytest.raises(SettingsError) as caught:
        read_settings(project(tmp_path, 'salt = "s"'))
    assert "GRISTMILL_THREADS" in str(caught.value)


def test_a_project_is_found_upwards(tmp_path: Path) -> None:
    root = project(tmp_path / "project", 'salt = "s"')
    deep = root / "datasets" / "more"
    deep.mkdir(parents=True)
    assert find_project(deep) == find_project(root) == root.resolve()


def test_the_nearest_project_is_the_one(tmp_path: Path) -> None:
    project(tmp_path, 'salt = "outer"')
    inner = project(tmp_path / "inner", 'salt = "inner"')
    assert find_project(inner) == inner.resolve()


def test_the_working_directory_is_where_the_search_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "project", 'salt = "s"')
    monkeypatch.chdir(root)
    assert find_project() == root.resolve()


def test_no_project_is_an_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        find_project(tmp_path)
    assert caught.value.kind == "project"
    assert notes(caught.value) == "Hint: `gristmill add your.csv` makes one; a project is a folder with gristmill.toml."


def test_the_environment_names_a_project_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, here = project(tmp_path / "named", 'salt = "s"'), project(tmp_path / "here", 'salt = "s"')
    monkeypatch.setenv("GRISTMILL_PROJECT", str(named))
    monkeypatch.chdir(here)
    assert find_project() == named.resolve()
    assert find_project(here) == here.resolve(), "a folder that is named beats the environment"


def test_the_environment_must_name_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRISTMILL_PROJECT", str(tmp_path))
    with pytest.raises(SettingsError, match=r"GRISTMILL_PROJECT: .* has no gristmill.toml"):
        find_project()
