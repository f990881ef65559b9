"""What a build accepts, rejects and splits: the contract's severities, references, keys, types, entities and pools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gristmill as gm
import polars as pl
import pytest

from assets.errors import IdentityAbsent
from assets.result import DatasetResult


def said(result: DatasetResult, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


def rejected(root: Path, name: str = "t") -> list[tuple[Any, ...]]:
    rows = gm.sql(
        f"select file, record, line, rules, raw from rejected.{name} order by record, raw", project=root
    ).rows()
    return [(*place, rules, json.loads(raw)) for *place, rules, raw in rows]


def numbered(n: int) -> str:
    return "id,x\n" + "".join(f"{i},{i}\n" for i in range(n))


def test_a_broken_rule_does_what_its_severity_says(make_project, run_project) -> None:
    yaml = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 94, severity: %s}}}\n"
    words = ("block", "reject", "warn")
    root = make_project({f"{word}s.yaml": yaml % word for word in words}, {"t.csv": numbered(100)})
    blocks, rejects, warns = run_project(root).datasets
    assert (blocks.status, blocks.n_rows_rejected, blocks.blocked_by) == ("blocked", 0, ["CONTRACT3"])
    assert (rejects.status, rejects.n_rows_rejected, rejects.n_rows_accepted) == ("published", 5, 95)
    assert (warns.status, warns.n_rows_rejected, warns.n_rows_accepted) == ("published", 0, 100)
    assert said(blocks, "CONTRACT3") == [("fail", "5 rows of 100: x is above 94")]
    assert said(rejects, "CONTRACT1") == [("warn", "5 rows of 100: x is above 94")]
    assert said(warns, "CONTRACT2") == [("warn", "5 rows of 100: x is above 94")]


def test_more_rejected_rows_than_allowed_block(make_project, run_project) -> None:
    yaml = "source: t.csv\nkey: id\ncontract: {columns: {x: {max: 93}}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": numbered(100)})
    blocked = run_project(root)
    (root / "datasets" / "t.yaml").write_text(yaml.replace("{columns", "{max_rejected_share: 0.06, columns"), "utf-8")
    allowed = run_project(root).datasets[0]
    (result,) = blocked.datasets
    assert (result.status, result.version, result.blocked_by, blocked.exit_code) == ("blocked", None, ["CONTRACT4"], 3)
    assert said(result, "CONTRACT4") == [("fail", "6 of 100 rows rejected, 6.00%; allowed is 5.00%")]
    assert (allowed.status, allowed.version, allowed.n_rows_rejected) == ("published", 1, 6)


def test_rejected_rows_are_kept_with_their_place_every_rule_that_they_broke_and_themselves(
    make_project, run_project
) -> None:
    yaml = """
source: t.csv
key: id
contract:
  max_rejected_share: 1
  columns: {id: {type: integer}, x: {type: integer, min: 0, max: 100}, colour: {in: [red, blue]}}
  rules: {red_is_small: {expr: "colour <> 'red' or x < 50"}}
"""
    text = "id,x,colour\n1,10,red\n2,-1,blue\n3,101,green\n4,60,red\n5,,blue\n6,7,blue\n6,8,red\n7,20,blue\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": text})
    result = run_project(root).datasets[0]
    assert (result.n_rows_ingested, result.n_rows_accepted, result.n_rows_rejected) == (8, 2, 6)
    assert gm.sql("select id, x, colour from t order by id", project=root).rows() == [(1, 10, "red"), (7, 20, "blue")]
    assert [(file, record, rules) for file, record, _, rules, _ in rejected(root)] == [
        ("t.csv", 2, ["x.min"]),
        ("t.csv", 3, ["x.max", "colour.in"]),
        ("t.csv", 4, ["red_is_small"]),
        ("t.csv", 5, ["x.nullable"]),
        ("t.csv", 6, ["key"]),
        ("t.csv", 7, ["key"]),
    ]
    assert rejected(root)[1][-1] == {"id": 3, "x": 101, "colour": "green"}


UNTYPED = "source: t.csv\nkey: id\ncontract: {max_rejected_share: 1, columns: {x: integer}}\n"


def test_a_value_without_the_promised_type_breaks_that_promise_alone(make_project, run_project) -> None:
    root = make_project({"t.yaml": UNTYPED}, {"t.csv": "id,x\n1,10\n2,many\n"})
    result = run_project(root).datasets[0]
    assert (result.status, result.n_rows_rejected) == ("published", 1)
    assert gm.dataset("t", project=root).columns == {"id": "BIGINT", "x": "BIGINT"}
    assert [rules for _, _, _, rules, _ in rejected(root)] == [["x.type"]]
    assert said(result, "CONTRACT1") == [("warn", "1 row of 2: x is no integer")]


def test_a_value_without_the_promised_type_is_kept_as_it_was_written(make_project, run_project) -> None:
    root = make_project({"t.yaml": UNTYPED}, {"t.csv": "id,x\n1,10\n2,many\n"})
    run_project(root)
    ((file, record, _, _, raw),) = rejected(root)
    assert (file, record, raw) == ("t.csv", 2, {"id": 2, "x": "many"})


def test_a_reference_that_does_not_hold_rejects_the_row_and_nothing_at_all_passes(make_project, run_project) -> None:
    planes = "source: planes.csv\nkey: tail\n"
    yaml = """
source: t.csv
key: id
contract: {max_rejected_share: 1, columns: {tail: {nullable: true, references: planes.tail}}}
"""
    root = make_project(
        {"planes.yaml": planes, "t.yaml": yaml},
        {"planes.csv": "tail,seats\nN1,100\nN2,200\n", "t.csv": "id,tail\n1,N1\n2,N3\n3,\n4,N2\n"},
    )
    by_name = {result.name: result for result in run_project(root).datasets}
    assert [result.name for result in by_name.values()] == ["planes", "t"]
    assert said(by_name["t"], "CONTRACT1") == [("warn", "1 row of 4: tail is not in planes.tail (1 value, such as N3)")]
    assert gm.sql("select id from t order by id", project=root)["id"].to_list() == [1, 3, 4]
    assert [(record, rules) for _, record, _, rules, _ in rejected(root)] == [(2, ["tail.references"])]


def test_a_late_label_moves_no_row_and_is_no_longer_unlabelled(make_project, run_project) -> None:
    yaml = "source: t.csv\ntarget: y\n"
    rows = [(i, i * i, "" if i % 4 == 0 else i % 2) for i in range(200)]
    root = make_project({"t.yaml": yaml}, {"t.csv": "a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows)})
    first = run_project(root).datasets[0]
    before = gm.sql("select a, _entity, split from t order by a", project=root)
    late = [(a, b, 1 if a == 100 else y) for a, b, y in rows]
    (root / "t.csv").write_text("a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in late), "utf-8")

    second = run_project(root).datasets[0]

    assert (first.n_unlabelled, second.n_unlabelled, second.version) == (50, 49, 2)
    assert gm.sql("select a, _entity, split from t order by a", project=root).equals(before)


def test_two_datasets_of_one_policy_put_a_customer_on_the_same_side(make_project, run_project) -> None:
    toml = 'salt = "gristmill"\n[splits.customers]\nshares = {train = 0.6, dev = 0.2, test = 0.2}\n'
    datasets = {
        "orders.yaml": "source: orders.csv\nkey: id\nsplits: {policy: customers, entity: customer}\n",
        "calls.yaml": "source: calls.csv\nkey: call\nsplits: {policy: customers, entity: who}\n",
    }
    files = {
        "orders.csv": "id,customer,x\n" + "".join(f"{i},c{i % 90},{i}\n" for i in range(270)),
        "calls.csv": "call,who,z\n" + "".join(f"{i},c{i},{i}\n" for i in range(30, 120)),
    }
    root = make_project(datasets, files, toml=toml)
    assert {result.status for result in run_project(root).datasets} == {"published"}
    query = "select distinct customer, o.split, c.split from orders o join calls c on customer = who"
    sides = gm.sql(query, project=root).rows()
    assert len(sides) == 60
    assert all(one == other for _, one, other in sides)
    assert {one for _, one, _ in sides} == {"train", "dev", "test"}


POOLED = "source: t.csv\nkey: id\nsplits: {entity: who, evaluate_on: month >= 10%s}\n"
# Each of 200 people is there in September, and in October.
MONTHS = "id,who,month\n" + "".join(f"{i},p{i % 200},{9 + i // 200}\n" for i in range(400))


def sizes(root: Path) -> pl.DataFrame:
    query = "select who, month >= 10 as is_inside, _split, _unused from t order by who, month"
    return gm.sql(query, project=root)


def test_people_kept_apart_everywhere_are_held_back_where_their_split_is_not_and_counted(
    make_project, run_project
) -> None:
    root = make_project({"t.yaml": POOLED % ""}, {"t.csv": MONTHS})
    result = run_project(root).datasets[0]
    rows = sizes(root)
    assert result.status == "published"
    assert result.unused == [{"reason": "held back", "n_rows": 200, "n_unlabelled": 0}]
    assert said(result, "SPLIT1") == [
        ("warn", "200 rows in splits + 200 unused = 400 accepted; 200 of them held back (50.0%)")
    ]
    placed = rows.filter(pl.col("_split").is_not_null())
    assert placed["who"].n_unique() == placed.height == 200
    assert set(placed.filter("is_inside")["_split"]) == {"dev", "test"}
    assert set(placed.filter(~pl.col("is_inside"))["_split"]) == {"train", "train_dev"}
    assert set(rows.filter(pl.col("_split").is_null())["_unused"]) == {"held back"}


def test_people_kept_apart_within_each_pool_are_all_used(make_project, run_project) -> None:
    root = make_project({"t.yaml": POOLED % ", apart: pool"}, {"t.csv": MONTHS})
    result = run_project(root).datasets[0]
    rows = sizes(root)
    assert (result.status, result.unused) == ("published", [])
    assert said(result, "LEAK1") == [
        (
            "pass",
            "0 of 200 entities are in two splits of one pool; 200 are in both pools, as `apart: pool` allows",
        )
    ]
    assert set(rows.filter("is_inside")["_split"]) == {"dev", "test"}
    assert set(rows.filter(~pl.col("is_inside"))["_split"]) == {"train", "train_dev"}


def test_a_row_without_entity_is_unused_and_says_why(make_project, run_project) -> None:
    text = "id,who,x\n" + "".join(f"{i},{'' if i % 10 == 0 else f'p{i}'},{i}\n" for i in range(200))
    root = make_project({"t.yaml": "source: t.csv\nkey: id\nsplits: {entity: who}\n"}, {"t.csv": text})
    result = run_project(root).datasets[0]
    assert result.status == "published"
    assert result.unused == [{"reason": "no entity", "n_rows": 20, "n_unlabelled": 0}]
    assert said(result, "SPLIT1") == [("pass", "180 rows in splits + 20 unused = 200 accepted")]
    unused = gm.sql("select count(*), min(_unused), max(_unused), count(_split) from t where who is null", project=root)
    assert unused.rows() == [(20, "no entity", "no entity", 0)]


def test_copies_of_a_row_share_a_split_without_a_key_and_none_leaks(make_project, run_project) -> None:
    once = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(100))
    text = "a,b,y\n" + once + "".join(f"{i},{i % 7},{j % 2}\n" for i in range(10) for j in range(99))
    root = make_project({"t.yaml": "source: t.csv\ntarget: y\n"}, {"t.csv": text})
    result = run_project(root).datasets[0]
    assert (result.status, result.n_rows_accepted) == ("published", 1090)
    assert said(result, "LEAK2") == [("pass", "no row has a copy in another split, by 2 columns")]
    copies = gm.sql(
        "select a, count(*), count(distinct split) from t group by a having count(*) > 1", project=root
    ).rows()
    assert sorted(copies) == [(i, 100, 1) for i in range(10)]
    assert set(gm.sql("select distinct split from t", project=root)["split"]) == {"train", "dev", "test"}


def test_copies_under_different_keys_are_warned_of_unless_chance_makes_as_many(make_project, run_project) -> None:
    text = "id,a,b\n" + "".join(f"{i},{i // 2},{i // 2}\n" for i in range(200))
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": text})
    [(outcome, seen)] = said(run_project(root).datasets[0], "LEAK2")
    assert (outcome, seen.split(" have ")[1]) == ("warn", "a copy in another split, by 2 columns")


def test_copies_under_different_keys_are_told_of_when_splits_part_them(make_project, run_project) -> None:
    text = "id,a\n" + "".join(f"{i},{i % 4}\n" for i in range(200))
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": text})
    result = run_project(root).datasets[0]
    assert result.status == "published"
    [(outcome, seen)] = said(result, "LEAK2")
    assert outcome == "cannot_tell"
    assert seen.startswith("200 rows (4 different) have a copy in another split, by 1 column: ")


def test_rows_that_nothing_tells_apart_are_refused(make_project, place) -> None:
    root = make_project({"t.yaml": "source: t.csv\ntarget: y\n"}, {"t.csv": "y\n1\n0\n"})
    with pytest.raises(IdentityAbsent, match=r"^Nothing tells rows of 't' apart: it has 'y', no key and no entity"):
        place(root)


def test_a_number_beyond_the_largest_integer_is_told_with_the_way_out(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.parquet\nkey: id\n"})
    pl.DataFrame({"id": [1, 2**63]}, schema={"id": pl.UInt64}).write_parquet(root / "t.parquet")
    result = run_project(root).datasets[0]
    assert result.status == "failed"
    assert "9223372036854775808" in result.error
    assert result.hint == (
        "a value does not fit the type of its column: let the query cast it, to DECIMAL(38, 0) or VARCHAR say"
    )
    (root / "datasets" / "t.yaml").write_text("source: t.parquet\nquery: select id::VARCHAR as id from t\n", "utf-8")
    assert run_project(root).datasets[0].status == "published"
