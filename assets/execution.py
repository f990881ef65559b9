"""A run in the making: how each dataset stands, and the locks that are held until it is done.

The stages are `assets.stages`; in which order they are called is decided by `assets.run`, or by Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import duckdb

from assets.errors import AssetError, SpecError, StepFailed
from assets.plan import Planned, latest, plan_dataset
from assets.project import Dataset
from assets.result import DatasetResult
from assets.stages import fill_unchanged, ingest_sources, judge_models, publish_version
from assets.step import Run
from warehouse.errors import Busy, Unreadable, WarehouseError
from warehouse.records import now

Known = (AssetError, WarehouseError)
OUT_OF_ROOM = (OSError, duckdb.OutOfMemoryException)
STOPPED = frozenset({"blocked", "failed", "skipped"})
STOPPED_BY_HAND = 130  # as shells say of what ctrl-C ended
Work = Callable[[Dataset, DatasetResult, Planned], object]


class Execution:
    """One execution of a run. Each stage plans anew: it needs nothing of the one before but what that has stored.

    Attributes:
        run: The run.
        results: How each dataset stands that was touched.
        begun_at: When it began, in UTC.
        stopped_by: What stopped the process in the middle of a stage, such as ctrl-C; None while nothing has.
    """

    def __init__(self, run: Run, *, is_forced: bool = False) -> None:
        self.run, self.results, self.begun_at = run, dict[str, DatasetResult](), now()
        self._is_forced = is_forced
        self._held: dict[str, ExitStack] = {}
        self._far: set[str] = set()  # datasets of which a stage after `ingest` ended here
        self._ended: set[str] = set()
        self.stopped_by: BaseException | None = None

    def ingest(self, name: str) -> DatasetResult:
        """Take in what is due of a dataset's sources. An error or a finding that blocks is told by the result."""
        return self._stage(name, self._ingest)

    def publish(self, name: str) -> DatasetResult:
        """Build, audit and publish what is due of a dataset."""
        self._far.add(name)
        return self._stage(name, self._publish)

    def judge(self, name: str) -> DatasetResult:
        """Fit, evaluate and diagnose what is due of a dataset's models."""
        self._far.add(name)
        return self._stage(name, self._judge)

    def is_reached(self, name: str) -> bool:
        """Whether a dataset came as far as it can: through a stage after `ingest`, or to where it stopped."""
        return name in self._far or (name in self.results and self.results[name].status in STOPPED)

    def skip(self, name: str) -> bool:
        """Skip a dataset that reads one of this execution that has no version; whether that is so."""
        meta, inputs = self.run.warehouse.meta, self.run.project.datasets[name].inputs
        if without := [up for up in inputs if self.is_reached(up) and latest(meta, up) is None]:
            result = self._result(name)
            result.status, result.exit_code = "skipped", 1
            result.error = f"it reads {', '.join(without)}, which has no version"
        return bool(without)

    def end(self, name: str) -> DatasetResult:
        """Let go of a dataset and remember how it ended. Twice is as good as once."""
        result, dataset = self._result(name), self.run.project.datasets[name]
        if name in self._ended:
            return result
        self._ended.add(name)
        if held := self._held.pop(name, None):
            held.close()
        if result.status in STOPPED or name in self._far:
            if result.status == "unchanged":
                with told(result, dataset):
                    fill_unchanged(self.run, dataset, result)
            _remember(self.run, dataset, result)
        version = latest(self.run.warehouse.meta, name)
        result.version = version.version if version else None
        result.seconds = round(result.seconds, 3)
        return result

    def close(self) -> None:
        """End every dataset that was touched."""
        for name in self.results:
            self.end(name)

    def _result(self, name: str) -> DatasetResult:
        return self.results.setdefault(name, DatasetResult(name=name))

    def _stage(self, name: str, work: Work) -> DatasetResult:
        dataset, result, started = self.run.project.dataset(name), self._result(name), time.monotonic()
        try:
            with told(result, dataset):
                work(dataset, result, self._hold(dataset))
        except BaseException as error:
            self.stopped_by = error
            result.status, result.exit_code, result.retry = "failed", STOPPED_BY_HAND, True
            result.error, result.hint = "it was stopped before it was done", "run it again: what was done is kept"
            raise
        finally:
            result.seconds += time.monotonic() - started
        return result

    def _hold(self, dataset: Dataset) -> Planned:
        """Take the dataset's lock, unless it is held, and plan."""
        run, meta = self.run, self.run.warehouse.meta
        is_new = dataset.name not in self._held
        if is_new:
            stack = ExitStack()
            stack.enter_context(run.warehouse.lock(dataset.name))
            self._held[dataset.name] = stack
            self._ended.discard(dataset.name)
        planned = plan_dataset(run.project, dataset, meta)
        if is_new and (self._is_forced or planned.steps) and run.warehouse.reconcile():
            planned = plan_dataset(run.project, dataset, meta)  # what a dead process had done may be all that was due
        return planned

    def _ingest(self, dataset: Dataset, result: DatasetResult, planned: Planned) -> None:
        if self._is_forced or planned.has_data_due:
            ingest_sources(self.run, dataset, result)

    def _publish(self, dataset: Dataset, result: DatasetResult, planned: Planned) -> None:
        if self._is_forced or planned.has_data_due:
            publish_version(self.run, dataset, result, is_forced=self._is_forced)

    def _judge(self, dataset: Dataset, result: DatasetResult, planned: Planned) -> None:
        if self._is_forced or planned.steps:
            judge_models(self.run, dataset, result)


@contextmanager
def told(result: DatasetResult, dataset: Dataset) -> Iterator[None]:
    """Put an error into the result: one dataset's failure does not stop the others."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told with its kind, remembered, and raised again under --debug
        known = error if isinstance(error, Known) else _failed(error, dataset, result)
        result.status, result.error, result.exit_code = "failed", str(known), known.exit_code
        result.hint = "; ".join(note.removeprefix("Hint: ") for note in getattr(known, "__notes__", ())) or None
        result.fault = None if isinstance(error, Known) else error
        result.is_busy, result.retry = isinstance(error, Busy), known.retry or isinstance(error, OSError)
        result.file = _file_of(known) or dataset.file.file


def _file_of(error: Exception) -> str | None:
    if isinstance(error, SpecError):
        return error.problems[0].file
    return str(error.path) if isinstance(error, Unreadable) else None


def _failed(error: Exception, dataset: Dataset, result: DatasetResult) -> StepFailed:
    step = result.steps[-1]["step"] if result.steps else "a step"
    if isinstance(error, OUT_OF_ROOM):
        hint = "free some disk or memory and run again"
    elif isinstance(error, duckdb.ConversionException):
        hint = "a value does not fit the type of its column: let the query cast it, to DECIMAL(38, 0) or VARCHAR say"
    elif isinstance(error, duckdb.Error):
        hint = "`gristmill --debug run` shows where"
    else:
        hint = f"this is a fault of Gristmill ({type(error).__name__}); `gristmill --debug run` shows where"
    return StepFailed(dataset.name, step, (str(error) or type(error).__name__).splitlines()[0], hint)


def _remember(run: Run, dataset: Dataset, result: DatasetResult) -> None:
    """Keep how the run ended for a dataset, unless it is as it was: up to date."""
    meta = run.warehouse.meta
    before = next(iter(meta.steps(dataset.name, step="run")), None)
    if result.is_busy:  # the other process will say how it ended
        return
    if result.status != "unchanged" or (before and before.status not in {"published", "unchanged"}):
        told_of = ("error", "blocked_by", "hint", "file", "retry")
        detail = {name: getattr(result, name) for name in told_of}
        detail["step"] = result.steps[-1]["step"] if result.steps else None
        detail["is_fault"] = result.fault is not None and not isinstance(result.fault, OUT_OF_ROOM)
        meta.add(run.new_step(dataset, "run", "", status=result.status, detail=detail))
