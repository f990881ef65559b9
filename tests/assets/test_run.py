"""What a run publishes, and when: changes, reverts, upstream and downstream, the salt, force."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import gristmill as gm

from assets.project import Project
from assets.result import DatasetResult, RunReport
from assets.run import chosen, execute
from assets.step import Run
from warehouse.client import Warehouse
from warehouse.records import now

ROWS = "id,x\n" + "".join(f"{i},{i * 10}\n" for i in range(40))
T = "source: t.csv\nkey: id\n"


def history(root: Path, name: str = "t") -> list[tuple[object, ...]]:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        return [(v.version, v.n_rows, v.changed) for v in warehouse.meta.versions(name)]


def write(root: Path, name: str, yaml: str) -> None:
    (root / "datasets" / f"{name}.yaml").write_text(yaml, "utf-8")


def statuses(report: RunReport) -> dict[str, tuple[str, int | None]]:
    return {result.name: (result.status, result.version) for result in report.datasets}


def said(result: DatasetResult, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


def splits(root: Path, name: str = "t") -> dict[object, str]:
    return dict(gm.sql(f"select id, split from {name}", project=root).rows())


CHANGES = {
    "query": "query: select id, x + 1 as x from t\n",
    "contract": "contract: {columns: {x: {max: 390}}}\n",
    "splits": "splits: {shares: {train: 0.5, dev: 0.25, test: 0.25}}\n",
    "columns": "target: x\n",
}


def test_each_change_of_the_yaml_publishes_the_next_version_which_says_what_changed(make_project, run_project) -> None:
    root, yaml = make_project({"t.yaml": T}, {"t.csv": ROWS}), T
    run_project(root)
    for line in CHANGES.values():
        yaml += line
        write(root, "t", yaml)
        assert run_project(root).datasets[0].status == "published"
    assert history(root) == [
        (1, 40, ["first version"]),
        (2, 40, ["query"]),
        (3, 39, ["contract"]),
        (4, 39, ["splits"]),
        (5, 39, ["columns"]),
    ]


def test_reverting_the_yaml_publishes_the_old_rows_as_a_new_version_that_tells_its_own_counts(
    make_project, run_project
) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    write(root, "t", f"{T}contract: {{columns: {{x: {{max: 380}}}}}}\n")
    run_project(root)
    write(root, "t", T)

    reverted = run_project(root).datasets[0]

    assert (reverted.status, reverted.version) == ("published", 3)
    assert history(root)[-1] == (3, 40, ["contract"])
    assert gm.sql("from t_v1 except from t", project=root).is_empty()
    assert (reverted.n_rows_ingested, reverted.n_rows_accepted, reverted.n_rows_rejected) == (40, 40, 0)
    assert gm.sql("from rejected.t", project=root).is_empty()


def test_an_audit_is_remembered_with_when_it_began(make_project) -> None:
    project = Project.open(make_project({"t.yaml": T}, {"t.csv": ROWS}))
    moments = list[datetime]()
    with Warehouse(project.settings) as warehouse:
        listen = lambda event: moments.append(now()) if event.step == "audit" else None  # noqa: E731 - one line
        execute(Run(project=project, warehouse=warehouse, listen=listen), ["t"])
        (audit,) = warehouse.meta.steps("t", step="audit")
    assert audit.finished_at
    assert audit.started_at <= moments[0] <= audit.finished_at


def test_a_column_that_the_query_drops_blocks_unless_it_is_said_to_break(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    dropped = "source: t.csv\nkey: id\nquery: select id from t\n"

    write(root, "t", dropped)
    blocked = run_project(root)
    write(root, "t", f"{dropped}breaking: true\n")
    broken = run_project(root)

    (result,) = blocked.datasets
    assert (result.status, result.version, result.blocked_by, blocked.exit_code) == ("blocked", 1, ["SCHEMA1"], 3)
    assert said(result, "SCHEMA1") == [("fail", "against version 1: x is gone")]
    (result,) = broken.datasets
    assert (result.status, result.version, said(result, "SCHEMA1")) == (
        "published",
        2,
        [("warn", "against version 1: x is gone")],
    )
    assert gm.dataset("t@1", project=root).columns == {"id": "BIGINT", "x": "BIGINT"}
    assert gm.dataset("t@2", project=root).columns == {"id": "BIGINT"}


def test_the_findings_on_a_version_stay_when_its_build_is_blocked_later(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    before = gm.dataset("t@1", project=root).findings
    write(root, "t", f"{T}query: select id, x, x as y from t\n")
    run_project(root)
    write(root, "t", T)

    reverted = run_project(root).datasets[0]

    assert (reverted.status, reverted.blocked_by, reverted.version) == ("blocked", ["SCHEMA1"], 2)
    assert gm.dataset("t@1", project=root).findings == before


def test_a_dataset_is_no_longer_blocked_once_the_yaml_that_blocked_is_taken_back(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    write(root, "t", f"{T}contract: {{columns: {{x: {{max: 9, severity: block}}}}}}\n")
    assert run_project(root).datasets[0].status == "blocked"
    write(root, "t", T)

    result = run_project(root).datasets[0]
    shown = gm.list(project=root)["status"].to_list()

    assert (result.status, result.version, shown) == ("unchanged", 1, ["published"])
    assert "CONTRACT3" not in {finding["code"] for finding in result.findings}


def test_a_new_version_upstream_makes_downstream_due_and_is_its_recorded_input(make_project, run_project) -> None:
    u = "query: select id, x * 2 as y from t\nkey: id\n"
    root = make_project({"t.yaml": T, "u.yaml": u}, {"t.csv": ROWS})
    assert statuses(run_project(root)) == {"t": ("published", 1), "u": ("published", 1)}
    (root / "t.csv").write_text(ROWS + "40,400\n", "utf-8")

    after = run_project(root)

    assert statuses(after) == {"t": ("published", 2), "u": ("published", 2)}
    assert history(root, "u") == [(1, 40, ["first version"]), (2, 41, ["rows"])]
    assert gm.sql("select y from u where id = 40", project=root).rows() == [(800,)]
    inputs = gm.sql(
        "select version, inputs ->> 't' as t from meta.versions where dataset = 'u' order by 1", project=root
    )
    assert inputs.rows() == [(1, "1"), (2, "2")]


def test_downstream_of_a_blocked_dataset_is_skipped_and_the_others_go_on(make_project, run_project) -> None:
    datasets = {
        "t.yaml": f"{T}contract: {{columns: {{x: {{max: 100, severity: block}}}}}}\n",
        "u.yaml": "query: from t\nkey: id\n",
        "v.yaml": "query: from u\nkey: id\n",
        "w.yaml": T,
    }
    root = make_project(datasets, {"t.csv": ROWS})

    report = run_project(root)

    assert statuses(report) == {
        "t": ("blocked", None),
        "u": ("skipped", None),
        "v": ("skipped", None),
        "w": ("published", 1),
    }
    by_name = {result.name: result for result in report.datasets}
    assert by_name["u"].error == "it reads t, which has no version"
    assert report.exit_code == 1


def test_downstream_of_a_blocked_dataset_goes_on_with_the_version_that_readers_have(make_project, run_project) -> None:
    strict = f"{T}contract: {{columns: {{x: {{max: 390, severity: block}}}}}}\n"
    root = make_project({"t.yaml": strict, "u.yaml": "query: from t\nkey: id\n"}, {"t.csv": ROWS})
    run_project(root)
    (root / "t.csv").write_text(ROWS + "40,400\n", "utf-8")

    report = run_project(root)

    assert statuses(report) == {"t": ("blocked", 1), "u": ("unchanged", 1)}
    assert report.exit_code == 3


def test_a_dataset_run_alone_fails_when_what_it_reads_has_no_version(make_project, run_project) -> None:
    root = make_project({"t.yaml": T, "u.yaml": "query: from t\nkey: id\n"}, {"t.csv": ROWS})

    report = run_project(root, "u")

    (result,) = report.datasets
    assert (result.status, result.version, report.exit_code) == ("failed", None, 1)
    assert result.error == "'u' reads 't', which has no published version."
    assert result.hint == "`gristmill run u --with-upstream` publishes it first."


def test_a_missing_file_fails_its_own_dataset_alone(make_project, run_project) -> None:
    root = make_project({"a.yaml": "source: absent.csv\n", "t.yaml": T}, {"t.csv": ROWS})

    report = run_project(root)

    assert statuses(report) == {"a": ("failed", None), "t": ("published", 1)}
    assert "absent.csv" in str(report.datasets[0].error)


def with_new_policy(root: Path) -> DatasetResult:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse, author="test", has_new_policy=True)
        return execute(run, chosen(project, (), with_upstream=False)).datasets[0]


def test_another_salt_is_refused_and_taken_on_purpose_alone(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    before = splits(root)
    (root / "gristmill.toml").write_text('salt = "another"\n', "utf-8")

    refused = run_project(root)
    kept = splits(root)
    taken = with_new_policy(root)

    (result,) = refused.datasets
    assert (result.status, result.version, refused.exit_code) == ("failed", 1, 1)
    assert result.error == "The salt in gristmill.toml is not the one that versions of 't' were split with."
    assert kept == before
    assert (taken.status, taken.version) == ("published", 2)
    assert splits(root) != before
    assert splits(root, "t_v1") == before
    assert run_project(root).datasets[0].status == "unchanged"


def test_the_old_salt_is_refused_too_once_another_was_taken(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)
    (root / "gristmill.toml").write_text('salt = "another"\n', "utf-8")
    assert with_new_policy(root).version == 2
    after = splits(root)
    (root / "gristmill.toml").write_text('salt = "gristmill"\n', "utf-8")

    back = run_project(root).datasets[0]

    assert (back.status, back.version) == ("failed", 2)
    assert splits(root) == after


def test_force_publishes_what_is_up_to_date_again(make_project, run_project) -> None:
    root = make_project({"t.yaml": T}, {"t.csv": ROWS})
    run_project(root)

    forced = run_project(root, is_forced=True).datasets[0]

    assert (forced.status, forced.version, [step["step"] for step in forced.steps]) == (
        "published",
        2,
        ["ingest", "build", "audit", "publish"],
    )
    assert history(root) == [(1, 40, ["first version"]), (2, 40, [])]
    assert splits(root, "t_v2") == splits(root, "t_v1")
    assert gm.sql("select count(*) from meta.ingestions", project=root).item() == 1
    assert run_project(root).datasets[0].status == "unchanged"
