"""The catalog's server: a port of loopback, one process, until it is stopped.

Who starts it does not belong here: `gristmill serve` does, and `gristmill up`.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.web.catalog import Catalog
from warehouse.errors import SettingsError

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
PORT = 8321


@dataclass(frozen=True, kw_only=True)
class CatalogServer:
    """A server that listens and does not answer yet.

    Attributes:
        url: The address to open, with the token that works once.
        port: Where it listens.
    """

    url: str
    port: int
    _listening: socket.socket
    _server: uvicorn.Server

    def run(self) -> None:
        """Answer until `stop` is called or the process is told to end."""
        self._server.run(sockets=[self._listening])

    def stop(self) -> None:
        """Let `run` come back, from another thread."""
        self._server.should_exit = True


def make_server(root: Path, *, port: int | None = None) -> CatalogServer:
    """A server of the catalog of the project in `root`.

    Args:
        root: The project's folder.
        port: Where to listen; None is 8321, or any that is free when that one is taken.

    Raises:
        SettingsError: The port that was named is taken, or gristmill.toml says what cannot be.
    """
    import uvicorn

    from pipelines.web.app import make_app
    from pipelines.web.guard import Guard

    listening = _listen(port)
    number = int(listening.getsockname()[1])
    guard = Guard(make_app(Catalog.open(root)), port=number)
    config = uvicorn.Config(
        guard,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
        proxy_headers=False,
    )
    return CatalogServer(url=guard.entrance, port=number, _listening=listening, _server=uvicorn.Server(config))


def _listen(port: int | None) -> socket.socket:
    # The protocol is said: of a socket that leaves it open asyncio does not turn Nagle's delay off, 40 ms a page.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for number in (port,) if port is not None else (PORT, 0):
        try:
            listening.bind((HOST, number))
        except OSError:
            continue
        listening.listen(128)
        return listening
    listening.close()
    raise SettingsError("--port", "", f"is {port}, which another process has", "leave it out for one that is free")
