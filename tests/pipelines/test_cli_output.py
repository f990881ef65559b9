"""What commands give to scripts: `--json` against golden/, and the rows of `sql` in every format.

`GRISTMILL_GOLDEN=write pytest tests/pipelines` writes what `--json` says today into golden/; read the whole diff.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = {"run_id", "model_run_id", "step_id", "seconds", "author", "updated_at", "created_at"}
VOLATILE |= {"authors", "since_at", "first_at", "last_at", "widened_low", "widened_high"}
# Figures of models are compared in tests of their own: other libraries give other last digits.
VOLATILE |= {"estimate", "low", "high", "value", "verdict", "remedy", "why", "first_fix"}
Gristmill = Callable[..., Any]


def masked(facts: Any) -> Any:
    if isinstance(facts, dict):
        if facts.get("code") == "TEST1":  # says who and when
            facts = facts | {"seen": re.sub(" by .* since [0-9-]+", " by <whom> since <when>", facts["seen"])}
        return {key: "<volatile>" if key in VOLATILE else masked(value) for key, value in facts.items()}
    return [masked(one) for one in facts] if isinstance(facts, list) else facts


def compare(printed: str, name: str) -> None:
    told = json.dumps(masked(json.loads(printed)), indent=2) + "\n"
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("GRISTMILL_GOLDEN") == "write":
        golden.write_text(told, "utf-8")
    assert told == golden.read_text("utf-8")


def test_json_of_run(shop: Path, gristmill: Gristmill) -> None:
    compare(gristmill("run", "--json").out, "run")


def test_json_of_a_run_that_blocks(shop: Path, gristmill: Gristmill) -> None:
    with (shop / "churn.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{i},Bern,-5,2024-01-01,0\n" for i in range(1000, 1100))
    compare(gristmill("run", "--json").out, "run_that_blocks")


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("history", "churn"),
        ("splits", "churn"),
        ("show", "churn"),
        ("rejected", "churn"),
        ("diagnose", "churn"),
    ],
)
def test_json_of(words: tuple[str, ...], reading: Path, gristmill: Gristmill) -> None:
    printed = gristmill(*words, "--json")
    assert (printed.code, printed.err) == (0, "")
    compare(printed.out, words[0])


def test_findings_of_a_run_have_one_shape_whether_it_publishes_or_blocks() -> None:
    keys = [
        {frozenset(finding) for finding in json.loads((GOLDEN / name).read_text("utf-8"))["datasets"][0]["findings"]}
        for name in ("run.json", "run_that_blocks.json")
    ]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 1


# sql

VALUES = (
    "select * from (values (1, 'Zürich', date '2024-02-29', 1.5::double), (2, null, null, null)) t (n, city, day, x)"
)
ROWS = [
    {"n": 1, "city": "Zürich", "day": dt.date(2024, 2, 29), "x": 1.5},
    {"n": 2, "city": None, "day": None, "x": None},
]
READERS: dict[str, Callable[[io.BytesIO], pl.DataFrame]] = {
    "csv": lambda file: pl.read_csv(file, try_parse_dates=True),
    "parquet": pl.read_parquet,
    "arrow": pl.read_ipc_stream,
}


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_sql_gives_the_same_rows_in_every_format(
    form: str, reading: Path, tmp_path: Path, gristmill: Gristmill
) -> None:
    printed = gristmill("sql", VALUES, "--format", form)
    assert printed.code == 0
    assert READERS[form](io.BytesIO(printed.stdout)).to_dicts() == ROWS
    written = gristmill("sql", VALUES, "--format", form, "-o", str(tmp_path / "out"))
    assert (written.code, written.stdout) == (0, b"")
    assert READERS[form](io.BytesIO((tmp_path / "out").read_bytes())).to_dicts() == ROWS


def test_sql_as_json_has_columns_and_rows(reading: Path, gristmill: Gristmill) -> None:
    printed = gristmill("sql", VALUES, "--format", "json")
    assert json.loads(printed.out) == {
        "schema_version": 1,
        "columns": ["n", "city", "day", "x"],
        "rows": [
            {"n": 1, "city": "Zürich", "day": "2024-02-29", "x": 1.5},
            {"n": 2, "city": None, "day": None, "x": None},
        ],
    }
    assert gristmill("sql", VALUES, "--json").out == printed.out


def test_sql_as_json_of_no_rows_is_json(reading: Path, gristmill: Gristmill) -> None:
    assert json.loads(gristmill("sql", "select id from churn where id < 0", "--json").out)["rows"] == []


def test_sql_as_json_stays_json_where_a_number_is_not_one(reading: Path, gristmill: Gristmill) -> None:
    printed = gristmill("sql", "select 'nan'::double as x, 'inf'::double as y", "--json")

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    assert list(json.loads(printed.out, parse_constant=refuse)["rows"][0]) == ["x", "y"]


def test_sql_reads_splits_versions_rejected_rows_and_meta(reading: Path, gristmill: Gristmill) -> None:
    def one(query: str) -> Any:
        (row,) = json.loads(gristmill("sql", query, "--json").out)["rows"]
        return row

    assert one("select count(*) as n from churn") == {"n": 299}
    assert one("select count(*) as n from churn_v1") == {"n": 299}
    assert one("select count(*) filter (split = 'dev') - (select count(*) from churn.val) as n from churn") == {"n": 0}
    assert one("select rules from rejected.churn") == {"rules": ["spent.min"]}
    assert one("select dataset, version from meta.versions") == {"dataset": "churn", "version": 1}


def test_a_sum_of_integers_is_a_number_in_json(reading: Path, gristmill: Gristmill) -> None:
    printed = gristmill("sql", "select sum(n) as n from (values (1), (2)) t (n)", "--json")
    assert json.loads(printed.out)["rows"] == [{"n": 3}]


def test_sql_as_csv_writes_lists_structs_and_bytes_as_json(reading: Path, gristmill: Gristmill) -> None:
    printed = gristmill("sql", "select [1, 2] as l, {'a': 1} as s, 'x'::blob as b", "--format", "csv")
    assert printed.out.splitlines() == ['"l","s","b"', '"[1, 2]","{""a"": 1}","""78"""']


def test_sql_as_json_keeps_every_column_of_one_name(reading: Path, gristmill: Gristmill) -> None:
    told = json.loads(gristmill("sql", "select 1 as a, 2 as a", "--json").out)
    assert (told["columns"], told["rows"]) == (["a", "a_1"], [{"a": 1, "a_1": 2}])


def test_sql_says_true_and_false_as_sql_does(reading: Path, gristmill: Gristmill) -> None:
    assert gristmill("sql", "select true as a, false as b").out.split()[-2:] == ["true", "false"]


def test_times_on_a_terminal_are_to_the_minute_and_in_json_to_the_microsecond(
    reading: Path, gristmill: Gristmill
) -> None:
    for words in (("list",), ("show", "churn"), ("history", "churn"), ("status",)):
        printed = gristmill(*words).out
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", printed), printed
        assert not re.search(r"\d\d:\d\d:\d\d", printed), printed


def test_the_only_version_is_said_to_have_none_before_it(reading: Path, gristmill: Gristmill) -> None:
    assert gristmill("shift", "churn", "--by", "version").err.strip() == "there is no earlier version"
