"""Locks between processes: the kernel holds them, so they end with the process that took them.

What is locked, and for how long, is decided by the callers.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.errors import Busy

PAUSE_SECONDS = 0.02


@contextmanager
def locked(path: Path, what: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lock file `path` for the block's length.

    Args:
        path: The lock file; made when it is missing, never deleted.
        what: What is being done, for the error, such as `'flights' is being run`.
        wait_seconds: How long to wait for another holder; 0 does not wait.

    Raises:
        Busy: Another process (or another thread) holds it still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _take(file.fileno(), path, what, wait_seconds)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"}))
        file.flush()
        yield


def _take(handle: int, path: Path, what: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < deadline:
                time.sleep(PAUSE_SECONDS)
                continue
            holder = _holder(path)
            raise Busy(what, holder.get("pid"), holder.get("since", "")) from error
        return


def _holder(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except ValueError:  # the holder has the lock and has not written its name yet
        return {}
