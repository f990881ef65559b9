"""What an audit learns of columns and of shift, on a small project from file to `meta`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import gristmill as gm
import numpy as np
import pytest

from assets.project import Project
from pipelines import views_shift
from warehouse.client import Warehouse
from warehouse.profiles import unpacked
from warehouse.schema import COLUMNS, COMPARISONS, PROFILES

SHOP = """\
source: visits
key: visit
time: day
target: bought
splits: {entity: customer}
"""


def visits(n_customers: int, *, first: int = 0, days: tuple[int, int] = (0, 120), spend: float = 0.0) -> str:
    """Rows of customers, five visits each, in a row a visit; without the heading."""
    drawn = np.random.default_rng(first + 1)
    lines = []
    for customer in range(first, first + n_customers):
        level = drawn.normal()
        for i in range(5):
            day = np.datetime64("2024-01-01") + int(drawn.integers(*days))
            amount = round(20 + 5 * (level + drawn.normal() + spend), 2)
            city = drawn.choice(["Bern", "Basel", "Genf"])
            lines.append(f"{customer * 5 + i},c{customer},{day},{city},{amount},{int(drawn.random() < 0.3)}")
    return "\n".join(lines) + "\n"


HEAD = "visit,customer,day,city,amount,bought\n"


@pytest.fixture
def shop(make_project) -> Path:
    yaml = SHOP.replace("source: visits", "source: {path: visits/*.csv}")
    return make_project({"visits.yaml": yaml}, {"visits/1.csv": HEAD + visits(600)})


def learned(root: Path, table, **equal):
    with Warehouse(Project.open(root).settings) as warehouse:
        version = warehouse.meta.versions("visits")[-1]
        return warehouse.meta.rows(table, step_id=version.audit_id, **equal)


def findings(report) -> dict[str, tuple[str, str]]:
    return {f["code"]: (f["outcome"], f["seen"]) for f in report.datasets[0].findings if f["code"].startswith("SHIFT")}


def test_a_first_version_is_profiled_and_its_splits_are_quiet(shop: Path, run_project) -> None:
    found = findings(run_project(shop))
    assert {code: outcome for code, (outcome, _) in found.items()} == {
        "SHIFT1": "not_applicable",
        "SHIFT2": "cannot_tell",  # 60 customers a side: no interval is narrower than the tolerance
        "SHIFT3": "cannot_tell",
        "SHIFT4": "not_applicable",
        "SHIFT5": "pass",
    }
    assert "by customer:" in found["SHIFT2"][1]
    assert "none of 4 months shifted" in found["SHIFT5"][1]
    columns = {row["column"]: row for row in learned(shop, COLUMNS)}
    assert {name: row["kind"] for name, row in columns.items()} == {
        "visit": "numeric",
        "customer": "category",
        "day": "time",
        "city": "category",
        "amount": "numeric",
        "bought": "numeric",
    }
    amount = columns["amount"]
    assert set(amount["stats"]) == {"all", "train", "dev", "test"}
    assert amount["stats"]["all"]["n_rows"] == 3_000
    assert amount["stats"]["all"]["median"] == pytest.approx(20, abs=1)
    assert amount["figure"]["kind"] == "histogram"
    assert len(json.dumps(amount["figure"])) < 2_048


def test_the_stored_counts_are_those_of_the_table(shop: Path, run_project) -> None:
    run_project(shop)
    rows = learned(shop, PROFILES, column="city")
    by_part = {row["part"]: unpacked(row["counts"], n_buckets=row["n_buckets"]).sum(axis=0) for row in rows}
    counted = gm.sql("select split, city, count(*) n from visits group by all", project=shop).rows()
    labels = rows[0]["bins"]["labels"]
    for split, city, n in counted:
        assert by_part[split][labels.index(city)] == n


def test_key_and_entity_are_told_and_not_compared(shop: Path, run_project) -> None:
    run_project(shop)
    report = next(row["report"] for row in learned(shop, COMPARISONS) if row["kind"] == "splits")
    told = {column["column"]: (column["verdict"], column["why"]) for column in report["columns"]}
    assert told["visit"] == ("not_applicable", "it is the key")
    assert told["customer"] == ("not_applicable", "it is the entity")


def test_added_rows_of_new_customers_are_held_against_the_old_ones(shop: Path, run_project) -> None:
    run_project(shop)
    (shop / "visits" / "2.csv").write_text(HEAD + visits(600, first=600), "utf-8")
    quiet = findings(run_project(shop))["SHIFT4"]
    assert quiet[0] in {"pass", "cannot_tell"}
    assert "no shift seen in" in quiet[1]
    assert "3,000 rows added since against version 1" in quiet[1]
    (shop / "visits" / "3.csv").write_text(HEAD + visits(600, first=1_200, spend=1.0), "utf-8")
    loud = findings(run_project(shop))["SHIFT4"]
    assert loud[0] == "warn"
    assert "shifted: amount (effect" in loud[1]
    comparison = next(row for row in learned(shop, COMPARISONS) if row["kind"] == "versions")
    assert (comparison["reference"], comparison["is_shifted"]) == ("version 2", True)


def test_a_warning_of_shift_does_not_keep_a_version_back(shop: Path, run_project) -> None:
    run_project(shop)
    (shop / "visits" / "2.csv").write_text(HEAD + visits(600, first=600, spend=2.0), "utf-8")
    assert run_project(shop).datasets[0].status == "published"


@pytest.mark.slow
def test_a_shift_blocks_where_the_file_says_so_and_only_beyond_its_tolerance(shop: Path, run_project) -> None:
    file = shop / "datasets" / "visits.yaml"
    yaml = file.read_text("utf-8")
    run_project(shop)
    (shop / "visits" / "2.csv").write_text(HEAD + visits(600, first=600, spend=2.0), "utf-8")
    file.write_text(yaml + "shift: {on_shift: block}\n", "utf-8")
    blocked = run_project(shop)
    assert (blocked.datasets[0].status, blocked.datasets[0].blocked_by) == ("blocked", ["SHIFT4"])
    assert findings(blocked)["SHIFT4"][0] == "fail"
    file.write_text(yaml + "shift: {on_shift: block, tolerance: 0.95}\n", "utf-8")
    passed = run_project(shop)
    assert passed.datasets[0].status == "published"
    assert findings(passed)["SHIFT4"][0] == "pass"


def test_rows_that_change_in_place_are_compared_in_pairs(shop: Path, run_project) -> None:
    run_project(shop)
    yaml = (shop / "datasets" / "visits.yaml").read_text("utf-8")
    (shop / "datasets" / "visits.yaml").write_text(
        yaml + "query: select * replace (amount + 3 as amount) from visits\n", "utf-8"
    )
    outcome, seen = findings(run_project(shop))["SHIFT4"]
    assert outcome == "warn"
    assert "this build against version 1: shifted: amount" in seen
    assert "swapped in pairs" in seen


def test_one_corrected_row_among_later_ones_makes_no_shift_of_the_time(shop: Path, run_project) -> None:
    run_project(shop)
    (shop / "visits" / "2.csv").write_text(HEAD + visits(600, first=600, days=(130, 160)), "utf-8")
    yaml = (shop / "datasets" / "visits.yaml").read_text("utf-8")
    corrected = "query: select * replace (case when visit = 7 then 33.0 else amount end as amount) from visits\n"
    (shop / "datasets" / "visits.yaml").write_text(yaml + corrected, "utf-8")
    run_project(shop)
    comparison = next(row for row in learned(shop, COMPARISONS) if row["kind"] == "versions")
    verdicts = {column["column"]: column["verdict"] for column in comparison["report"]["columns"]}
    assert comparison["current"] == "this build"
    assert verdicts["day"] == "not_applicable"
    assert "shifted" not in verdicts.values()


def test_a_contract_that_changes_no_row_has_nothing_to_compare(shop: Path, run_project) -> None:
    run_project(shop)
    yaml = (shop / "datasets" / "visits.yaml").read_text("utf-8")
    (shop / "datasets" / "visits.yaml").write_text(yaml + "contract: {columns: {amount: {min: -1000}}}\n", "utf-8")
    assert findings(run_project(shop))["SHIFT4"] == ("pass", "the rows are those of version 1")


def test_a_version_with_another_entity_has_no_unit_in_common_with_the_last(shop: Path, run_project) -> None:
    run_project(shop)
    yaml = (shop / "datasets" / "visits.yaml").read_text("utf-8")
    (shop / "datasets" / "visits.yaml").write_text(yaml.replace("entity: customer", "entity: visit"), "utf-8")
    told = "the entity changed since version 1, so nothing is swapped that both have"
    assert findings(run_project(shop))["SHIFT4"] == ("not_applicable", told)


def test_few_added_rows_of_customers_that_are_there_are_held_against_some_of_the_old_ones(
    shop: Path, run_project
) -> None:
    run_project(shop)
    for number, spend, expected in ((2, 0.0, "cannot_tell"), (3, 9.0, "warn")):
        again = visits(200, spend=spend).strip().splitlines()
        lines = [f"{number * 100_000 + i},{line.split(',', 1)[1]}" for i, line in enumerate(again)]
        (shop / "visits" / f"{number}.csv").write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
        outcome, seen = findings(run_project(shop))["SHIFT4"]
        assert outcome == expected
        assert "swapped in pairs; 1,5" in seen
        assert f"rows of version {number - 1} are compared, as the sides share entities" in seen
    assert "shifted: amount" in seen


def test_pools_are_shifted_as_declared_and_warn_of_nothing(make_project, run_project) -> None:
    yaml = SHOP.replace("source: visits", "source: {path: visits/*.csv}").replace(
        "splits: {entity: customer}", "splits: {entity: customer, evaluate_on: \"day >= date '2024-04-01'\"}"
    )
    early, late = visits(900, days=(0, 91)), visits(900, first=900, days=(91, 182), spend=1.5)
    root = make_project({"visits.yaml": yaml}, {"visits/1.csv": HEAD + early + late})
    found = findings(run_project(root))
    outcome, seen = found["SHIFT3"]
    assert outcome == "pass"
    assert "shifted, as declared: amount" in seen
    assert "p speaks of these days as seen through customer" in seen
    assert "no shift seen in" in found["SHIFT1"][1]
    with Warehouse(Project.open(root).settings) as warehouse:
        facts = views_shift.shift(Project.open(root), warehouse.meta, "visits", by="split")
    declared = next(c for c in facts["comparisons"] if (c["reference"], c["current"]) == ("train", "dev"))
    assert (declared["declared"], declared["is_shifted"], declared["classifier"]) == (True, True, None)
    day = next(c for c in declared["columns"] if c["column"] == "day")
    assert (day["verdict"], day["why"]) == ("not_applicable", "`evaluate_on` selects by it")


def test_months_that_differ_are_told_with_the_target_as_a_line(make_project, run_project) -> None:
    early, late = visits(500, days=(0, 91)), visits(200, first=900, days=(91, 121), spend=1.5)
    yaml = SHOP.replace("source: visits", "source: {path: visits/*.csv}")
    dayless = "".join(re.sub("2024-[0-9-]*", "", row) + "\n" for row in visits(5, first=5_000).splitlines())
    root = make_project({"visits.yaml": yaml}, {"visits/1.csv": HEAD + early + late + dayless})
    outcome, seen = findings(run_project(root))["SHIFT5"]
    assert outcome == "pass"
    assert "most 2024-04: amount" in seen
    n, of = len(dayless.splitlines()), len((early + late + dayless).splitlines())
    assert seen.endswith(f"; no day in {n} of {of:,} rows, which are of no month")
    with Warehouse(Project.open(root).settings) as warehouse:
        facts = views_shift.shift(Project.open(root), warehouse.meta, "visits", by="month")
    assert [c["current"] for c in facts["comparisons"]] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    effect, target = facts["figures"]
    assert effect["x"] == target["x"] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert int(np.argmax(effect["values"])) == 3
    assert all(
        low <= value <= high for low, value, high in zip(target["low"], target["values"], target["high"], strict=True)
    )


@pytest.mark.parametrize("when", ["", "infinity", "-infinity"])
def test_a_time_that_no_row_has_is_not_compared_by_month(make_project, run_project, when: str) -> None:
    yaml = "source: {path: t.csv, types: {day: TIMESTAMP}}\nkey: id\ntime: day\n"
    lines = "".join(f"{i},{when},{i % 7}\n" for i in range(600))
    report = run_project(make_project({"visits.yaml": yaml}, {"t.csv": "id,day,x\n" + lines}))
    assert report.datasets[0].status == "published", report.datasets[0].error
    assert findings(report)["SHIFT5"] == ("not_applicable", "no row has a day")


def test_a_run_that_is_repeated_says_the_same(make_project, run_project, tmp_path: Path) -> None:
    yaml = SHOP.replace("source: visits", "source: {path: visits/*.csv}")
    files = {"visits/1.csv": HEAD + visits(300)}
    root = make_project({"visits.yaml": yaml}, files)
    run_project(root)
    first = [row["report"] for row in learned(root, COMPARISONS)]
    run_project(root, is_forced=True)
    assert [row["report"] for row in learned(root, COMPARISONS) if row["kind"] != "versions"] == first
