"""What a query says of itself: the tables it reads, whether it is row by row, and where it is wrong."""

from __future__ import annotations

import pytest

from warehouse.errors import QueryError
from warehouse.query import bind, literal, parse, quoted

FLIGHTS = {"flights": {"origin": "VARCHAR", "delay": "BIGINT"}}


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select * from flights", {("", "flights")}),
        ("from flights", {("", "flights")}),
        ("select * from flights f left join weather w using (origin)", {("", "flights"), ("", "weather")}),
        ("select * from flights.train", {("flights", "train")}),
        ("select * from lake.datasets.flights", {("lake.datasets", "flights")}),
        ("select 1", set()),
        ("select * from a union all select * from b", {("", "a"), ("", "b")}),
        ("select * from a where x in (select x from b)", {("", "a"), ("", "b")}),
        ("select (select max(x) from b) from a", {("", "a"), ("", "b")}),
        ("select * from (select * from a)", {("", "a")}),
        # A CTE shadows a table of its name in what follows it.
        ("with a as (select 1) select * from a", set()),
        ("with a as (select 1) select * from A", set()),
        ("with b as (select * from a), c as (select * from b) select * from c", {("", "a")}),
        ("with b as (select * from c), c as (select 1) select * from b, c", {("", "c")}),
        ("with a as (select 1) select * from s.a", {("s", "a")}),
        # Inside a CTE that is not recursive, its own name is the table's.
        ("with a as (select * from a where x > 1) select * from a", {("", "a")}),
        ("with recursive r as (select 1 n union all select n + 1 from r where n < 9) select * from r", set()),
        ("with recursive r as (select x from a union all select x + 1 from r) select * from r", {("", "a")}),
        # In sight in subqueries, and out of sight beside the query that it stands in.
        ("with b as (select 1 x) select * from a where x in (select x from b)", {("", "a")}),
        ("select * from (with b as (select 1) select * from b) q, b", {("", "b")}),
    ],
)
def test_the_tables_that_a_query_reads(sql: str, tables: set[tuple[str, str]]) -> None:
    assert parse(sql).tables == tables


@pytest.mark.parametrize(
    "sql",
    [
        "select * from flights",
        "select origin, delay >= 15 as is_late from flights where delay is not null",
        "select upper(origin), delay + 1 from flights",
        "select list_sum([delay, 1]) from flights",
    ],
)
def test_a_query_that_maps_and_filters_one_table_is_row_by_row(sql: str) -> None:
    assert parse(sql).is_row_by_row


@pytest.mark.parametrize(
    "sql",
    [
        "select * from flights join weather using (origin)",
        "select * from flights, weather",
        "select count(*) from flights",
        "select origin, avg(delay) from flights group by origin",
        "select origin from flights group by all",
        "select distinct origin from flights",
        "select * from flights order by delay",
        "select * from flights limit 3",
        "select *, row_number() over () from flights",
        "select * from flights qualify row_number() over () = 1",
        "select * from flights where delay > (select avg(delay) from flights)",
        "select * from flights where origin in (select origin from airports)",
        "select * from flights union all select * from flights",
        "select * from (select * from flights)",
        "with f as (select * from flights) select * from f",
        "select * from flights using sample 10%",
        "select * from range(3)",
        "select max(delay) from flights having max(delay) > 3",
        "values (1)",
    ],
)
def test_a_query_in_which_rows_meet_is_not_row_by_row(sql: str) -> None:
    assert not parse(sql).is_row_by_row


@pytest.mark.parametrize(
    ("sql", "is_ordered"),
    [
        ("select * from flights", True),
        ("select * from flights order by delay", True),
        ("select * from flights order by delay limit 3", True),
        ("select * from flights limit 3", False),
        ("select * from flights limit 10%", False),
        ("select * from flights offset 3", False),
        ("select * from (select * from flights limit 3) order by delay", False),
        ("select * from (select * from flights order by delay) limit 3", False),
        ("with f as (select * from flights limit 3) select * from f", False),
        ("select * from flights union all select * from flights limit 3", False),
    ],
)
def test_a_limit_without_an_order_is_seen_wherever_it_stands(sql: str, is_ordered: bool) -> None:
    assert parse(sql).is_ordered_limit is is_ordered


def test_columns_and_functions_are_those_that_the_query_names() -> None:
    parsed = parse("select f.origin, Upper(dest), _entity from flights f, range(3) where delay > 1")
    assert parsed.columns == {"origin", "dest", "_entity", "delay"}
    assert {"upper", ">"} - parsed.functions <= {">"}
    assert parsed.table_functions == {"range"}


@pytest.mark.parametrize("sql", ["select 1; select 2", "select 1; select 2;", ""])
def test_one_select_is_meant_not_several_and_not_none(sql: str) -> None:
    with pytest.raises(QueryError, match=r"there are [02] statements, where one SELECT is meant"):
        parse(sql)


def test_a_semicolon_at_the_end_is_no_second_statement() -> None:
    assert parse("select * from flights;").tables == {("", "flights")}


@pytest.mark.parametrize(
    "sql",
    [
        "insert into flights values (1)",
        "update flights set delay = 1",
        "delete from flights",
        "drop table flights",
        "create table x as select 1",
        "attach 'x.db'",
        "copy flights to 'x.csv'",
        "set threads = 1",
        "pragma table_info('flights')",
        "call pragma_version()",
        "load httpfs",
    ],
)
def test_what_does_not_only_read_is_refused(sql: str) -> None:
    with pytest.raises(QueryError, match="it is not a SELECT"):
        parse(sql)


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("selec 1", 1),
        ("select *\nfrom flights\nwhere (", 3),
        ("select *\nfrm flights f g\n", 2),
        ("\n\nselect from", 3),
    ],
)
def test_a_query_that_does_not_parse_names_its_line(sql: str, line: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(sql)
    assert caught.value.line == line
    assert str(caught.value).endswith(f"(line {line} of the query)")


def test_bind_gives_columns_and_types_without_any_data() -> None:
    sql = "select origin, delay >= 15 as is_late, sum(delay) over () as total from flights"
    assert bind(sql, FLIGHTS) == {"origin": "VARCHAR", "is_late": "BOOLEAN", "total": "HUGEINT"}


@pytest.mark.parametrize(
    ("sql", "line", "found"),
    [
        ("select orign from flights", 1, 'Referenced column "orign" not found'),
        ("select origin,\n  dely\nfrom flights", 2, 'Referenced column "dely" not found'),
        ("select *\nfrom flights\nwhere delay > 1\n  and nope(delay)", 4, "Scalar Function with name nope"),
        ("select *\nfrom flihgts", 2, "Table with name flihgts does not exist"),
        ("-- é: two bytes\nselect origin, dely from flights", 2, 'Referenced column "dely" not found'),
    ],
)
def test_a_query_that_does_not_bind_names_its_own_line(sql: str, line: int, found: str) -> None:
    with pytest.raises(QueryError) as caught:
        bind(sql, FLIGHTS)
    assert caught.value.line == line
    assert caught.value.found.startswith(found)


def test_bind_hints_at_the_column_that_was_meant() -> None:
    with pytest.raises(QueryError) as caught:
        bind("select orign from flights", FLIGHTS)
    assert "origin" in caught.value.hint


def test_names_and_texts_are_quoted_whatever_they_hold() -> None:
    odd = {'a "b"': {'c "d"': "BIGINT", "select": "VARCHAR"}}
    table, column, text = quoted('a "b"'), quoted('c "d"'), literal("it's")
    sql = f"select {column}, {quoted('select')}, {text} as t from {table}"
    assert bind(sql, odd) == {'c "d"': "BIGINT", "select": "VARCHAR", "t": "VARCHAR"}
