"""`schedule:` as a schedule of Dagster, on from the start.

What a cron text means is `assets.cron`; what is run is `assets.dagster`.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.cron import parse
from assets.dagster import keys_of
from assets.project import Project
from pipelines.occasions import is_occasional

ZONE = "UTC"


def jobs_of(project: Project) -> dict[str, Any]:
    """By dataset that is to run by itself: its job, in one process, whose steps hold one lock from first to last."""
    return {
        dataset.name: dg.define_asset_job(
            f"run_{dataset.name}", selection=keys_of(dataset), executor_def=dg.in_process_executor
        )
        for dataset in project.datasets.values()
        if is_occasional(dataset)
    }


def schedules(project: Project, jobs: Mapping[str, Any]) -> list[dg.ScheduleDefinition]:
    """One schedule a dataset that has `schedule:`."""
    return [
        dg.ScheduleDefinition(
            name=f"schedule_{dataset.name}",
            job=jobs[dataset.name],
            cron_schedule=parse(cron).plain,
            execution_timezone=ZONE,
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=f"`schedule: {cron!r}` of {dataset.file.file}, {ZONE}",
        )
        for dataset in project.datasets.values()
        if (cron := dataset.file.spec.schedule)
    ]
