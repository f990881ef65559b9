"""What broke when Gristmill was attacked, and must not break again."""

from __future__ import annotations

import gristmill as gm


def told(report, code: str) -> list[str]:
    return [finding["seen"] for finding in report.datasets[0].findings if finding["code"] == code]


def test_a_table_of_three_hundred_columns_is_published(make_project, run_project) -> None:
    header = ",".join(f"c{i}" for i in range(300))
    rows = "".join(",".join(str(i * j) for i in range(300)) + "\n" for j in range(20))
    root = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": f"{header}\n{rows}"})
    assert run_project(root).datasets[0].status == "published"


def test_a_rule_that_calls_random_loses_no_row(make_project, run_project) -> None:
    yaml = 'source: t.csv\nkey: id\ncontract: {max_rejected_share: 1, rules: {r: "random() < 0.5"}}\n'
    root = make_project({"t.yaml": yaml}, {"t.csv": "id\n" + "".join(f"{i}\n" for i in range(200))})
    assert run_project(root).datasets[0].status == "published"
    kept = gm.sql("select id from t union all select (raw->>'id')::bigint from rejected.t order by 1", project=root)
    assert kept["id"].to_list() == list(range(200))


def test_long_ids_stay_apart(make_project, run_project) -> None:
    ids = [f"99999999999999999999999{i}" for i in range(40)]
    root = make_project(
        {"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": "id,x\n" + "".join(f"{i},1.5\n" for i in ids)}
    )
    assert run_project(root).datasets[0].n_rows_accepted == 40
    assert sorted(gm.sql("select id from t", project=root)["id"].to_list()) == sorted(ids)


def test_dates_with_the_day_first_are_read(make_project, run_project) -> None:
    root = make_project(
        {"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": "id,d\n1,13.01.2020\n2,14.02.2020\n3,15.03.2020\n"}
    )
    assert run_project(root).datasets[0].n_rows_accepted == 3
    assert str(gm.sql("select max(d) from t", project=root).item()) == "2020-03-15"


def test_a_later_file_whose_numbers_would_be_rounded_blocks(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: 'data/*.csv'\n"}, {"data/a.csv": "x\n1\n2\n"})
    run_project(root)
    (root / "data" / "b.csv").write_text("x\n1.4\n2.6\n", "utf-8")
    report = run_project(root)
    assert (report.datasets[0].status, report.datasets[0].blocked_by) == ("blocked", ["SOURCE1"])
    assert told(report, "SOURCE1") == ["data/b.csv: x was BIGINT and is DOUBLE"]


def test_datasets_named_as_no_dataset_may_be_are_refused(make_project, run_project) -> None:
    root = make_project({"lake.yaml": "source: t.csv\n", "t.yaml": "source: t.csv\n"}, {"t.csv": "x\n1\n"})
    assert {one.name: one.status for one in run_project(root).datasets} == {"t": "published", "lake": "failed"}


def test_a_query_may_end_in_a_semicolon_and_a_condition_in_a_comment(make_project, run_project) -> None:
    yaml = "source: t.csv\nquery: |\n  select x from t;\ncontract:\n  rules:\n    positive: |\n      x > 0 -- really\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "x\n1\n2\n"})
    assert run_project(root).datasets[0].n_rows_accepted == 2


def test_a_changed_policy_is_warned_of(make_project, run_project) -> None:
    root = make_project(
        {"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": "id\n" + "".join(f"{i}\n" for i in range(99))}
    )
    run_project(root)
    (root / "datasets" / "t.yaml").write_text(
        "source: t.csv\nkey: id\nsplits: {shares: {train: 0.2, test: 0.8}}\n", "utf-8"
    )
    assert told(run_project(root), "SPLIT3") == [
        "shares changed: 74 of 99 rows of version 1 are in another split, or unused"
    ]


def test_a_failure_is_remembered_until_it_is_mended(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": "x\n1\n"})
    run_project(root)
    (root / "t.csv").unlink()
    (root / "t.csv").mkdir()
    (root / "datasets" / "t.yaml").write_text("source: t.csv\nquery: select error('no') as x from t\n", "utf-8")
    assert run_project(root).datasets[0].status == "failed"
    assert gm.list(project=root)["status"].to_list() == ["failed"]
    (root / "datasets" / "t.yaml").write_text("source: t.csv\n", "utf-8")
    assert run_project(root).datasets[0].status == "unchanged"
    assert gm.list(project=root)["status"].to_list() == ["published"]


def test_a_source_that_is_to_be_read_otherwise_is_read_again(make_project, run_project) -> None:
    root = make_project(
        {"t.yaml": "source: {path: 'data/*.csv'}\n"}, {"data/a.csv": "x\n1\nNA\n", "data/b.csv": "x\n3\n"}
    )
    run_project(root)
    assert gm.dataset("t", project=root).columns == {"x": "VARCHAR"}
    (root / "datasets" / "t.yaml").write_text("source: {path: 'data/*.csv', nulls: [NA]}\nbreaking: true\n", "utf-8")
    assert run_project(root).datasets[0].version == 2
    assert gm.dataset("t", project=root).columns == {"x": "BIGINT"}
    assert gm.sql("select x from t order by x", project=root)["x"].to_list() == [1, 3, None]
    assert gm.sql("select x from t_v1 order by x", project=root)["x"].to_list() == ["1", "3", "NA"]
    assert run_project(root).datasets[0].status == "unchanged"


def test_a_lost_meta_is_refused_and_not_begun_again_at_version_1(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\n"}, {"t.csv": "x\n1\n"})
    run_project(root)
    for path in (root / ".gristmill").glob("meta.sqlite*"):
        path.unlink()
    result = run_project(root).datasets[0]
    assert (result.status, result.version) == ("failed", None)
    assert "it is empty, and the lake beside it is not" in str(result.error)
