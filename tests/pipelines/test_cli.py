"""The command line: exit codes, errors and help, each by a real project."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import COMMANDS
from pipelines.help_texts import SECTIONS
from warehouse.client import Warehouse
from warehouse.settings import read_settings

Gristmill = Callable[..., Any]


def append(file: Path, text: str) -> None:
    file.write_text(file.read_text("utf-8") + text, "utf-8")


# Exit codes


def test_a_run_that_publishes_ends_with_0_also_with_warnings(shop: Path, gristmill: Gristmill) -> None:
    ran = gristmill("run")
    assert ran.code == 0
    assert ran.out.startswith("churn  v1  300 rows in = 299 accepted + 1 rejected (1 without label)\n")
    assert "  findings 3 warnings: " in ran.out
    assert ran.err == ""


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
    (("sql", "selec 1"), "query", "DuckDB's SQL is meant"),
    (("sql", "from chrun"), "not_found", "did you mean 'churn'?"),
    (("show", "chrun"), "not_found", "did you mean 'churn'?"),
    (("rejected", "chrun"), "not_found", "did you mean 'churn'?"),
    (("demo", "datasets"), "settings", "name a new folder"),
    (("add", "nowhere/nothing.csv"), "unreadable", "check the path; it is taken from the project's folder"),
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
            "where": {"file": "datasets" if words[0] == "demo" else None, "line": None, "key": None},
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
            " not_features, contract, splits, shift, task, positive, metric, human_level, models, schedule, watch,"
            " breaking",
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


def test_a_folder_that_cannot_be_written_is_no_fault_of_ours(
    make_project, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    root = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": "a\n1\n"})
    (root / ".gristmill").write_text("a file where the folder is to be", "utf-8")
    monkeypatch.chdir(root)
    told = json.loads(gristmill("run", "--json").out)["error"]
    assert told["code"] == "fault"
    assert told["hint"] == "the project's folder must have room and be writable: see to that and call it again"


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
