"""A run of the command line, through Dagster in this process, so that operators see it beside the scheduled ones.

What a stage does is `assets.stages`; that nothing is due is found out before this module is imported.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from assets.dagster import definitions, keys_of, model_keys_of
from assets.errors import StepFailed
from assets.execution import Execution
from assets.plan import Planned
from assets.result import RunReport
from assets.run import due, report_of, run_through
from assets.step import Run, new_run_id
from pipelines.dagster_home import alive, opened
from pipelines.reports import report_path

if TYPE_CHECKING:
    import dagster as dg

JOB = "gristmill_run"
TAG = "gristmill/run_id"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def execute(run: Run, names: Sequence[str], *, is_forced: bool = False, is_whole: bool = True) -> RunReport:
    """Run what is due of `names`, as `assets.run.execute` does, and record it in Dagster's home.

    A dataset that Dagster does not reach, because one that it reads was stopped, is taken up by a run of its own:
    its readers' version may be due with what there is.

    Raises:
        KeyboardInterrupt: It was stopped by hand; what was done is kept.
    """
    execution, waiting = Execution(run, is_forced=is_forced), list(names)
    settings = run.project.settings
    run_id = run.run_id
    try:
        with opened(settings) as instance, _interrupts() as is_interrupted:
            while waiting:
                found = due(run, waiting, is_forced=is_forced)
                for name in waiting:
                    if name not in found:
                        run_through(execution, name)
                started = {name: planned for name, planned in found.items() if not execution.skip(name)}
                if started:
                    with alive(settings, run_id):
                        _one_run(execution, instance, run_id, started, is_forced=is_forced)
                    if execution.stopped_by or is_interrupted():
                        raise KeyboardInterrupt from execution.stopped_by
                reached = [name for name in started if execution.is_reached(name)]
                if started and not reached:
                    raise StepFailed(next(iter(started)), "Dagster", "did not run it", "`gristmill --debug run`")
                waiting, run_id = [name for name in started if name not in reached], new_run_id()
    finally:
        execution.close()
    return report_of(execution, names, is_whole=is_whole)


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or SIGTERM came since: Dagster takes both for a step that failed, and comes back as from any."""
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        yield lambda: False
        return
    seen, told = socket.socketpair()
    for one in (seen, told):
        one.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    def is_interrupted() -> bool:
        try:
            return bool({signal.SIGINT, signal.SIGTERM} & set(seen.recv(4096)))
        except BlockingIOError:
            return False

    try:
        yield is_interrupted
    finally:
        signal.set_wakeup_fd(before)
        seen.close()
        told.close()


def _one_run(
    execution: Execution,
    instance: dg.DagsterInstance,
    run_id: str,
    started: Mapping[str, Planned],
    *,
    is_forced: bool,
) -> None:
    import dagster as dg

    project, keys = execution.run.project, list[dg.AssetKey]()
    for name, planned in started.items():
        dataset = project.datasets[name]
        has_data = is_forced or planned.has_data_due or not planned.steps
        keys += keys_of(dataset) if has_data else model_keys_of(dataset)
    job = dg.define_asset_job(JOB, selection=keys)
    pages = partial(report_path, project.settings)
    ours = definitions(project, list(started), execution=execution, report_of=pages)
    defs = dg.Definitions.merge(ours, dg.Definitions(jobs=[job]))
    defs.resolve_job_def(JOB).execute_in_process(
        run_config=QUIET,
        instance=instance,
        run_id=run_id,
        raise_on_error=False,
        tags={TAG: execution.run.run_id, "gristmill/author": execution.run.author},
    )
