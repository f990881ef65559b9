"""A dataset that grows by days: its counts add up, each new day is judged once, and an alarm warns or blocks."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from assets import watch as watching
from assets.day_profile import Known
from assets.project import Project
from checks.day_counts import HASHES, count_days
from checks.watching import ALARM_AT
from warehouse.client import Warehouse
from warehouse.schema import DAYS, WATCHED
from warehouse.tables import version_sql

YAML = "source: {path: t/*.csv}\nkey: id\ntime: day\n"
HEAD = "id,day,kind,part,amount\n"
FIRST = date(2024, 1, 1)
N_A_DAY = 12


def sales(first: int, last: int, *, shift: float = 0.0, start: int = 0) -> str:
    """Rows of the days numbered `first` to `last` less one; `kind` has 2 levels, `part` 50."""
    drawn = np.random.default_rng(first)
    lines = []
    for number in range(first, last):
        for i in range(N_A_DAY):
            row = start or number * N_A_DAY
            kind, part = drawn.choice(["x", "y"]), drawn.integers(50)
            lines.append(f"{row + i},{FIRST + timedelta(number)},{kind},p{part},{drawn.normal(shift):.3f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def shop(make_project, run_project) -> Path:
    root = make_project({"t.yaml": YAML}, {"t/1.csv": HEAD + sales(0, 40)})
    run_project(root)
    return root


def told(report) -> tuple[str, str]:
    (found,) = (f for f in report.datasets[0].findings if f["code"] == "WATCH1")
    return found["outcome"], found["seen"]


def add(root: Path, name: str, rows: str) -> None:
    (root / "t" / name).write_text(HEAD + rows, "utf-8")


def known(warehouse: Warehouse) -> Known:
    found = Known.of(warehouse.meta, warehouse.meta.versions("t")[-1])
    assert found is not None
    return found


def counted_anew(warehouse: Warehouse):
    """What all rows of the last version give, counted at once by the cells that are stored."""
    found, version = known(warehouse), warehouse.meta.versions("t")[-1]
    with warehouse.lake.workspace() as workspace:
        warehouse.lake.execute(f"CREATE VIEW v AS {version_sql('t', version.snapshot)}")
        table = warehouse.lake.ibis.table("v", database=(workspace, "main"))
        return count_days(table, "day", [c for c in found.cells if not c.why])


def assert_stored_counts_are_those_of_the_table(warehouse: Warehouse) -> None:
    stored, anew = known(warehouse).counted, counted_anew(warehouse)
    assert stored.days == anew.days
    assert stored.rows.tolist() == anew.rows.tolist()
    assert all((stored.counts[c] == anew.counts[c]).all() for c in anew.counts)
    assert all(np.allclose(stored.moments[c], anew.moments[c]) for c in anew.moments)


def test_watching_begins_with_the_first_version_which_is_played_back_and_warns_of_nothing(shop: Path) -> None:
    with Warehouse(Project.open(shop).settings) as warehouse:
        found = known(warehouse)
        version = warehouse.meta.versions("t")[-1]
        (seen,) = (f["seen"] for f in warehouse.meta.findings(version.audit_id) if f["code"] == "WATCH1")
        assert {c.column: c.why for c in found.cells if c.why} == {
            "id": "it is the key",
            "day": "it says when, and the sides differ in time",
        }
        assert next(c for c in found.cells if c.column == "part").labels == HASHES
        assert len(found.judged(is_played_back=True)) == 10
        assert found.judged(is_played_back=False) == []
    assert seen.startswith(
        "watching begins after 2024-02-09, with 40 days to judge by; played back, none of the last 10"
    )


def test_new_days_are_counted_alone_and_judged_once(shop: Path, run_project, monkeypatch) -> None:
    scanned = []

    def spying(table, time, cells):
        counted = count_days(table, time, cells)
        scanned.append(counted.n_rows)
        return counted

    monkeypatch.setattr(watching, "count_days", spying)
    add(shop, "2.csv", sales(40, 42))
    assert told(run_project(shop))[1].startswith("2 new days judged, each against all days before it: no alarm")
    add(shop, "3.csv", sales(42, 43))
    assert told(run_project(shop))[1].startswith("1 new day judged")
    assert scanned == [2 * N_A_DAY, N_A_DAY]
    with Warehouse(Project.open(shop).settings) as warehouse:
        assert [one.day.day for one in known(warehouse).judged(is_played_back=False)] == [10, 11, 12]
        assert len(warehouse.meta.rows(DAYS)) == 43
        assert_stored_counts_are_those_of_the_table(warehouse)


def test_a_late_row_is_told_and_its_day_is_not_judged_again(shop: Path, run_project) -> None:
    add(shop, "2.csv", sales(40, 41))
    run_project(shop)
    add(shop, "3.csv", sales(39, 40, start=9_000))
    outcome, seen = told(run_project(shop))
    assert outcome == "pass"
    assert seen.startswith("no new day: no alarm")
    assert "12 rows came late for 1 earlier day, not judged again" in seen
    with Warehouse(Project.open(shop).settings) as warehouse:
        assert len(warehouse.meta.rows(WATCHED, is_played_back=False)) == 1
        assert_stored_counts_are_those_of_the_table(warehouse)


def test_rows_that_changed_are_counted_anew_and_days_stay_judged(shop: Path, run_project) -> None:
    add(shop, "2.csv", sales(40, 41))
    run_project(shop)
    add(shop, "1.csv", sales(0, 40, shift=0.5))
    assert told(run_project(shop))[1].startswith("no new day")
    with Warehouse(Project.open(shop).settings) as warehouse:
        found = known(warehouse)
        assert found.recipe.counted_by != found.recipe.cells_of
        assert len(found.judged(is_played_back=False)) == 1
        assert_stored_counts_are_those_of_the_table(warehouse)


def test_a_new_column_makes_new_cells_and_the_days_since_the_beginning_are_judged_by_them(
    shop: Path, run_project
) -> None:
    add(shop, "2.csv", sales(40, 42))
    run_project(shop)
    (shop / "datasets" / "t.yaml").write_text(YAML + "query: select *, amount * 2 as twice from t\n", "utf-8")
    assert told(run_project(shop))[1].startswith("no new day")
    with Warehouse(Project.open(shop).settings) as warehouse:
        found = known(warehouse)
        assert "twice" in found.counted.counts
        assert [sorted(one.state) for one in found.judged(is_played_back=False)] == [
            ["amount", "kind", "part", "twice"]
        ] * 2
        assert_stored_counts_are_those_of_the_table(warehouse)


@pytest.mark.parametrize(("on_shift", "outcome"), [("warn", "warn"), ("block", "fail")])
def test_days_that_differ_are_an_alarm_that_warns_or_blocks(
    shop: Path, run_project, on_shift: str, outcome: str
) -> None:
    (shop / "datasets" / "t.yaml").write_text(YAML + f"shift: {{on_shift: {on_shift}}}\n", "utf-8")
    add(shop, "2.csv", sales(40, 60, shift=3.0))
    report = run_project(shop)
    found, seen = told(report)
    assert found == outcome
    assert "alarm since 2024-02-" in seen
    assert "led by amount; 20 new days judged" in seen
    assert "against 2024-01-01 to 2024-01-30: shifted: amount" in seen
    assert report.datasets[0].status == ("published" if on_shift == "warn" else "blocked")
    if on_shift == "block":
        assert {"SHIFT4", "WATCH1"} <= set(report.datasets[0].blocked_by)
        return
    with Warehouse(Project.open(shop).settings) as warehouse:
        last = known(warehouse).judged(is_played_back=False)[-1]
        assert last.value > ALARM_AT
        assert last.leading(3) == ["amount"]


def test_what_a_blocked_build_said_is_not_what_the_next_one_goes_on_from(shop: Path, run_project) -> None:
    (shop / "datasets" / "t.yaml").write_text(YAML + "shift: {on_shift: block}\n", "utf-8")
    add(shop, "2.csv", sales(40, 60, shift=3.0))
    assert run_project(shop).datasets[0].status == "blocked"
    add(shop, "2.csv", sales(40, 43))
    report = run_project(shop)
    assert report.datasets[0].status == "published"
    assert told(report)[1].startswith("3 new days judged")
    with Warehouse(Project.open(shop).settings) as warehouse:
        assert_stored_counts_are_those_of_the_table(warehouse)


def test_unused_rows_have_their_day_too(shop: Path, run_project) -> None:
    yaml = YAML + "splits: {time: {dev: 2024-01-20, test: 2024-02-01, gap: 2d}}\n"
    (shop / "datasets" / "t.yaml").write_text(yaml, "utf-8")
    assert run_project(shop).datasets[0].status == "published"
    add(shop, "2.csv", sales(40, 42))
    assert told(run_project(shop))[1].startswith("2 new days judged")
    with Warehouse(Project.open(shop).settings) as warehouse:
        assert len(known(warehouse).counted.days) == 42
        assert len(warehouse.meta.rows(DAYS)) == 42
        assert_stored_counts_are_those_of_the_table(warehouse)


@pytest.mark.parametrize(
    ("yaml", "rows", "seen"),
    [
        ("source: {path: t.csv}\nkey: id\n", "1,2024-01-01,3\n", "the dataset has no time"),
        ("source: {path: t.csv}\nkey: id\ntime: x\n", "1,2024-01-01,3\n", "x is no date or timestamp"),
        (
            "source: {path: t.csv, types: {day: TIMESTAMP}}\nkey: id\ntime: day\n",
            "1,infinity,3\n2,,4\n",
            "no row has a day",
        ),
        (
            "source: {path: t.csv}\nkey: id\ntime: day\n",
            "1,2024-01-01,3\n2,2024-01-02,4\n",
            "there are 2 days; a day is judged once 30 came before it",
        ),
    ],
)
def test_what_cannot_be_watched_says_why(make_project, run_project, yaml: str, rows: str, seen: str) -> None:
    report = run_project(make_project({"t.yaml": yaml}, {"t.csv": "id,day,x\n" + rows}))
    assert told(report) == ("not_applicable", seen)
