"""Each mistake a user makes has its message: the folder beside this file holds the project, expected.txt what `gristmill check` says.

`GRISTMILL_GOLDEN=write pytest tests/mistakes` writes what is said today into expected.txt; read every line of the diff.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import cli

HERE = Path(__file__).parent
MISTAKES = sorted(path.name for path in HERE.iterdir() if (path / "gristmill.toml").exists())
JARGON = ("pydantic", "ruamel", "Input should", "Value error", "valid tuple", "valid dictionary", "Traceback", "ValidationError", "fault of")

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
