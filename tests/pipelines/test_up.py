"""One supervisor over several processes: it restarts what dies, and nothing outlives it, however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import gristmill as gm
import pytest

from pipelines.supervise import Child, Supervisor
from pipelines.up import address_teller, free_port
from warehouse.errors import SettingsError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="survivors are looked for in /proc")
# A program that starts another one, as Dagster's do; both would run for ever.
SLEEP = "import time; time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{SLEEP}']); {SLEEP}"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
SUPERVISOR = """
import sys
from pathlib import Path
from pipelines.supervise import Child, Supervisor
folder = Path(sys.argv[1])
import os
supervisor = Supervisor(environment=os.environ, folder=folder, say=print)
for i, code in enumerate(sys.argv[2:]):
    supervisor.start(Child(name=str(i), command=(sys.executable, "-c", code), log=folder / f"{i}.log"))
print("up", flush=True)
supervisor.wait()
"""


def marked(mark: str) -> list[int]:
    """The processes whose environment holds the mark."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def until(ready: Callable[[], Any], *, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := ready():
            return found
        time.sleep(0.1)
    return ready()


@pytest.fixture
def mark() -> Iterator[str]:
    made = f"GRISTMILL_TEST_MARK=m{os.getpid()}x{time.monotonic_ns()}"
    yield made
    for pid in marked(made):
        os.kill(pid, signal.SIGKILL)


def environment(mark: str) -> dict[str, str]:
    name, _, value = mark.partition("=")
    return os.environ | {name: value}


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path, mark: str) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path), PARENT, STUBBORN]
    with subprocess.Popen(command, env=environment(mark), stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        # The supervisor, two leashes, two children and a grandchild.
        assert len(until(lambda: found if len(found := marked(mark)) == 6 else [])) == 6
        supervisor.kill()
    assert until(lambda: not marked(mark)), "a process outlived its supervisor"


def test_a_child_dies_with_its_leash(tmp_path: Path, mark: str) -> None:
    supervisor = Supervisor(environment=environment(mark), folder=tmp_path, say=lambda _: None)
    supervisor.start(Child(name="one", command=(sys.executable, "-c", STUBBORN), log=tmp_path / "one.log"))
    leash, child = until(lambda: sorted(found) if len(found := marked(mark)) == 2 else [])
    os.kill(leash, signal.SIGKILL)
    assert until(lambda: child not in marked(mark))
    supervisor.end()


def test_a_child_that_dies_is_started_again(tmp_path: Path, mark: str) -> None:
    said: list[str] = []
    supervisor = Supervisor(environment=environment(mark), folder=tmp_path, say=said.append)
    once = (
        "import pathlib, sys, time; p = pathlib.Path('again'); p.exists() and time.sleep(600); p.touch(); sys.exit(3)"
    )
    supervisor.start(Child(name="one", command=(sys.executable, "-c", once), log=tmp_path / "one.log"))
    ends = time.monotonic() + 20
    supervisor_ended = supervisor.wait(
        tick=lambda: supervisor.stop() if (said and len(marked(mark)) >= 2) or time.monotonic() > ends else None
    )
    supervisor.end()
    assert (supervisor_ended, said) == (True, ["one ended with exit code 3 and is started again"])
    assert marked(mark) == []


def test_a_child_that_dies_again_and_again_ends_everything_with_words(tmp_path: Path, mark: str) -> None:
    said: list[str] = []
    supervisor = Supervisor(environment=environment(mark), folder=tmp_path, say=said.append)
    supervisor.start(Child(name="one", command=(sys.executable, "-c", "raise SystemExit(1)"), log=tmp_path / "one.log"))
    assert supervisor.wait() is False
    supervisor.end()
    assert said[-1] == f"one ended 4 times within a minute: {tmp_path / 'one.log'} says why"


def test_the_new_address_of_a_catalog_that_was_started_again_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "catalog.log"
    log.write_text("http://127.0.0.1:8321/?token=old\n", "utf-8")
    look = address_teller(log)
    look()
    with log.open("a", encoding="utf-8") as file:
        file.write("http://127.0.0.1:8321/?token=new\n")
    look()
    look()
    assert capsys.readouterr().out == "Catalog  http://127.0.0.1:8321/?token=new\n"


def test_a_port_that_is_taken_is_passed_over_and_refused_when_it_was_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        assert free_port(None, number) > number
        with pytest.raises(SettingsError, match="taken"):
            free_port(number, 1)


def asked(address: str, query: str) -> Any:
    body = json.dumps({"query": query}).encode()
    request = Request(f"{address}/graphql", data=body, headers={"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


@pytest.mark.slow
def test_for_three_minutes_schedules_and_sensors_run_for_real_and_all_ends_at_ctrl_c(
    make_project: Callable[..., Path], mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "id,x\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
    scheduled = 'source: t.csv\nkey: id\nschedule: "* * * * *"\n'
    root = make_project({"t.yaml": scheduled, "u.yaml": "query: from t\nkey: id\nwatch: true\n"}, {"t.csv": rows})
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    command = [str(Path(sys.executable).with_name("gristmill")), "up"]
    with subprocess.Popen(command, cwd=root, env=environment(mark), stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout is not None
        address = next(
            found[0] for line in up.stdout if (found := re.search(r"http://\S+", line)) and "Dagster" in line
        )
        began = datetime.now(UTC).replace(tzinfo=None)
        time.sleep(75)
        (root / "t.csv").write_text(f"{rows}40,1\n", "utf-8")
        (root / "datasets" / "late.yaml").write_text("source: t.csv\n", "utf-8")
        time.sleep(105)
        assets = asked(address, "{ assetNodes { assetKey { path } } }")["assetNodes"]
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0
    assert marked(mark) == []
    versions = gm.sql("select dataset, version, created_at from meta.versions order by 1, 2", project=root).rows()
    assert [(name, n) for name, n, _ in versions] == [("t", 1), ("t", 2), ("u", 1), ("u", 2)]
    assert all((at - began).total_seconds() > 0 for _, _, at in versions)
    assert ["late"] in [one["assetKey"]["path"] for one in assets], "a new dataset is loaded without a restart"
