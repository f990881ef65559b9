"""What is known of shift on a version: between its splits, against the last version, by month, by day.

The verdicts are `checks`' own, kept in `meta.comparisons`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.column_shift import ColumnShift
from checks.figure.canvas import number
from checks.report import ShiftReport
from checks.shift_figures import alarms_of, evidence_of
from pipelines.views_shift import watch_of
from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import COMPARISONS

MOST_COLUMNS = 12  # with their pictures
MOST_QUIET = 3  # of a comparison in which nothing is shifted
MOST_LISTED = 40
MOST_PAIRS = 8
MOST_ALARMS = 12
MOST_LINES = 4
TOLERANCE = 0.02  # that of the comparisons: effects below it are no alarm
LOUD = ("shifted", "as_declared")


def shift_of(meta: Meta, version: Version | None, target: str | None) -> dict[str, Any]:
    """The comparisons of a version, what is shifted first; the watch; lines by month; verdicts by column."""
    rows = meta.rows(COMPARISONS, step_id=version.audit_id) if version else []
    reports = [dict(row["report"]) | {"kind": row["kind"]} for row in rows]
    by_column: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        for column in report["columns"] if report["kind"] == "splits" else ():
            told = {"pair": pair(report), "verdict": verdict(report, column), "effect": column.get("effect")}
            by_column.setdefault(column["column"], []).append(told)
    summed = sorted(
        (_summed(report) for report in reports if report["kind"] != "months"),
        key=lambda one: LOUD.index(one["verdict"]) if one["verdict"] in LOUD else len(LOUD),
    )
    return {
        "comparisons": [one for one in summed if one["kind"] != "days"],
        "window": next((one for one in summed if one["kind"] == "days"), None),
        "watch": _watch(meta, version),
        "months": [
            *_whole(meta, version),
            *_months([report for report in reports if report["kind"] == "months"], target),
        ],
        "by_column": by_column,
    }


def _watch(meta: Meta, version: Version | None) -> dict[str, Any] | None:
    """The days that were judged as they came; before there are any, those that were played back."""
    watch = watch_of(meta, version) if version else None
    if watch is None or not (judged := watch["judged"] or watch["played_back"]):
        return None
    alarms = alarms_of(judged)
    return {
        "is_played_back": not watch["judged"],
        "began_after": watch["began_after"],
        "reference_until": watch["reference_until"],
        "n_days": len(judged),
        "n_columns": len(watch["columns"]),
        "last": judged[-1],
        "figure": evidence_of(judged),
        "alarms": list(reversed(alarms))[:MOST_ALARMS],
        "n_more_alarms": max(len(alarms) - MOST_ALARMS, 0),
    }


def pair(report: Mapping[str, Any]) -> str:
    """The two sides of a comparison."""
    return f"{report['reference']} → {report['current']}"


def verdict(report: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    """A column's verdict; a shift that the dataset's file declares is no surprise."""
    is_declared = column["verdict"] == "shifted" and report.get("declared")
    return "as_declared" if is_declared else str(column["verdict"])


def _summed(raw: Mapping[str, Any]) -> dict[str, Any]:
    report = ShiftReport.from_json({key: value for key, value in raw.items() if key != "kind"})
    rows = sorted(raw["columns"], key=_place)
    n_shown = MOST_COLUMNS if report.is_shifted else MOST_QUIET
    counted: dict[str, int] = {}
    for row in rows:
        told = verdict(raw, row)
        counted[told] = counted.get(told, 0) + 1
    is_declared = bool(report.is_shifted and report.declared)
    return {
        "pair": pair(raw),
        "kind": raw["kind"],
        "verdict": "as_declared" if is_declared else "shifted" if report.is_shifted else _quiet(counted),
        "declared": report.declared,
        "by": report.by,
        "tolerance": report.tolerance,
        "n_reference": report.n_reference,
        "n_current": report.n_current,
        "note": report.note,
        "remedy": report.remedy,
        "rows": [_told(raw, row) for row in rows[:n_shown]],
        "rest": [_told(raw, row) for row in rows[n_shown : n_shown + MOST_LISTED]],
        "n_more": max(len(rows) - n_shown - MOST_LISTED, 0),
        "figure": next((one for one in report.figures if one["kind"] == "effects"), None),
        "is_open": report.is_shifted,
        "counted": counted,
    } | _pairs(report)


def _pairs(report: ShiftReport) -> dict[str, Any]:
    """The pairs of columns that shifted, as rows and as a picture."""
    shifted, n_rows = report.shifted_pairs, report.pair_rows
    return {
        "pairs": [one.to_json() | {"named": one.named} for one in shifted[:MOST_PAIRS]],
        "pairs_figure": next((one for one in report.figures if one["kind"] == "pairs"), None),
        "n_pairs": report.n_pairs,
        "pair_rows": n_rows if n_rows != (report.n_reference, report.n_current) else None,
        "pair_groups": report.pair_groups,
        "n_more_pairs": max(len(shifted) - MOST_PAIRS, 0),
    }


def _place(row: Mapping[str, Any]) -> tuple[bool, float]:
    """By effect, the largest first; what was not compared comes last."""
    return row.get("effect") is None, -(row.get("effect") or 0.0)


def _told(report: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A column's row: what changed most stands where there is no other reason."""
    changed = ColumnShift.from_json(row).said
    why = row.get("why") or (changed if row["verdict"] == "shifted" else "")
    return dict(row) | {
        "verdict_said": verdict(report, row),
        "why": why,
        "changed": changed,
        "figure": row.get("figure"),
        "against": _against(row, report.get("tolerance", TOLERANCE)),
    }


def _against(row: Mapping[str, Any], tolerance: float) -> str:
    """Where the interval of an effect lies, in words."""
    low, high = number(row.get("low")), number(row.get("high"))
    if low is None or high is None:
        return ""
    where = "above" if low > tolerance else "below" if high < tolerance else "on both sides of"
    return f"{where} the tolerance of {tolerance:g}"


def _quiet(counted: Mapping[str, int]) -> str:
    """Of a comparison without a shift: `same` only when that is told of every column."""
    if not (counted.get("same") or counted.get("cannot_tell")):
        return "not_applicable"
    return "no_shift" if counted.get("cannot_tell") else "same"


def _whole(meta: Meta, version: Version | None) -> list[dict[str, Any]]:
    """The figures of the whole version by month, the target's first."""
    audits = meta.steps(version.dataset, step_id=version.audit_id) if version else []
    figures = [dict(figure) for audit in audits for figure in audit.detail.get("figures", ())]
    return [{"column": figure["title"], "figure": figure} for figure in reversed(figures)]


def _months(reports: list[Mapping[str, Any]], target: str | None) -> list[dict[str, Any]]:
    """The figures of the columns that differ most between months; the target has its own."""
    by_column: dict[str, dict[str, Mapping[str, Any]]] = {}
    for report in reports:
        for column in report["columns"]:
            by_column.setdefault(column["column"], {})[str(report["current"])] = column
    months = [str(report["current"]) for report in reports]
    widest = {name: max((row.get("effect") or 0.0) for row in rows.values()) for name, rows in by_column.items()}
    ranked = sorted((name for name in by_column if name != target), key=lambda name: -widest[name])
    figures = []
    for name in ranked[:MOST_LINES]:
        rows = [by_column[name].get(month, {}) for month in months]
        figure = {
            "kind": "line",
            "title": f"{name} by month",
            "y": f"{name}: effect of each month against {reports[0]['reference']}",
            "x": months,
            "values": [row.get("effect") for row in rows],
            "low": [row.get("low") for row in rows],
            "high": [row.get("high") for row in rows],
            "tolerance": reports[0].get("tolerance", TOLERANCE),
        }
        figures.append({"column": name, "figure": figure})
    return figures
