"""Part of the audit: what is asked of splits by time and of splits that were made elsewhere.

The questions are `checks.time_overlap` and `checks.predefined`; what was counted while building is not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets import placing_named, placing_time
from assets.project import Dataset
from checks.finding import Finding
from checks.predefined import split_names
from checks.sizes import empty_splits
from checks.time_overlap import no_time_overlap, rolled_rows, time_overlap
from checks.words import plural
from warehouse.policy import GAP, TESTED
from warehouse.records import Step
from warehouse.tables import SPLIT_NAMES
from warehouse.time_cuts import Cuts

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = Sequence[Mapping[str, Any]]


def asked_splits(dataset: Dataset, sizes: Rows, unused: Rows) -> Finding:
    """Is a split that was asked for empty, and has the gap taken its rows?"""
    found = empty_splits(sizes, dataset.policy.asked)
    n_in_gap = sum(int(row["n_rows"]) for row in unused if row["reason"] == GAP)
    said = dataset.file.spec.splits.time
    if found.outcome == "pass" or not n_in_gap or said is None:
        return found
    seen = f"{found.seen}; the gap of {said.gap} before dev and test takes {plural(n_in_gap, 'row')}"
    return Finding(code=found.code, outcome=found.outcome, seen=seen)


def named_splits(dataset: Dataset, build: Step) -> list[Finding]:
    """What was seen of the names of splits that were made elsewhere."""
    predefined = dataset.policy.predefined
    if predefined is None:
        return []
    counted, thing = build.detail["placing"][placing_named.FACTS], "line" if predefined.file else "row"
    return [split_names(counted, known=tuple(SPLIT_NAMES), thing=thing)]


def times(dataset: Dataset, build: Step, table: ir.Table, sizes: Rows, unused: Rows) -> list[Finding]:
    """Do splits overlap in time, and did rows that were tested on come back as train?"""
    time = dataset.policy.time
    if time is None:
        return [no_time_overlap(dataset.file.spec.time, sizes)]
    found = [time_overlap(table, time.column, gap=time.gap)]
    if time.is_rolling:
        tested = Cuts.from_json(build.detail["placing"][placing_time.FACTS]).tested
        n_held = sum(int(row["n_rows"]) for row in unused if row["reason"] == TESTED)
        found.append(rolled_rows(table, time.column, tested, n_held=n_held, is_released=time.is_released))
    return found


def are_copies(dataset: Dataset) -> bool:
    """Whether rows that look alike in two splits are copies that block, and not different things that warn.

    What has a key, belongs to another entity or happened at another time is another thing, unless somebody else has put
    it where it is.
    """
    policy, spec = dataset.policy, dataset.file.spec
    return policy.predefined is not None or not (spec.key or spec.splits.entity or policy.time)
