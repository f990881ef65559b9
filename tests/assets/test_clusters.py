"""Rows that belong together are placed together, and stay where they are as rows arrive."""

from __future__ import annotations

from pathlib import Path

import gristmill as gm
import numpy as np
import polars as pl
import pytest


def table(root: Path) -> pl.DataFrame:
    return gm.sql("select *, _entity, _split, _bucket, _unused from t", project=root).sort("id")


def publish(run_project, root: Path):
    (result,) = run_project(root).datasets
    assert result.status == "published", [f for f in result.findings if f["outcome"] == "fail"]
    return result


def said(result, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


LINKED = "source: 't*.csv'\nkey: id\nsplits: {clusters: {linked_by: [user, device]}}\n"


def test_rows_linked_by_any_of_several_columns_are_one_cluster(make_project, place) -> None:
    rows = "id,user,device\n1,u1,d1\n2,u2,d1\n3,u2,d2\n4,u3,d3\n5,,d3\n6,,\n"
    root = make_project({"t.yaml": LINKED}, {"t.csv": rows})

    place(root)

    assert table(root)["_entity"].to_list() == ["device:d1"] * 3 + ["device:d3"] * 2 + ["_row:6"]


def people(first: int, n: int, seed: int) -> str:
    """Rows of users, some of whom share a device."""
    rng = np.random.default_rng(seed)
    lines = [f"{i},u{rng.integers(0, 150)},d{rng.integers(0, 2000)}" for i in range(first, first + n)]
    return "id,user,device\n" + "\n".join(rng.permutation(lines)) + "\n"


def moved(before: pl.DataFrame, after: pl.DataFrame) -> int:
    both = before.join(after, on="id", how="left", suffix="_after")
    columns = ("_entity", "_split", "_bucket", "_unused")
    return both.filter(~pl.all_horizontal(pl.col(c).eq_missing(pl.col(f"{c}_after")) for c in columns)).height


def test_no_old_row_moves_as_rows_arrive_and_bridges_are_unused(make_project, run_project) -> None:
    root = make_project({"t.yaml": LINKED}, {"t0.csv": people(0, 200, 0)})
    publish(run_project, root)
    before = table(root)
    n_bridges = 0

    for i, n in enumerate((2, 500)):
        (root / f"t{i + 1}.csv").write_text(people(len(before), n, i + 1), "utf-8")
        result = publish(run_project, root)
        after = table(root)
        assert moved(before, after) == 0
        for column in ("user", "device"):
            placed = after.filter(pl.col("_split").is_not_null() & pl.col(column).is_not_null())
            assert placed.group_by(column).agg(pl.col("_split").n_unique())["_split"].max() == 1
        n_bridges = after.filter(pl.col("_unused") == "bridge").height
        [(outcome, seen)] = said(result, "SPLIT6")
        assert outcome == ("warn" if n_bridges else "pass")
        assert not n_bridges or seen.startswith(f"{n_bridges:,} row")
        assert {outcome for outcome, _ in said(result, "LEAK7")} == {"pass"}
        before = after
    assert n_bridges > 0


@pytest.mark.slow
def test_a_blocked_build_places_nobody(make_project, run_project) -> None:
    yaml = LINKED + "contract: {columns: {id: {max: 90, severity: block}}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,user,device\n99,b,a\n"})
    assert run_project(root).datasets[0].status == "blocked"
    (root / "t.csv").write_text("id,user,device\n1,b,c\n", "utf-8")

    publish(run_project, root)

    assert table(root)["_entity"].to_list() == ["device:c"]


TEXTS = """
source: 't*.csv'
key: id
splits: {clusters: {text: body, numbers: [x, y, z]}}
"""


def messages(first: int, n: int, seed: int, *, copies: int = 0) -> str:
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(first, first + n):
        j = i % first if first and i < first + copies else i  # a copy, in other words, of an old row
        of_row = np.random.default_rng(j)
        words = [f"w{of_row.integers(0, 5000)}" for _ in range(10)]
        x, y, z = of_row.normal(size=3) + (rng.normal(size=3) * 1e-5 if j != i else 0)
        body = " ".join(rng.permutation(words)).upper() if j != i else " ".join(words)
        lines.append(f"{i},{body},{x},{y},{z}")
    return "id,body,x,y,z\n" + "\n".join(rng.permutation(lines)) + "\n"


def test_near_copies_join_the_cluster_of_their_original(make_project, run_project) -> None:
    root = make_project({"t.yaml": TEXTS}, {"t0.csv": messages(0, 120, 0)})
    publish(run_project, root)
    before = table(root)
    (root / "t1.csv").write_text(messages(120, 80, 1, copies=40), "utf-8")

    result = publish(run_project, root)

    after = table(root)
    assert moved(before, after) == 0
    assert after["_entity"][120:160].to_list() == before["_entity"][:40].to_list()
    assert [outcome for outcome, _ in said(result, "LEAK5")] == ["pass", "pass", "pass"]
    assert said(result, "LEAK5")[0][1].startswith("no row has nearly the same body")
    assert "or with a sign turned" in said(result, "LEAK5")[2][1]


@pytest.mark.slow
def test_an_entity_is_one_more_link(make_project, place) -> None:
    yaml = "source: t.csv\nkey: id\nsplits: {entity: user, clusters: {linked_by: device}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,user,device\n1,u1,d1\n2,u1,d2\n3,u2,d2\n4,u3,d9\n"})

    place(root)

    assert table(root)["_entity"].to_list() == ["_entity:u1"] * 3 + ["_entity:u3"]


@pytest.mark.slow
def test_within_pools_a_cluster_may_be_in_both(make_project, run_project) -> None:
    yaml = LINKED.replace("{clusters", "{evaluate_on: id >= 100, apart: pool, clusters")
    root = make_project({"t.yaml": yaml}, {"t.csv": people(0, 200, 0)})

    result = publish(run_project, root)

    assert {outcome for outcome, _ in said(result, "LEAK7")} == {"pass"}
    assert table(root)["_unused"].null_count() == 200


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.01, 0.5, 10.0])
def test_of_3_000_rows_none_moves_when_many_arrive(make_project, place, share: float) -> None:
    root = make_project({"t.yaml": TEXTS.replace("{text", "{linked_by: body, text")}, {"t0.csv": messages(0, 3_000, 0)})
    place(root)
    before = table(root)
    (root / "t1.csv").write_text(messages(3_000, int(3_000 * share), 1, copies=1_000), "utf-8")

    place(root)

    assert moved(before, table(root)) == 0


def test_what_no_cluster_promises_is_still_asked_and_warns(make_project, run_project) -> None:
    x = np.random.default_rng(0).normal(size=(120, 2))
    x = np.vstack([x, x[:60] * [1, -1]])  # turned signs, which `numbers` does not bring together
    mails = [f"m{i % 174}@mail.example" for i in range(180)]  # six pairs of users share one
    rows = pl.DataFrame(
        {"id": range(180), "user": [f"u{i}" for i in range(180)], "mail": mails, "a": x[:, 0], "b": x[:, 1]}
    )
    yaml = "source: t.csv\nkey: id\nsplits: {clusters: {linked_by: user, numbers: [a, b]}}\n"
    root = make_project({"t.yaml": yaml})
    rows.write_csv(root / "t.csv")

    result = publish(run_project, root)

    near, names = said(result, "LEAK5"), said(result, "LEAK7")
    assert [outcome for outcome, _ in near] == ["pass", "warn"]
    assert "or with a sign turned" in near[1][1]
    assert [outcome for outcome, _ in names] == ["pass", "warn"]
    assert names[0][1].startswith("by user: 0 of 180 values")
    assert "of mail" in names[1][1]


MADE = "source: 't*.csv'\nkey: id\nsplits: {derived_from: parent_id}\n"


def test_a_row_goes_where_the_row_goes_that_it_was_made_from_at_first(make_project, run_project) -> None:
    rows = "id,parent_id,x\n1,,0\n2,1,0\n3,2,0\n4,,0\n5,5,0\n6,7,0\n7,6,0\n"
    root = make_project({"t.yaml": MADE}, {"t.csv": rows})

    result = publish(run_project, root)

    assert table(root)["_entity"].to_list() == ["1", "1", "1", "4", "5", "6", "6"]
    assert said(result, "LEAK14")[0][0] == "pass"


@pytest.mark.slow
def test_a_row_whose_origin_is_missing_blocks_until_it_is_there(make_project, run_project) -> None:
    root = make_project({"t.yaml": MADE}, {"t.csv": "id,parent_id,x\n2,1,0\n3,2,0\n9,,0\n"})
    (blocked,) = run_project(root).datasets
    (root / "t2.csv").write_text("id,parent_id,x\n1,,0\n", "utf-8")

    result = publish(run_project, root)

    assert blocked.blocked_by == ["LEAK14"]
    assert said(blocked, "LEAK14")[0][1].endswith("of 1 row the origin is not there")
    assert table(root)["_entity"].to_list() == ["1", "1", "1", "9"]
    assert said(result, "LEAK14")[0][0] == "pass"


@pytest.mark.slow
def test_who_was_in_train_before_there_were_clusters_is_in_no_test_set_after(make_project, place) -> None:
    root = make_project({"t.yaml": "source: 't*.csv'\nkey: id\n"}, {"t.csv": people(0, 200, 0)})
    place(root)
    trained = table(root).filter(pl.col("_split") == "train")["id"]
    (root / "datasets" / "t.yaml").write_text(LINKED, "utf-8")

    place(root)

    after = table(root)
    assert after.filter(pl.col("id").is_in(trained.implode()) & pl.col("_split").is_in(["dev", "test"])).is_empty()
    assert after.filter(pl.col("_unused") == "trained on").height > 0
