"""What is known of shift on a version: between its splits, against the last version, by month.

The verdicts are `checks`' own, kept in `meta.comparisons`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.figure.canvas import number
from checks.figure.scale import rate
from checks.pair_shift import PairShift
from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import COMPARISONS

MOST_COLUMNS = 8
MOST_QUIET = 3  # of a comparison in which nothing is shifted
MOST_LINES = 4
TOLERANCE = 0.02  # that of the comparisons: effects below it are no alarm
LOUD = ("shifted", "as_declared")
RANK = {"shifted": 0, "cannot_tell": 1, "same": 2, "not_applicable": 3}


def shift_of(meta: Meta, version: Version | None, target: str | None) -> dict[str, Any]:
    """The comparisons of a version, what is shifted first; lines by month, the target's first; verdicts by column."""
    rows = meta.rows(COMPARISONS, step_id=version.audit_id) if version else []
    reports = [dict(row["report"]) | {"kind": row["kind"]} for row in rows]
    by_column: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        for column in report["columns"] if report["kind"] == "splits" else ():
            told = {"pair": pair(report), "verdict": verdict(report, column), "effect": column.get("effect")}
            by_column.setdefault(column["column"], []).append(told)
    return {
        "comparisons": sorted(
            (_summed(report) for report in reports if report["kind"] != "months"),
            key=lambda one: LOUD.index(one["verdict"]) if one["verdict"] in LOUD else len(LOUD),
        ),
        "months": [
            *_whole(meta, version),
            *_months([report for report in reports if report["kind"] == "months"], target),
        ],
        "by_column": by_column,
    }


def pair(report: Mapping[str, Any]) -> str:
    """The two sides of a comparison."""
    return f"{report['reference']} → {report['current']}"


def verdict(report: Mapping[str, Any], column: Mapping[str, Any]) -> str:
    """A column's verdict; a shift that the dataset's file declares is no surprise."""
    is_declared = column["verdict"] == "shifted" and report.get("declared")
    return "as_declared" if is_declared else str(column["verdict"])


def _summed(report: Mapping[str, Any]) -> dict[str, Any]:
    columns = sorted(report["columns"], key=lambda row: (RANK.get(row["verdict"], 9), -(row.get("effect") or 0.0)))
    n_shown = MOST_COLUMNS if report["is_shifted"] else MOST_QUIET
    counted: dict[str, int] = {}
    for row in columns:
        counted[row["verdict"]] = counted.get(row["verdict"], 0) + 1
    pairs = [PairShift(**pair) for pair in report.get("pairs", ()) if pair["verdict"] == "shifted"]
    pair_rows = report.get("pair_rows")
    is_declared = bool(report["is_shifted"] and report.get("declared"))
    return {
        "pair": pair(report),
        "kind": report["kind"],
        "verdict": "as_declared" if is_declared else "shifted" if report["is_shifted"] else _quiet(counted),
        "declared": report.get("declared"),
        "unit": report.get("unit"),
        "n_reference": report.get("n_reference"),
        "n_current": report.get("n_current"),
        "note": report.get("note") or "",
        "rows": [_told(report, row) for row in columns[:n_shown]],
        "pairs": [p.line for p in pairs[:MOST_COLUMNS]],
        "n_pairs": report.get("n_pairs", 0),
        "pair_rows": pair_rows if pair_rows != [report.get("n_reference"), report.get("n_current")] else None,
        "n_more_pairs": max(len(pairs) - MOST_COLUMNS, 0),
        "counted": counted,
        "n_more": max(len(columns) - n_shown, 0),
    }


def _told(report: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """A column's row: what changed most stands where there is no other reason."""
    changes = [
        f"{one['what']}: {rate(one['value'])} ± {rate(one['margin'])}"
        for one in row.get("changes", ())
        if row["verdict"] == "shifted"
        and number(one.get("value")) is not None
        and number(one.get("margin")) is not None
    ]
    return dict(row) | {"verdict_said": verdict(report, row), "why": row.get("why") or "; ".join(changes)}


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
