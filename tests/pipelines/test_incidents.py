"""A failure is told once, its end too; telling that fails is said and hides nothing."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import gristmill as gm
import pytest

from pipelines.notify import tell
from warehouse.settings import Notify

Gristmill = Callable[..., Any]
ROWS = "id,x\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
STRICT = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 50, severity: block}}}\n"
SAVE = "import sys, os; open('told.jsonl', 'a').write(sys.stdin.read() + chr(10))"


@pytest.fixture
def project(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    def make(notify: str) -> Path:
        toml = f'salt = "gristmill"\n[notify]\n{notify}\n'
        root = make_project({"t.yaml": STRICT}, {"t.csv": ROWS}, toml=toml)
        monkeypatch.chdir(root)
        return root

    return make


def break_it(root: Path, *, value: int = 99) -> None:
    (root / "t.csv").write_text(f"{ROWS}40,{value}\n", "utf-8")


def mend_it(root: Path) -> None:
    (root / "t.csv").write_text(f"{ROWS}40,1\n", "utf-8")


def told(root: Path) -> list[dict[str, Any]]:
    file = root / "told.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


COMMAND = f"command = {json.dumps([sys.executable, '-c', SAVE])}"


def test_a_failure_is_told_once_and_so_is_its_end(project: Callable[[str], Path], gristmill: Gristmill) -> None:
    root = project(COMMAND)
    assert gristmill("run").code == 0
    assert told(root) == []
    break_it(root)
    assert gristmill("run").code == 3
    break_it(root, value=98)
    assert gristmill("run").code == 3
    assert [one["event"] for one in told(root)] == ["blocked"]
    mend_it(root)
    assert gristmill("run").code == 0
    assert gristmill("run").code == 0
    assert [one["event"] for one in told(root)] == ["blocked", "recovered"]


def test_what_is_told_says_why_and_what_readers_have(project: Callable[[str], Path], gristmill: Gristmill) -> None:
    root = project(COMMAND)
    gristmill("run")
    break_it(root)
    gristmill("run")
    (one,) = told(root)
    assert one | {"run_id": "", "opened_at": ""} == {
        "schema_version": 1,
        "event": "blocked",
        "text": "t is blocked: CONTRACT3 1 row of 41: x is above 50 Readers have version 1.",
        "project": "project",
        "dataset": "t",
        "version": 1,
        "why": "CONTRACT3 1 row of 41: x is above 50",
        "hint": None,
        "retry": False,
        "run_id": "",
        "opened_at": "",
        "closed_at": None,
        "next": ["gristmill status", "gristmill run t"],
    }


def test_a_file_that_breaks_is_an_incident_too(project: Callable[[str], Path], gristmill: Gristmill) -> None:
    root = project(COMMAND)
    (root / "datasets" / "t.yaml").write_text(f"{STRICT}colour: red\n", "utf-8")
    assert gristmill("run").code == 2
    assert [(one["event"], "`colour` is not a key" in one["why"]) for one in told(root)] == [("failed", True)]
    (root / "datasets" / "t.yaml").write_text(STRICT, "utf-8")
    gristmill("run")
    assert [one["event"] for one in told(root)] == ["failed", "recovered"]


def test_a_command_that_fails_is_said_and_tried_again_and_the_run_ends_as_it_did(
    project: Callable[[str], Path], gristmill: Gristmill
) -> None:
    root = project("command = \"sh -c 'echo no route >&2; exit 7'\"")
    gristmill("run")
    break_it(root)
    for _ in range(2):
        ran = gristmill("run")
        assert ran.code == 3
        assert "notify: nobody could be told of t: exit code 7: no route" in ran.err
    rows = gm.sql("select told_at, closed_at from meta.incidents", project=root).rows()
    assert rows == [(None, None)]


def test_a_command_that_there_is_not_is_said(project: Callable[[str], Path], gristmill: Gristmill) -> None:
    root = project('command = "no-such-program --at-all"')
    break_it(root)
    ran = gristmill("run")
    assert ran.code == 3
    assert "nobody could be told of t: " in ran.err
    assert "no-such-program" in ran.err


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[Any]]]:
    got: list[Any] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(204 if self.path == "/hook" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def test_a_webhook_gets_json_by_post(
    project: Callable[[str], Path],
    gristmill: Gristmill,
    webhook: tuple[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, got = webhook
    monkeypatch.setenv("HOOK_HOST", address)
    root = project('webhook = "${HOOK_HOST}/hook"')
    break_it(root)
    gristmill("run")
    ((path, kind, body),) = got
    assert (path, kind, body["event"], body["dataset"]) == ("/hook", "application/json", "blocked", "t")


def test_a_webhook_that_refuses_or_lacks_its_variable_is_said(
    project: Callable[[str], Path],
    gristmill: Gristmill,
    webhook: tuple[str, list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = project(f'webhook = "{webhook[0]}/other"')
    break_it(root)
    assert "HTTP Error 500" in gristmill("run").err
    monkeypatch.delenv("NO_SUCH_HOOK", raising=False)
    (root / "gristmill.toml").write_text('salt = "gristmill"\n[notify]\nwebhook = "${NO_SUCH_HOOK}"\n', "utf-8")
    ran = gristmill("run")
    assert "NO_SUCH_HOOK is not set" in ran.err
    assert gristmill("list").code == 0


MESSAGE = {"event": "failed", "dataset": "t", "text": "t failed"}


def test_a_command_whose_child_holds_its_output_is_waited_for_no_longer(tmp_path: Path) -> None:
    """Killing the command alone would wait for the child, which ends when somebody makes the file: nobody does."""
    child = "import pathlib, time\nwhile not pathlib.Path('end').exists(): time.sleep(0.05)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    said = tell(Notify(command=(sys.executable, "-c", parent)), MESSAGE, root=tmp_path, seconds=0.5)
    assert "timed out after 0.5 seconds" in (said or "")


@pytest.mark.parametrize(
    ("answer", "said"), [(b"H", "it did not answer within 0.5 seconds"), (b"no HTTP at all\r\n\r\n", "no HTTP at all")]
)
def test_a_webhook_that_drips_or_speaks_another_language_is_said(tmp_path: Path, answer: bytes, said: str) -> None:
    is_over = threading.Event()

    def drip(listening: socket.socket) -> None:
        caller, _ = listening.accept()
        with caller, suppress(OSError):
            while not is_over.wait(0.1):
                caller.send(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=drip, args=(listening,))
        server.start()
        hook = Notify(webhook=f"http://127.0.0.1:{listening.getsockname()[1]}/hook")
        told = tell(hook, MESSAGE, root=tmp_path, seconds=0.5)
        is_over.set()
        server.join()
    assert said in (told or "")


def test_a_run_that_dagster_starts_tells_as_well(project: Callable[[str], Path]) -> None:
    import dagster as dg

    from pipelines.definitions import definitions

    root = project(COMMAND)
    break_it(root)
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions(root).resolve_implicit_global_asset_job_def()
        for mend in (lambda: None, lambda: mend_it(root)):
            mend()
            job.execute_in_process(instance=instance, raise_on_error=False)
    assert [one["event"] for one in told(root)] == ["blocked", "recovered"]


# status


def test_status_says_where_it_stopped_what_readers_have_and_what_to_do(
    project: Callable[[str], Path], gristmill: Gristmill
) -> None:
    root = project(COMMAND)
    gristmill("run")
    break_it(root)
    gristmill("run")
    printed = gristmill("status")
    assert printed.code == 1
    for line in (
        "t  blocked at audit",
        "  why      CONTRACT3 1 row of 41: x is above 50",
        "  readers  still have version 1",
        "  retry    helps once that is mended",
        "  next     gristmill rejected t · gristmill run t",
    ):
        assert line in printed.out
    (row,) = json.loads(gristmill("status", "--json").out)["datasets"]
    assert (row["step"], row["version"], row["retry"]) == ("audit", 1, False)
    assert [finding["code"] for finding in row["findings"]] == ["CONTRACT3"]
    assert row["told_at"] is not None
    mend_it(root)
    gristmill("run")
    assert gristmill("status").code == 0


def test_status_names_the_file_that_cannot_be_read(project: Callable[[str], Path], gristmill: Gristmill) -> None:
    root = project(COMMAND)
    (root / "t.csv").unlink()
    gristmill("run")
    (row,) = json.loads(gristmill("status", "--json").out)["datasets"]
    assert (row["status"], row["file"], row["version"]) == ("failed", "t.csv", None)
    assert row["next"] == ["gristmill run t"]


def test_a_model_that_failed_and_was_taken_out_of_the_file_is_no_trouble_any_more(
    project: Callable[[str], Path], gristmill: Gristmill
) -> None:
    root = project("")
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")
    (root / "bad.py").write_text("def make():\n    raise RuntimeError('never')\n", "utf-8")
    yaml = "source: t.csv\nkey: id\ntarget: x\n"
    (root / "datasets" / "t.yaml").write_text(f"{yaml}models: {{bad: {{estimator: bad.py:make}}}}\n", "utf-8")
    assert gristmill("run").code == 1
    assert gristmill("status").code == 1
    (root / "datasets" / "t.yaml").write_text(f"{yaml}models: {{}}\n", "utf-8")
    assert gristmill("run").code == 0
    assert gristmill("status").code == 0
