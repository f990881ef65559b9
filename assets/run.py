"""A run: dataset by dataset, each after those that it reads, through the stages of `assets.stages`.

What is due is decided by `assets.plan`, before the lake is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assets.errors import SpecError
from assets.execution import STOPPED, Execution, Known
from assets.plan import Planned, latest, plan_dataset
from assets.project import Project
from assets.result import DatasetResult, RunReport
from assets.step import Run


def plan(project: Project, run: Run, names: Sequence[str], *, is_forced: bool = False) -> list[Planned]:
    """What is due of each of `names`, in order. Opens no lake."""
    due: set[str] = set()
    planned = []
    for name in names:
        found = plan_dataset(project, project.datasets[name], run.warehouse.meta, upstream_due=frozenset(due))
        if is_forced and not found.steps:
            steps, reasons = ("build", "audit", "publish"), ("it is forced",)
            found = Planned(dataset=name, steps=steps, reasons=reasons, version=found.version)
        due |= {name} if found.steps else set()
        planned.append(found)
    return planned


def due(run: Run, names: Sequence[str], *, is_forced: bool = False) -> dict[str, Planned]:
    """Of which of `names` something is due; what cannot be planned is due, so that a stage tells why."""
    found: dict[str, Planned] = {}
    for name in names:
        dataset, upstream = run.project.datasets[name], frozenset(found)
        try:
            planned = plan_dataset(run.project, dataset, run.warehouse.meta, upstream_due=upstream)
        except Known as error:
            planned = Planned(dataset=name, steps=("ingest",), reasons=(str(error),), version=None)
        if is_forced or planned.steps:
            found[name] = planned
    return found


def chosen(project: Project, names: Sequence[str], *, with_upstream: bool) -> tuple[str, ...]:
    """The datasets of a run in order: those named (all when none is), with what they read where that is asked for.

    Raises:
        NotFound: A name is no dataset's.
        SpecError: A dataset that was named cannot be understood.
    """
    for name in names:
        if problems := project.problems_of(name):
            raise SpecError(problems)
        project.dataset(name)
    wanted = project.upstream(tuple(names)) if with_upstream else set(names)
    return tuple(name for name in project.order if name in wanted or not names)


def execute(run: Run, names: Sequence[str], *, is_forced: bool = False, is_whole: bool = True) -> RunReport:
    """Run what is due of `names` (in the order of `chosen`). One dataset's failure does not stop the others.

    Args:
        run: The run.
        names: Datasets, each after those that it reads.
        is_forced: Build even what is up to date.
        is_whole: All datasets are meant, so that those whose file cannot be understood count as failed.
    """
    execution = Execution(run, is_forced=is_forced)
    for name in names:
        run_through(execution, name)
    return report_of(execution, names, is_whole=is_whole)


def run_through(execution: Execution, name: str) -> None:
    """One dataset through its stages, as far as it goes."""
    if not execution.skip(name):
        for stage in (execution.ingest, execution.publish, execution.judge):
            if stage(name).status in STOPPED:
                break
    execution.end(name)


def report_of(execution: Execution, names: Sequence[str], *, is_whole: bool) -> RunReport:
    """How an execution ended for `names`, in their order; those that cannot be understood last, where all are meant."""
    results = [execution.results[name] for name in names]
    return RunReport(
        run_id=execution.run.run_id, datasets=(*results, *(_not_understood(execution.run) if is_whole else ()))
    )


def _not_understood(run: Run) -> Iterator[DatasetResult]:
    """The datasets that could not be run because their file says what cannot be."""
    for name in run.project.names:
        if problems := run.project.problems_of(name):
            version = latest(run.warehouse.meta, name)
            yield DatasetResult(
                name=name,
                status="failed",
                version=version.version if version else None,
                error="\n".join(map(str, problems)),
                exit_code=2,
            )
