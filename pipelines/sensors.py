"""`watch: true` as a sensor of Dagster, on from the start: new files, or a new version of a dataset that is read.

What counts as new is `pipelines.occasions`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from assets.project import Dataset, Project
from pipelines.occasions import news_of
from warehouse.client import Warehouse

INTERVAL_SECONDS = 30


def sensors(project: Project, jobs: Mapping[str, Any]) -> list[dg.SensorDefinition]:
    """One sensor a dataset that has `watch: true`."""
    watching = [dataset for dataset in project.datasets.values() if dataset.file.spec.watch]
    return [_sensor(project.settings.root, dataset, jobs[dataset.name]) for dataset in watching]


def _sensor(root: Path, dataset: Dataset, job: Any) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"watch_{dataset.name}",
        job=job,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"`watch: true` of {dataset.file.file}",
    )
    def watch() -> dg.RunRequest | dg.SkipReason:
        return ask(root, dataset.name)

    return watch


def ask(root: Path, name: str) -> dg.RunRequest | dg.SkipReason:
    """Whether there is something new to a dataset. The same news is asked for once: what failed is not repeated."""
    project = Project.open(root)
    if name not in project.datasets:
        said = "; ".join(map(str, project.problems_of(name))) or "its file is gone"
        return dg.SkipReason(f"{name} cannot be run: {said}")
    with Warehouse(project.settings) as warehouse:
        news = news_of(project, project.datasets[name], warehouse.meta)
    return dg.RunRequest(run_key=f"{name}-{news}") if news else dg.SkipReason("nothing is new")
