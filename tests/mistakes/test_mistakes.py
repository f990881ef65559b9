"""Each mistake of a user has its message: a folder here holds the project, expected.txt what `gristmill check` says,
expected_of_run.txt what `gristmill run` says where only a run can see the mistake. A folder `after` in it is laid over
the project once version 1 is published; expected_of_run.txt is then what the second run says. expected_of_shift.txt is
what `gristmill shift` says of datasets that it cannot tell of.

`GRISTMILL_GOLDEN=write pytest tests/mistakes` writes what is said today into expected.txt; read every line of the diff.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines import cli

HERE = Path(__file__).parent
OTHER_DUCKDB = "warehouse_of_another_duckdb"
LATER_MISTAKES = sorted({path.parent.name for path in HERE.glob("*/after")})
RUN_MISTAKES = sorted({path.parent.name for path in HERE.glob("*/expected_of_run.txt")} - {*LATER_MISTAKES})
SHIFT_MISTAKE = "shift_of_what_there_is_not"
OTHERS = {OTHER_DUCKDB, SHIFT_MISTAKE, *RUN_MISTAKES, *LATER_MISTAKES}
MISTAKES = sorted({path.parent.name for path in HERE.glob("*/gristmill.toml")} - OTHERS)
JARGON = ("pydantic", "ruamel", "nput should", "alue error", "tuple", "dictionary", "Traceback", "fault of Gristmill")

Gristmill = Callable[..., str]


@pytest.fixture
def gristmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gristmill:
    """Call the command line in `tmp_path`: what it prints, errors first, and `exit <code>` on the last line."""

    def call(*words: str) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("GRISTMILL_PROJECT", raising=False)
        monkeypatch.setattr("sys.argv", ["gristmill", *words])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return f"{printed.err}{printed.out}exit {ended.value.code}\n".replace(f"{tmp_path.resolve()}{os.sep}", "")

    return call


def compare(printed: str, golden: Path) -> None:
    if os.environ.get("GRISTMILL_GOLDEN") == "write":
        golden.write_text(printed, "utf-8")
    assert printed == golden.read_text("utf-8")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_file_line_key_and_remedy(mistake: str, tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / mistake, tmp_path, dirs_exist_ok=True)
    printed = gristmill("check")
    compare(printed, HERE / mistake / "expected.txt")
    assert "Hint: " in printed
    assert not [word for word in JARGON if word in printed]


@pytest.mark.parametrize("mistake", RUN_MISTAKES)
def test_a_mistake_that_only_a_run_can_see_leaves_the_version_published(
    mistake: str, tmp_path: Path, gristmill: Gristmill
) -> None:
    shutil.copytree(HERE / mistake, tmp_path, dirs_exist_ok=True)
    ran = gristmill("run")
    failure, _, rest = ran.partition("churn  v1")  # what else a run says is not about the mistake
    printed = f"{failure}{rest[rest.rindex('exit ') :]}"
    compare(printed, HERE / mistake / "expected_of_run.txt")
    assert "Hint: " in printed
    assert "stays published" in printed
    assert not [word for word in JARGON if word in printed]


@pytest.mark.parametrize("mistake", LATER_MISTAKES)
def test_a_mistake_after_version_1_is_told_by_the_next_run(mistake: str, tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / mistake, tmp_path, dirs_exist_ok=True)
    assert gristmill("run").endswith("exit 0\n")
    shutil.copytree(HERE / mistake / "after", tmp_path, dirs_exist_ok=True)
    printed = gristmill("run")
    compare(printed, HERE / mistake / "expected_of_run.txt")
    assert not [word for word in JARGON if word in printed]


def test_a_broken_dataset_does_not_stop_the_others(tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / "broken_dataset_beside_a_good_one", tmp_path, dirs_exist_ok=True)
    ran = gristmill("run")
    assert "good  v1  2 rows in = 2 accepted + 0 rejected" in ran
    assert "churn  failed: datasets/churn.yaml:2: `traget` is not a key\n  Hint: did you mean `target`?" in ran
    assert ran.endswith("exit 2\n")
    assert re.findall(r"(churn|good) .* (broken|published)", gristmill("list")) == [
        ("churn", "broken"),
        ("good", "published"),
    ]


def test_a_dataset_whose_sql_file_is_wrong_is_told_by_run_too(tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / "sql_file_does_not_parse", tmp_path, dirs_exist_ok=True)
    ran = gristmill("run")
    assert "churn  failed: churn.sql:2: `query` cannot be used" in ran
    assert ran.endswith("exit 2\n")


def test_of_two_files_for_one_dataset_none_is_run(tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / "two_files_of_one_stem", tmp_path, dirs_exist_ok=True)
    ran = gristmill("run")
    assert ran.count("churn  ") == 1
    assert "churn  failed: datasets/churn.yml: stands beside churn.yaml" in ran


def test_a_map_may_take_its_keys_from_another_one(tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / "unknown_key", tmp_path, dirs_exist_ok=True)
    merged = "source: churn.csv\ncontract:\n  columns:\n    id: &whole {type: integer}\n    y: {<<: *whole, max: 1}\n"
    (tmp_path / "datasets" / "churn.yaml").write_text(merged, "utf-8")
    assert gristmill("check") == "1 dataset checked: no problems\nexit 0\n"


def test_a_warehouse_of_another_duckdb_is_refused(tmp_path: Path, gristmill: Gristmill) -> None:
    shutil.copytree(HERE / OTHER_DUCKDB, tmp_path, dirs_exist_ok=True)
    assert gristmill("run").endswith("exit 0\n")
    with sqlite3.connect(tmp_path / ".gristmill" / "meta.sqlite") as meta:
        meta.execute("UPDATE schema_version SET duckdb_version = '1.4.0'")
    meta.close()
    printed = gristmill("list").replace(duckdb.__version__, "<running>")
    compare(printed, HERE / OTHER_DUCKDB / "expected.txt")


def test_shift_of_an_unknown_dataset_of_one_that_never_ran_and_of_one_without_time(
    tmp_path: Path, gristmill: Gristmill
) -> None:
    shutil.copytree(HERE / SHIFT_MISTAKE, tmp_path, dirs_exist_ok=True)
    printed = gristmill("shift", "chrun") + gristmill("shift", "churn", "--by", "day")
    gristmill("run")
    printed += gristmill("shift", "churn@7") + gristmill("shift", "churn", "--by", "day")
    compare(printed, HERE / SHIFT_MISTAKE / "expected_of_shift.txt")
    assert not [word for word in JARGON if word in printed]
