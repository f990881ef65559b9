"""The same pages as files: a site of some datasets, and the report that each run leaves.

They open without a server (`file://`), bring their style with them and load nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assets.project import Project
from pipelines.web import pages
from pipelines.web.catalog import Catalog
from pipelines.web.facts_columns import PAGE
from pipelines.web.facts_dataset import MOST_RUNS
from pipelines.web.facts_models import models_of
from pipelines.web.render import FileLinks, file_of
from warehouse.errors import NotFound, SettingsError
from warehouse.meta import Meta

INDEX = "index.html"
OURS = "· Gristmill</title>"


def export_site(project: Project, meta: Meta, names: Sequence[str], folder: Path) -> list[Path]:
    """Write the pages of datasets, their runs and models into a folder; the files, the index first.

    Raises:
        NotFound: There is no such dataset.
        SettingsError: The folder holds something else.
    """
    catalog = Catalog(project.settings.root, meta, project)
    _refuse_other(folder)
    named: dict[str, tuple[str, str, int]] = {}
    for name in names:
        versions = meta.versions(name)
        if not versions and name not in project.names:
            raise NotFound("dataset", name, project.names)
        n_columns = len(versions[-1].columns) if versions else 0
        for number in range(1, max(1, -(-n_columns // PAGE)) + 1):
            named[file_of("dataset", name, number)] = ("dataset", name, number)
        for step in meta.newest_steps(name, "run", MOST_RUNS):
            named[file_of("run", step.run_id)] = ("run", step.run_id, 1)
        models = models_of(meta, name, None)
        for run in (*models["newest"], *models["older"]):
            named[file_of("model", run["model_run_id"])] = ("model", run["model_run_id"], 1)
    links = FileLinks(pages=frozenset(named), home_page=INDEX)
    written = [_write(folder / INDEX, pages.listing_page(catalog, links, names))]
    for file, (kind, name, number) in named.items():
        if html := _page(catalog, links, kind, name, number):
            written.append(_write(folder / file, html))
    return written


def write_report(project: Project, meta: Meta, dataset: str) -> Path:
    """Write the page of one dataset as one file, all its columns on it, and say where it is.

    Raises:
        NotFound: There is no such dataset.
    """
    catalog = Catalog(project.settings.root, meta, project)
    folder = project.settings.home / "reports"
    path = folder / file_of("dataset", dataset)
    there = frozenset({path.name, *(page.name for page in folder.glob("*.html"))})
    html = pages.dataset_page(catalog, FileLinks(pages=there), dataset, None)
    if html is None:
        raise NotFound("dataset", dataset, project.names)
    return _write(path, html)


def _page(catalog: Catalog, links: FileLinks, kind: str, name: str, number: int) -> str | None:
    if kind == "dataset":
        return pages.dataset_page(catalog, links, name, number)
    return pages.run_page(catalog, links, name) if kind == "run" else pages.model_page(catalog, links, name)


def _refuse_other(folder: Path) -> None:
    index = folder / INDEX
    is_other = folder.exists() and (
        not folder.is_dir()
        or (any(folder.iterdir()) and (not index.is_file() or OURS not in index.read_text("utf-8", errors="replace")))
    )
    if is_other:
        raise SettingsError(str(folder), "", "holds other things", "name a new folder")


def _write(path: Path, html: str) -> Path:
    """Write a page so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(html, "utf-8")
    new.replace(path)
    return path
