"""Splits that were made elsewhere: taken from a column or a file, checked like any other."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from assets.plan import parts_of
from assets.project import Project

ROWS = "id,customer,amount,part\n1,a,10,train\n2,b,20,Train\n3,c,30,val\n4,d,40,test\n5,e,50,\n6,f,60,holdout\n"


def places(frame: pl.DataFrame) -> dict[int, str]:
    return {row["id"]: row["_split"] or row["_unused"] for row in frame.to_dicts()}


def seen(result: Any, code: str) -> list[tuple[str, str]]:
    return [(f["outcome"], f["seen"]) for f in result.findings if f["code"] == code]


def parts(versions: Any) -> dict[str, str]:
    return parts_of(Project.open(versions.root).dataset(versions.name), versions.warehouse.meta)


def test_a_column_names_the_splits_in_large_and_small_letters(make_versions) -> None:
    versions = make_versions("source: HERE/*.csv\nkey: id\nsplits: {predefined: part}\n")
    versions.write("a.csv", ROWS)
    assert places(versions.publish()) == {
        1: "train", 2: "train", 3: "dev", 4: "test", 5: "no split named", 6: "unknown split name",
    }  # fmt: skip
    assert versions.facts == {"predefined": {"unknown": [["holdout", 1]], "n_unnamed": 1}}


def test_a_column_called_split_is_published_as_our_own_and_is_no_feature(make_versions) -> None:
    versions = make_versions("source: HERE/*.csv\nkey: id\nsplits: {predefined: split}\n")
    versions.write("a.csv", ROWS.replace("part", "split").replace("holdout", "test"))
    found = versions.publish()
    assert found.columns == ["id", "customer", "amount", "_entity", "_split", "_bucket", "_unused", "split"]
    assert found["split"].to_list() == ["train", "train", "dev", "test", None, "test"]


def test_a_file_of_keys_names_the_splits_and_its_content_is_part_of_the_version(make_versions) -> None:
    text = "source: HERE/*.csv\nkey: [id, customer]\nsplits: {predefined: {file: HERE/keys.txt, split: fold}}\n"
    versions = make_versions(text)
    versions.write("a.csv", "id,customer,amount\n01,a,10\n02,b,20\n03,c,30\n04,d,40\n".replace("0", "00"))
    # As numbers both are the same; as the dataset has them, texts, the last one is another.
    versions.write("keys.txt", "customer,id,fold\na,001,train\nb,002,test\nc,003,dev\nc,003,DEV\ne,5,test\n")
    versions.say(text + "contract: {columns: {id: string}}\n")
    found = versions.publish()
    assert dict(found.select("id", "_split").rows()) == {"001": "train", "002": "test", "003": "dev", "004": None}
    assert versions.facts["predefined"] == {
        "n_unread": 0, "n_named_twice": 0, "n_without_row": 1, "unknown": [], "n_unnamed": 1,
    }  # fmt: skip
    before = parts(versions)
    versions.write("keys.txt", "customer,id,fold\na,001,train\nb,002,test\nc,003,dev\nd,004,test\nd,004,dev\n")
    assert {name for name, part in parts(versions).items() if part != before[name]} == {"splits"}
    found = versions.publish()
    assert found.filter(id="004")["_unused"].to_list() == ["named twice"]
    assert versions.facts["predefined"]["n_named_twice"] == 1


@pytest.mark.slow
def test_a_file_may_name_the_split_of_each_entity(make_versions) -> None:
    said = "splits: {entity: customer, predefined: {file: HERE/keys.parquet, split: part}}"
    versions = make_versions(f"source: HERE/*.csv\nkey: id\n{said}\n")
    versions.write("a.csv", "id,customer\n1,7\n2,7\n3,8\n")
    keys = pl.DataFrame({"customer": ["7", "8"], "part": ["train", "valid"]})
    keys.write_parquet(versions.root / versions.name / "keys.parquet")
    assert places(versions.publish()) == {1: "train", 2: "train", 3: "dev"}


def test_copies_of_an_earlier_split_are_held_back_where_the_file_asks_for_it(make_versions) -> None:
    text = "source: HERE/*.csv\nkey: id\nsplits: {predefined: part, identical: hold_back}\n"
    versions = make_versions(text)
    copies = [(1, 5, "train"), (2, 5, "test"), (3, 6, "dev"), (4, 6, "test"), (5, 6, "dev"), (6, 7, "test")]
    versions.write("a.csv", "id,amount,part\n" + "".join(f"{i},{x},{part}\n" for i, x, part in copies))
    found = versions.publish()
    assert places(found) == {1: "train", 2: "copy in train", 3: "dev", 4: "copy in dev", 5: "dev", 6: "test"}
    versions.say(text.replace(", identical: hold_back", ""))
    found = versions.publish()
    assert places(found) == {1: "train", 2: "test", 3: "dev", 4: "test", 5: "dev", 6: "test"}


def test_a_row_that_was_train_is_not_test_when_the_column_says_so_later(make_versions) -> None:
    versions = make_versions("source: {path: HERE/*.csv, mode: replace}\nkey: id\nsplits: {predefined: part}\n")
    versions.write("a.csv", ROWS)
    versions.publish()
    for version in (2, 3):  # and not the version after either, when train of the one before it lacks the row
        versions.write(
            "a.csv", ROWS.replace("1,a,10,train", "1,a,10,test").replace("4,d,40,test", f"4,d,4{version},dev")
        )
        assert places(versions.publish()) | {5: "", 6: ""} == {
            1: "trained on",
            2: "train",
            3: "dev",
            4: "dev",
            5: "",
            6: "",
        }
    versions.say(
        "source: {path: HERE/*.csv, mode: replace}\nkey: id\nsplits: {predefined: part, allow_trained: a new start}\n"
    )
    assert places(versions.publish())[1] == "test"


def test_unknown_names_and_copies_block(make_project, run_project) -> None:
    rows = "id,customer,amount,part\n1,a,10,train\n2,b,10,test\n3,a,30,test\n4,b,40,holdout\n5,b,40,holdout\n"
    said = "source: a.csv\nkey: id\nsplits: {entity: customer, predefined: part}\n"
    result = run_project(make_project({"a.yaml": said}, {"a.csv": rows})).datasets[0]
    assert (result.status, result.blocked_by) == ("blocked", ["LEAK1", "LEAK2", "SPLIT9"])
    known = "train, train_dev, dev, test, val, valid, validation"
    assert seen(result, "SPLIT9") == [("fail", f"no split is called 'holdout' (2 rows); known are {known}")]
    assert seen(result, "LEAK2") == [("fail", "2 rows (1 different) have a copy in another split, by 1 column")]
