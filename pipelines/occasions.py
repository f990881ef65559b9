"""When datasets are due by themselves: their schedules, what they watch, and whether anything runs them.

What is remembered here is when a dataset was last run, not what came of it: that is in `meta`. Dagster is not imported;
whether its daemon lives is read from the heartbeats in its home.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assets.cron import parse
from assets.plan import latest, latest_versions
from assets.project import Dataset, Project
from assets.sources import source_files
from assets.step import digest
from pipelines.dagster_home import home_of, is_ours
from warehouse.client import Warehouse
from warehouse.errors import Unreadable
from warehouse.meta import Meta
from warehouse.records import now
from warehouse.settings import Settings

GRACE = timedelta(minutes=15)  # a run that begins within it is on time
HEARTBEAT = timedelta(minutes=5)  # Dagster's own measure of a daemon that lives
DUE_CALL = timedelta(hours=25)  # cron that calls `run --due` at least daily
LAST_CALL = "_due"


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """When a dataset runs by itself, and how that stands.

    Attributes:
        dataset: Its name.
        schedule: As cron has it, or None.
        watch: Whether it runs when there is something new.
        next_at: When its schedule comes round next.
        late_since: When it came round and no run followed, or None.
        run_by: What runs it: `dagster`, `run --due`, or None.
    """

    dataset: str
    schedule: str | None
    watch: bool
    next_at: datetime | None
    late_since: datetime | None
    run_by: str | None

    @property
    def said(self) -> str | None:
        """What is wrong with it, in words, or None."""
        if self.run_by is None:
            what = f"the schedule {self.schedule!r}" if self.schedule else "`watch: true`"
            return f"{self.dataset} has {what} and nothing runs it: `gristmill up`, or `gristmill run --due` from cron"
        if self.late_since:
            return f"{self.dataset} is late: it was due at {self.late_since:%Y-%m-%d %H:%M} UTC and no run followed"
        return None


def occasions(project: Project, warehouse: Warehouse, at: datetime | None = None) -> list[Occasion]:
    """The datasets that are to run by themselves."""
    at = at or now()
    wanted = [dataset for dataset in project.datasets.values() if is_occasional(dataset)]
    run_by = runner(project.settings, at) if wanted else None
    return [_occasion(project, dataset, warehouse, at, run_by) for dataset in wanted]


def is_occasional(dataset: Dataset) -> bool:
    """Whether a dataset is to run by itself."""
    return bool(dataset.file.spec.schedule or dataset.file.spec.watch)


def said_of(project: Project, warehouse: Warehouse) -> list[str]:
    """What is wrong with when datasets run by themselves, in words."""
    return [said for one in occasions(project, warehouse) if (said := one.said)]


def _occasion(project: Project, dataset: Dataset, warehouse: Warehouse, at: datetime, run_by: str | None) -> Occasion:
    spec, next_at, late_since = dataset.file.spec, None, None
    if spec.schedule:
        cron = parse(spec.schedule)
        next_at, came = cron.next(at), cron.last(at - GRACE)
        if _began(project, dataset) < came and not warehouse.is_running(dataset.name):
            late_since = came
    return Occasion(
        dataset=dataset.name,
        schedule=spec.schedule,
        watch=spec.watch,
        next_at=next_at,
        late_since=late_since,
        run_by=run_by,
    )


def _began(project: Project, dataset: Dataset) -> datetime:
    """When a dataset was last run, or else when its file was last written: before that nobody could run it so."""
    ran_at = last_ran(project.settings, dataset.name).get("ran_at")
    written = (project.settings.root / dataset.file.file).stat().st_mtime
    since = datetime.fromtimestamp(written, UTC).replace(tzinfo=None)
    return max(datetime.fromisoformat(ran_at), since) if ran_at else since


def due_now(project: Project, warehouse: Warehouse, at: datetime | None = None) -> tuple[str, ...]:
    """The datasets whose schedule came round since they ran, or that watch and have something new; in order.

    One that is being run is not among them.
    """
    at, meta = at or now(), warehouse.meta
    due = []
    for name in project.order:
        dataset = project.datasets[name]
        ran = last_ran(project.settings, name)
        spec, ran_at = dataset.file.spec, ran.get("ran_at")
        is_round = spec.schedule and (not ran_at or datetime.fromisoformat(ran_at) < parse(spec.schedule).last(at))
        is_new = spec.watch and (news := news_of(project, dataset, meta)) and news != ran.get("news")
        if (is_round or is_new) and not warehouse.is_running(name):
            due.append(name)
    return tuple(due)


def news_of(project: Project, dataset: Dataset, meta: Meta) -> str | None:
    """What is new to a dataset that watches, as a text that is the same as long as the news is; None when nothing is.

    New are files, and versions of the datasets that it reads. A change of its own YAML is none.
    """
    news: dict[str, Any] = {}
    for name, source in dataset.file.spec.sources_of(dataset.name).items():
        try:
            found = source_files(project.settings.root, meta, dataset.name, name, source)
        except Unreadable as error:
            news[name] = str(error)
            continue
        news |= {file.shown: [file.size, file.mtime_ns] for file, _ in found.due}
        if source.mode == "replace":
            news |= {one.path: None for one in found.gone}
    version, read = latest(meta, dataset.name), latest_versions(dataset, meta)
    if version is None or dict(version.inputs) != read:
        news["@"] = read
    return digest(news) if news else None


def remember_runs(project: Project, meta: Meta, names: Iterable[str], at: datetime) -> None:
    """Remember that datasets were run, begun at `at`, with what was new to them after it."""
    for name in names:
        dataset = project.datasets.get(name)
        if dataset and is_occasional(dataset):
            news = news_of(project, dataset, meta) if dataset.file.spec.watch else None
            _write(project.settings, name, {"ran_at": at.isoformat(), "news": news})


def remember_due_call(settings: Settings, at: datetime) -> None:
    """Remember that `run --due` was called."""
    _write(settings, LAST_CALL, {"ran_at": at.isoformat()})


def last_ran(settings: Settings, name: str) -> dict[str, Any]:
    """What is remembered of the last run of a dataset: `ran_at`, `news`; nothing when it never ran."""
    try:
        return dict(json.loads(_file(settings, name).read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def runner(settings: Settings, at: datetime) -> str | None:
    """What runs datasets by themselves: `dagster`, `run --due`, or None.

    A Dagster whose home is no folder of SQLite databases is trusted: what it does is not to be seen from here.
    """
    if not is_ours(settings) and not _runs_db(settings).exists():
        return "dagster"
    if (beat := _heartbeat(_runs_db(settings))) and at - beat < HEARTBEAT:
        return "dagster"
    called = last_ran(settings, LAST_CALL).get("ran_at")
    return "run --due" if called and at - datetime.fromisoformat(called) < DUE_CALL else None


def _runs_db(settings: Settings) -> Path:
    return home_of(settings) / "history" / "runs.db"


def _heartbeat(database: Path) -> datetime | None:
    """When Dagster's daemon last said that it lives. It is read without Dagster, whose import takes a second."""
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT max(timestamp) FROM daemon_heartbeats").fetchall()
    except sqlite3.Error:
        return None
    return datetime.fromisoformat(rows[0][0]) if rows and rows[0][0] else None


def _file(settings: Settings, name: str) -> Path:
    return settings.home / "occasions" / f"{name}.json"


def _write(settings: Settings, name: str, facts: dict[str, Any]) -> None:
    file = _file(settings, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(facts), "utf-8")
    fresh.replace(file)
