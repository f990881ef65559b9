"""Rows of `meta` as audits and diagnoses write them, made up: for pages of states that are dear to run for real.

The shapes are those of `meta.columns`, `comparisons`, `runs`, `error_rates` and `gaps`.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from warehouse.meta import Meta
from warehouse.records import Step, Version
from warehouse.schema import COLUMNS, COMPARISONS, ERROR_RATES, GAPS, RUNS

PARTS = ("train", "train_dev", "dev", "test")
CENTRES = {"train": 62.0, "train_dev": 61.5, "dev": 46.0, "test": 47.5}
BORN = datetime(2026, 11, 27, 6, 0, 2)


def normal_shares(centre: float, sd: float, edges: list[float]) -> list[float]:
    below = [0.5 * (1 + math.erf((edge - centre) / sd / math.sqrt(2))) for edge in edges]
    return [round(b - a, 4) for a, b in pairwise(below)]


def numeric_column(name: str, *, moves: bool = False) -> dict[str, Any]:
    edges = [round(10 + 4.5 * i, 1) for i in range(21)]
    centres = {part: CENTRES[part] if moves else 55.0 for part in PARTS}
    series = {part: normal_shares(centres[part], 14.0, edges) for part in ("train", "dev", "test")}
    stats = {
        part: {"n_rows": 40_000, "n_missing": 420, "n_distinct": 180, "mean": centre, "sd": 14.0}
        | {"min": 10.9, "q25": centre - 9.4, "median": centre, "q75": centre + 9.4, "max": 100.0}
        for part, centre in (centres | {"all": 58.0}).items()
    }
    figure = {"kind": "histogram", "title": name, "x": name, "edges": edges, "series": series}
    missing = {"train": 0.004, "dev": 0.011, "test": 0.012}
    return {"type": "DOUBLE", "kind": "numeric", "stats": stats, "figure": figure | {"missing": missing}}


def category_column(name: str, labels: list[str]) -> dict[str, Any]:
    weights = [1 / (i + 1) for i in range(len(labels))]
    shares = [round(weight / sum(weights), 4) for weight in weights]
    series = {"train": shares, "dev": shares[::-1], "test": shares}
    top = [[label, int(share * 40_000)] for label, share in zip(labels, shares, strict=True)]
    stats = {p: {"n_rows": 40_000, "n_missing": 0, "n_distinct": len(labels), "top": top} for p in ("all", *PARTS)}
    figure = {"kind": "bars", "title": name, "labels": labels, "series": series, "missing": {}}
    return {"type": "VARCHAR", "kind": "category", "stats": stats, "figure": figure}


def set_columns(meta: Meta, version: Version, made: dict[str, dict[str, Any]]) -> None:
    rows = [
        {"column": name, "ordinal": i, "dataset": version.dataset} | row for i, (name, row) in enumerate(made.items())
    ]
    meta.set_rows(COLUMNS, {"step_id": version.audit_id}, rows)


def judged_column(column: str, verdict: str, effect: float, *, low: float | None = None) -> dict[str, Any]:
    return {
        "column": column,
        "statistic": "ad",
        "p_value": 0.0005 if verdict == "shifted" else 0.4,
        "p_corrected": 0.0004 if verdict == "shifted" else 0.62,
        "effect": effect,
        "low": effect * 0.8 if low is None else low,
        "high": effect * 1.2,
        "verdict": verdict,
        "why": "" if verdict != "cannot_tell" else "47 days a side; 200 would tell",
        "unit": "day",
        "smallest_effect": 0.04,
    }


def changed_pair(first: str, second: str) -> dict[str, Any]:
    figures = {"reference": 0.82, "current": -0.1, "effect": 0.9, "low": 0.7, "high": 1.1}
    told = {"first": first, "second": second, "meaning": "relation to the target", "verdict": "shifted"}
    return told | figures | {"p_value": 0.0005, "p_corrected": 0.001}


def drawn(column: dict[str, Any], kind: str) -> dict[str, Any]:
    """A judged column with the picture of both sides and what the current side has more of."""
    edges = [10.0, 30.0, 50.0, 70.0]
    of_kind = {
        "histogram": {"edges": edges, "series": {"train": [0.2, 0.3, 0.5], "dev": [0.5, 0.3, 0.2]}},
        "paired": {"labels": ["Bern", "Basel"], "series": {"train": [0.7, 0.3], "dev": [0.2, 0.8]}},
    }[kind]
    excess = {"what": f"{column['column']} up to 30", "reference": 0.2, "current": 0.5}
    return column | {"figure": {"kind": kind, "title": column["column"]} | of_kind, "excesses": [excess]}


def report(reference: str, current: str, columns: list[dict[str, Any]], *, declared: bool = False) -> dict[str, Any]:
    return {
        "reference": reference,
        "current": current,
        "is_shifted": any(column["verdict"] == "shifted" for column in columns),
        "declared": declared,
        "classifier": None,
        "unit": "273 days in 168 buckets",
        "n_reference": 198_954,
        "n_current": 42_302,
        "columns": columns,
    }


def set_comparisons(meta: Meta, version: Version, reports: list[tuple[str, dict[str, Any]]]) -> None:
    rows = [
        {
            "ordinal": i,
            "dataset": version.dataset,
            "kind": kind,
            "reference": one["reference"],
            "current": one["current"],
            "is_shifted": one["is_shifted"],
            "report": one,
        }
        for i, (kind, one) in enumerate(reports)
    ]
    meta.set_rows(COMPARISONS, {"step_id": version.audit_id}, rows)


def shift_of_splits(columns: list[str]) -> list[tuple[str, dict[str, Any]]]:
    kinds = ("histogram", "paired")
    moved = [drawn(judged_column(c, "shifted", 0.41 - 0.1 * i), kinds[i]) for i, c in enumerate(columns[:2])]
    rest = [judged_column(c, "cannot_tell" if i % 3 == 0 else "same", 0.012) for i, c in enumerate(columns[2:])]
    quiet = [judged_column(c, "same", 0.004, low=0.0) for c in columns]
    months = [
        report(
            "the other months",
            f"2013-{m:02}",
            [judged_column(c, "same", abs(m - 6) * 0.04 + i * 0.002) for i, c in enumerate(columns[:5])],
        )
        for m in range(1, 13)
    ]
    return [
        (
            "splits",
            report("train", "dev", [*moved, *rest], declared=True)
            | {"code": "SHIFT3", "pairs": [changed_pair(*columns[:2])], "n_pairs": 9},
        ),
        ("splits", report("dev", "test", quiet)),
        ("versions", report("version 1", "version 2", quiet)),
        *(("months", {**one, "tolerance": 0.1}) for one in months),
    ]


LADDERS = {
    "auc": (False, {"train": 0.79, "train_dev": 0.72, "dev": 0.70, "test": 0.67}),
    "error_rate": (True, {"train": 0.198, "train_dev": 0.233, "dev": 0.225, "test": 0.222}),
}
GAP_ENDS = {
    "avoidable_bias": ("human", "train"),
    "variance": ("train", "train_dev"),
    "data_mismatch": ("train_dev", "dev"),
    "overfitting_to_dev": ("dev", "test"),
}


def add_model(meta: Meta, version: Version, model: str = "baseline", **changed: Any) -> str:
    """A model run with two ladders; its identifier."""
    model_run_id = changed.pop("model_run_id", f"{version.dataset}-{version.version}-{model}")
    row = {
        "model_run_id": model_run_id,
        "dataset": version.dataset,
        "version": version.version,
        "model": model,
        "run_id": "20261127T060002-abc123",
        "status": "succeeded",
        "fingerprint": "f" * 64,
        "task": "classification",
        "estimator": "sklearn.ensemble:HistGradientBoostingClassifier",
        "params": {"max_iter": 100},
        "seed": 0,
        "code_sha256": "c" * 64,
        "libraries": {"scikit-learn": "1.9.0", "polars": "2.1.0"},
        "features": list(version.columns)[:8],
        "file": f"models/{model_run_id}.skops",
        "started_at": BORN,
        "finished_at": BORN + timedelta(seconds=9),
        "error": None,
        "hint": None,
        "author": "ana",
        "first_fix": "Variance is the widest gap (0.070): get more data, regularise, or simplify the model.",
    } | changed
    meta.set_rows(RUNS, {"model_run_id": model_run_id}, [row])
    if row["status"] == "succeeded":
        set_ladders(meta, model_run_id)
    return model_run_id


def set_ladders(meta: Meta, model_run_id: str) -> None:
    rates, gaps = [], []
    for metric, (lower, by_split) in LADDERS.items():
        sign = 1 if lower else -1
        for i, (split, estimate) in enumerate(by_split.items()):
            rates.append(
                {
                    "metric": metric,
                    "split": split,
                    "ordinal": len(rates),
                    "lower_is_better": lower,
                    "estimate": estimate,
                }
                | {
                    "low": estimate - 0.01 - 0.005 * i,
                    "high": estimate + 0.01 + 0.005 * i,
                    "n": 40_000,
                    "n_entities": 47,
                }
            )
        for i, (name, (upper, end)) in enumerate(GAP_ENDS.items()):
            value = sign * (by_split[end] - by_split[upper]) if upper in by_split else None
            verdict = (
                "not_applicable"
                if value is None
                else "problem"
                if value > 0.03
                else "cannot_tell"
                if value > 0.01
                else "fine"
            )
            gaps.append(
                {"metric": metric, "name": name, "ordinal": i, "value": value, "verdict": verdict}
                | {"low": None if value is None else value - 0.02, "high": None if value is None else value + 0.02}
                | {
                    "why": "no human level is declared" if value is None else "",
                    "remedy": "Get more data or regularise.",
                }
            )
    meta.set_rows(ERROR_RATES, {"model_run_id": model_run_id}, rates)
    meta.set_rows(GAPS, {"model_run_id": model_run_id}, gaps)


def add_dataset(
    meta: Meta, name: str, columns: dict[str, dict[str, Any]], *, n_versions: int = 1, run_id: str = "r"
) -> Version:
    """A dataset with published versions, from nothing but rows; its newest version."""
    types = {column: row["type"] for column, row in columns.items()}
    for number in range(1, n_versions + 1):
        at = BORN + timedelta(hours=number)
        ids = {step: f"{name}-{number}-{step}" for step in ("build", "audit", "run")}
        split = {
            "n_entities": 47,
            "n_unlabelled": 3,
            "label": {"kind": "classes", "shares": {"true": 0.2, "false": 0.8}},
        }
        details = {
            "build": {
                "n_rows": 1000,
                "n_accepted": 990,
                "n_rejected": 10,
                "n_unread": 0,
                "rules": [["key", 10]],
                "columns": types,
            },
            "audit": {
                "splits": [
                    {"split": part, "n_rows": 250, "first_time": None, "last_time": None} | split for part in PARTS
                ],
                "unused": [],
            },
            "run": {"error": None, "blocked_by": []},
        }
        steps = [
            Step(
                step_id=ids[step],
                run_id=run_id,
                step=step,
                dataset=name,
                fingerprint="f",
                status="published" if step == "run" else "succeeded",
                started_at=at,
                finished_at=at + timedelta(seconds=2),
                detail=detail,
            )
            for step, detail in details.items()
        ]
        version = Version(
            dataset=name,
            version=number,
            snapshot=number,
            step_id=ids["build"],
            audit_id=ids["audit"],
            policy=None,
            fingerprint="f",
            contract_sha256="c",
            inputs={},
            columns=types,
            n_rows=990,
            changed=["files"],
            created_at=at,
            author="ana",
        )
        meta.add(*steps, version)
    set_columns(meta, version, columns)
    return version
