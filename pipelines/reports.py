"""The page of a dataset that a run leaves behind.

What the page says is `pipelines.web`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assets.project import Project
from assets.result import DatasetResult
from warehouse.meta import Meta
from warehouse.settings import Settings


def report_path(settings: Settings, dataset: str) -> Path:
    """Where the page of a dataset is, once a run has written it."""
    from pipelines.web.render import file_of

    return settings.home / "reports" / file_of("dataset", dataset)


def write_reports(project: Project, meta: Meta, results: Iterable[DatasetResult]) -> None:
    """Leave a page of every dataset that something was done for. The run that finds nothing due imports no pages."""
    worked = [one for one in results if one.steps or one.status != "unchanged"]
    if not worked:
        return
    from pipelines.web.site import write_report

    for one in worked:
        path = write_report(project, meta, one.name)
        root = project.settings.root
        one.report = str(path.relative_to(root) if path.is_relative_to(root) else path)
