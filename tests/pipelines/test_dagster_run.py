"""A run of the command line is recorded in Dagster's home, and costs nothing where nothing is due."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines import dagster_home
from pipelines.dagster_home import alive, opened
from warehouse.settings import read_settings

Gristmill = Callable[..., Any]
NO_CHANGE = """
import sys
from pipelines.commands_run import run_project
from pathlib import Path
report = run_project(Path(sys.argv[1]), is_quiet=True)
assert [one.status for one in report.datasets] == ["unchanged"], report
print(sorted(name for name in ("dagster", "sklearn", "ibis", "pandas") if name in sys.modules))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from assets.project import Project
from assets.step import Run
from pipelines import dagster_run
from warehouse.client import Warehouse

def listen(event):
    if event.step == "build":
        os.kill(os.getpid(), signal.SIGKILL)

project = Project.open(Path(sys.argv[1]))
with Warehouse(project.settings) as warehouse:
    dagster_run.execute(Run(project=project, warehouse=warehouse, listen=listen), list(project.order))
"""

OPENED = """
import sys, time
from pathlib import Path
import dagster
from pipelines.dagster_home import opened
from warehouse.settings import read_settings

settings, go = read_settings(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
with opened(settings):
    pass
"""

TOLD_TO_END = """
import os, signal, sys
from pathlib import Path
from assets.project import Project
from assets.step import Run
from pipelines import dagster_run
from warehouse.client import Warehouse

signal.signal(signal.SIGINT, signal.default_int_handler)

def listen(event):
    if (event.dataset, event.step, event.stage) == ("t", "build", "start"):
        os.kill(os.getpid(), getattr(signal, sys.argv[2]))

project = Project.open(Path(sys.argv[1]))
with Warehouse(project.settings) as warehouse:
    try:
        dagster_run.execute(Run(project=project, warehouse=warehouse, listen=listen), list(project.order))
    except KeyboardInterrupt:
        print([step.step for step in warehouse.meta.steps("u")])
"""


def runs(root: Path) -> list[dg.DagsterRun]:
    with opened(read_settings(root)) as instance:
        return list(instance.get_runs())


def test_a_run_is_recorded_under_its_run_id_with_its_materializations_and_checks(
    shop: Path, gristmill: Gristmill
) -> None:
    run_id = json.loads(gristmill("run", "--json").out)["run_id"]
    with opened(read_settings(shop)) as instance:
        run = instance.get_run_by_id(run_id)
        event = instance.get_latest_materialization_event(dg.AssetKey("churn"))
        checks = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [dg.AssetCheckKey(dg.AssetKey("churn"), "LEAK1")]
        )
    assert run is not None
    assert (run.status, run.job_name) == (dg.DagsterRunStatus.SUCCESS, "gristmill_run")
    assert event is not None
    assert event.run_id == run_id
    assert len(checks) == 1


def test_a_run_with_nothing_due_imports_neither_dagster_nor_any_other_heavy_library(published: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_CHANGE, str(published)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_a_run_with_nothing_due_is_not_recorded(published: Path, gristmill: Gristmill) -> None:
    before = len(runs(published))
    assert gristmill("run").code == 0
    assert len(runs(published)) == before


def test_a_blocked_dataset_is_a_failed_run_and_what_reads_it_goes_on_with_the_old_version(
    make_project, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    rows = "id,x\n" + "".join(f"{i},{i}\n" for i in range(40))
    strict = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 39, severity: block}}}\n"
    root = make_project({"t.yaml": strict, "u.yaml": "query: from t\nkey: id\n"}, {"t.csv": rows})
    monkeypatch.chdir(root)
    gristmill("run")
    (root / "t.csv").write_text(rows + "40,40\n", "utf-8")
    (root / "datasets" / "u.yaml").write_text("query: select id, x, x * 2 as z from t\nkey: id\n", "utf-8")

    ran = gristmill("run", "--json")

    told = {one["name"]: (one["status"], one["version"]) for one in json.loads(ran.out)["datasets"]}
    assert told == {"t": ("blocked", 1), "u": ("published", 2)}
    assert ran.code == 3
    by_job = [run.status.value for run in runs(root)]
    assert sorted(by_job) == ["FAILURE", "SUCCESS", "SUCCESS"]


def test_what_reads_a_dataset_without_a_version_is_skipped(
    make_project, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    root = make_project({"t.yaml": "source: absent.csv\n", "u.yaml": "query: from t\n"})
    monkeypatch.chdir(root)
    told = json.loads(gristmill("run", "--json").out)["datasets"]
    assert [(one["name"], one["status"], one["error"]) for one in told][1] == (
        "u",
        "skipped",
        "it reads t, which has no version",
    )


def test_dagsters_console_says_nothing(shop: Path, gristmill: Gristmill) -> None:
    with (shop / "churn.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{i},Bern,-5,2024-01-01,0\n" for i in range(1000, 1100))
    ran = gristmill("run", "--json")
    assert (ran.code, ran.err) == (3, "")


def test_a_home_that_is_there_is_used_and_never_written(
    shop: Path, tmp_path: Path, gristmill: Gristmill, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "theirs"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    run_id = json.loads(gristmill("run", "--json").out)["run_id"]
    assert (home / "dagster.yaml").read_text("utf-8") == "telemetry: {enabled: false}\n"
    assert not (shop / ".gristmill" / "dagster").exists()
    assert [run.run_id for run in runs(shop)] == [run_id]


def test_a_home_that_is_not_there_is_said(shop: Path, gristmill: Gristmill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(shop / "nowhere"))
    ran = gristmill("run")
    assert ran.code == 2
    assert "nowhere', which is no folder" in ran.err
    assert "Hint: make the folder, or unset the variable" in ran.err


def test_our_home_sends_nothing_and_is_written_anew_when_it_was_changed(shop: Path, gristmill: Gristmill) -> None:
    gristmill("run")
    file = shop / ".gristmill" / "dagster" / "dagster.yaml"
    assert "telemetry: {enabled: false}" in file.read_text("utf-8")
    file.write_text("telemetry: {enabled: true}\n", "utf-8")
    with opened(read_settings(shop)) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled


def test_a_killed_run_is_reported_failed_at_the_next_start(shop: Path, gristmill: Gristmill) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(shop)], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with dg.DagsterInstance.from_config(str(shop / ".gristmill" / "dagster")) as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.STARTED]

    assert gristmill("run").code == 0

    assert sorted(run.status.value for run in runs(shop)) == ["FAILURE", "SUCCESS"]


def test_a_run_whose_process_lives_is_left_alone(shop: Path) -> None:
    settings, run_id = read_settings(shop), "0193a6a4-0000-7000-8000-000000000000"

    @dg.job
    def nothing() -> None:
        """No step at all."""

    with opened(settings) as instance:
        instance.create_run_for_job(nothing, run_id=run_id, status=dg.DagsterRunStatus.STARTED)
        with alive(settings, run_id):
            assert dagster_home.report_dead_runs(instance, settings) == []
    assert os.getpid()


@pytest.mark.parametrize("step", ["build", "fit"])
def test_a_run_that_is_stopped_by_hand_says_so_and_goes_on_the_next_time(
    shop: Path, gristmill: Gristmill, step: str
) -> None:
    script = KILLED.replace('"build"', repr(step)).replace("SIGKILL", "SIGINT")
    stopped = subprocess.run([sys.executable, "-c", script, str(shop)], capture_output=True, text=True, check=False)
    assert "KeyboardInterrupt" in stopped.stderr, stopped.stderr
    status = gristmill("status")
    assert status.code == 1
    assert "it was stopped before it was done" in status.out

    assert gristmill("run").code == 0
    assert gristmill("status").code == 0


def test_processes_that_make_the_home_at_once_do_not_break_it(shop: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENED, str(shop), str(tmp_path / "go")]
    openers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for one in openers:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    assert [(one.wait(), one.communicate()[1]) for one in openers] == [(0, "")] * 3
    assert runs(shop) == []


@pytest.mark.parametrize("how", ["two heads", "no database"])
def test_a_home_of_ours_that_is_broken_is_set_aside(shop: Path, gristmill: Gristmill, how: str) -> None:
    assert runs(shop) == []
    file = shop / ".gristmill" / "dagster" / "history" / "runs.db"
    if how == "no database":
        file.write_bytes(b"\0" * 8192)
    else:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("INSERT INTO alembic_version VALUES ('5771160a95ad')")
            connection.commit()
    assert gristmill("run").code == 0
    assert len(runs(shop)) == 1
    assert len(list((shop / ".gristmill" / "dagster").glob("history.broken-*"))) == 1


@pytest.mark.parametrize("told", ["SIGINT", "SIGTERM"])
def test_a_run_that_is_told_to_end_ends_and_goes_on_with_no_other_dataset(make_project, told: str) -> None:
    rows = "id,x\n" + "".join(f"{i},{i}\n" for i in range(40))
    yaml = "source: t.csv\nkey: id\n"
    root = make_project({"t.yaml": yaml, "u.yaml": "query: from t\nkey: id\n"}, {"t.csv": rows})
    ran = subprocess.run(
        [sys.executable, "-c", TOLD_TO_END, str(root), told], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
    assert [run.status for run in runs(root)] == [dg.DagsterRunStatus.FAILURE]
