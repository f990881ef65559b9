"""Whether a shift holds a version back: as the dataset's file says, until somebody lets that one version pass.

What shifted is `checks`; who lets a version pass, and how, is `pipelines.letting_pass`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assets.project import Dataset
from checks.finding import Finding
from checks.report import ShiftReport
from checks.words import let_pass_words
from warehouse.meta import Meta
from warehouse.schema import PASSES

# Questions that block by the dataset's policy alone: nothing is broken, so a person may decide otherwise.
BY_POLICY = ("SHIFT4", "WATCH1")
HELD_BACK = (
    "`shift: {{on_shift: block}}` holds this version back: `gristmill shift {name} --held-back` shows what differs. "
    "Once you know why, `gristmill accept {name} {code} --why WHY` lets this one version pass at the next run."
)


def gated(finding: Finding, dataset: Dataset, surely: float | None = None) -> Finding:
    """A warning that blocks where the dataset's file says so.

    Args:
        finding: The answer.
        dataset: Whose.
        surely: How large what it speaks of is at least: it blocks beyond `block_above`, and warns up to there. None
            where no size is known: it blocks.
    """
    shift = dataset.file.spec.shift
    if finding.outcome != "warn" or shift.on_shift != "block":
        return finding
    limit = max(shift.block_above, shift.tolerance)
    if surely is not None and surely <= limit:
        said = f"it warns and does not block: the largest is at least {surely:.3f}, and blocks above {limit:g}"
        return replace(finding, seen=f"{finding.seen}; {said}")
    remedy = f"{finding.advice} {HELD_BACK.format(name=dataset.name, code=finding.code)}"
    return replace(finding, outcome="fail", remedy=remedy)


def at_least(report: ShiftReport) -> float:
    """The lower end of the interval of what surely shifted most.

    A difference of correlations counts by half: it reaches to 2 where an effect reaches to 1.
    """
    columns = [c.low or 0.0 for c in report.shifted]
    return max([0.0, *columns, *(pair.low / 2 for pair in report.shifted_pairs)])


def let_pass(meta: Meta, dataset: str, fingerprint: str, found: Sequence[Finding]) -> list[Finding]:
    """The findings on a build; what blocks by policy warns where somebody let this very build pass."""
    passes = {row["code"]: row for row in meta.rows(PASSES, dataset=dataset, fingerprint=fingerprint)}
    return [
        replace(one, outcome="warn", seen=f"{one.seen}; {let_pass_words(passes[one.code])}")
        if one.outcome == "fail" and one.code in BY_POLICY and one.code in passes
        else one
        for one in found
    ]
