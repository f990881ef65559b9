"""Readers beside a writer: each read is of one version, whole, while another process publishes the next."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gristmill as gm

VERSIONS = 8
# Version n has 100 n rows, and every row says n.
WRITER = """
import sys
from pathlib import Path
from assets.project import Project
from assets.run import chosen, execute
from assets.step import Run
from warehouse.client import Warehouse

root, last = Path(sys.argv[1]), int(sys.argv[2])
for n in range(2, last + 1):
    (root / "t.csv").write_text("id,n\\n" + "".join(f"{i},{n}\\n" for i in range(100 * n)), "utf-8")
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        run = Run(project=project, warehouse=warehouse, author="writer")
        (result,) = execute(run, chosen(project, (), with_upstream=False)).datasets
    assert (result.status, result.version) == ("published", n), result
"""


@contextmanager
def writing(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that publishes version after version. It never outlives the test."""
    log = root / "writer.log"
    with log.open("wb") as output:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(VERSIONS)], stdout=output, stderr=output
        )
        try:
            yield writer
        finally:
            writer.kill()
            writer.wait()


def by_sql(root: Path) -> tuple[int, set[int]]:
    rows = gm.sql("select count(*), list(distinct n) from t", project=root).row(0)
    return rows[0], set(rows[1])


def by_split(root: Path) -> tuple[int, set[int]]:
    query = "select n from t.train union all select n from t.dev union all select n from t.test"
    frame = gm.sql(query, project=root)
    return frame.height, set(frame["n"])


def by_table_and_split(root: Path) -> tuple[int, set[int]]:
    query = (
        "select n from t union all select n from t.train union all select n from t.dev union all select n from t.test"
    )
    frame = gm.sql(query, project=root)
    return frame.height // 2, set(frame["n"])


def by_load(root: Path) -> tuple[int, set[int]]:
    dataset = gm.dataset("t", project=root)
    frame = dataset.load()
    assert set(frame["n"]) == {dataset.version}
    return frame.height, set(frame["n"])


def test_no_read_fails_or_mixes_versions_while_another_process_publishes(make_project, run_project) -> None:
    text = "id,n\n" + "".join(f"{i},1\n" for i in range(100))
    root = make_project({"t.yaml": "source: t.csv\nkey: id\nnot_features: n\n"}, {"t.csv": text})
    assert run_project(root).datasets[0].status == "published"
    first = gm.dataset("t@1", project=root)
    kept = gm.dataset("t", project=root).load().sort("id")
    seen: list[int] = []

    with writing(root) as writer:
        while writer.poll() is None:
            for read in (by_sql, by_split, by_table_and_split, by_load):
                n_rows, versions = read(root)
                assert len(versions) == 1, f"{read.__name__} saw rows of versions {sorted(versions)}"
                assert n_rows == 100 * min(versions), f"{read.__name__} saw {n_rows} rows of version {min(versions)}"
                seen += versions
            assert first.load().sort("id").equals(kept), "version 1 is not what it was"
        code = writer.returncode

    assert code == 0, (root / "writer.log").read_text("utf-8")
    assert seen == sorted(seen), "a later read saw an earlier version"
    assert len(set(seen)) > 2, "the reader hardly read beside the writer"
    assert by_sql(root) == by_split(root) == by_load(root) == (100 * VERSIONS, {VERSIONS})
