"""The pages as files: they open without a server, load nothing, lead to each other, and overwrite nobody's folder."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from assets.project import Project
from pipelines.web.site import export_site, write_report
from warehouse.client import Warehouse
from warehouse.errors import NotFound, SettingsError


def exported(root: Path, folder: Path) -> list[Path]:
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        return export_site(project, warehouse.meta, ["churn"], folder)


def links(page: Path) -> list[str]:
    return re.findall(r'<a [^>]*href="([^"]*)"', page.read_text("utf-8"))


def test_every_link_of_the_site_is_a_file_of_it(known: Path, tmp_path: Path) -> None:
    files = exported(known, tmp_path / "site")
    assert files[0].name == "index.html"
    assert {"churn.html", "model-churn-1-baseline.html"} <= {file.name for file in files}
    for file in files:
        for target in links(file):
            name, _, anchor = target.partition("#")
            page = file.parent / name if name else file
            assert page in files
            assert not anchor or f'id="{anchor}"' in page.read_text("utf-8")


def test_a_file_brings_its_style_and_its_policy_lets_nothing_else_in(known: Path, tmp_path: Path) -> None:
    for file in exported(known, tmp_path / "site"):
        html = file.read_text("utf-8")
        assert not re.findall(r'(?:src|<link[^>]*href)="', html)
        style, script = (re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL) for tag in ("style", "script"))
        policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)[0].replace("&#39;", "'")
        hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style[0], script[0])]
        assert policy == f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'"
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", html)


def test_the_same_facts_give_the_same_bytes(known: Path, tmp_path: Path) -> None:
    first = {file.name: file.read_bytes() for file in exported(known, tmp_path / "one")}
    assert first == {file.name: file.read_bytes() for file in exported(known, tmp_path / "two")}


def test_a_site_is_written_over_and_another_folder_is_not(known: Path, tmp_path: Path) -> None:
    exported(known, tmp_path / "site")
    exported(known, tmp_path / "site")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("three years of work", "utf-8")
    with pytest.raises(SettingsError, match="holds other things"):
        exported(known, tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["thesis.txt"]


def test_a_dataset_that_is_not_there_is_refused(known: Path, tmp_path: Path) -> None:
    project = Project.open(known)
    with Warehouse(project.settings) as warehouse, pytest.raises(NotFound):
        export_site(project, warehouse.meta, ["churm"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_run_leaves_a_report_with_all_columns_and_says_where(published: Path, gristmill: Any, made: Any) -> None:
    printed = gristmill("run", "--force")
    assert "  report   .gristmill/reports/churn.html\n" in printed.out
    html = (published / ".gristmill" / "reports" / "churn.html").read_text("utf-8")
    assert "churn@2" in html
    assert "not run" not in html
    project = Project.open(published)
    with Warehouse(project.settings) as warehouse:
        version = made.add_dataset(warehouse.meta, "wide", {f"c{i:02}": made.numeric_column("c") for i in range(30)})
        page = write_report(project, warehouse.meta, "wide").read_text("utf-8")
    assert version.version == 1
    assert 'id="column-c29"' in page
    assert "More columns" not in page


def test_a_run_that_finds_nothing_due_leaves_the_report_as_it_is(published: Path, gristmill: Any) -> None:
    report = published / ".gristmill" / "reports" / "churn.html"
    before = report.stat().st_mtime_ns
    assert "report" not in gristmill("run").out
    assert report.stat().st_mtime_ns == before


def test_the_command_says_how_many_pages_and_which_to_open(known: Path, gristmill: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(known)
    printed = gristmill("export", "churn", "--to", "site", "out")
    assert printed.code == 0
    n_pages = len(list((known / "out").glob("*.html")))
    assert printed.out == f"{n_pages} pages; open out/index.html\n"
    assert gristmill("export", "churm", "--to", "site", "out").code == 4


def test_a_dataset_that_is_named_as_the_list_of_datasets_has_a_page_of_its_own(
    make_project: Any, tmp_path: Path
) -> None:
    root = make_project({"index.yaml": "source: t.csv\nkey: id\n"}, {"t.csv": "id\n1\n"})
    project = Project.open(root)
    with Warehouse(project.settings) as warehouse:
        files = export_site(project, warehouse.meta, ["index"], tmp_path / "site")
    assert [file.name for file in files] == ["index.html", "dataset-index.html"]
    assert "dataset-index.html" in links(files[0])
