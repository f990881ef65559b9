"""The data of the pictures of a comparison and of a watch: effects against the tolerance, pairs, evidence by day.

The pictures of single columns come with the columns (`checks.two_sides`); how all of them look is `checks.figure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.column_shift import ColumnShift
from checks.pair_shift import PairShift
from checks.watching import ALARM_AT

MOST_COLUMNS, MOST_PAIRS = 12, 8


def effects_of(
    columns: Sequence[ColumnShift], *, tolerance: float, named: str, declared: bool
) -> dict[str, Any] | None:
    """The columns with the largest effect, with their intervals and verdicts; None where nothing was measured.

    Args:
        columns: What was found of each column.
        tolerance: The effect below which there was no alarm.
        named: Both sides, in words.
        declared: The sides are meant to differ.
    """
    measured = sorted((c for c in columns if c.effect is not None), key=lambda c: -(c.effect or 0.0))
    rows = [
        {
            "label": c.column,
            "estimate": c.effect,
            "low": c.low,
            "high": c.high,
            "verdict": c.verdict_said(declared=declared),
        }
        for c in measured[:MOST_COLUMNS]
    ]
    title = f"{named}: effect by column"
    return {"kind": "effects", "title": title, "tolerance": tolerance, "rows": rows} if rows else None


def pairs_of(pairs: Sequence[PairShift], *, named: str) -> dict[str, Any] | None:
    """The correlation of pairs on both sides; None where there are no pairs."""
    rows = [
        {"label": p.named, "meaning": p.meaning, "reference": p.reference, "current": p.current}
        for p in pairs[:MOST_PAIRS]
    ]
    return {"kind": "pairs", "title": f"{named}: pairs that changed", "rows": rows} if rows else None


def figures_of(
    columns: Sequence[ColumnShift], pairs: Sequence[PairShift], *, tolerance: float, named: str, declared: bool
) -> list[dict[str, Any]]:
    """All pictures of a comparison: effects, the columns with the largest, pairs."""
    drawn = sorted((c for c in columns if c.figure), key=lambda c: -(c.effect or 0.0))
    effects = effects_of(columns, tolerance=tolerance, named=named, declared=declared)
    found = [effects, *(dict(c.figure) for c in drawn if c.figure), pairs_of(pairs, named=named)]
    return [one for one in found if one]


def evidence_of(judged: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The evidence of days that were judged (each with `day`, `evidence`, `leading`); None where there are none."""
    if not judged:
        return None
    return {
        "kind": "evidence",
        "title": "evidence by day",
        "y": "evidence that days are not like those before them (logarithmic)",
        "x": [one["day"] for one in judged],
        "values": [float(f"{one['evidence']:.4g}") for one in judged],
        "leading": [", ".join(one["leading"]) for one in judged],
        "alarm_at": ALARM_AT,
    }


def alarms_of(judged: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The stretches of days that were alarms: from when, until when, how many days, the most evidence, who led."""
    found: list[dict[str, Any]] = []
    is_open = False
    for one in judged:
        if one["is_alarm"] and not is_open:
            found.append({"since": one["day"], "leading": [], "n_days": 0, "most": 0.0})
        is_open = bool(one["is_alarm"])
        if is_open:
            last = found[-1]
            last["until"], last["n_days"] = one["day"], last["n_days"] + 1
            last["most"] = max(last["most"], one["evidence"])
            last["leading"] += [name for name in one["leading"] if name not in last["leading"]]
    return found
