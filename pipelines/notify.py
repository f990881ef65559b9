"""Telling a command or a webhook of an incident.

What an incident is, and who was told when, is `pipelines.incidents`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse.settings import Notify

COMMAND_SECONDS, WEBHOOK_SECONDS = 30, 10
VARIABLE = re.compile(r"\$\{(\w+)\}")


def tell(notify: Notify, message: Mapping[str, Any], *, root: Path) -> str | None:
    """Tell the command or the webhook; what went wrong with that, or None.

    A command gets the message as JSON on its input, and `GRISTMILL_EVENT`, `GRISTMILL_DATASET` and `GRISTMILL_TEXT`
    in its environment; it runs in the project's folder. A webhook gets the JSON by POST.
    """
    body = json.dumps(message, default=str)
    return _post(notify.webhook, body) if notify.webhook else _call(notify.command, message, body, root)


def _call(command: tuple[str, ...], message: Mapping[str, Any], body: str, root: Path) -> str | None:
    said = {f"GRISTMILL_{key.upper()}": str(message[key]) for key in ("event", "dataset", "text")}
    try:
        done = subprocess.run(  # noqa: S603 - the project's own settings name the command
            command,
            input=body,
            text=True,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            cwd=root,
            env=os.environ | said,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    words = (done.stderr or done.stdout).strip().splitlines()
    return None if done.returncode == 0 else f"exit code {done.returncode}{f': {words[-1]}' if words else ''}"


def _post(webhook: str, body: str) -> str | None:
    from urllib.error import URLError
    from urllib.request import Request, urlopen

    if unset := [name for name in VARIABLE.findall(webhook) if name not in os.environ]:
        return f"{unset[0]} is not set"
    address = VARIABLE.sub(lambda match: os.environ[match.group(1)], webhook)
    if not address.startswith(("http://", "https://")):
        return "its address does not begin with http:// or https://"
    request = Request(address, data=body.encode(), headers={"Content-Type": "application/json"})  # noqa: S310 - asked above
    try:
        with urlopen(request, timeout=WEBHOOK_SECONDS):  # noqa: S310 - asked above
            return None
    except (URLError, OSError, ValueError) as error:
        return str(error)
