"""The server as a process: loopback, an address that works, a port that is taken, what is vendored."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipelines.web.render import STATIC
from pipelines.web.serve import CatalogServer, make_server
from warehouse.errors import SettingsError


@pytest.fixture
def served(known: Path) -> Iterator[CatalogServer]:
    server = make_server(known)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_it_answers_on_loopback_at_the_address_that_it_prints(served: CatalogServer) -> None:
    address = urlsplit(served.url)
    assert (address.hostname, address.port) == ("127.0.0.1", served.port)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", f"{address.path}?{address.query}")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 303
    cookie = (answer.getheader("set-cookie") or "").split(";")[0]
    connection.request("GET", "/datasets/churn", headers={"cookie": cookie, "accept-encoding": "gzip"})
    answer = connection.getresponse()
    assert b"One row a customer" in gzip.decompress(answer.read())
    assert answer.getheader("server") is None
    connection.close()


def test_a_port_that_is_taken_is_said_and_without_one_another_is_found(known: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"is {port}, which another process has"):
            make_server(known, port=port)


def test_what_is_vendored_is_what_the_record_says() -> None:
    record = json.loads((STATIC / "vendored.json").read_text("utf-8"))
    for name, row in record.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == row["sha256"]
        assert {"version", "licence", "package"} <= set(row)
    assert (STATIC / "htmx.LICENSE.txt").is_file()
