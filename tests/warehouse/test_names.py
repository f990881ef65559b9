"""What names in a query stand for: datasets, splits, versions, rejected rows and the tables of meta."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assets.project import Project
from assets.run import chosen, execute
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.errors import NotFound, QueryError
from warehouse.names import run_query, version_of

FLIGHTS = """
source: flights.csv
key: id
contract: {columns: {delay: {type: integer}}, max_rejected_share: 0.5}
"""
TOML = 'salt = "gristmill"\n'


def csv(n_rows: int) -> str:
    """Good rows 1 to n, then a row without a delay and a row of too many fields."""
    return "id,delay\n" + "".join(f"{i},{i % 7}\n" for i in range(1, n_rows + 1)) + "900,\n901,4,5\n"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """`flights`, published twice: 40 rows, then 60."""
    root = tmp_path_factory.mktemp("project")
    (root / "datasets").mkdir()
    (root / "gristmill.toml").write_text(TOML, "utf-8")
    (root / "datasets" / "flights.yaml").write_text(FLIGHTS, "utf-8")
    for n_rows in (40, 60):
        (root / "flights.csv").write_text(csv(n_rows), "utf-8")
        project = Project.open(root)
        with Warehouse(project.settings) as opened:
            run = Run(project=project, warehouse=opened, author="test")
            assert execute(run, chosen(project, (), with_upstream=False)).exit_code == 0
    with Warehouse(Project.open(root).settings) as opened:
        yield opened


def ask(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.lake.workspace():
        return run_query(warehouse, sql).fetchall()


def columns(warehouse: Warehouse, sql: str) -> list[str]:
    with warehouse.lake.workspace():
        return [column[0] for column in run_query(warehouse, sql).description or ()]


def test_a_name_alone_is_the_latest_version(warehouse: Warehouse) -> None:
    assert ask(warehouse, "select count(*), max(id) from flights") == [(60, 60)]


def test_a_version_is_named_by_its_number(warehouse: Warehouse) -> None:
    assert ask(warehouse, "select count(*) from flights_v1") == [(40,)]
    assert ask(warehouse, "select count(*) from flights_v2") == [(60,)]
    assert ask(warehouse, 'select count(*) from "flights@1"') == [(40,)]


def test_a_split_is_named_after_a_dot_and_the_splits_are_the_whole(warehouse: Warehouse) -> None:
    counts = dict(ask(warehouse, "select split, count(*) from flights group by all"))
    for split in ("train", "dev", "test"):
        assert ask(warehouse, f"select count(*) from flights.{split}") == [(counts[split],)]
    assert sum(counts.values()) == 60
    assert ask(warehouse, "select count(*) from flights.train_dev") == [(0,)]


def test_a_split_of_a_version(warehouse: Warehouse) -> None:
    same = "select count(*) from flights_v1 where split = 'dev'"
    assert ask(warehouse, "select count(*) from flights_v1.dev") == ask(warehouse, same) != [(0,)]


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_dev_goes_by_its_other_names_too(warehouse: Warehouse, name: str) -> None:
    assert ask(warehouse, f"select id from flights.{name} order by id") == ask(
        warehouse, "select id from flights.dev order by id"
    )


def test_one_query_may_read_several_names(warehouse: Warehouse) -> None:
    sql = "select count(*) from flights join flights_v1 using (id) join flights.train using (id)"
    assert ask(warehouse, sql) == ask(warehouse, "select count(*) from flights.train where id <= 40")


def test_a_cte_of_a_datasets_name_is_the_cte(warehouse: Warehouse) -> None:
    assert ask(warehouse, "with flights as (select 42 as n) select * from flights") == [(42,)]
    assert ask(warehouse, "with nowhere as (select 42 as n) select * from nowhere") == [(42,)]


def test_split_is_a_column_of_a_dataset_and_not_of_a_split(warehouse: Warehouse) -> None:
    assert columns(warehouse, "select * from flights") == ["id", "delay", "split"]
    assert columns(warehouse, "select * from flights.train") == ["id", "delay"]


def test_reserved_columns_are_there_only_when_named(warehouse: Warehouse) -> None:
    assert ask(warehouse, "select id, _entity from flights where id = 7") == [(7, "7")]
    assert columns(warehouse, "select _bucket, _unused from flights.train") == ["_bucket", "_unused"]
    assert columns(warehouse, "select *, _entity as e from flights") == ["id", "delay", "_entity", "split", "e"]


def test_rejected_rows_are_those_of_the_latest_build(warehouse: Warehouse) -> None:
    sql = "select step, file, record, line, rules, raw from rejected.flights order by record"
    assert ask(warehouse, sql) == [
        ("contract", "flights.csv", 61, None, ["delay.nullable"], '{"id":900,"delay":null}'),
        ("ingest", "flights.csv", 62, 63, ["readable"], "901,4,5"),
    ]


def test_tables_of_meta_are_read_like_any_other(warehouse: Warehouse) -> None:
    assert ask(warehouse, "select version, n_rows from meta.versions order by 1") == [(1, 40), (2, 60)]
    assert ("CONTRACT1", "warn") in ask(warehouse, "select code, outcome from meta.findings")
    sql = "select count(*) from meta.versions v join flights f on f.id = v.version"
    assert ask(warehouse, sql) == [(2,)]


def test_a_dataset_is_described_and_summarized(warehouse: Warehouse) -> None:
    described = [(row[0], row[1]) for row in ask(warehouse, "describe flights")]
    assert described == [("id", "BIGINT"), ("delay", "BIGINT"), ("split", "VARCHAR")]
    assert [row[0] for row in ask(warehouse, "DESCRIBE select id from flights.train;")] == ["id"]
    summary = {row[0]: (row[2], row[3]) for row in ask(warehouse, "summarize flights")}
    assert (summary["id"], summary["delay"]) == (("1", "60"), ("0", "6"))


@pytest.mark.parametrize(
    ("sql", "kind", "name", "hint"),
    [
        ("select * from flihgts", "published dataset", "flihgts", "Hint: did you mean 'flights'?"),
        ("select * from nope", "published dataset", "nope", "Hint: there is flights."),
        ("select * from nope.train", "published dataset", "nope", "Hint: there is flights."),
        ("select * from flights_v9", "version of 'flights'", "9", "Hint: there are 1, 2."),
        ("select * from flights_v9.dev", "version of 'flights'", "9", "Hint: there are 1, 2."),
        ("select * from flights.tset", "split of 'flights'", "tset", "Hint: did you mean 'test'?"),
        ("select * from meta.finding", "table of meta", "finding", "Hint: did you mean 'findings'?"),
        ("select * from rejected.flihgts", "dataset that was built", "flihgts", "Hint: did you mean 'flights'?"),
        ("describe flihgts", "published dataset", "flihgts", "Hint: did you mean 'flights'?"),
    ],
)
def test_a_name_that_stands_for_nothing_has_a_hint(
    warehouse: Warehouse, sql: str, kind: str, name: str, hint: str
) -> None:
    with pytest.raises(NotFound) as caught:
        ask(warehouse, sql)
    assert (caught.value.kind, caught.value.name, caught.value.__notes__) == (kind, name, [hint])
    assert caught.value.exit_code == 4


def test_snapshots_are_no_names_of_users(warehouse: Warehouse) -> None:
    with pytest.raises(NotFound):
        ask(warehouse, "select * from lake.datasets.flights")


@pytest.mark.parametrize("sql", ["delete from flights", "drop table flights", "describe flights; drop table flights"])
def test_a_reader_cannot_write(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(QueryError):
        ask(warehouse, sql)
    assert ask(warehouse, "select count(*) from flights") == [(60,)]


def test_a_column_that_is_not_there_is_named_with_its_line(warehouse: Warehouse) -> None:
    with pytest.raises(QueryError) as caught:
        ask(warehouse, "select id,\n  dely\nfrom flights")
    assert caught.value.line == 2
    assert "delay" in caught.value.hint


def test_version_of_tells_what_a_name_means(warehouse: Warehouse) -> None:
    assert [version_of(warehouse, name).version for name in ("flights", "flights_v1", "flights@2")] == [2, 1, 2]


def test_nothing_is_published_in_a_new_project(make_project: Callable[..., Path]) -> None:
    root = make_project({"flights.yaml": "source: flights.csv\n"}, {"flights.csv": "id\n1\n"})
    with Warehouse(Project.open(root).settings) as empty, pytest.raises(NotFound) as caught:
        ask(empty, "select * from flights")
    assert caught.value.__notes__ == ["Hint: `gristmill list` shows what there is; `gristmill run` publishes."]
