"""What `gm.compare` does with names and datasets: they bring their entities and their buckets; frames bring neither.

The comparison itself is `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checks.both_sides import compare_both
from checks.classified import with_classifier
from checks.comparison import compare as compare_frames
from checks.comparison import compare_with_units, with_target
from checks.errors import NotAskable
from checks.frames import on_one_engine, told_apart_by_name
from checks.questions import entity_of, options_of, prove_is_yes_or_no
from checks.report import ShiftReport
from checks.shift_question import Question
from pipelines.api import Dataset, find_root
from warehouse.client import Warehouse
from warehouse.errors import NotFound
from warehouse.names import version_of
from warehouse.policy import RESERVED
from warehouse.records import Policy, Version
from warehouse.settings import read_settings
from warehouse.tables import SPLIT_NAMES, version_sql

FILES = (".csv", ".tsv", ".parquet", ".json", ".ndjson", ".jsonl", ".gz", ".zip", ".arrow", ".feather", ".xlsx")


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A version, or one split of it.

    Attributes:
        warehouse: Where it is.
        name: As it was named.
        version: The version.
        split: The split, or None for all rows.
        policy: How it was split.
        target: The column that a model is to predict.
    """

    warehouse: Warehouse
    name: str
    version: Version
    split: str | None
    policy: Policy | None
    target: str | None

    @property
    def select(self) -> str:
        """SELECT of its rows with the reserved columns; unused rows are in no comparison."""
        select = version_sql(self.version.dataset, self.version.snapshot, split=self.split, named=RESERVED)
        return f"SELECT * FROM ({select}) WHERE _split IS NOT NULL"


def compare(  # noqa: PLR0913 - one argument an option
    reference: Any,
    current: Any,
    target: str | None,
    time: str | None,
    entity: str | Sequence[str] | None,
    *,
    project: str | Path | None,
    classifier: bool = False,
    policy: Mapping[str, float],
) -> ShiftReport:
    """See `gristmill.compare`."""
    entity, options = entity_of(entity), options_of(policy)
    prove_is_yes_or_no("classifier", classifier)
    _prove_no_file(reference, current)
    asked: dict[str, Any] = {"target": target, "time": time, "entity": entity, "classifier": classifier, **options}
    if not any(isinstance(side, str | Dataset) for side in (reference, current)):
        return compare_frames(reference, current, **asked)
    with ExitStack() as stack:
        opened: dict[Path, Warehouse] = {}
        one, two = (_opened(stack, opened, side, project) for side in (reference, current))
        if isinstance(one, Stored) and isinstance(two, Stored) and not entity and time is None and _is_alike(one, two):
            return _compare_stored(one, two, asked, options)
        stored = [side for side in (one, two) if isinstance(side, Stored)]
        frames = on_one_engine(*(_frame(side) if isinstance(side, Stored) else side for side in (one, two)))
        brought, said = _brought(stored, frames, entity, time)
    entity = entity or brought
    known = {"entity": entity, "target": target or _target_of(stored, frames, [*entity, time])}
    return compare_frames(*frames, **asked | known).noted(*said)


def _opened(stack: ExitStack, opened: dict[Path, Warehouse], side: Any, project: str | Path | None) -> Any:
    """What is stored of a dataset or a name, in the warehouse of its own project; a frame as it is."""
    if not isinstance(side, str | Dataset):
        return side
    root = side.project if isinstance(side, Dataset) else find_root(project)
    if root not in opened:
        opened[root] = stack.enter_context(Warehouse(read_settings(root)))
    return _stored(opened[root], side)


def _brought(
    stored: Sequence[Stored], frames: Sequence[Any], entity: Sequence[str], time: str | None
) -> tuple[list[str], list[str]]:
    """The entity that a dataset brings, where both sides have it and none is named; and what is to be said of it."""
    of = next((side for side in stored if side.policy and side.policy.entity), None)
    if of is None or of.policy is None or entity or time:
        return [], []
    if all(column in frame.columns for column in of.policy.entity for frame in frames):
        return list(of.policy.entity), []
    count = f"SELECT count(*) > count(DISTINCT _entity) FROM ({of.select})"
    (has_groups,) = of.warehouse.lake.execute(count).fetchone() or (False,)
    if not has_groups:
        return [], []
    named = ", ".join(of.policy.entity)
    return [], [f"rows of {of.name} belong together by {named}, which one side lacks: p values take rows for units"]


def _target_of(stored: Sequence[Stored], frames: Sequence[Any], other: Sequence[str | None]) -> str | None:
    """The target that a dataset brings, where both sides have it and it is named for nothing else."""
    named = (side.target for side in stored)
    return next((c for c in named if c not in {None, *other} and all(c in f.columns for f in frames)), None)


def _prove_no_file(*sides: Any) -> None:
    """Hold that a text is the name of a dataset, not that of a file."""
    for side in sides:
        if isinstance(side, str) and ("/" in side or side.lower().endswith(FILES)):
            raise NotAskable(
                f"Compared with {side!r}",
                "it is the name of a file, and a text is taken for that of a dataset",
                "read the file first: `polars.scan_csv` and `polars.scan_parquet` do",
            )


def _stored(warehouse: Warehouse, named: str | Dataset) -> Stored:
    name = named if isinstance(named, str) else f"{named.name}@{named.version}"
    dataset, _, split = name.partition(".")
    if split and split not in SPLIT_NAMES:
        raise NotFound(f"split of {dataset!r}", split, tuple(SPLIT_NAMES)[:4])
    version = version_of(warehouse, dataset)
    policies = warehouse.meta.policies(version.dataset)
    builds = warehouse.meta.steps(version.dataset, step="build")
    return Stored(
        warehouse=warehouse,
        name=name,
        version=version,
        split=split or None,
        policy=next((p for p in policies if p.policy == version.policy), None),
        target=next((s.detail.get("target") for s in builds if s.step_id == version.step_id), None),
    )


def _is_alike(one: Stored, two: Stored) -> bool:
    """Whether an entity is the same text in the same bucket on both sides."""
    return bool(one.policy and two.policy and one.warehouse is two.warehouse) and (
        (one.policy.salt, one.policy.entity) == (two.policy.salt, two.policy.entity)  # type: ignore[union-attr]
    )


def _compare_stored(one: Stored, two: Stored, asked: Mapping[str, Any], policy: Mapping[str, float]) -> ShiftReport:
    lake = one.warehouse.lake
    entity = one.policy.entity if one.policy else []
    seed = " ".join(sorted(side.version.fingerprint for side in (one, two)))  # whichever is named first
    target = asked["target"]
    question = Question(unit=", ".join(entity) or "row", seed=seed, target=target)
    question = replace(question, **dict[str, Any](policy))
    with lake.workspace():
        for view, side in (("_one", one), ("_two", two)):
            lake.execute(f"CREATE VIEW {view} AS {side.select}")
        first, second = (_rows(lake.ibis.table(view)) for view in ("_one", "_two"))
        both, question = compare_with_units(first, second, question, entity=entity)
        if target is None and one.target in both.columns:
            question = replace(question, target=one.target)
        report = compare_both(both, question, reference=one.name, current=two.name)
        named = (side.drop("_entity", "_bucket") for side in (first, second))
        report = report.noted(*told_apart_by_name(*named, named=[]))
        if asked["classifier"] and report.n_reference and report.n_current:
            report = with_classifier(report, both.table, question)
    return with_target(report, question.target)


def _rows(table: Any) -> Any:
    return table.drop(*(c for c in ("_split", "_unused", "split") if c in table.columns))


def _frame(side: Stored) -> Any:
    hidden = ", ".join([*RESERVED, *([] if side.split else ["split"])])
    return side.warehouse.lake.execute(f"SELECT * EXCLUDE ({hidden}) FROM ({side.select})").to_arrow_table()
