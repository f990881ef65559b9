"""The command line: exit codes, errors, `--json` and help, each by a real project.

`GRISTMILL_GOLDEN=write pytest tests/pipelines` writes what `--json` says today into golden/; read every line of the diff.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.cli import COMMANDS
from pipelines.help_texts import SECTIONS
from warehouse.client import Warehouse
from warehouse.settings import read_settings

GOLDEN = Path(__file__).parent / "golden"
VOLATILE = {"run_id", "step_id", "seconds", "author", "updated_at", "created_at"}
Gristmill = Callable[..., Any]


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text("utf-8") + text, "utf-8")


# Exit codes


def test_a_run_that_publishes_ends_with_0(shop: Path, gristmill: Gristmill) -> None:
    ran = gristmill("run")
    assert ran.code == 0
    assert ran.out.startswith("churn  v1  300 rows in = 299 accepted + 1 rejected (1 without label)\n")
    assert ran.err == ""


def test_a_run_with_warnings_ends_with_0(shop: Path, gristmill: Gristmill) -> None:
    ran = gristmill("run")
    assert "findings 1 warning: 1 of 300 rows" in ran.out
    assert ran.code == 0


def test_a_run_whose_file_is_missing_ends_with_1(shop: Path, gristmill: Gristmill) -> None:
    (shop / "churn.csv").unlink()
    ran = gristmill("run")
    assert ran.code == 1
    assert "churn  failed: Cannot read 'churn.csv': there is no such file" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("run",),  # its YAML is wrong
        ("run", "churn"),
        ("check",),
        ("sql", "selec 1"),
        ("runn",),
        ("list", "--bogus"),
        ("show",),
        ("sql", "select 1", "--format", "xlsx"),
    ],
)
def test_a_wrong_command_query_or_yaml_ends_with_2(words: tuple[str, ...], shop: Path, gristmill: Gristmill) -> None:
    append(shop / "datasets" / "churn.yaml", "colour: red\n")
    assert gristmill(*words).code == 2


def test_too_many_rejected_rows_end_with_3_and_readers_keep_the_version(published: Path, gristmill: Gristmill) -> None:
    append(published / "churn.csv", "".join(f"{i},Bern,-5,2024-01-01,0\n" for i in range(1000, 1100)))
    ran = gristmill("run")
    assert ran.code == 3
    assert "blocks   CONTRACT4 101 of 400 rows rejected" in ran.out
    assert "readers still have version 1" in ran.out
    counted = gristmill("sql", "select count(*) as n, max(id) as last from churn", "--json")
    assert json.loads(counted.out)["rows"] == [{"n": 299, "last": 299}]
    assert json.loads(gristmill("list", "--json").out)["datasets"][0]["status"] == "blocked"


def test_a_copy_of_the_target_among_the_features_ends_with_3(published: Path, gristmill: Gristmill) -> None:
    append(published / "datasets" / "churn.yaml", "query: select *, churned = 1 as has_left from churn\n")
    ran = gristmill("run")
    assert ran.code == 3
    assert "blocks   LEAK3 has_left determines churned" in ran.out
    assert "has_left" not in gristmill("sql", "describe churn", "--format", "csv").out


@pytest.mark.parametrize(
    "words",
    [
        ("run", "chrun"),
        ("show", "chrun"),
        ("history", "chrun"),
        ("splits", "chrun"),
        ("rejected", "chrun"),
        ("sql", "from chrun"),
        ("sql", "from churn.validate"),
        ("sql", "from churn_v7"),
        ("sql", "from meta.nothing"),
    ],
)
def test_a_name_that_there_is_not_ends_with_4(words: tuple[str, ...], reading: Path, gristmill: Gristmill) -> None:
    assert gristmill(*words).code == 4


def test_outside_a_project_every_look_ends_with_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    monkeypatch.chdir(tmp_path)
    looked = gristmill("list")
    assert looked.code == 4
    assert "a project is a folder with gristmill.toml" in looked.err


def test_a_failure_beats_a_block(shop: Path, gristmill: Gristmill) -> None:
    (shop / "datasets" / "gone.yaml").write_text("source: gone.csv\n", "utf-8")
    append(shop / "churn.csv", "".join(f"{i},Bern,-5,2024-01-01,0\n" for i in range(1000, 1100)))
    ran = gristmill("run", "--json")
    assert [(one["name"], one["status"]) for one in json.loads(ran.out)["datasets"]] == [
        ("churn", "blocked"),
        ("gone", "failed"),
    ]
    assert ran.code == 1


def test_readers_are_told_their_version_when_the_yaml_breaks(published: Path, gristmill: Gristmill) -> None:
    append(published / "datasets" / "churn.yaml", "colour: red\n")
    ran = json.loads(gristmill("run", "--json").out)["datasets"][0]
    assert (ran["status"], ran["version"]) == ("failed", 1)


# Errors


ERRORS = [
    (("sql", "selec 1"), "query", "DuckDB's SQL is meant; try the query with `gristmill sql`"),
    (("sql", "from chrun"), "not_found", "did you mean 'churn'?"),
    (("show", "chrun"), "not_found", "did you mean 'churn'?"),
    (("rejected", "chrun"), "not_found", "did you mean 'churn'?"),
    (("demo", "datasets"), "settings", "name a new folder"),
    (("add", "nothing.csv"), "unreadable", "check the path; it is taken from the project's folder"),
    (("list", "--bogus"), "usage", "`gristmill list --help` shows how it is called"),
    (("runn",), "usage", "did you mean 'run'?"),
]


@pytest.mark.parametrize(("words", "code", "hint"), ERRORS, ids=[" ".join(words) for words, _, _ in ERRORS])
def test_an_error_under_json_has_one_shape(
    words: tuple[str, ...], code: str, hint: str, reading: Path, gristmill: Gristmill
) -> None:
    printed = gristmill(*words, "--json")
    assert printed.code != 0
    assert printed.err == ""
    told = json.loads(printed.out)
    assert told == {
        "schema_version": 1,
        "error": {
            "code": code,
            "message": told["error"]["message"],
            "hint": hint,
            "retry": False,
            "where": {"file": None, "line": None, "key": None},
        },
    }
    assert told["error"]["message"]


def test_a_busy_dataset_says_that_a_retry_helps(published: Path, gristmill: Gristmill) -> None:
    with Warehouse(read_settings(published)) as warehouse, warehouse.lock("churn"):
        ran = gristmill("run", "churn", "--force", "--json")
    (one,) = json.loads(ran.out)["datasets"]
    assert ran.code == 1
    assert one["error"].startswith(f"'churn' is being run by pid {os.getpid()} since ")
    assert one["hint"].startswith("wait for it")


def test_an_error_in_yaml_says_where(shop: Path, gristmill: Gristmill) -> None:
    append(shop / "datasets" / "churn.yaml", "colour: red\n")
    error = json.loads(gristmill("run", "churn", "--json").out)["error"]
    assert error["where"] == {"file": "datasets/churn.yaml", "line": 10, "key": "colour"}
    assert error["code"] == "spec"


def test_an_error_in_settings_says_where(shop: Path, gristmill: Gristmill) -> None:
    append(shop / "gristmill.toml", "[limits]\nthread = 2\n")
    where = json.loads(gristmill("run", "--json").out)["error"]["where"]
    assert (where["file"], where["key"]) == ("gristmill.toml", "limits.thread")


def test_check_under_json_lists_the_problems(shop: Path, gristmill: Gristmill) -> None:
    append(shop / "datasets" / "churn.yaml", "colour: red\n")
    assert json.loads(gristmill("check", "--json").out)["problems"] == [
        {
            "file": "datasets/churn.yaml",
            "line": 10,
            "key": "colour",
            "found": "is not a key",
            "hint": "known here are description, owners, tags, source, sources, query, key, time, target, features,"
            " not_features, contract, splits, breaking",
            "is_warning": False,
        }
    ]


def test_a_fault_of_ours_shows_its_traceback_under_debug_alone(published: Path, gristmill: Gristmill) -> None:
    with sqlite3.connect(published / ".gristmill" / "meta.sqlite") as meta:
        meta.execute("DROP TABLE findings")
    meta.close()
    plain = gristmill("show", "churn")
    assert plain.code == 1
    assert "Traceback" not in plain.err + plain.out
    assert "Hint: this is a fault of Gristmill" in plain.err
    assert "Traceback" in gristmill("--debug", "show", "churn").err


@pytest.mark.parametrize(
    "words",
    [
        ("rejected", "churn", "--limit", "-1"),
        ("sql", "select error('no')"),
        ("sql", "select * from read_csv('nothing.csv')"),
        ("sql", ""),
        ("sql", "from churn", "-o", "no/such/folder.csv"),
        ("history", ""),
    ],
)
def test_a_mistake_at_the_command_line_is_no_fault_of_ours(
    words: tuple[str, ...], reading: Path, gristmill: Gristmill
) -> None:
    printed = gristmill(*words)
    assert printed.code in {2, 4}
    assert "fault of Gristmill" not in printed.err
    assert "Traceback" not in printed.err


# --json


def masked(facts: Any) -> Any:
    if isinstance(facts, dict):
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
    append(shop / "churn.csv", "".join(f"{i},Bern,-5,2024-01-01,0\n" for i in range(1000, 1100)))
    compare(gristmill("run", "--json").out, "run_that_blocks")


@pytest.mark.parametrize(
    "words", [("list",), ("history", "churn"), ("splits", "churn"), ("show", "churn"), ("rejected", "churn")]
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
    {"n": 1, "city": "Zürich", "day": datetime.date(2024, 2, 29), "x": 1.5},
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


# Help


@pytest.mark.parametrize("command", list(COMMANDS))
def test_the_help_of_a_command_has_an_example(command: str, gristmill: Gristmill) -> None:
    printed = gristmill(command, "--help")
    assert printed.code == 0
    assert f"Example: gristmill {command}" in printed.out


def test_help_lists_every_command_with_what_it_does(gristmill: Gristmill) -> None:
    rows = [row for _, section in SECTIONS for row in section]
    assert [name for name, _ in rows] == list(COMMANDS)
    printed = gristmill("--help").out
    for name, text in rows:
        assert f"  {name} " in printed
        assert text in printed


def test_help_names_no_command_that_there_is_not(gristmill: Gristmill) -> None:
    printed = gristmill("flights")
    assert printed.code == 2
    assert "No command named 'flights'." in printed.err
    assert "Did you mean 'status'?" in gristmill("statsu").err
