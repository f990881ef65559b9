"""Locks between processes: who holds one, and that it ends with its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import warehouse
from warehouse.errors import Busy
from warehouse.locks import locked

HOLDER = """
import sys
from pathlib import Path
from warehouse.locks import locked

with locked(Path(sys.argv[1]), "'flights' is being run"):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until it is sent a line or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(warehouse.__file__ or "").parents[1])},
    )
    assert process.stdout
    assert process.stdout.readline() == "locked\n"
    return process


def test_a_lock_is_freed_when_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "flights.lock"
    process = holder(path)
    with pytest.raises(Busy), locked(path, "'flights' is being run"):
        pass
    process.kill()
    process.communicate()
    with locked(path, "'flights' is being run"):
        assert f'"pid": {os.getpid()}' in path.read_text("utf-8")


def test_who_is_refused_learns_the_pid_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "flights.lock"
    process = holder(path)
    with pytest.raises(Busy) as caught, locked(path, "'flights' is being run"):
        pass
    process.communicate("end\n")
    assert caught.value.pid == process.pid
    assert str(caught.value).startswith(f"'flights' is being run by pid {process.pid} since 20")
    assert caught.value.since.endswith(" UTC")
    assert caught.value.retry


def test_who_waits_gets_the_lock_when_its_holder_ends(tmp_path: Path) -> None:
    path = tmp_path / "flights.lock"
    process = holder(path)
    assert process.stdin
    process.stdin.write("end\n")
    process.stdin.flush()
    with locked(path, "'flights' is being run", wait_seconds=30):
        assert f'"pid": {os.getpid()}' in path.read_text("utf-8")
    process.communicate()


def test_a_lock_is_held_against_the_same_process_too(tmp_path: Path) -> None:
    path = tmp_path / "flights.lock"
    with locked(path, "first"), pytest.raises(Busy) as caught, locked(path, "second"):
        pass
    assert caught.value.pid == os.getpid()


def test_a_lock_is_freed_by_an_error(tmp_path: Path) -> None:
    path = tmp_path / "flights.lock"
    with pytest.raises(ZeroDivisionError), locked(path, "first"):
        1 / 0  # noqa: B018
    with locked(path, "second"):
        assert path.exists()


def test_locks_of_other_datasets_do_not_matter(tmp_path: Path) -> None:
    with locked(tmp_path / "flights.lock", "first"), locked(tmp_path / "planes.lock", "second"):
        assert (tmp_path / "planes.lock").exists()


def test_a_holder_that_has_not_written_its_name_yet_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "flights.lock"
    with locked(path, "first"):
        path.write_text("", "utf-8")
        with pytest.raises(Busy) as caught, locked(path, "'flights' is being run"):
            pass
    assert str(caught.value) == "'flights' is being run by pid unknown since an unknown time."
