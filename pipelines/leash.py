"""Holds one child process of a supervisor, and ends it with all that it started when the supervisor is gone.

Run by its path as a program of its own, with the standard library alone: `leash.py FD COMMAND...`. FD is the reading
end of a pipe whose other end the supervisor holds: it closes when the supervisor lets go of it, or dies, however.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time

TICK_SECONDS = 0.2
PATIENCE_SECONDS = 5.0
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """On Linux: be killed when the leash is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def hold(pipe: int, command: list[str]) -> int:
    """Run `command` in a process group of its own until it ends or the pipe closes; its exit code."""
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: None)  # a handler, for what is ignored would be ignored by the child too
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, close_fds=True, preexec_fn=_die_with_parent)  # noqa: S603, PLW1509 - one thread
    while child.poll() is None:
        if select.select([pipe], [], [], TICK_SECONDS)[0]:
            _end_group(child)
    os.killpg(0, signal.SIGTERM)  # what it leaves behind
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _end_group(child: subprocess.Popen[bytes]) -> None:
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(TICK_SECONDS / 4)
    time.sleep(TICK_SECONDS)  # for what the child started
    os.killpg(0, signal.SIGKILL)  # the leash too


if __name__ == "__main__":
    sys.exit(hold(int(sys.argv[1]), sys.argv[2:]))
