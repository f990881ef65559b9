"""The project as Dagster sees it: assets and their edges, checks that block, what is recorded of a run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.dagster import definitions
from assets.project import Project
from checks.catalogue import CATALOGUE
from pipelines.accepted import accept
from pipelines.letting_pass import let_pass
from warehouse.client import Warehouse
from warehouse.errors import NotPossible
from warehouse.schema import PASSES

ROWS = "id,x,y\n" + "".join(f"{i},{i * 7 % 13},{i % 2}\n" for i in range(60))
SHOP = {
    "t.yaml": "description: One row a customer\nowners: [team:shop, not an owner]\nsource: t.csv\nkey: id\ntarget: y\n",
    "u.yaml": "query: select id, x from t\nkey: id\n",
}
STRICT = "contract: {columns: {x: {max: 5, severity: block}}}\n"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(root: Path, instance: dg.DagsterInstance, *, defs: dg.Definitions | None = None) -> Any:
    job = (defs or definitions(root)).resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, raise_on_error=False)


def answers(result: Any, key: str = "t") -> dict[str, tuple[bool, str]]:
    evaluations = [one for one in result.get_asset_check_evaluations() if one.asset_key == dg.AssetKey(key.split("/"))]
    return {one.check_name: (one.passed, one.severity.name) for one in evaluations}


def materialized(result: Any) -> list[str]:
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events()]


def test_the_graph_goes_from_sources_to_datasets_to_models(make_project) -> None:
    root = make_project(SHOP, {"t.csv": ROWS})
    graph = definitions(root).resolve_asset_graph()
    edges = {
        (parent.to_user_string(), key.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
    }
    assert edges == {("raw/t/t", "t"), ("t", "u"), ("t", "models/t/baseline")}
    assert graph.get(dg.AssetKey("t")).owners == ["team:shop"]


def test_every_code_but_that_of_two_tables_is_a_check_of_the_source_the_dataset_or_the_model(make_project) -> None:
    graph = definitions(make_project(SHOP, {"t.csv": ROWS})).resolve_asset_graph()
    of_t = {key.name for key in graph.get_check_keys_for_assets({dg.AssetKey("t")})}
    of_source = {key.name for key in graph.get_check_keys_for_assets({dg.AssetKey(["raw", "t", "t"])})}
    of_model = {key.name for key in graph.get_check_keys_for_assets({dg.AssetKey(["models", "t", "baseline"])})}
    assert of_t | of_source | of_model == set(CATALOGUE) - {"SHIFT6"}  # which no run answers
    assert of_model == {"BIAS1", "VAR1", "MISMATCH1", "DEV1", "TEST1"}
    assert of_source == {"SOURCE1", "SOURCE3"}


def test_a_run_materializes_every_asset_with_what_is_to_be_known(make_project, instance: dg.DagsterInstance) -> None:
    result = run(make_project(SHOP, {"t.csv": ROWS}), instance)

    assert result.success
    assert {"raw/t/t", "t", "u"} <= set(materialized(result))
    event = instance.get_latest_materialization_event(dg.AssetKey("t"))
    assert event is not None
    known = event.asset_materialization
    assert known is not None
    assert known.metadata["version"].value == 1
    assert known.metadata["dagster/row_count"].value == 60
    assert "| train |" in str(known.metadata["splits"].value)
    assert known.tags is not None
    assert known.tags["dagster/data_version"] == "1"
    assert answers(result)["LEAK1"] == (True, "WARN")


def test_an_unchanged_dataset_is_materialized_with_the_version_that_it_has(
    make_project, instance: dg.DagsterInstance
) -> None:
    root = make_project(SHOP, {"t.csv": ROWS})
    run(root, instance)
    again = run(root, instance)
    assert again.success
    event = instance.get_latest_materialization_event(dg.AssetKey("t"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["version"].value == 1


def test_a_finding_that_blocks_fails_its_check_and_nothing_after_it_is_run(
    make_project, instance: dg.DagsterInstance
) -> None:
    root = make_project(SHOP | {"t.yaml": SHOP["t.yaml"] + STRICT}, {"t.csv": ROWS})

    result = run(root, instance)

    assert not result.success
    assert materialized(result) == ["raw/t/t"]
    assert answers(result)["CONTRACT3"] == (False, "ERROR")
    assert answers(result)["LEAK1"] == (True, "WARN")
    started = {event.step_key for event in result.all_events if event.event_type_value == "STEP_START"}
    assert started == {"t__ingest", "t__publish"}


def test_a_finding_that_warns_fails_its_check_as_a_warning_alone(make_project, instance: dg.DagsterInstance) -> None:
    warns = "contract: {columns: {x: {max: 5, severity: warn}}}\n"
    result = run(make_project({"t.yaml": SHOP["t.yaml"] + warns}, {"t.csv": ROWS}), instance)
    assert result.success
    assert answers(result)["CONTRACT2"] == (False, "WARN")


def test_a_shift_is_a_warning_or_blocks_as_the_policy_says_and_passes_once_accepted(
    make_project, instance: dg.DagsterInstance
) -> None:
    yaml = "source: {path: v/*.csv}\nkey: id\n"
    block = yaml + "shift: {on_shift: block}\n"
    rows = "".join(f"{i},{i * 7 % 13}\n" for i in range(600))
    moved = "".join(f"{i},{i * 7 % 13 + 9}\n" for i in range(600, 1200))
    root = make_project({"t.yaml": block}, {"v/1.csv": "id,x\n" + rows})
    assert answers(run(root, instance))["SHIFT4"] == (True, "WARN")
    (root / "v" / "2.csv").write_text("id,x\n" + moved, "utf-8")
    blocked = run(root, instance)
    assert answers(blocked)["SHIFT4"] == (False, "ERROR")
    assert "t" not in materialized(blocked)
    (told,) = (one for one in blocked.get_asset_check_evaluations() if one.check_name == "SHIFT4")
    assert "`gristmill accept t SHIFT4 --why WHY` lets this one version pass" in str(told.metadata["advice"].value)

    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        with pytest.raises(NotPossible, match="it blocks"):
            accept(project, warehouse.meta, "t", "SHIFT4", until=str(date.today() + timedelta(9)), why="x")
        let_pass(project, warehouse.meta, "t", "SHIFT4", why="a new shop")
    passed = run(root, instance)
    assert answers(passed)["SHIFT4"] == (False, "WARN")
    assert "t" in materialized(passed)
    (told,) = (one for one in passed.get_asset_check_evaluations() if one.check_name == "SHIFT4")
    assert "; let pass by " in (told.description or "")
    assert (told.description or "").endswith(": a new shop")

    with Warehouse(project.settings) as warehouse:
        assert warehouse.meta.rows(PASSES) == []  # once
    more = "".join(f"{i},{i % 13 + 40}\n" for i in range(1200, 1800))
    (root / "v" / "3.csv").write_text("id,x\n" + more, "utf-8")
    assert answers(run(root, instance))["SHIFT4"] == (False, "ERROR")  # another build is held back again


def test_a_file_that_lacks_a_column_fails_the_check_of_its_source(make_project, instance: dg.DagsterInstance) -> None:
    root = make_project(SHOP, {"t.csv": ROWS})
    run(root, instance)
    (root / "t.csv").write_text("id,x\n1,2\n", "utf-8")
    result = run(root, instance)
    assert answers(result, "raw/t/t")["SOURCE1"] == (False, "ERROR")
    assert materialized(result) == []


def test_a_missing_file_fails_its_dataset_with_words_and_a_hint(make_project, instance: dg.DagsterInstance) -> None:
    result = run(make_project({"t.yaml": "source: absent.csv\n"}), instance)
    (failed,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    said = failed.step_failure_data.user_failure_data
    assert "absent.csv" in said.description
    assert "\nHint: " in said.description


def test_a_broken_file_breaks_its_own_dataset_and_never_the_code_location(
    make_project, instance: dg.DagsterInstance
) -> None:
    root = make_project(SHOP | {"broken.yaml": "source: t.csv\ncolour: red\n"}, {"t.csv": ROWS})
    result = run(root, instance)
    assert {"t", "u"} <= set(materialized(result))
    (failed,) = [event.step_key for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    assert failed == "broken__publish"


def test_it_merges_into_a_teams_own_dagster(make_project, instance: dg.DagsterInstance) -> None:
    @dg.asset(deps=["u"])
    def dashboard() -> None:
        """What the team makes of the dataset."""

    ours = dg.Definitions(assets=[dashboard], resources={"theirs": 1}, executor=dg.in_process_executor)
    merged = dg.Definitions.merge(ours, definitions(make_project(SHOP, {"t.csv": ROWS})))

    result = run(Path(), instance, defs=merged)

    assert result.success
    assert {"u", "dashboard"} <= set(materialized(result))


def test_two_projects_merge_each_with_its_own_warehouse(
    make_project, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    one = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": "a\n1\n2\n"})
    two = tmp_path / "two"
    (two / "datasets").mkdir(parents=True)
    (two / "gristmill.toml").write_text('salt = "other"\n', "utf-8")
    (two / "datasets" / "s.yaml").write_text("source: s.csv\n", "utf-8")
    (two / "s.csv").write_text("a\n3\n4\n", "utf-8")

    result = run(Path(), instance, defs=dg.Definitions.merge(definitions(one), definitions(two)))

    assert result.success
    assert {"t", "s"} <= set(materialized(result))
    assert (two / ".gristmill" / "meta.sqlite").exists()


def test_steps_find_what_they_need_when_each_has_a_process_of_its_own(make_project, tmp_path: Path) -> None:
    """Each stage is a run of its own, with a resource of its own: nothing is handed from one to the next."""
    root = make_project(SHOP, {"t.csv": ROWS})
    with dg.DagsterInstance.ephemeral() as instance:
        for keys in (["raw/t/t"], ["t"], ["models/t/baseline"], ["u"]):
            job = definitions(root).resolve_implicit_global_asset_job_def()
            selection = [dg.AssetKey(key.split("/")) for key in keys]
            assert job.execute_in_process(instance=instance, asset_selection=selection).success
        event = instance.get_latest_materialization_event(dg.AssetKey("u"))
    assert event is not None
