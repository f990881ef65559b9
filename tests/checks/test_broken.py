"""Counts of broken rules, read as findings."""

from __future__ import annotations

import pytest

from checks.broken import broken_rules, rejected_share
from checks.contract import Contract
from checks.rules import rules_of

CONTRACT = Contract(
    columns={"a": {"max": 3}, "b": {"min": 0, "severity": "warn"}},
    unique=[{"columns": ["a", "b"], "severity": "block"}],
)
KEPT = {rule.name: 0 for rule in rules_of(CONTRACT)}


@pytest.mark.parametrize(
    ("name", "code", "outcome", "column"),
    [
        ("a.max", "CONTRACT1", "warn", "a"),
        ("b.min", "CONTRACT2", "warn", "b"),
        ("unique.a.b", "CONTRACT3", "fail", None),
    ],
)
def test_a_broken_rule_is_a_finding_by_its_severity(name: str, code: str, outcome: str, column: str | None) -> None:
    (found,) = broken_rules(rules_of(CONTRACT), KEPT | {name: 7}, n_rows=1000, examples={})

    assert (found.code, found.outcome, found.column) == (code, outcome, column)
    assert found.seen.startswith("7 rows of 1,000: ")


def test_examples_follow_what_is_said() -> None:
    (found,) = broken_rules(rules_of(CONTRACT), KEPT | {"a.max": 1}, n_rows=10, examples={"a.max": "such as 9"})

    assert found.seen == "1 row of 10: a is above 3 (such as 9)"


def test_a_contract_that_is_kept_passes_and_an_empty_one_does_not_apply() -> None:
    (kept,) = broken_rules(rules_of(CONTRACT), KEPT, n_rows=10, examples={})
    (empty,) = broken_rules((), {}, n_rows=10, examples={})

    assert (kept.code, kept.outcome) == ("CONTRACT1", "pass")
    assert (empty.code, empty.outcome) == ("CONTRACT1", "not_applicable")


@pytest.mark.parametrize(
    ("n_rejected", "n_rows", "most", "outcome"),
    [
        (5, 100, 0.05, "pass"),
        (6, 100, 0.05, "fail"),
        (1, 100, 0.0, "fail"),
        (0, 0, 0.0, "pass"),
        (100, 100, 1.0, "pass"),
    ],
)
def test_more_rejected_rows_than_allowed_block(n_rejected: int, n_rows: int, most: float, outcome: str) -> None:
    assert rejected_share(n_rejected, n_rows, most=most).outcome == outcome
