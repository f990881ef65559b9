"""Shift as people ask for it: `gristmill shift` and `gm.compare`."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gristmill as gm
import numpy as np
import pytest

from checks.errors import CheckError
from pipelines.commands_run import run_project
from warehouse.client import Warehouse
from warehouse.errors import NotFound
from warehouse.schema import COMPARISONS, FINDINGS
from warehouse.settings import read_settings

Gristmill = Callable[..., Any]
LINE = "{},c{},2024-0{}-{:02},{},{:.1f}"


def rows(n_customers: int, *, first: int = 0, spend: float = 0.0) -> str:
    drawn = np.random.default_rng(first)
    return "\n".join(
        LINE.format(
            c * 4 + i, c, drawn.integers(1, 4), drawn.integers(1, 29), drawn.choice(["x", "y"]), drawn.normal(spend)
        )
        for c in range(first, first + n_customers)
        for i in range(4)
    )


@pytest.fixture(scope="module")
def two_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("visits")
    head = "id,customer,day,kind,amount\n"
    yaml = "source: {path: v/*.csv}\nkey: id\ntime: day\nsplits: {entity: customer}\n"
    for file, text in {"gristmill.toml": 'salt = "gristmill"\n', "datasets/visits.yaml": yaml}.items():
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text, "utf-8")
    (root / "v").mkdir()
    for i, (first, spend) in enumerate(((0, 0.0), (500, 1.0))):
        (root / "v" / f"{i}.csv").write_text(head + rows(500, first=first, spend=spend) + "\n", "utf-8")
        assert run_project(root, is_quiet=True).exit_code == 0
    return root


@pytest.fixture
def shop(two_versions: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two versions, for tests that change nothing; the working directory is in it."""
    monkeypatch.chdir(two_versions)
    return two_versions


def test_shift_tells_of_splits_versions_and_months(shop: Path, gristmill: Gristmill) -> None:
    out = gristmill("shift", "visits").out
    assert "! SHIFT4" in out
    assert "\n2,000 rows added since against version 1 (2,000 rows)\n" in out
    assert "\nThe last 28 days against the frozen reference: 2024-" in out
    assert "amount    shifted" in out
    assert "WATCH1" in out
    assert "largest effect (95 % interval)" in out
    by_month = gristmill("shift", "visits", "--by", "month").out
    (march,) = (line for line in by_month.splitlines() if "2024-03" in line)
    assert re.search(
        r"^ *2024-03 +1,\d{3} +0\.\d{3} \(0\.\d{3}-0\.\d{3}\) +\w+ +(shifted|same|cannot tell) +\d *$", march
    )
    assert "SHIFT4" not in by_month
    assert "SHIFT5     Months: " in by_month, "what is said of the whole stands above the months"


def test_shift_by_day_tells_of_the_watch(shop: Path, gristmill: Gristmill) -> None:
    first = gristmill("shift", "visits@1", "--by", "day").out
    assert "visits  version 1" in first
    assert "WATCH1     Days that are not like those before: watching begins after 2024-03-28" in first
    assert "The last 28 of 54 days that were judged, each against all days before it; they were there when" in first
    assert re.search(r"^ *2024-03-28 +\d", first, re.MULTILINE)
    assert "by day: 56 against 28" in first
    facts = json.loads(gristmill("shift", "visits", "--by", "day", "--json").out)
    assert facts["findings"][0]["seen"].startswith("no day came since watching began; 2,000 rows came late for 84 earl")
    assert {"day", "evidence", "is_alarm", "leading"} == set(facts["watch"]["played_back"][-1])
    assert facts["watch"]["columns"] == ["kind", "amount"]


def test_shift_gives_scripts_every_comparison(shop: Path, gristmill: Gristmill) -> None:
    facts = json.loads(gristmill("shift", "visits", "--by", "version", "--json").out)
    (comparison,) = facts["comparisons"]
    assert {"reference", "current", "is_shifted", "declared", "classifier", "columns"} <= set(comparison)
    assert (comparison["reference"], comparison["is_shifted"], comparison["declared"]) == ("version 1", True, False)
    amount = comparison["columns"][0]
    assert amount["column"] == "amount"
    assert {"statistic", "p_value", "p_corrected", "effect", "low", "high", "verdict"} <= set(amount)
    assert amount["low"] < amount["effect"] < amount["high"]


def test_the_page_shows_both_sides_the_effects_and_the_watch(shop: Path) -> None:
    page = (shop / ".gristmill" / "reports" / "visits.html").read_text("utf-8")
    for said in (
        "<title>2,000 rows added since against version 1: effect by column</title>",
        "<desc>Histogram of amount",
        "reference: most between",
        "<title>evidence by day</title>",
        'aria-label="Evidence by day"',
        "are played back: such days never warn",
        "The last 28 days against the frozen reference",
        "counted by customer: 500 against 500, in ",
    ):
        assert said in page, said
    assert "Shares of the levels that changed most" not in page, "pictures are of columns that shifted"
    report = gm.compare("visits@1", "visits@2")
    assert [figure["kind"] for figure in report.figures][:2] == ["effects", "histogram"]


def test_every_face_says_what_to_do_about_a_shift(shop: Path, gristmill: Gristmill) -> None:
    said = "Ask the source what changed in amount (there is more of amount "
    assert said in gristmill("shift", "visits").out
    assert f"What to do: {said}" in gristmill("shift", "visits", "--by", "version").out
    facts = json.loads(gristmill("shift", "visits", "--json").out)
    (told,) = (c for c in facts["comparisons"] if c["kind"] == "versions")
    (found,) = (f for f in facts["findings"] if f["code"] == "SHIFT4")
    assert told["remedy"].startswith(said)
    assert found["advice"] == told["remedy"]
    assert told["columns"][0]["excesses"][0]["current"] > told["columns"][0]["excesses"][0]["reference"]
    page = (shop / ".gristmill" / "reports" / "visits.html").read_text("utf-8")
    assert f"<strong>What to do:</strong> {said}" in page
    assert "What to do: Where a model learns from visits@1 and is used on visits@2" in str(
        gm.compare("visits@1", "visits@2")
    )


def test_splits_and_versions_are_compared_by_name(shop: Path) -> None:
    quiet = gm.compare("visits.train", "visits.dev", classifier=True)
    assert quiet.classifier is not None
    assert (quiet.classifier.n_rows, quiet.classifier.unit) == (quiet.n_reference + quiet.n_current, "customer")
    assert (quiet.reference, quiet.current, quiet.is_shifted) == ("visits.train", "visits.dev", False)
    assert quiet.unit.startswith("customer:")
    grown = gm.compare(gm.dataset("visits@1"), "visits@2")
    assert {c.column: c.why for c in grown.columns}["customer"] == "it is the entity"


def test_which_version_is_named_first_changes_no_p_value(shop: Path) -> None:
    asked = (("visits@1.train", "visits@2.dev"), ("visits@2.dev", "visits@1.train"))
    told, turned = ({c.column: c.p_value for c in gm.compare(*sides).columns} for sides in asked)
    assert told == turned


def test_two_versions_or_splits_are_compared_on_the_command_line_too(shop: Path, gristmill: Gristmill) -> None:
    told = gristmill("shift", "visits@1", "visits@2")
    assert told.code == 0
    assert told.out == f"{gm.compare('visits@1', 'visits@2')}\n"
    facts = json.loads(gristmill("shift", "visits.dev", "visits.test", "--json").out)
    assert (facts["reference"], facts["current"], facts["is_shifted"]) == ("visits.dev", "visits.test", False)
    refused = gristmill("shift", "visits@1", "visits@2", "--by", "day")
    assert (refused.code, "leave out `--by`" in refused.err) == (2, True)
    unknown = gristmill("shift", "visits@1", "visits@9")
    assert (unknown.code, "visits" in unknown.err and "9" in unknown.err) == (4, True)


def test_a_name_is_compared_with_a_frame(shop: Path) -> None:
    frame = gm.dataset("visits").load("train")
    report = gm.compare("visits.dev", frame, entity="customer")
    assert not report.is_shifted
    assert {c.column for c in report.columns} == {"id", "customer", "day", "kind", "amount"}


def test_beside_a_frame_a_dataset_brings_its_entity_and_its_project(shop: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    dev, train = gm.dataset("visits", project=shop), gm.dataset("visits@1", project=shop).load("train")
    report = gm.compare(dev, train)
    assert report.unit.startswith("customer: ")
    lacking = gm.compare(dev, train.drop("customer"))
    assert lacking.unit.startswith("row: ")
    assert "rows of visits@2 belong together by customer, which one side lacks" in lacking.note
    assert gm.compare(dev, train, time="day").unit.startswith("day: ")


def test_two_versions_are_compared_by_day_where_a_time_is_named(shop: Path) -> None:
    assert gm.compare("visits@1", "visits@2", time="day").unit == "day: 84 against 84, swapped in pairs"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"target": "amont"}, "No column named 'amont' is in both tables.|did you mean 'amount'?"),
        ({"target": "split"}, "No column named 'split' is in both tables."),
        ({"time": "kind"}, "Compared by time 'kind': it is string, no date or timestamp."),
        ({"entity": "_bucket"}, "Compared by entity '_bucket': it is a name of Gristmill's own.|rename the column"),
    ],
)
def test_what_is_named_of_a_dataset_is_proved(shop: Path, asked: dict[str, str], words: str) -> None:
    with pytest.raises(CheckError) as caught:
        gm.compare("visits.train", "visits.dev", **asked)
    told = "|".join([str(caught.value), *(note.removeprefix("Hint: ") for note in caught.value.__notes__)])
    assert told.startswith(words)


def test_a_split_that_there_is_not_is_said(shop: Path) -> None:
    with pytest.raises(NotFound, match="trian"):
        gm.compare("visits.trian", "visits.dev")


def test_a_tolerance_may_be_chosen(shop: Path) -> None:
    assert gm.compare("visits@1", "visits@2", tolerance=0.02).is_shifted
    assert not gm.compare("visits@1", "visits@2", tolerance=0.9).is_shifted


def test_a_build_that_is_held_back_is_shown_as_a_version_is(
    two_versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    """Both gates hold it back: a day that is new is unlike the days before, and the rows are unlike those of before."""
    shutil.copytree(two_versions, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    assert gristmill("shift", "visits", "--held-back").err.splitlines() == [
        "Error: the build of 'visits' that is held back: its newest build is not held back.",
        "Hint: `gristmill shift visits` shows the version that readers have",
    ]
    yaml = tmp_path / "datasets" / "visits.yaml"
    yaml.write_text(yaml.read_text("utf-8") + "shift: {on_shift: block}\n", "utf-8")
    late = rows(100, first=1_000, spend=9.0).replace("2024-0", "2025-0")
    (tmp_path / "v" / "2.csv").write_text(f"id,customer,day,kind,amount\n{late}\n", "utf-8")
    ran = gristmill("run", "visits")
    assert (ran.code, "`gristmill shift visits --held-back` shows what differs" in ran.out) == (3, True)

    shown = gristmill("shift", "visits")
    assert "visits  version 2" in shown.out
    assert "A newer build is held back by SHIFT4, WATCH1: `gristmill shift visits --held-back`" in shown.err
    held = gristmill("shift", "visits", "--held-back").out
    assert held.startswith("visits  held back by SHIFT4, WATCH1\n")
    assert "✗ SHIFT4" in held
    assert "400 rows added since against version 2 (4,000 rows)" in held
    assert re.search(r"amount +shifted +0\.9\d\d +0\.\d{3}-", held)
    facts = json.loads(gristmill("shift", "visits", "--held-back", "--by", "day", "--json").out)
    assert (facts["version"], facts["held_back_by"]) == (None, ["SHIFT4", "WATCH1"])
    assert facts["watch"]["judged"][-1]["day"].startswith("2025-03")
    assert json.loads(gristmill("shift", "visits", "--json").out)["held_back_by"] == ["SHIFT4", "WATCH1"]


def test_a_version_of_an_older_release_is_said_to_have_nothing_compared(
    two_versions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gristmill: Gristmill
) -> None:
    shutil.copytree(two_versions, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    with Warehouse(read_settings(tmp_path)) as warehouse:
        audit_id = warehouse.meta.versions("visits")[-1].audit_id
        warehouse.meta.set_rows(COMPARISONS, {"step_id": audit_id}, [])
        warehouse.meta.set_rows(FINDINGS, {"step_id": audit_id}, [])
    assert "`gristmill run visits --force` audits the data anew" in gristmill("shift", "visits").err
