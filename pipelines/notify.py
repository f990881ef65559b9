"""Telling a command or a webhook of an incident.

What an incident is, and who was told when, is `pipelines.incidents`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse.settings import Notify

COMMAND_SECONDS, WEBHOOK_SECONDS = 30, 10
VARIABLE = re.compile(r"\$\{(\w+)\}")


def tell(notify: Notify, message: Mapping[str, Any], *, root: Path, seconds: float | None = None) -> str | None:
    """Tell the command or the webhook; what went wrong with that, or None.

    A command gets the message as JSON on its input, and `GRISTMILL_EVENT`, `GRISTMILL_DATASET` and `GRISTMILL_TEXT`
    in its environment; it runs in the project's folder. A webhook gets the JSON by POST. Neither is waited for longer
    than `seconds`, by default 30 and 10, whatever it does.
    """
    body = json.dumps(message, default=str)
    if notify.webhook:
        return _post(notify.webhook, body, seconds or WEBHOOK_SECONDS)
    return _call(notify.command, message, body, root, seconds or COMMAND_SECONDS)


def _call(command: tuple[str, ...], message: Mapping[str, Any], body: str, root: Path, seconds: float) -> str | None:
    said = {f"GRISTMILL_{key.upper()}": str(message[key]) for key in ("event", "dataset", "text")}
    try:
        called = subprocess.Popen(  # noqa: S603 - the project's own settings name the command
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=root,
            env=os.environ | said,
            start_new_session=True,
        )
    except OSError as error:
        return str(error)
    with called:
        try:
            out, err = called.communicate(body, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            os.killpg(called.pid, signal.SIGKILL)  # what it started holds its output, and would be waited for
            return str(error)
    words = (err or out).strip().splitlines()
    return None if called.returncode == 0 else f"exit code {called.returncode}{f': {words[-1]}' if words else ''}"


def _post(webhook: str, body: str, seconds: float) -> str | None:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    if unset := [name for name in VARIABLE.findall(webhook) if name not in os.environ]:
        return f"{unset[0]} is not set"
    address = VARIABLE.sub(lambda match: os.environ[match.group(1)], webhook)
    if not address.startswith(("http://", "https://")):
        return "its address does not begin with http:// or https://"
    request = Request(address, data=body.encode(), headers={"Content-Type": "application/json"})  # noqa: S310 - asked above
    told = [f"it did not answer within {seconds:g} seconds"]

    def post() -> None:
        try:
            with urlopen(request, timeout=seconds):  # noqa: S310 - asked above
                told.append("")
        except (OSError, ValueError, HTTPException) as error:
            told.append(str(error) or type(error).__name__)

    # The time that is given to `urlopen` begins anew with each byte: a server that sends one now and then holds it.
    posting = threading.Thread(target=post, daemon=True, name="gristmill-webhook")
    posting.start()
    posting.join(seconds)
    return told[-1] or None
