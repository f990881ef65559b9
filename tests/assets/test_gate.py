"""A shift blocks beyond `block_above` where the file says so, and warns below; what may pass passes for one build."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from assets.gate import at_least, gated, let_pass
from assets.spec import ShiftSpec
from checks.column_shift import ColumnShift
from checks.finding import Finding
from checks.report import ShiftReport

WARNED = Finding(code="SHIFT4", outcome="warn", seen="x shifted", remedy="Ask the source.")


def dataset(**shift: Any) -> Any:
    return SimpleNamespace(name="t", file=SimpleNamespace(spec=SimpleNamespace(shift=ShiftSpec(**shift))))


def report(low: float) -> ShiftReport:
    column = ColumnShift(column="x", verdict="shifted", effect=low + 0.02, low=low, high=low + 0.05)
    sides: dict[str, Any] = {"reference": "version 1", "current": "this build", "n_reference": 9, "n_current": 9}
    return ShiftReport(declared=False, unit="row", columns=(column,), **sides)


def test_a_warning_stays_one_unless_the_file_says_that_it_blocks() -> None:
    assert gated(WARNED, dataset(), 0.5) == WARNED
    quiet = replace(WARNED, outcome="pass")
    assert gated(quiet, dataset(on_shift="block"), 0.5) == quiet


def test_between_the_tolerance_and_block_above_it_warns_and_says_why() -> None:
    told = gated(WARNED, dataset(on_shift="block"), 0.03)
    assert told.outcome == "warn"
    assert told.seen == "x shifted; it warns and does not block: the largest is at least 0.030, and blocks above 0.05"
    assert gated(WARNED, dataset(on_shift="block"), 0.051).outcome == "fail"
    assert gated(WARNED, dataset(on_shift="block", block_above=0.3), 0.25).outcome == "warn"
    assert gated(WARNED, dataset(on_shift="block", tolerance=0.2), 0.15).outcome == "warn"


def test_what_has_no_size_blocks() -> None:
    assert gated(WARNED, dataset(on_shift="block")).outcome == "fail"


def test_a_pair_counts_by_half_as_correlations_differ_by_up_to_two() -> None:
    pair: Any = SimpleNamespace(verdict="shifted", low=0.3, effect=0.4)
    assert at_least(replace(report(0.1), pairs=(pair,))) == 0.15
    assert at_least(replace(report(0.2), pairs=(pair,))) == 0.2
    assert at_least(replace(report(0.2), columns=())) == 0.0


def test_what_blocks_says_how_one_version_passes() -> None:
    told = gated(WARNED, dataset(on_shift="block"), 0.4)
    assert told.advice.startswith("Ask the source. ")
    assert "`gristmill accept t SHIFT4 --why WHY` lets this one version pass" in told.advice


def test_only_what_blocks_by_policy_is_let_pass() -> None:
    rows = [{"code": code, "why": "known", "author": "ana"} for code in ("SHIFT4", "LEAK1")]
    meta: Any = SimpleNamespace(rows=lambda *_, **__: rows)
    found = [replace(WARNED, outcome="fail"), Finding(code="LEAK1", outcome="fail", seen="3 entities")]
    one, other = let_pass(meta, "t", "f", found)
    assert (one.outcome, one.seen) == ("warn", "x shifted; let pass by ana: known")
    assert other.outcome == "fail"
