"""What `gristmill up` runs: the code that Dagster loads, Dagster's daemon and pages, the catalog; on loopback alone.

How they are kept running is `pipelines.supervise`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assets.project import Project
from pipelines import messages
from pipelines.cli import COMMANDS
from pipelines.dagster_home import VARIABLE, make_home, opened
from pipelines.occasions import is_occasional
from pipelines.supervise import Child, Supervisor
from warehouse.errors import SettingsError
from warehouse.locks import locked
from warehouse.settings import PROJECT_VARIABLE, Settings, read_settings

HOST = "127.0.0.1"
CATALOG_PORT, DAGSTER_PORT = 8321, 3000
MOST_PORTS = 50
READY_SECONDS = 90
LOOK_SECONDS = 2.0
LOCATION = "gristmill"
RELOAD = {
    "query": "mutation Load($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }",
    "variables": {"name": LOCATION},
}


def bring_up(root: Path, *, port: int | None = None, dagster_port: int | None = None) -> int:
    """Run everything until it is told to end; the exit code.

    Raises:
        Busy: It is up already.
        SettingsError: A port that was named is taken.
    """
    settings = read_settings(root)
    with locked(settings.home / "locks" / "up.lock", "`gristmill up` is being run"), _short_folder() as folder:
        with opened(settings):  # makes the home, and reports runs of dead processes failed
            home = make_home(settings)
        ports = {"catalog": free_port(port, CATALOG_PORT), "dagster": free_port(dagster_port, DAGSTER_PORT)}
        environment = os.environ | {VARIABLE: str(home), PROJECT_VARIABLE: str(root), "PYTHONUNBUFFERED": "1"}
        supervisor = Supervisor(environment=environment, folder=folder, say=messages.note)
        with _signals(supervisor.stop):
            try:
                if not _started(supervisor, settings, folder, ports):
                    return 0 if supervisor.is_stopped else 1
                _say_what_runs(root)
                looks = (_reloader(root, ports["dagster"]), address_teller(settings.home / "logs" / "catalog.log"))
                return 0 if supervisor.wait(tick=lambda: [look() for look in looks]) else 1
            finally:
                supervisor.end()


def free_port(named: int | None, default: int) -> int:
    """The port that was named, or the first that is free from the default one on.

    Raises:
        SettingsError: The named one is taken.
    """
    for number in (named,) if named else range(default, default + MOST_PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except OSError:
                continue
            return number
    raise SettingsError("the command line", "--port", f"is {named or default}, which is taken", "name another, or none")


def children(settings: Settings, folder: Path, ports: dict[str, int]) -> list[Child]:
    """The processes, in the order in which they start."""
    logs, python, code = settings.home / "logs", sys.executable, str(folder / "code.sock")
    workspace = folder / "workspace.yaml"
    workspace.write_text(json.dumps({"load_from": [{"grpc_server": {"socket": code, "location_name": LOCATION}}]}))
    load = ("-m", "pipelines.definitions", "--socket", code, "--location-name", LOCATION)
    commands = {
        "code": (python, "-m", "dagster", "code-server", "start", *load),
        "dagster": (python, "-m", "dagster_webserver", "-h", HOST, "-p", str(ports["dagster"]), "-w", str(workspace)),
        "daemon": (python, "-m", "dagster._daemon", "run", "-w", str(workspace)),
    }
    if "serve" in COMMANDS:
        call = "from pipelines.cli import main; main()"
        commands["catalog"] = (python, "-c", call, "serve", "--port", str(ports["catalog"]))
    return [Child(name=name, command=command, log=logs / f"{name}.log") for name, command in commands.items()]


def _started(supervisor: Supervisor, settings: Settings, folder: Path, ports: dict[str, int]) -> bool:
    """Start the processes and say their addresses; False when one does not come up."""
    messages.note("Starting; this takes about ten seconds.")
    made = children(settings, folder, ports)
    sizes = {child.name: child.log.stat().st_size if child.log.exists() else 0 for child in made}
    for child in made:
        supervisor.start(child)
        if child.name == "code" and not _until(supervisor, (folder / "code.sock").exists):
            return _not_up(child)
    for child in made:
        if child.name == "catalog":
            if (url := _until(supervisor, lambda: _address(child.log, sizes[child.name]))) is None:  # noqa: B023 - now
                return _not_up(child)
            messages.say(f"Catalog  {url}")
        if child.name == "dagster":
            if not _until(supervisor, lambda: _answers(ports["dagster"])):
                return _not_up(child)
            messages.say(f"Dagster  http://{HOST}:{ports['dagster']}")
    messages.say(f"Logs     {settings.home / 'logs'}")
    return True


def _not_up(child: Child) -> bool:
    last = child.log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
    messages.note(f"{child.name} does not come up{f': {last[0]}' if last else ''}; see {child.log}")
    return False


def _until(supervisor: Supervisor, ready: Callable[[], Any]) -> Any:
    """What `ready` gives once it is true; None when that takes too long, or everything is to stop."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not supervisor.is_stopped:
        if found := ready():
            return found
        time.sleep(0.1)
    return None


def _address(log: Path, start: int) -> str | None:
    """The address that a process has said since its log had `start` bytes."""
    found = (
        re.search(r"http://127\.0\.0\.1:\S+", log.read_bytes()[start:].decode(errors="replace"))
        if log.exists()
        else None
    )
    return found[0] if found else None


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _say_what_runs(root: Path) -> None:
    project = Project.open(root)
    for name in project.order:
        spec = project.datasets[name].file.spec
        if is_occasional(project.datasets[name]):
            when = [f"at {spec.schedule} UTC"] if spec.schedule else []
            messages.say(f"Runs     {name} {' and '.join([*when, *(['on news'] if spec.watch else [])])}")
    messages.note("Ctrl-C ends all of it.")


def _reloader(root: Path, port: int) -> Callable[[], None]:
    """Lets Dagster load the definitions anew when a file of the project has changed."""
    seen, looked_at = _state_of(root), time.monotonic()

    def look() -> None:
        nonlocal seen, looked_at
        if time.monotonic() - looked_at < LOOK_SECONDS:
            return
        looked_at = time.monotonic()
        if (state := _state_of(root)) != seen:
            seen = state
            _reload(port)

    return look


def address_teller(log: Path) -> Callable[[], None]:
    """Says the catalog's new address when it was started again: the token of the old one is known to nobody."""
    size = log.stat().st_size if log.exists() else 0

    def look() -> None:
        nonlocal size
        if log.exists() and log.stat().st_size > size and (url := _address(log, size)):
            size = log.stat().st_size
            messages.say(f"Catalog  {url}")

    return look


def _state_of(root: Path) -> dict[str, int]:
    files = [root / "gristmill.toml", *sorted((root / "datasets").glob("*.y*ml"))]
    return {file.name: file.stat().st_mtime_ns for file in files if file.exists()}


def _reload(port: int) -> None:
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    headers = {"Content-Type": "application/json"}
    request = Request(f"http://{HOST}:{port}/graphql", data=json.dumps(RELOAD).encode(), headers=headers)
    try:
        with urlopen(request, timeout=30):  # noqa: S310 - our own server on loopback
            messages.note("The project has changed; Dagster has loaded it anew.")
    except (URLError, OSError) as error:
        messages.note(f"The project has changed, and Dagster could not be told: {error}")


@contextmanager
def _short_folder() -> Iterator[Path]:
    """A folder for sockets, whose paths may be 100 letters long; nothing in it shadows a module of ours."""
    folder = Path(tempfile.mkdtemp(prefix="gristmill-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """End in order on Ctrl-C, on being told to, and when the terminal goes."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
