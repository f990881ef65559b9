"""The demo from its five files to published versions: counts, defects by name, and splits that its twin agrees with."""

from __future__ import annotations

import runpy
from pathlib import Path

import gristmill as gm
import pytest

from assets.judge import refit
from assets.project import Project
from assets.result import RunReport
from assets.run import chosen, execute
from assets.step import Run
from pipelines.demo import make_demo
from warehouse.client import Warehouse

pytestmark = pytest.mark.xdist_group("flights")
TWIN = runpy.run_path(str(Path(__file__).parents[1] / "twin.py"))


def run(root: Path) -> RunReport:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        return execute(
            Run(project=project, warehouse=warehouse, author="test"), chosen(project, (), with_upstream=False)
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunReport]:
    root = make_demo(tmp_path_factory.mktemp("demo") / "project")
    return root, run(root)


def seen(report: RunReport, dataset: str, code: str) -> list[str]:
    result = next(result for result in report.datasets if result.name == dataset)
    return [finding["seen"] for finding in result.findings if finding["code"] == code]


def test_all_five_datasets_are_published_with_every_row_accounted_for(demo) -> None:
    _, report = demo
    assert {result.name: result.status for result in report.datasets} == dict.fromkeys(
        ("airlines", "airports", "planes", "weather", "flights"), "published"
    )
    flights = next(result for result in report.datasets if result.name == "flights")
    assert (flights.n_rows_ingested, flights.n_rows_accepted, flights.n_rows_rejected) == (336_776, 336_776, 0)
    assert flights.n_unlabelled == 9_430
    sizes = {row["split"]: (row["n_rows"], row["n_entities"], row["n_unlabelled"]) for row in flights.splits}
    assert sizes == {
        "train": (198_954, 215, 6_319),
        "train_dev": (53_530, 58, 1_428),
        "dev": (42_302, 47, 950),
        "test": (41_990, 45, 733),
    }
    assert flights.unused == []


def test_the_real_defects_are_named_by_the_contract_of_the_table_that_holds_them(demo) -> None:
    root, report = demo
    assert seen(report, "weather", "CONTRACT1") == ["1 row of 26,115: wind_speed is above 200"]
    rejected = gm.sql("select rules, raw->>'wind_speed' as wind_speed from rejected.weather", project=root)
    assert rejected.rows() == [(["wind_speed.max"], "1048.36058")]
    assert any(
        text.startswith("6 rows of 26,115: (origin, year, month, day, hour)")
        for text in seen(report, "weather", "CONTRACT2")
    )
    warned = seen(report, "flights", "CONTRACT2")
    assert [text.split(":")[0] for text in warned] == [
        "2,512 rows of 336,776",
        "50,094 rows of 336,776",
        "7,602 rows of 336,776",
    ]
    assert "721 values" in warned[1]


def test_the_split_and_bucket_of_every_flight_equal_the_twins(demo) -> None:
    root, _ = demo
    outside = TWIN["thresholds"]({"train": 0.65, "train_dev": 0.15})
    inside = TWIN["thresholds"]({"dev": 0.1, "test": 0.1})
    rows = gm.sql(
        "select _entity, month >= 10, split, _bucket, count(*) from flights group by all", project=root
    ).rows()
    assert sum(row[-1] for row in rows) == 336_776
    for entity, is_inside, split, bucket, _ in rows:
        assert TWIN["split_of"]("gristmill", entity, inside if is_inside else outside) == (split, bucket)


def test_no_day_is_in_two_splits_and_only_the_last_quarter_is_evaluated_on(demo) -> None:
    root, _ = demo
    assert gm.sql(
        "select flight_date from flights group by 1 having count(distinct split) > 1", project=root
    ).is_empty()
    months = gm.sql("select split, min(month), max(month) from flights group by 1 order by 1", project=root).rows()
    assert months == [("dev", 10, 12), ("test", 10, 12), ("train", 1, 9), ("train_dev", 1, 9)]


def test_a_second_run_takes_in_nothing_and_writes_nothing(demo) -> None:
    root, _ = demo
    files = sorted(path.name for path in (root / ".gristmill" / "lake").rglob("*.parquet"))
    assert {result.status for result in run(root).datasets} == {"unchanged"}
    assert sorted(path.name for path in (root / ".gristmill" / "lake").rglob("*.parquet")) == files


def change(root: Path, old: str, new: str, *, more: str = "models: {}\n") -> RunReport:
    path = root / "datasets" / "flights.yaml"
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new) + more, "utf-8")
    try:
        return run(root)
    finally:
        path.write_text(before, "utf-8")


def auc_of(report: RunReport) -> dict[str, float]:
    (model,) = report.datasets[-1].models
    assert (model["metrics"][0]["metric"], model["status"]) == ("auc", "succeeded")
    return {split: round(rate["estimate"], 2) for split, rate in model["metrics"][0]["rates"].items()}


def verdicts(report: RunReport, metric: int) -> dict[str, str]:
    return {gap["name"]: gap["verdict"] for gap in report.datasets[-1].models[0]["metrics"][metric]["gaps"]}


def test_by_day_the_flights_show_variance_with_intervals_over_days(demo) -> None:
    _, report = demo
    assert auc_of(report) == pytest.approx({"train": 0.79, "train_dev": 0.72, "dev": 0.70, "test": 0.67}, abs=0.011)
    (model,) = report.datasets[-1].models
    entities = [rate["n_entities"] for rate in model["metrics"][0]["rates"].values()]
    assert entities == [215, 58, 47, 45], "days"
    assert verdicts(report, 0) == {
        "avoidable_bias": "not_applicable",
        "variance": "problem",
        "data_mismatch": "cannot_tell",
        "overfitting_to_dev": "cannot_tell",
    }
    assert model["first_fix"].startswith("Variance first, with AUC 0.79")
    assert "no human level is declared" in model["metrics"][0]["gaps"][0]["why"]


def test_plain_error_alone_shows_no_mismatch(demo) -> None:
    _, report = demo
    error = report.datasets[-1].models[0]["metrics"][1]
    assert error["metric"] == "error_rate"
    assert error["rates"]["dev"]["estimate"] < error["rates"]["train_dev"]["estimate"]
    assert verdicts(report, 1)["data_mismatch"] == "cannot_tell"


def test_the_baseline_comes_out_the_same_bit_for_bit_when_it_is_judged_again(demo) -> None:
    root, _ = demo
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        first = warehouse.meta.versions("flights")[0]
        told = refit(Run(project=project, warehouse=warehouse), project.datasets["flights"], first, "baseline")
    assert (told["replicates"], told["differences"]) == (True, [])


@pytest.mark.slow
def test_by_row_the_same_flights_read_as_mismatch(demo, tmp_path: Path) -> None:
    root, _ = demo
    report = change(root, "  entity: flight_date ", "  # entity: flight_date ", more="")
    assert auc_of(report) == pytest.approx({"train": 0.79, "train_dev": 0.76, "dev": 0.69, "test": 0.69}, abs=0.011)
    assert report.datasets[-1].models[0]["first_fix"].startswith("Data mismatch first, with AUC 0.76")


def test_dep_delay_among_the_features_is_warned_of_by_name(demo) -> None:
    root, _ = demo
    report = change(root, "dep_time, dep_delay, arr_time", "dep_time, arr_time")
    (text,) = seen(report, "flights", "LEAK4")
    assert text.startswith("dep_delay alone has AUC 0.89")


@pytest.mark.slow
def test_arr_delay_among_the_features_blocks_and_readers_keep_what_they_had(demo) -> None:
    root, _ = demo
    before = gm.dataset("flights", project=root).version
    report = change(root, "arr_time, arr_delay, air_time", "arr_time, air_time")
    flights = report.datasets[-1]
    assert (flights.status, flights.blocked_by) == ("blocked", ["LEAK3"])
    assert seen(report, "flights", "LEAK3")[0].startswith("arr_delay determines is_late")
    assert gm.dataset("flights", project=root).version == before


def test_a_copy_of_the_target_blocks(demo) -> None:
    root, _ = demo
    report = change(
        root, "f.arr_delay >= 15 as is_late", "f.arr_delay >= 15 as is_late, (f.arr_delay >= 15)::int as late_copy"
    )
    assert report.datasets[-1].blocked_by == ["LEAK3"]


@pytest.mark.slow
def test_tail_numbers_kept_apart_everywhere_leave_the_held_back_rows_counted(demo) -> None:
    root, _ = demo
    report = change(root, "  entity: flight_date             # rows", "  entity: tailnum                 # rows")
    flights = report.datasets[-1]
    assert flights.status == "published"
    report = change(root, "  apart: pool\n", "")
    unused = {row["reason"]: row["n_rows"] for row in report.datasets[-1].unused}
    assert 0.30 < unused["held back"] / 336_776 < 0.40, "by day everywhere: 33-37 % held back"
