"""What an orchestrator shows of a step that ended: plain facts, from `meta` alone.

How an orchestrator takes them is `assets.dagster`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.judged import finding_on_test, uses_of_test
from assets.model_plan import newest_runs
from assets.plan import latest
from assets.sources import active_ingestions
from assets.step import digest
from checks.diagnosis import GAPS as KNOWN_GAPS
from checks.words import accepted_words, figure
from warehouse.meta import Meta
from warehouse.schema import ERROR_RATES, GAPS

Finding = Mapping[str, Any]
NOT_ASKED = "nothing was found, or it was not asked here"
OUTCOMES = {"problem": "warn", "fine": "pass", "cannot_tell": "cannot_tell", "not_applicable": "not_applicable"}


class Markdown(str):
    """A text that is shown as Markdown."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is shown of one thing, and the text that changes when the thing does."""

    shown: Mapping[str, Any]
    identity: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one code: the worst of its findings.

    Attributes:
        passed: Nothing is bad.
        is_blocking: It keeps the build from being published.
        seen: What was seen.
        shown: The outcome, and the advice where there is one.
    """

    passed: bool
    is_blocking: bool
    seen: str
    shown: Mapping[str, str] = field(default_factory=dict)


def answer_of(code: str, found: Iterable[Finding]) -> Answer:
    """What the findings say to one code.

    >>> answer_of("LEAK1", [{"code": "LEAK1", "outcome": "fail", "seen": "3 entities", "advice": ""}]).is_blocking
    True
    >>> known = {"until": "2027-01-31", "author": "ana", "why": "winter"}
    >>> warned = {"code": "SHIFT4", "outcome": "warn", "seen": "x shifted", "advice": "", "accepted": known}
    >>> answer_of("SHIFT4", [warned]).passed
    True
    """
    of_code = [finding for finding in found if finding["code"] == code]
    accepted = [accepted_words(finding["accepted"]) for finding in of_code if finding.get("accepted")]
    outcomes = {"accepted" if finding.get("accepted") else finding["outcome"] for finding in of_code}
    advice = next((finding["advice"] for finding in of_code if finding["advice"]), "")
    return Answer(
        passed=not outcomes & {"fail", "warn"},
        is_blocking="fail" in outcomes,
        seen="; ".join([*(finding["seen"] for finding in of_code), *accepted]) or NOT_ASKED,
        shown={"outcome": ", ".join(sorted(outcomes)) or "not asked", **({"advice": advice} if advice else {})},
    )


def source_facts(meta: Meta, dataset: str, source: str) -> Facts:
    """The files of a source whose rows count."""
    active = active_ingestions(meta, dataset, source)
    shown = {
        "dagster/row_count": sum(one.n_rows for one in active),
        "unreadable rows": sum(one.n_rejected for one in active),
        "files": [one.path for one in active],
    }
    return Facts(shown=shown, identity=digest({"files": sorted(one.sha256 for one in active)})[:12])


def source_findings(meta: Meta, dataset: str, run_id: str) -> dict[str, list[dict[str, Any]]]:
    """What a run found while it took in the sources of a dataset, by source."""
    steps = meta.steps(dataset, step="sources", run_id=run_id)
    return {step.source or "": meta.findings(step.step_id) for step in steps}


def version_findings(meta: Meta, dataset: str) -> list[dict[str, Any]]:
    """The findings on the version that readers have."""
    version = latest(meta, dataset)
    return meta.findings(version.audit_id) if version else []


def version_facts(meta: Meta, dataset: str, found: Iterable[Finding], report: Path | None) -> Facts | None:
    """The version that readers have, its splits, what is bad about it, its page; None when there is none."""
    version = latest(meta, dataset)
    if version is None:
        return None
    audit = next(step for step in meta.steps(dataset, step="audit") if step.step_id == version.audit_id)
    bad = [f"- **{f['code']}** {f['title']}: {f['seen']}" for f in found if f["outcome"] in {"warn", "fail"}]
    shown = {
        "version": version.version,
        "dagster/row_count": version.n_rows,
        "splits": _table(audit.detail["splits"], ("split", "n_rows", "n_entities", "n_unlabelled")),
        "findings": Markdown("\n".join(bad) or "All is well."),
        **({"report": report} if report else {}),
    }
    return Facts(shown=shown, identity=str(version.version))


def model_runs(meta: Meta, dataset: str) -> dict[str, dict[str, Any]]:
    """The newest run of each model on the version that readers have."""
    version = latest(meta, dataset)
    return newest_runs(meta, dataset, version.version) if version else {}


def model_facts(meta: Meta, row: Mapping[str, Any]) -> Facts:
    """How one run of a model came out."""
    rates = meta.rows(ERROR_RATES, model_run_id=row["model_run_id"])
    shown = {
        "version": row["version"],
        "first fix": row["first_fix"] or "-",
        "estimator": row["estimator"] or "predictions made elsewhere",
        "rates": _table(rates, ("metric", "split", "estimate", "low", "high", "n")),
    }
    return Facts(shown=shown, identity=str(row["fingerprint"])[:12])


def model_findings(meta: Meta, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the gaps of one run of a model say to their codes, and how often its test set was used."""
    codes = {gap.name: gap.code for gap in KNOWN_GAPS}
    judged_on = [version for version in meta.versions(row["dataset"]) if version.version == row["version"]]
    used = [finding_on_test(uses_of_test(meta, version)).to_json() for version in judged_on]
    return used + [
        {
            "code": codes[gap["name"]],
            "outcome": OUTCOMES[gap["verdict"]],
            "seen": f"{gap['metric']} {_cell(gap['value'])} ({_cell(gap['low'])} to {_cell(gap['high'])}) {gap['why']}",
            "advice": gap["remedy"] if gap["verdict"] == "problem" else "",
        }
        for gap in meta.rows(GAPS, model_run_id=row["model_run_id"])
    ]


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Markdown:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(column)) for column in columns) + " |" for row in rows]
    return Markdown("\n".join(lines))


def _cell(value: Any) -> str:
    return "" if value is None else figure(value) if isinstance(value, float) else str(value)
