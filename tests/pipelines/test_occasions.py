"""Datasets that run by themselves: by Dagster's own daemon, by `run --due`, and what is said when nothing runs them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.project import Project
from pipelines import occasions
from pipelines.dagster_home import opened
from pipelines.definitions import definitions
from pipelines.sensors import ask
from warehouse.client import Warehouse
from warehouse.settings import read_settings

Gristmill = Callable[..., Any]
ROWS = "id,x\n" + "".join(f"{i},{i % 7}\n" for i in range(40))
DAILY = 'source: t.csv\nkey: id\nschedule: "0 6 * * *"\n'
WATCHING = "query: from t\nkey: id\nwatch: true\n"
MONDAY = datetime(2030, 1, 7, 12, 0)  # at noon, long after what these tests write


@pytest.fixture
def project(make_project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    root = make_project({"t.yaml": DAILY, "u.yaml": WATCHING, "v.yaml": "source: t.csv\n"}, {"t.csv": ROWS})
    monkeypatch.chdir(root)
    return root


def due(root: Path, at: datetime) -> tuple[str, ...]:
    opened_project = Project.open(root)
    with Warehouse(opened_project.settings) as warehouse:
        return occasions.due_now(opened_project, warehouse, at)


def said(root: Path, at: datetime) -> list[str | None]:
    opened_project = Project.open(root)
    with Warehouse(opened_project.settings) as warehouse:
        return [one.said for one in occasions.occasions(opened_project, warehouse, at)]


def ran(root: Path, name: str, at: datetime) -> None:
    opened_project = Project.open(root)
    with Warehouse(opened_project.settings) as warehouse:
        occasions.remember_runs(opened_project, warehouse.meta, [name], at)


# run --due


def test_what_never_ran_is_due_and_what_runs_by_hand_never_is(project: Path) -> None:
    assert due(project, MONDAY) == ("t", "u")


def test_a_schedule_is_due_once_after_it_came_round(project: Path) -> None:
    ran(project, "t", MONDAY.replace(hour=6, minute=1))
    assert "t" not in due(project, MONDAY)
    assert "t" in due(project, MONDAY + timedelta(days=1))


def test_run_due_runs_what_is_due_and_then_nothing(project: Path, gristmill: Gristmill) -> None:
    first = json.loads(gristmill("run", "--due", "--json").out)["datasets"]
    second = gristmill("run", "--due")
    assert [(one["name"], one["status"]) for one in first] == [("t", "published"), ("u", "published")]
    assert (second.code, second.out) == (0, "")
    assert "Nothing is due." in second.err


def test_what_watches_is_due_when_a_dataset_that_it_reads_has_a_new_version(
    project: Path, gristmill: Gristmill
) -> None:
    gristmill("run")
    assert due(project, datetime.now(UTC).replace(tzinfo=None)) == ()
    (project / "t.csv").write_text(ROWS + "40,1\n", "utf-8")
    gristmill("run", "t")
    assert "u" in due(project, datetime.now(UTC).replace(tzinfo=None))


def test_what_watches_is_due_when_a_file_is_new_and_is_not_tried_again_with_the_same_file(
    project: Path, gristmill: Gristmill
) -> None:
    (project / "datasets" / "u.yaml").write_text("source: u*.csv\nkey: id\nwatch: true\n", "utf-8")
    (project / "u1.csv").write_text(ROWS, "utf-8")
    gristmill("run")
    (project / "u2.csv").write_text("id,y\n900,1\n", "utf-8")  # it lacks a column: the dataset is blocked
    first = json.loads(gristmill("run", "--due", "--json").out)["datasets"]
    again = json.loads(gristmill("run", "--due", "--json").out)["datasets"]
    assert [(one["name"], one["status"]) for one in first] == [("u", "blocked")]
    assert again == []


def test_a_dataset_that_is_being_run_is_not_due(project: Path) -> None:
    with Warehouse(read_settings(project)) as warehouse, warehouse.lock("t"):
        assert due(project, MONDAY) == ("u",)


def test_due_stands_alone(project: Path, gristmill: Gristmill) -> None:
    printed = gristmill("run", "t", "--due")
    assert printed.code == 2
    assert "it stands alone" in printed.err


# What is said


def test_a_schedule_that_nothing_runs_is_said_by_run_list_and_status(project: Path, gristmill: Gristmill) -> None:
    for words in (("run",), ("list",), ("status",)):
        printed = gristmill(*words)
        assert "warning: t has the schedule '0 6 * * *' and nothing runs it: `gristmill up`" in printed.err
        assert "warning: u has `watch: true` and nothing runs it" in printed.err
    assert gristmill("list", "--json").err == ""


def test_a_recent_call_of_run_due_runs_it(project: Path, gristmill: Gristmill) -> None:
    gristmill("run", "--due")
    assert "nothing runs it" not in gristmill("list").err
    rows = json.loads(gristmill("status", "--json").out)["datasets"]
    assert [row["run_by"] for row in rows] == ["run --due", "run --due", None]


def test_a_daemon_that_lives_runs_it_and_one_that_is_dead_does_not(project: Path) -> None:
    from dagster._daemon.types import DaemonHeartbeat

    settings, at = read_settings(project), datetime.now(UTC)
    with opened(settings) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), "SCHEDULER", "one", []))
    now = at.replace(tzinfo=None)
    assert occasions.runner(settings, now + timedelta(minutes=1)) == "dagster"
    assert occasions.runner(settings, now + timedelta(minutes=10)) is None


def test_a_schedule_that_came_round_without_a_run_is_late_and_status_ends_with_1(
    project: Path, gristmill: Gristmill
) -> None:
    gristmill("run", "--due")
    ran(project, "t", MONDAY - timedelta(days=1))
    occasions.remember_due_call(read_settings(project), MONDAY)
    os.utime(project / "datasets" / "t.yaml", (0, 0))
    assert said(project, MONDAY) == ["t is late: it was due at 2030-01-07 06:00 UTC and no run followed", None]
    assert gristmill("status").code == 0
    ran(project, "t", datetime(2020, 1, 1))
    printed = gristmill("status", "--json")
    assert printed.code == 1
    assert json.loads(printed.out)["datasets"][0]["late_since"] is not None


def test_a_schedule_that_was_written_after_it_came_round_is_not_late(project: Path) -> None:
    noon = (MONDAY - datetime(1970, 1, 1)).total_seconds()
    os.utime(project / "datasets" / "t.yaml", (noon, noon))
    occasions.remember_due_call(read_settings(project), MONDAY)
    assert said(project, MONDAY) == [None, None]


# Dagster's schedules and sensors


def test_a_schedule_is_one_of_dagsters_on_from_the_start_in_utc(project: Path) -> None:
    schedule = definitions(project).resolve_schedule_def("schedule_t")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "UTC")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2030, 1, 7, 6, tzinfo=UTC))
    (request,) = schedule.evaluate_tick(context).run_requests or []
    assert request.tags["dagster/schedule_name"] == "schedule_t"


def test_a_sensor_asks_once_for_the_same_news(project: Path, gristmill: Gristmill) -> None:
    before = ask(project, "u")
    assert isinstance(before, dg.RunRequest)
    gristmill("run")
    assert isinstance(ask(project, "u"), dg.SkipReason)
    (project / "t.csv").write_text(ROWS + "40,1\n", "utf-8")
    gristmill("run", "t")
    new, again = ask(project, "u"), ask(project, "u")
    assert isinstance(new, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert new.run_key == again.run_key != before.run_key


def test_a_sensor_of_a_broken_dataset_skips_with_the_reason(project: Path) -> None:
    (project / "datasets" / "u.yaml").write_text("query: from t\nwatch: true\ncolour: red\n", "utf-8")
    skipped = ask(project, "u")
    assert isinstance(skipped, dg.SkipReason)
    assert "`colour` is not a key" in str(skipped.skip_message)


def test_the_daemons_own_ticks_launch_what_is_due(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's scheduler at seven, with a schedule since five: it asks for the run of six. So does its sensor."""
    from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
    from dagster._core.workspace.load_target import ModuleTarget
    from dagster._daemon.sensor import execute_sensor_iteration
    from dagster._scheduler.scheduler import launch_scheduled_runs

    monkeypatch.setenv("GRISTMILL_PROJECT", str(project))
    logger = logging.getLogger("gristmill.tests")
    target = ModuleTarget(
        module_name="pipelines.definitions", attribute=None, working_directory=None, location_name="gristmill"
    )
    with (
        opened(read_settings(project)) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):
        for hour in (5, 7):
            at = datetime(2030, 1, 7, hour, tzinfo=UTC)
            with freeze_time(at):
                list(launch_scheduled_runs(workspace, logger, at, {}))
                list(execute_sensor_iteration(workspace, logger, None, None))
        assert sorted(run.job_name for run in instance.get_runs()) == ["run_t", "run_u"]


def test_status_tells_schedule_and_watch_of_a_dataset_that_has_both(project: Path, gristmill: Gristmill) -> None:
    file = project / "datasets" / "t.yaml"
    file.write_text(file.read_text("utf-8") + "watch: true\n", "utf-8")
    assert "0 6 * * * UTC, and on news" in gristmill("status").out
