"""What is known of shift on a version: between its splits, against the last version, by month.

The verdicts are `checks`' own, kept in `meta.comparisons`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import COMPARISONS

MOST_COLUMNS = 8
MOST_QUIET = 3  # of a comparison in which nothing is shifted
MOST_LINES = 4
RANK = {"shifted": 0, "cannot_tell": 1, "same": 2, "not_applicable": 3}


def shift_of(meta: Meta, version: Version | None) -> dict[str, Any]:
    """The comparisons of a version, each with its columns by effect; the lines by month; verdicts by column."""
    rows = meta.rows(COMPARISONS, step_id=version.audit_id) if version else []
    reports = [dict(row["report"]) | {"kind": row["kind"]} for row in rows]
    by_column: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        for column in report["columns"] if report["kind"] == "splits" else ():
            told = {"pair": pair(report), "verdict": verdict(report, column), "effect": column.get("effect")}
            by_column.setdefault(column["column"], []).append(told)
    return {
        "comparisons": [_summed(report) for report in reports if report["kind"] != "months"],
        "months": _months([report for report in reports if report["kind"] == "months"]),
        "by_column": by_column,
    }


def pair(report: Mapping[str, Any]) -> str:
    """The two sides of a comparison."""
    return f"{report['reference']} → {report['current']}".replace("_", "-")


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
    is_declared = bool(report["is_shifted"] and report.get("declared"))
    return {
        "pair": pair(report),
        "kind": report["kind"],
        "verdict": "as_declared" if is_declared else "shifted" if report["is_shifted"] else _quiet(counted),
        "declared": report.get("declared"),
        "unit": report.get("unit"),
        "n_reference": report.get("n_reference"),
        "n_current": report.get("n_current"),
        "rows": [dict(row) | {"verdict_said": verdict(report, row)} for row in columns[:n_shown]],
        "counted": counted,
        "n_more": max(len(columns) - n_shown, 0),
    }


def _quiet(counted: Mapping[str, int]) -> str:
    """Of a comparison without a shift: `same` only when something could be told."""
    return "same" if counted.get("same") else "cannot_tell" if counted.get("cannot_tell") else "not_applicable"


def _months(reports: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The figures of the columns that differ most between months."""
    by_column: dict[str, dict[str, Mapping[str, Any]]] = {}
    for report in reports:
        for column in report["columns"]:
            by_column.setdefault(column["column"], {})[str(report["current"])] = column
    months = [str(report["current"]) for report in reports]
    ranked = sorted(by_column, key=lambda name: -max((row.get("effect") or 0.0) for row in by_column[name].values()))
    figures = []
    for name in ranked[:MOST_LINES]:
        rows = [by_column[name].get(month, {}) for month in months]
        figure = {
            "kind": "line",
            "title": f"{name} by month",
            "y": f"{name}: distance of each month from {reports[0]['reference']} (total variation)",
            "x": months,
            "values": [row.get("effect") for row in rows],
            "low": [row.get("low") for row in rows],
            "high": [row.get("high") for row in rows],
            "tolerance": reports[0].get("tolerance"),
        }
        figures.append({"column": name, "figure": figure})
    return figures
