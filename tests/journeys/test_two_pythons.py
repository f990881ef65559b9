"""Python 3.11 and 3.12 place every row alike: the same fingerprint, the same splits, version after version."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("python3.11", "python3.12")
SCRIPT = Path(__file__).with_name("made_versions.py")


def interpreter(name: str) -> str:
    """A Python of that name on the path that starts; the test is skipped by name without."""
    found = shutil.which(name)
    asked = subprocess.run([found, "-c", "pass"], capture_output=True, check=False) if found else None
    if found is None or asked is None or asked.returncode:
        pytest.skip(f"no {name} on this machine's path")
    return found


def installed(name: str) -> Path:
    """An environment of that Python with Gristmill in it, made once and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gristmill-tests"
    python = cache / name / "bin" / "python"
    if not python.is_file():
        subprocess.run([interpreter(name), "-m", "venv", str(cache / name)], check=True, capture_output=True)
    pip = [str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt"), "-e", str(ROOT)]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{name} could not install Gristmill: {done.stderr.strip().splitlines()[-1:]}")
    return python


def told_by(name: str, folder: Path) -> dict[str, Any]:
    made = [str(installed(name)), str(SCRIPT), str(folder / name)]
    environment = os.environ | {"PYTHONHASHSEED": "random"}
    done = subprocess.run(made, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.slow
def test_two_pythons_give_the_same_fingerprint_and_the_same_splits(tmp_path: Path) -> None:
    for name in NAMES:
        interpreter(name)
    one, other = (told_by(name, tmp_path) for name in NAMES)
    assert (one["python"][:4], other["python"][:4]) == ("3.11", "3.12")
    assert one["versions"] == other["versions"]
    assert all(len(found) == 4 for version in one["versions"] for found in version.values())
