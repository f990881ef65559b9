"""What `meta` remembers: migrations, unique names, replays, and what the lake tells it again."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assets.project import Project
from warehouse import migrations as module
from warehouse.client import Warehouse
from warehouse.errors import Incompatible
from warehouse.meta import Meta
from warehouse.migrations import MIGRATIONS
from warehouse.records import Ingestion, Policy, Step, Version

AT = datetime(2026, 1, 2, 3, 4, 5, 678901)
STEP = Step(
    step_id="run-flights-ingest-1",
    run_id="run",
    step="ingest",
    dataset="flights",
    source="flights",
    fingerprint="f",
    status="succeeded",
    snapshot=7,
    started_at=AT,
    finished_at=AT,
    detail={"columns": {"a": "BIGINT"}, "n_rows": 3, "é": [None, 1.5]},
)
INGESTION = Ingestion(
    dataset="flights",
    source="flights",
    ingestion=1,
    path="flights.csv",
    sha256="abc",
    size=2**40,
    mtime_ns=1_767_322_800_123_456_789,
    n_rows=3,
    n_rejected=1,
    snapshot=7,
)
POLICY = Policy(
    dataset="flights",
    policy=1,
    salt="s",
    thresholds={"lines": {"all": [["test", "199"], ["train", None]]}},
    entity=["id"],
    columns=["id", "delay"],
    frozen_at=AT,
)
VERSION = Version(
    dataset="flights",
    version=1,
    snapshot=7,
    step_id=STEP.step_id,
    audit_id=STEP.step_id,
    policy=1,
    fingerprint="f",
    contract_sha256="c",
    inputs={"weather": 2},
    columns={"id": "BIGINT"},
    n_rows=3,
    changed=["rows"],
    created_at=AT,
    author="ann",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "meta.sqlite"


def opened(path: Path) -> Meta:
    return Meta.open(path, duckdb_version="1.5.5")


def in_sqlite(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements behind the back of `meta`; the rows of the last one."""
    connection = sqlite3.connect(path)
    rows: list[tuple[Any, ...]] = []
    for statement in statements:
        rows = connection.execute(statement).fetchall()
    connection.commit()
    connection.close()
    return rows


def told(step: Step, **more: Any) -> dict[str, Any]:
    """What a commit of the lake says of itself, as it comes back from there."""
    return dict(json.loads(json.dumps({"step": step.to_json()} | more)))


def test_a_new_database_says_who_wrote_it(path: Path) -> None:
    opened(path).close()
    assert in_sqlite(path, "SELECT version, duckdb_version FROM schema_version") == [(len(MIGRATIONS), "1.5.5")]
    assert in_sqlite(path, "PRAGMA journal_mode") == [("wal",)]


def test_a_database_that_is_opened_again_keeps_what_it_has(path: Path) -> None:
    first = opened(path)
    first.add(STEP, INGESTION, POLICY, VERSION)
    first.close()
    again = opened(path)
    assert again.steps() == [STEP]
    assert again.ingestions("flights", "flights") == [INGESTION]
    assert again.policies("flights") == [POLICY]
    assert again.versions("flights") == [VERSION]
    again.close()


def test_an_older_database_gets_the_migrations_that_it_lacks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = opened(path)
    old.add(STEP)
    old.close()
    add_tags = sa.text("CREATE TABLE tags (dataset TEXT, tag TEXT)")
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, lambda connection: connection.execute(add_tags)))
    for _ in range(2):
        new = opened(path)
        assert new.steps() == [STEP]
        new.close()
    assert in_sqlite(path, "SELECT version FROM schema_version") == [(len(MIGRATIONS) + 1,)]
    assert in_sqlite(path, "SELECT count(*) FROM tags") == [(0,)]


def test_a_schema_newer_than_the_code_is_refused(path: Path) -> None:
    opened(path).close()
    in_sqlite(path, "UPDATE schema_version SET version = 99")
    with pytest.raises(Incompatible) as caught:
        opened(path)
    assert (caught.value.written_by, caught.value.running) == ("99", str(len(MIGRATIONS)))
    assert in_sqlite(path, "SELECT version FROM schema_version") == [(99,)]


def test_a_lake_of_another_duckdb_is_refused(path: Path) -> None:
    opened(path).close()
    with pytest.raises(Incompatible) as caught:
        Meta.open(path, duckdb_version="2.0.0")
    assert str(caught.value) == "This warehouse was written by DuckDB 1.5.5; running is DuckDB 2.0.0."
    assert caught.value.__notes__ == ["Hint: install DuckDB 1.5.5, or move .gristmill away and `gristmill run`."]


def test_several_may_open_a_new_database_at_once(path: Path) -> None:
    failed: list[BaseException] = []
    start = threading.Barrier(6)

    def open_it() -> None:
        start.wait()
        try:
            opened(path).close()
        except sa.exc.SQLAlchemyError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert in_sqlite(path, "SELECT version FROM schema_version") == [(len(MIGRATIONS),)]


def test_a_version_of_a_dataset_exists_once(path: Path) -> None:
    meta = opened(path)
    meta.add(STEP, POLICY, VERSION)
    with pytest.raises(sa.exc.IntegrityError, match="UNIQUE"):
        meta.add(replace(VERSION, n_rows=99))
    assert meta.versions() == [VERSION]
    meta.add(replace(VERSION, version=2))
    assert [v.version for v in meta.versions("flights")] == [1, 2]
    meta.close()


def test_a_version_needs_the_step_that_made_it(path: Path) -> None:
    meta = opened(path)
    with pytest.raises(sa.exc.IntegrityError, match="FOREIGN KEY"):
        meta.add(replace(VERSION, policy=None))
    assert meta.versions() == []
    meta.close()


def test_records_are_added_all_or_none(path: Path) -> None:
    meta = opened(path)
    meta.add(STEP, POLICY, VERSION)
    with pytest.raises(sa.exc.IntegrityError):
        meta.add(replace(STEP, step_id="other"), VERSION)
    assert meta.step_ids() == {STEP.step_id}
    meta.close()


def test_a_step_comes_back_from_a_commit_message_as_it_was() -> None:
    assert Step.from_json(told(STEP)["step"], snapshot=9) == replace(STEP, snapshot=9)
    unfinished = replace(STEP, finished_at=None, source=None)
    assert Step.from_json(told(unfinished)["step"], snapshot=7) == unfinished


def test_a_replay_twice_is_as_good_as_once(path: Path) -> None:
    meta = opened(path)
    old = replace(INGESTION, snapshot=3)
    meta.add(old)
    extra = told(STEP, ingestions=[vars(replace(INGESTION, ingestion=2, snapshot=None))], superseded=[1])
    expected = [replace(old, state="superseded"), replace(INGESTION, ingestion=2, snapshot=8)]
    for _ in range(2):
        meta.replay(extra, snapshot=8)
        assert meta.steps() == [replace(STEP, snapshot=8)]
        assert meta.ingestions("flights", "flights") == expected
    meta.close()


def test_a_replay_that_comes_late_does_not_undo_what_came_after(path: Path) -> None:
    meta = opened(path)
    extra = told(STEP, ingestions=[vars(INGESTION)])
    meta.replay(extra, snapshot=7)
    meta.withdraw([INGESTION])
    meta.replay(extra, snapshot=7)
    assert [i.state for i in meta.ingestions("flights", "flights")] == ["withdrawn"]
    meta.close()


def test_an_ingestion_has_one_of_three_states(path: Path) -> None:
    meta = opened(path)
    with pytest.raises(sa.exc.IntegrityError, match="CHECK"):
        meta.add(replace(INGESTION, state="lost"))
    meta.close()


def test_a_file_that_was_touched_keeps_all_but_its_time(path: Path) -> None:
    meta = opened(path)
    meta.add(INGESTION, replace(INGESTION, ingestion=2))
    meta.set_mtime(INGESTION, 5)
    expected = [replace(INGESTION, mtime_ns=5), replace(INGESTION, ingestion=2)]
    assert meta.ingestions("flights", "flights") == expected
    meta.close()


def test_steps_are_listed_newest_first_and_by_what_they_are(path: Path) -> None:
    meta = opened(path)
    build = replace(STEP, step_id="b", step="build", started_at=AT.replace(hour=9))
    other = replace(STEP, step_id="o", dataset="planes", started_at=AT.replace(hour=1))
    meta.add(other, STEP, build)
    assert meta.steps() == [build, STEP, other]
    assert meta.steps("flights", step="ingest", status="succeeded") == [STEP]
    meta.close()


def test_findings_of_a_step_are_kept_in_order_and_replaced_together(path: Path) -> None:
    meta = opened(path)
    meta.add(STEP)
    row = {"dataset": "flights", "outcome": "warn", "title": "t", "column": None, "seen": "s", "advice": ""}
    meta.set_findings(STEP.step_id, [row | {"code": "B"}, row | {"code": "A"}, row | {"code": "C"}])
    meta.set_findings(STEP.step_id, [row | {"code": "Z"}, row | {"code": "A"}])
    assert [f["code"] for f in meta.findings(STEP.step_id)] == ["Z", "A"]
    meta.set_findings(STEP.step_id, [])
    assert meta.findings(STEP.step_id) == []
    meta.close()


def test_the_lake_tells_meta_again_what_it_missed(
    make_project: Callable[..., Path], run_project: Callable[..., Any]
) -> None:
    root = make_project({"flights.yaml": "source: flights.csv\nkey: id\n"}, {"flights.csv": "id,delay\n1,5\n2,9\n"})
    run_project(root)
    (root / "flights.csv").write_text("id,delay\n1,5\n2,9\n3,1\n", "utf-8")
    run_project(root)
    settings = Project.open(root).settings
    with Warehouse(settings) as warehouse:
        steps, ingestions = warehouse.meta.steps(), warehouse.meta.ingestions("flights", "flights")
    assert [i.state for i in ingestions] == ["superseded", "active"]
    # A process that died before it wrote to meta: the second file's ingestion and build are unknown there.
    lost = [step.step_id for step in steps if step.step in {"ingest", "build"}][:2]
    in_sqlite(
        settings.meta_path,
        *(f"DELETE FROM steps WHERE step_id = '{step_id}'" for step_id in lost),
        "DELETE FROM ingestions WHERE ingestion = 2",
        "UPDATE ingestions SET state = 'active'",
    )
    with Warehouse(settings) as warehouse:
        assert warehouse.reconcile() == 2
        assert warehouse.meta.steps() == steps
        assert warehouse.meta.ingestions("flights", "flights") == ingestions
        assert warehouse.reconcile() == 0


def test_a_warehouse_that_misses_nothing_is_told_nothing(
    make_project: Callable[..., Path], run_project: Callable[..., Any]
) -> None:
    root = make_project({"flights.yaml": "source: flights.csv\n"}, {"flights.csv": "id,delay\n1,5\n2,9\n"})
    run_project(root)
    with Warehouse(Project.open(root).settings) as warehouse:
        before = warehouse.meta.steps()
        assert warehouse.reconcile() == 0
        assert warehouse.meta.steps() == before
