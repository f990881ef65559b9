"""Counts of broken rules, read as findings.

The counting is `checks.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from checks.finding import Finding, Outcome
from checks.rules import Rule
from checks.words import plural

SEVERITIES: dict[str, tuple[str, Outcome]] = {
    "reject": ("CONTRACT1", "warn"),
    "warn": ("CONTRACT2", "warn"),
    "block": ("CONTRACT3", "fail"),
}


def broken_rules(
    rules: Sequence[Rule], counts: Mapping[str, int], *, n_rows: int, examples: Mapping[str, str]
) -> list[Finding]:
    """One finding for each broken rule, or one that says that none is.

    Args:
        rules: The contract.
        counts: Rows that break each rule, by the rule's name.
        n_rows: All rows that were held against it.
        examples: What to add to the words on a rule, by the rule's name.
    """
    findings = []
    for rule in rules:
        if n := counts.get(rule.name, 0):
            code, outcome = SEVERITIES[rule.severity]
            seen = f"{plural(n, 'row')} of {n_rows:,}: {rule.said}"
            findings.append(
                Finding(
                    code=code,
                    outcome=outcome,
                    column=rule.columns[0] if len(rule.columns) == 1 else None,
                    seen=f"{seen} ({examples[rule.name]})" if rule.name in examples else seen,
                )
            )
    if not findings:
        kept = f"all {n_rows:,} rows keep all {len(rules)} rules" if rules else "the dataset promises nothing"
        findings.append(Finding(code="CONTRACT1", outcome="pass" if rules else "not_applicable", seen=kept))
    return findings


def rejected_share(n_rejected: int, n_rows: int, *, most: float) -> Finding:
    """Whether no more rows are rejected than the contract allows; unread rows of the source count too."""
    share = n_rejected / n_rows if n_rows else 0.0
    return Finding(
        code="CONTRACT4",
        outcome="fail" if share > most else "pass",
        seen=f"{n_rejected:,} of {plural(n_rows, 'row')} rejected, {share:.2%}; allowed is {most:.2%}",
    )
