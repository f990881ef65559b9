"""The nine rules of storage: the failure that each stands for, and that the lake does not have it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import RuleOfTheLake
from warehouse.lake import EXTENSIONS, Lake, _extension, connect
from warehouse.settings import Settings

WAL = ", META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 30000"
EXTRA = {"kind": "test"}
# Argument 1 is the project's folder, argument 2 the table that the process writes to, 3 how often.
WRITER = """
import sys
from pathlib import Path
from warehouse.lake import Lake
from warehouse.settings import Settings

root = Path(sys.argv[1])
lake = Lake.open(Settings(root=root, home=root / "home", salt="s", threads=1))
print("open", flush=True)
sys.stdin.readline()
for i in range(int(sys.argv[3])):
    with lake.transaction("test", "row", {"kind": "test"}):
        lake.execute(f"INSERT INTO lake.datasets.{sys.argv[2]} VALUES ({i})")
print("done", flush=True)
"""


def settings_in(root: Path) -> Settings:
    return Settings(root=root, home=root / "home", salt="s", threads=1, memory_limit="500MB")


def bare(folder: Path, options: str = "") -> duckdb.DuckDBPyConnection:
    """DuckLake as anyone would attach it, without our rules."""
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": "false"})
    for name in EXTENSIONS:
        connection.execute(f"LOAD '{_extension(name)}'")
    connection.execute(f"ATTACH 'ducklake:sqlite:{folder}/lake.sqlite' AS lake (DATA_PATH '{folder}/data'{options})")
    return connection


def writer(root: Path, table: str, n_commits: int) -> subprocess.Popen[str]:
    """Another process that has the lake open and writes once it is sent a line."""
    import warehouse

    code = Path(warehouse.__file__ or "").parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), table, str(n_commits)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(code)},
    )
    assert process.stdout
    assert process.stdout.readline() == "open\n"
    return process


def write(lake: Lake, sql: str) -> int:
    with lake.transaction("test", "write", EXTRA):
        lake.execute(sql)
    return lake.snapshot()


def rows(lake: Lake, sql: str) -> list[tuple[object, ...]]:
    return lake.execute(sql).fetchall()


def test_rule_1_with_the_default_journal_an_idle_reader_makes_a_commit_fail(tmp_path: Path) -> None:
    with bare(tmp_path, ", META_BUSY_TIMEOUT 100") as one, bare(tmp_path, ", META_BUSY_TIMEOUT 100") as two:
        one.execute("CREATE TABLE lake.t AS SELECT 1 AS a")
        two.execute("BEGIN")
        assert two.execute("FROM lake.t").fetchall() == [(1,)]
        with pytest.raises(duckdb.Error, match="database is locked"):
            one.execute("INSERT INTO lake.t VALUES (2)")


def test_rule_1_an_idle_reader_disturbs_no_writer_of_the_lake(tmp_path: Path) -> None:
    writing, reading = Lake.open(settings_in(tmp_path)), Lake.open(settings_in(tmp_path))
    write(writing, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    reading.execute("BEGIN")
    assert rows(reading, "FROM lake.datasets.t") == [(1,)]
    write(writing, "INSERT INTO lake.datasets.t VALUES (2)")
    assert rows(reading, "FROM lake.datasets.t") == [(1,)]
    reading.execute("COMMIT")
    assert rows(reading, "FROM lake.datasets.t ORDER BY a") == [(1,), (2,)]
    with sqlite3.connect(tmp_path / "home" / "lake.sqlite") as catalog:
        assert catalog.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    catalog.close()
    writing.close()
    reading.close()


def test_rule_2_of_two_writers_that_overlap_one_fails_without_the_lock(tmp_path: Path) -> None:
    with bare(tmp_path, WAL) as one, bare(tmp_path, WAL) as two:
        one.execute("CREATE TABLE lake.a (x INTEGER)")
        one.execute("CREATE TABLE lake.b (x INTEGER)")
        one.execute("BEGIN")
        one.execute("INSERT INTO lake.a VALUES (1)")
        two.execute("INSERT INTO lake.b VALUES (1)")
        with pytest.raises(duckdb.Error, match="database is locked"):
            one.execute("COMMIT")


def test_rule_2_no_commit_of_two_processes_at_once_fails_under_the_lock(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    for name in ("a", "b"):
        write(lake, f"CREATE TABLE lake.datasets.{name} (x INTEGER)")
    writers = [writer(tmp_path, name, 5) for name in ("a", "b")]
    with lake.transaction("test", "they wait for us", EXTRA):
        lake.execute("INSERT INTO lake.datasets.a VALUES (100)")
        for process in writers:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        lake.execute("INSERT INTO lake.datasets.b VALUES (100)")
    assert [process.communicate(timeout=50)[0] for process in writers] == ["done\n", "done\n"]
    for name in ("a", "b"):
        assert rows(lake, f"SELECT count(*), sum(x) FROM lake.datasets.{name}") == [(6, 110)]
    lake.close()


def test_rule_2_a_transaction_that_fails_leaves_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    write(lake, "CREATE TABLE lake.datasets.other AS SELECT 1 AS a")
    with pytest.raises(duckdb.CatalogException):
        write(lake, "INSERT INTO lake.datasets.nowhere VALUES (1)")
    with pytest.raises(TypeError, match="JSON"), lake.transaction("test", "fails at its end", {"at": object()}):
        lake.execute("CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    write(lake, "CREATE TABLE lake.datasets.t AS SELECT 2 AS a")
    assert rows(lake, "FROM lake.datasets.t") == [(2,)]
    lake.close()


def test_rule_3_without_the_option_small_inserts_are_no_parquet_files(tmp_path: Path) -> None:
    with bare(tmp_path, WAL) as connection:
        connection.execute("CREATE TABLE lake.t (a INTEGER)")
        connection.execute("INSERT INTO lake.t VALUES (1)")
        assert connection.execute("FROM lake.t").fetchall() == [(1,)]
    assert list(tmp_path.rglob("*.parquet")) == []


def test_rule_3_every_insert_is_a_parquet_file_also_for_who_opens_the_lake_later(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    write(lake, "CREATE TABLE lake.datasets.t (a INTEGER)")
    write(lake, "INSERT INTO lake.datasets.t VALUES (1)")
    lake.close()
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
    later = Lake.open(settings_in(tmp_path))
    write(later, "INSERT INTO lake.datasets.t VALUES (2)")
    later.close()
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_rule_3_a_lake_whose_creation_was_cut_short_is_completed_at_the_next_open(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.home.mkdir()
    # A process that dies right after ATTACH leaves this: a catalog without the option and without our schemas.
    where = f"ducklake:sqlite:{settings.catalog_path}"
    with bare(tmp_path) as connection:
        connection.execute("DETACH lake")
        connection.execute(f"ATTACH '{where}' AS lake (DATA_PATH '{settings.data_path}'{WAL})")
    lake = Lake.open(settings)
    write(lake, "CREATE TABLE lake.datasets.t (a INTEGER)")
    write(lake, "INSERT INTO lake.datasets.t VALUES (1)")
    lake.close()
    assert len(list(settings.data_path.rglob("*.parquet"))) == 1


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        (3, "CALL lake.set_option('data_inlining_row_limit', 10)"),
        (3, "CALL ducklake_set_option('lake', 'data_inlining_row_limit', 10)"),
        (4, "ALTER TABLE lake.datasets.t SET PARTITIONED BY (bucket(4, a))"),
        (4, "alter table lake.datasets.t set sorted by (a)"),
        (5, "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)"),
        (5, "SELECT * FROM ducklake_delete_orphaned_files('lake', cleanup_all => true)"),
        (5, "CALL ducklake_expire_snapshots('lake', versions => [1])"),
        (5, "CALL ducklake_merge_adjacent_files('lake')"),
        (5, "CALL lake.merge_adjacent_files()"),
        (5, "CALL ducklake_rewrite_data_files('lake')"),
        (5, "CALL ducklake_flush_inlined_data('lake')"),
        (6, "CALL ducklake_add_data_files('lake', 't', 'x.parquet')"),
        (7, "ATTACH 'ducklake:sqlite:other.sqlite' AS other"),
    ],
)
def test_rules_3_to_7_what_only_the_lake_may_send_is_refused_elsewhere(
    tmp_path: Path, rule: int, statement: str
) -> None:
    lake = Lake.open(settings_in(tmp_path))
    write(lake, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    with pytest.raises(RuleOfTheLake) as caught:
        lake.execute(statement)
    assert caught.value.rule == rule
    assert rows(lake, "FROM lake.datasets.t") == [(1,)]
    lake.close()


def test_rule_4_a_table_is_partitioned_by_nothing(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    with lake.transaction("test", "write", EXTRA):
        lake.create_or_replace('datasets."t"', "SELECT range AS a FROM range(100)")
    lake.close()
    with sqlite3.connect(tmp_path / "home" / "lake.sqlite") as catalog:
        assert catalog.execute("SELECT count(*) FROM ducklake_partition_info").fetchone() == (0,)
    catalog.close()


def test_rule_5_an_orphan_file_is_deleted_when_a_day_old_and_never_when_young(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    write(lake, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    (used,) = tmp_path.rglob("*.parquet")
    young, old = used.with_name("young.parquet"), used.with_name("old.parquet")
    for path, age_days in ((used, 3), (young, 0), (old, 3)):
        if path != used:
            shutil.copy(used, path)
        at = time.time() - age_days * 86_400
        os.utime(path, (at, at))
    lake.clean()
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == sorted([used.name, "young.parquet"])
    assert rows(lake, "FROM lake.datasets.t") == [(1,)]
    lake.close()


def test_rule_6_every_file_of_the_lake_lies_in_the_folder_that_it_owns(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    lake = Lake.open(settings)
    write(lake, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    (used,) = tmp_path.rglob("*.parquet")
    assert used.is_relative_to(settings.data_path)
    lake.close()


def test_rule_7_a_project_that_was_moved_is_read_only_with_the_new_path(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    lake = Lake.open(settings_in(tmp_path / "old"))
    write(lake, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    lake.close()
    (tmp_path / "old").rename(tmp_path / "new")
    home = tmp_path / "new" / "home"
    with duckdb.connect() as connection:
        for name in EXTENSIONS:
            connection.execute(f"LOAD '{_extension(name)}'")
        with pytest.raises(duckdb.Error, match="does not match existing data path"):
            connection.execute(f"ATTACH 'ducklake:sqlite:{home}/lake.sqlite' AS lake (DATA_PATH '{home}/lake')")
    moved = Lake.open(settings_in(tmp_path / "new"))
    assert rows(moved, "FROM lake.datasets.t") == [(1,)]
    write(moved, "INSERT INTO lake.datasets.t VALUES (2)")
    moved.close()
    assert not (tmp_path / "old").exists()


def test_rule_8_expiry_keeps_what_is_pinned_and_forgets_the_rest(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    lake = Lake.open(settings)
    one = write(lake, "CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    two = write(lake, "CREATE OR REPLACE TABLE lake.datasets.t AS SELECT 2 AS a")
    newest = write(lake, "CREATE OR REPLACE TABLE lake.datasets.t AS SELECT 3 AS a")
    assert lake.expire({one}) == 0, "all are younger than a day"
    lake.close()
    with sqlite3.connect(settings.catalog_path) as catalog:
        catalog.execute("UPDATE ducklake_snapshot SET snapshot_time = '2020-01-01 00:00:00+00'")
    catalog.close()
    lake = Lake.open(settings)
    assert lake.expire({one}) > 0
    lake.clean()
    assert rows(lake, f"FROM lake.datasets.t AT (VERSION => {one})") == [(1,)]
    assert rows(lake, f"FROM lake.datasets.t AT (VERSION => {newest})") == [(3,)]
    assert {row[0] for row in rows(lake, "SELECT snapshot_id FROM lake.snapshots()")} == {one, newest}
    with pytest.raises(duckdb.Error):
        lake.execute(f"FROM lake.datasets.t AT (VERSION => {two})")
    lake.close()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("'a'::ENUM('a', 'b')", "ENUM('a', 'b')"),
        ("'101'::BIT", "BIT"),
        ("[1, 2, 3]::FLOAT[3]", "FLOAT[3]"),
        ("['a']::ENUM('a', 'b')[]", "ENUM('a', 'b')[]"),
        ("{'inner': 'a'::ENUM('a', 'b')}", "STRUCT(\"inner\" ENUM('a', 'b'))"),
        ("{'bits': '101'::BIT}", "STRUCT(bits BIT)"),
    ],
)
def test_rule_8_columns_that_the_lake_cannot_keep_are_refused(tmp_path: Path, value: str, kind: str) -> None:
    lake = Lake.open(settings_in(tmp_path))
    with pytest.raises(RuleOfTheLake) as caught, lake.transaction("test", "write", EXTRA):
        lake.create_or_replace('datasets."t"', f"SELECT {value} AS v")
    assert (caught.value.rule, caught.value.found) == (8, f"column 'v' of type {kind}")
    lake.close()


def test_rule_8_embeddings_are_kept_as_lists(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    with lake.transaction("test", "write", EXTRA):
        lake.create_or_replace('datasets."t"', "SELECT [0.5, 1.5]::FLOAT[] AS v")
    assert rows(lake, "FROM lake.datasets.t") == [([0.5, 1.5],)]
    lake.close()


def test_rule_9_every_connection_has_the_same_settings(tmp_path: Path) -> None:
    with connect(settings_in(tmp_path)) as connection:
        names = (
            "TimeZone",
            "python_enable_replacements",
            "enable_progress_bar",
            "autoinstall_known_extensions",
            "autoload_known_extensions",
            "threads",
            "memory_limit",
            "temp_directory",
        )
        row = connection.execute(f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}").fetchone()
    assert row == ("UTC", False, False, False, False, 1, "476.8 MiB", str(tmp_path / "home" / "tmp"))


def test_rule_9_a_query_cannot_read_a_variable_of_python() -> None:
    import pyarrow as pa

    secret = pa.table({"a": [1]})
    with duckdb.connect() as open_to_all:
        assert open_to_all.execute("FROM secret").fetchall() == [(1,)]
    with connect() as connection, pytest.raises(duckdb.CatalogException, match="secret"):
        connection.execute("FROM secret")
    assert secret.num_rows == 1


def test_commits_come_back_in_order_with_what_they_said(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    with lake.transaction("ann", "first", {"n": 1, "text": "it's"}):
        lake.execute("CREATE TABLE lake.datasets.t AS SELECT 1 AS a")
    one = lake.snapshot()
    with lake.transaction("bob", "second", {"n": 2}):
        lake.execute("INSERT INTO lake.datasets.t VALUES (2)")
    assert lake.commits() == [(one, {"n": 1, "text": "it's"}), (lake.snapshot(), {"n": 2})]
    lake.close()


def test_a_workspace_leaves_nothing_behind(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    with lake.workspace() as name:
        lake.execute("CREATE TABLE t AS SELECT 1 AS a")
        assert rows(lake, f"FROM {name}.t") == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        lake.execute("FROM t")
    lake.close()


def test_once_a_lake_is_open_no_extension_without_a_signature_can_be_loaded(tmp_path: Path) -> None:
    lake = Lake.open(settings_in(tmp_path))
    assert lake.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone() == (False,)
    with pytest.raises(duckdb.InvalidInputException, match="Cannot change"):
        lake.execute("SET allow_unsigned_extensions=true")
    lake.close()
