"""The columns of a version: type, statistics by split, figure, verdict of shift; a page of them at a time.

What was counted is rows of `meta.columns`; how a figure is drawn is `checks.figure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assets.spec import DatasetSpec
from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import COLUMNS

PAGE = 9
PARTS = ("train", "train_dev", "dev", "test")
# What is said of a column, in order: key in its statistics, word.
STATISTICS = {
    "n_distinct": "distinct",
    "mean": "mean",
    "sd": "sd",
    "min": "min",
    "q25": "25 %",
    "median": "median",
    "q75": "75 %",
    "max": "max",
}


def columns_of(
    meta: Meta, version: Version | None, spec: DatasetSpec | None, shift: Mapping[str, Any], *, page: int | None
) -> dict[str, Any]:
    """A page of the columns (all of them with `page=None`), and the pages that there are."""
    if version is None:
        return {"rows": [], "n_columns": 0, "page": 1, "n_pages": 1, "is_profiled": False, "page_of": {}}
    profiled = {row["column"]: row for row in meta.rows(COLUMNS, step_id=version.audit_id)}
    names = list(version.columns)
    n_pages = max(1, -(-len(names) // PAGE))
    number = min(max(page or 1, 1), n_pages)
    shown = names if page is None else names[(number - 1) * PAGE : number * PAGE]
    features = set(spec.features_among(names)) if spec else set()
    rows = [
        {
            "name": name,
            "type": version.columns[name],
            "role": _role(name, spec, features),
            "verdicts": shift["by_column"].get(name, []),
        }
        | _measured(profiled.get(name))
        for name in shown
    ]
    return {
        "rows": rows,
        "n_columns": len(names),
        "page": number,
        "n_pages": 1 if page is None else n_pages,
        "is_profiled": bool(profiled),
        "page_of": {name: 1 if page is None else i // PAGE + 1 for i, name in enumerate(names)},
    }


def _role(name: str, spec: DatasetSpec | None, features: set[str]) -> str:
    if spec is None:
        return ""
    roles = (
        (name == spec.target, "target"),
        (name in spec.key, "key"),
        (name in spec.splits.entity, "entity"),
        (name == spec.time, "time"),
        (name in features, "feature"),
    )
    return ", ".join(role for is_it, role in roles if is_it) or "not a feature"


def _measured(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"figure": None, "parts": [], "statistics": [], "top": [], "missing": None}
    stats = row["stats"] or {}
    whole = stats.get("all") or {}
    parts = [part for part in PARTS if stats.get(part)]
    statistics = [
        {"name": word, "all": whole.get(key), "by_part": [stats[part].get(key) for part in parts]}
        for key, word in STATISTICS.items()
        if any(stats[part].get(key) is not None for part in (*parts, *(["all"] if whole else [])))
    ]
    n_rows = whole.get("n_rows") or 0
    missing = (whole.get("n_missing") or 0) / n_rows if n_rows else None
    return {
        "kind": row["kind"],
        "figure": row["figure"],
        "parts": parts,
        "statistics": statistics,
        "top": (whole.get("top") or [])[:5],
        "missing": missing,
    }
