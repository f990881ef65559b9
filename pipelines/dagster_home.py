"""Dagster's home: where runs are recorded for the operators, made by us unless `DAGSTER_HOME` names another.

What is recorded there is Dagster's; the truth about datasets is in the warehouse.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.errors import Busy, SettingsError
from warehouse.locks import locked
from warehouse.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

VARIABLE = "DAGSTER_HOME"
# One run at a time: each may use the memory that DuckDB is allowed.
CONFIGURATION = """\
# Written by Gristmill; changes are lost. Name a home of your own by DAGSTER_HOME.
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 1, failure: 30, success: 90}}
"""
DEAD = "The process that ran this ended before the run did."


def home_of(settings: Settings) -> Path:
    """Where Dagster's home is.

    Raises:
        SettingsError: `DAGSTER_HOME` names no folder.
    """
    if named := os.environ.get(VARIABLE):
        home = Path(named).expanduser()
        if not home.is_dir() or not home.is_absolute():
            found = "is no folder" if home.is_absolute() else "is not absolute"
            hint = "make the folder, or unset the variable: Gristmill then keeps a home of its own"
            raise SettingsError("the environment", VARIABLE, f"is {named!r}, which {found}", hint)
        return home
    return settings.home / "dagster"


def is_ours(settings: Settings) -> bool:
    """Whether the home is the one that Gristmill makes."""
    return VARIABLE not in os.environ or home_of(settings) == settings.home / "dagster"


def make_home(settings: Settings) -> Path:
    """Dagster's home, made when it is ours; another one is never written to."""
    home = home_of(settings)
    if is_ours(settings):
        file = home / "dagster.yaml"
        if not file.exists() or file.read_text("utf-8") != CONFIGURATION:
            home.mkdir(parents=True, exist_ok=True)
            file.write_text(CONFIGURATION, "utf-8")
    return home


@contextmanager
def opened(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance in the home, where runs of dead processes are reported failed first.

    Raises:
        Busy: Another process has been opening it for a minute.
    """
    with _relaxed(home_of(settings)), ExitStack() as stack:
        with locked(settings.home / "locks" / "dagster.lock", "Dagster's home is being opened", wait_seconds=60):
            home = make_home(settings)
            instance = stack.enter_context(_instance(home, may_renew=is_ours(settings)))
        report_dead_runs(instance, settings)
        yield instance


def _instance(home: Path, *, may_renew: bool) -> dg.DagsterInstance:
    """The instance. Two processes that make its databases at once break them: the caller holds a lock.

    A home of ours whose databases are broken all the same is set aside and made anew: no run of data waits for it.
    """
    import dagster as dg
    import sqlalchemy as sa
    from alembic.util import CommandError

    try:
        return dg.DagsterInstance.from_config(str(home))
    except (CommandError, sa.exc.DatabaseError) as error:
        if not may_renew or isinstance(error, sa.exc.OperationalError):  # a disk that is full is no broken database
            raise
        for folder in ("history", "schedules"):
            if (home / folder).exists():
                (home / folder).rename(home / f"{folder}.broken-{time.time_ns()}")
        return dg.DagsterInstance.from_config(str(home))


@contextmanager
def alive(settings: Settings, run_id: str) -> Iterator[None]:
    """Hold the lock that says that a run's process lives: the kernel lets go of it when the process dies."""
    with locked(_lock_of(settings, run_id), "a run"):
        yield
    _lock_of(settings, run_id).unlink(missing_ok=True)


def report_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Report runs failed that are said to go on and whose process is dead; which these were."""
    import dagster as dg

    going_on = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
    dead = []
    for run in instance.get_runs(going_on):
        if _lock_of(settings, run.run_id).exists() and not _is_alive(settings, run.run_id):
            instance.report_run_failed(run, DEAD)
            _lock_of(settings, run.run_id).unlink(missing_ok=True)
            dead.append(run.run_id)
    return dead


def _is_alive(settings: Settings, run_id: str) -> bool:
    try:
        with locked(_lock_of(settings, run_id), "a run"):
            return False
    except Busy:
        return True


def _lock_of(settings: Settings, run_id: str) -> Path:
    return settings.home / "locks" / "runs" / f"{run_id}.lock"


@contextmanager
def _relaxed(home: Path) -> Iterator[None]:
    """Let SQLite wait for the disk at checkpoints alone, in Dagster's databases below `home`.

    Dagster opens and closes connections for each of the hundreds of events of a run; at each commit and each last
    close SQLite waits for the disk. One connection more, held open, and write-ahead logging spare nearly all of that;
    a crash of the machine may cost the newest events and breaks nothing.
    """
    import sqlalchemy as sa

    held: dict[str, sqlite3.Connection] = {}

    def relax(connection: Any, _record: object) -> None:
        for _, _, file in connection.execute("PRAGMA database_list").fetchall():
            if file and Path(file).is_relative_to(home):
                connection.execute("PRAGMA synchronous=NORMAL")
                is_wal = connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
                if is_wal and file not in held:
                    held[file] = sqlite3.connect(file, check_same_thread=False)
                    held[file].execute("SELECT count(*) FROM sqlite_master").fetchall()

    sa.event.listen(sa.engine.Engine, "connect", relax)
    try:
        yield
    finally:
        sa.event.remove(sa.engine.Engine, "connect", relax)
        for one in held.values():
            one.close()
