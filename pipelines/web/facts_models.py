"""The models judged on a dataset: the newest run of each, its ladders, what to fix first; and one run alone.

Rates, gaps, verdicts and remedies are rows of `meta`; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from assets.judged import finding_on_test, uses_of_test
from assets.loss_change import told_changes, windows_of
from assets.unlabelled import told_shares
from checks.metrics import METRICS
from pipelines.views_models import note
from warehouse.meta import Meta
from warehouse.records import Version
from warehouse.schema import ERROR_RATES, GAPS, RUNS

SPLITS = ("human", "train", "train_dev", "dev", "test")
MOST_OLD = 12


def models_of(
    meta: Meta, dataset: str, version: Version | None, declared: Collection[str] | None = None
) -> dict[str, Any]:
    """The newest run of each model with its ladders, and the runs before.

    One that failed and was taken out of the file (`declared` says what that names, if it is known) is among the latter.
    """
    runs = sorted(
        meta.rows(RUNS, dataset=dataset), key=lambda row: (row["started_at"], row["model_run_id"]), reverse=True
    )
    newest: dict[str, dict[str, Any]] = {}
    for run in runs:
        newest.setdefault(run["model"], run)
    concerns = [
        run for run in newest.values() if run["status"] != "failed" or declared is None or run["model"] in declared
    ]
    shown = {run["model_run_id"] for run in concerns}
    uses = uses_of_test(meta, version) if version else None
    return {
        "newest": [judged(meta, run, version) for run in concerns],
        "older": [run for run in runs if run["model_run_id"] not in shown][:MOST_OLD],
        "uses": uses,
        "test_finding": finding_on_test(uses).to_json() if uses else None,
    }


def judged(meta: Meta, run: dict[str, Any], version: Version | None) -> dict[str, Any]:
    """A model run with the ladder of each metric."""
    rates = meta.rows(ERROR_RATES, model_run_id=run["model_run_id"])
    changes = told_changes(meta, run["model_run_id"])
    gaps = [
        gap | {"comes_from": changes.get((gap["metric"], gap["name"]))}
        for gap in meta.rows(GAPS, model_run_id=run["model_run_id"])
    ]
    metrics = list(dict.fromkeys(row["metric"] for row in sorted(rates, key=lambda row: row["ordinal"])))
    return run | {
        "note": note([{"metrics": [{"metric": metric} for metric in metrics if metric in METRICS]}]),
        "is_behind": bool(version and run["version"] != version.version),
        "windows": windows_of(changes, {gap["name"] for gap in gaps}),
        "label_shares": told_shares(meta, run["model_run_id"]),
        "metrics": [_metric(run, metric, rates, gaps) for metric in metrics],
    }


def model_run(meta: Meta, model_run_id: str) -> dict[str, Any] | None:
    """One model run; None when there is none of that name."""
    found = meta.rows(RUNS, model_run_id=model_run_id)
    if not found:
        return None
    version = next(iter(meta.versions(found[0]["dataset"])[-1:]), None)
    return judged(meta, found[0], version)


def _metric(
    run: dict[str, Any], metric: str, rates: list[dict[str, Any]], gaps: list[dict[str, Any]]
) -> dict[str, Any]:
    mine = {row["split"]: row for row in rates if row["metric"] == metric}
    steps = sorted((row for row in gaps if row["metric"] == metric), key=lambda row: row["ordinal"])
    lower = bool(next(iter(mine.values()))["lower_is_better"])
    title = METRICS[metric].title if metric in METRICS else metric.replace("_", " ")
    figure = {
        "kind": "ladder",
        "title": f"{run['model']}: {title} from human level to test",
        "metric": title,
        "lower_is_better": lower,
        "rates": mine,
        "gaps": steps,
    }
    return {
        "metric": title,
        "lower_is_better": lower,
        "rates": [mine[split] for split in SPLITS if split in mine],
        "gaps": steps,
        "figure": figure,
    }
