"""Several processes under one: started together, restarted when one dies, ended together.

Which processes these are is `pipelines.up`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICK_SECONDS = 0.2
MOST_DEATHS, WITHIN_SECONDS = 3, 60.0
PATIENCE_SECONDS = 8.0
LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process that is to run.

    Attributes:
        name: For messages, and of its log.
        command: The program and its words.
        log: Where its output goes.
    """

    name: str
    command: Sequence[str]
    log: Path


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    pipe: int
    deaths: list[float] = field(default_factory=list)


class Supervisor:
    """Runs children until it is stopped, or one of them dies again and again.

    Each child is held by `pipelines.leash`, in a process group of its own, so that it ends with the supervisor even
    when that is killed.
    """

    def __init__(self, *, environment: Mapping[str, str], folder: Path, say: Callable[[str], None]) -> None:
        self._environment, self._folder, self._say = dict(environment), folder, say
        self._running: list[_Running] = []
        self._stopped = threading.Event()

    def start(self, child: Child) -> None:
        """Start a child."""
        self._running.append(self._started(child, []))

    def stop(self) -> None:
        """Let `wait` come back; may be called by a signal's handler."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopped.is_set()

    def wait(self, *, tick: Callable[[], object] = lambda: None) -> bool:
        """Keep the children running until `stop`; False when one died too often.

        Args:
            tick: Is called now and then.
        """
        while not self._stopped.wait(TICK_SECONDS):
            tick()
            for i, running in enumerate(self._running):
                if (code := running.process.poll()) is not None:
                    now = time.monotonic()
                    deaths = [*(at for at in running.deaths if now - at < WITHIN_SECONDS), now]
                    self._forget(running)
                    name = running.child.name
                    if len(deaths) > MOST_DEATHS:
                        self._say(f"{name} ended {len(deaths)} times within a minute: {running.child.log} says why")
                        return False
                    self._say(f"{name} ended with exit code {code} and is started again")
                    self._running[i] = self._started(running.child, deaths)
        return True

    def end(self) -> None:
        """End every child and what they started: asked first, then killed."""
        for running in self._running:
            self._let_go(running)
        deadline = time.monotonic() + PATIENCE_SECONDS
        for running in self._running:
            try:
                running.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"{running.child.name} had to be killed")
            self._kill_group(running)
        self._running.clear()

    def _started(self, child: Child, deaths: list[float]) -> _Running:
        child.log.parent.mkdir(parents=True, exist_ok=True)
        reading, writing = os.pipe()
        handle = os.open(child.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)  # it may name a token
        try:
            process = subprocess.Popen(  # noqa: S603 - the commands are ours
                [sys.executable, "-I", str(LEASH), str(reading), *child.command],
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                pass_fds=(reading,),
                cwd=self._folder,
                env=self._environment,
            )
        finally:
            os.close(handle)
            os.close(reading)
        return _Running(child, process, writing, deaths)

    def _forget(self, running: _Running) -> None:
        self._let_go(running)
        self._kill_group(running)

    def _let_go(self, running: _Running) -> None:
        if running.pipe >= 0:
            os.close(running.pipe)
            running.pipe = -1

    def _kill_group(self, running: _Running) -> None:
        try:
            os.killpg(running.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # all of it is gone; macOS says so by refusing
            return
        running.process.wait()
