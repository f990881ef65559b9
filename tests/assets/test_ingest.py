"""What a run makes of files that are there again, changed, new, gone, or have other columns than before."""

from __future__ import annotations

import os
from pathlib import Path

import gristmill as gm

from assets.bind import check
from assets.project import Project
from assets.result import DatasetResult
from pipelines import views
from warehouse.client import Warehouse

T1 = "id,x\n1,10\n2,20\n3,30\n"
T2 = "id,x\n1,11\n2,21\n3,31\n4,41\n"
A, B, C = "id,x\n1,10\n", "id,x\n2,20\n", "id,x\n3,30\n"
GLOB = 'source: {path: "data/*.csv"}\nkey: id\n'


def ingestions(root: Path) -> list[tuple[object, ...]]:
    query = "select ingestion, path, state, n_rows, n_rejected from meta.ingestions order by ingestion"
    return gm.sql(query, project=root).rows()


def rows(root: Path, name: str = "t") -> list[tuple[object, ...]]:
    return gm.sql(f"select id, x from {name} order by id", project=root).rows()


def said(result: DatasetResult, code: str) -> list[tuple[str, str]]:
    return [(finding["outcome"], finding["seen"]) for finding in result.findings if finding["code"] == code]


def write(root: Path, **texts: str) -> None:
    for stem, text in texts.items():
        (root / "data" / f"{stem}.csv").write_text(text, "utf-8")


def test_a_second_run_is_unchanged_and_so_is_one_after_a_touch(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": T1})
    first = run_project(root).datasets[0]
    assert (first.status, first.version, [step["step"] for step in first.steps]) == (
        "published",
        1,
        ["ingest", "build", "audit", "publish"],
    )

    second = run_project(root).datasets[0]
    os.utime(root / "t.csv", (1_000_000_000, 1_000_000_000))
    touched = run_project(root).datasets[0]

    for again in (second, touched):
        assert (again.status, again.version, again.steps, again.n_rows_accepted) == ("unchanged", 1, [], 3)
    assert ingestions(root) == [(1, "t.csv", "active", 3, 0)]


def test_a_changed_file_supersedes_its_rows_and_the_old_version_keeps_them(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": T1})
    run_project(root)
    (root / "t.csv").write_text(T2, "utf-8")

    changed = run_project(root).datasets[0]

    assert (changed.status, changed.version, changed.n_rows_ingested) == ("published", 2, 4)
    assert ingestions(root) == [(1, "t.csv", "superseded", 3, 0), (2, "t.csv", "active", 4, 0)]
    assert rows(root) == [(1, 11), (2, 21), (3, 31), (4, 41)]
    assert rows(root, "t_v1") == [(1, 10), (2, 20), (3, 30)]


def test_a_glob_takes_in_the_new_file_alone(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    write(root, c=C)
    read: list[str] = []

    def listen(event) -> None:
        if (event.step, event.stage) == ("ingest", "read"):
            read.append(event.said)

    grown = run_project(root, listen=listen).datasets[0]

    assert (grown.status, grown.version, grown.n_rows_accepted) == ("published", 2, 3)
    assert read == ["data/c.csv"]
    assert [row[:3] for row in ingestions(root)] == [
        (1, "data/a.csv", "active"),
        (2, "data/b.csv", "active"),
        (3, "data/c.csv", "active"),
    ]


def test_rows_of_a_file_that_vanished_stay_with_a_warning_when_another_arrives(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    (root / "data" / "a.csv").unlink()
    write(root, c=C)

    after = run_project(root).datasets[0]

    assert said(after, "SOURCE3") == [("warn", "gone, and their rows kept: data/a.csv")]
    assert rows(root) == [(1, 10), (2, 20), (3, 30)]
    assert [row[2] for row in ingestions(root)] == ["active", "active", "active"]


def test_a_file_that_vanished_is_warned_of_when_nothing_else_happened(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    (root / "data" / "a.csv").unlink()

    after = run_project(root).datasets[0]

    assert (after.status, after.version) == ("unchanged", 1)
    assert said(after, "SOURCE3") == [("warn", "gone, and their rows kept: data/a.csv")]


def test_a_source_that_names_no_file_any_more_is_told_by_check_and_by_run(make_project, run_project) -> None:
    root = make_project({"t.yaml": "source: data/a.csv\nkey: id\n"}, {"data/a.csv": A})
    run_project(root)
    (root / "datasets" / "t.yaml").write_text("source: data/aa.csv\nkey: id\n", "utf-8")

    (problem,) = check(Project.open(root))
    assert (problem.line, problem.key, problem.is_warning) == (1, "source", True)
    assert problem.found == "names 'data/aa.csv': there is no such file; the rows taken in before are kept"
    after = run_project(root).datasets[0]
    assert said(after, "SOURCE3") == [("warn", "data/aa.csv names no file; gone, and their rows kept: data/a.csv")]


def test_rows_of_a_file_that_vanished_go_when_the_mode_is_replace(make_project, run_project) -> None:
    yaml = 'source: {path: "data/*.csv", mode: replace}\nkey: id\n'
    root = make_project({"t.yaml": yaml}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    (root / "data" / "a.csv").unlink()

    after = run_project(root).datasets[0]

    assert (after.status, after.version, said(after, "SOURCE3")) == ("published", 2, [])
    assert rows(root) == [(2, 20)]
    assert rows(root, "t_v1") == [(1, 10), (2, 20)]
    assert [row[1:3] for row in ingestions(root)] == [("data/a.csv", "withdrawn"), ("data/b.csv", "active")]


def test_a_file_that_comes_back_after_its_rows_went_is_taken_in_again(make_project, run_project) -> None:
    yaml = 'source: {path: "data/*.csv", mode: replace}\nkey: id\n'
    root = make_project({"t.yaml": yaml}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    (root / "data" / "a.csv").unlink()
    run_project(root)
    write(root, a=A)

    back = run_project(root).datasets[0]

    assert (back.status, back.version, back.n_rows_accepted) == ("published", 3, 2)
    assert rows(root) == [(1, 10), (2, 20)]


def test_all_files_gone_under_mode_replace_is_an_outage_and_readers_keep_their_version(
    make_project, run_project
) -> None:
    yaml = 'source: {path: "data/*.csv", mode: replace}\nkey: id\n'
    root = make_project({"t.yaml": yaml}, {"data/a.csv": A})
    run_project(root)
    (root / "data" / "a.csv").unlink()

    after = run_project(root)

    assert (after.datasets[0].status, after.datasets[0].version, after.exit_code) == ("failed", 1, 1)
    assert "data/*.csv" in str(after.datasets[0].error)
    assert rows(root) == [(1, 10)]


def test_a_new_column_upstream_is_warned_of_and_arrives(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A})
    run_project(root)
    write(root, b="id,x,colour\n2,20,red\n")

    after = run_project(root).datasets[0]

    assert (after.status, after.version) == ("published", 2)
    assert said(after, "SOURCE1") == [("warn", "data/b.csv brings colour, which is new")]
    assert gm.sql("select id, x, colour from t order by id", project=root).rows() == [(1, 10, None), (2, 20, "red")]


def test_a_missing_column_blocks_with_the_files_name_and_readers_keep_their_version(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A})
    run_project(root)
    write(root, b="id\n2\n")

    after = run_project(root)

    (result,) = after.datasets
    assert (result.status, result.version, result.blocked_by, after.exit_code) == ("blocked", 1, ["SOURCE1"], 3)
    assert said(result, "SOURCE1") == [("fail", "data/b.csv lacks x, which earlier files had")]
    assert rows(root) == [(1, 10)]
    assert [row[1] for row in ingestions(root)] == ["data/a.csv"]


def test_a_blocked_file_is_looked_at_again_and_taken_in_once_it_is_mended(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A, "data/b.csv": B})
    run_project(root)
    write(root, b="id\n2\n")
    assert [run_project(root).datasets[0].status for _ in range(2)] == ["blocked", "blocked"]
    write(root, b="id,x\n2,22\n")

    mended = run_project(root).datasets[0]

    assert (mended.status, mended.version, rows(root)) == ("published", 2, [(1, 10), (2, 22)])


def test_gristmill_status_says_that_a_source_is_blocked(make_project, run_project) -> None:
    root = make_project({"t.yaml": GLOB}, {"data/a.csv": A})
    run_project(root)
    write(root, b="id\n2\n")
    run_project(root)

    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        (row,) = views.status(project, warehouse.meta)

    assert (row["status"], row["version"]) == ("blocked", 1)
    assert "data/b.csv lacks x" in str(row["why"])


def test_rows_in_a_file_are_accepted_or_rejected_though_lines_are_broken(make_project, run_project) -> None:
    lines = [f"{i},{i * 10}" for i in range(80)]
    lines[40], lines[60] = "40,400,surplus", "60"
    yaml = "source: {path: t.csv, types: {id: BIGINT, x: BIGINT}}\nkey: id\ncontract: {columns: {x: {max: 940}}}\n"
    root = make_project({"t.yaml": yaml}, {"t.csv": "id,x\n" + "\n".join(lines) + "\n"})

    result = run_project(root).datasets[0]

    assert (result.status, result.n_rows_ingested) == ("published", 80)
    assert (result.n_rows_accepted, result.n_rows_rejected) == (78, 2)
    assert said(result, "SOURCE2") == [("warn", "2 of 80 rows of t could not be read")]
    kept = gm.sql("select step, file, record, rules, raw from rejected.t order by record", project=root).rows()
    assert kept == [
        ("ingest", "t.csv", 41, ["readable"], "40,400,surplus"),
        ("ingest", "t.csv", 61, ["readable"], "60"),
    ]
