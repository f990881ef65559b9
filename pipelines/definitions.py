"""The code location that Dagster's web server and daemon load: `dagster-webserver -m pipelines.definitions`.

Nothing is done at import. The project is the one that the working directory or `GRISTMILL_PROJECT` names.
"""

from functools import partial
from pathlib import Path

import dagster as dg

from assets import dagster as assets
from assets.project import Project
from pipelines.incidents import ended
from pipelines.reports import report_path
from pipelines.schedules import jobs_of, schedules
from pipelines.sensors import sensors
from warehouse.settings import find_project


@dg.definitions
def defs() -> dg.Definitions:
    """The project's datasets, with their schedules and sensors, in a Dagster that has nothing else."""
    return dg.Definitions.merge(definitions(find_project()), dg.Definitions(executor=dg.in_process_executor))


def definitions(root: str | Path) -> dg.Definitions:
    """The datasets of the project in `root` as assets, with their schedules and sensors.

    It merges into a team's own Dagster, as `assets.dagster.definitions`, which has no schedules, does.
    """
    project = Project.open(Path(root).resolve())
    jobs = jobs_of(project)
    occasions = dg.Definitions(
        jobs=list(jobs.values()), schedules=schedules(project, jobs), sensors=sensors(project, jobs)
    )
    pages = partial(report_path, project.settings)
    return dg.Definitions.merge(assets.definitions(project, on_end=ended, report_of=pages), occasions)
