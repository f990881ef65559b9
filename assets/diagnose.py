"""Step seven: read a model's gaps off its error rates, and keep both as rows of `meta`, which pages and commands read.

The gaps and their remedies are `checks.diagnosis`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from assets.loss_change import told_changes, windows_of
from assets.model_plan import newest_runs
from assets.unlabelled import told_shares
from checks.diagnosis import Diagnosis, HumanLevel, diagnose
from checks.error_rates import FIGURES, Rate
from checks.metrics import METRICS
from warehouse.meta import Meta
from warehouse.schema import ERROR_RATES, GAPS, RUNS

if TYPE_CHECKING:
    from assets.project import Dataset
    from assets.task import Task
    from checks.leave_one_out import Judged


def diagnosis_of(
    dataset: Dataset, task: Task, judged: Mapping[str, Judged], rates: Mapping[str, Mapping[str, Rate]]
) -> Diagnosis:
    """What is wrong with one model, by its rates and the human level that the dataset declares."""
    one = judged.get("train") or next(iter(judged.values()), None)
    sd = float(one.truth.std()) if one is not None and task.is_quantity else None
    lead = dataset.file.spec.metric
    return diagnose(rates, human=human_level(dataset, task), sd=sd, lead=lead if lead in rates else None)


def human_level(dataset: Dataset, task: Task) -> HumanLevel | None:
    """The best of the human levels that are declared in the first one's metric: what avoidable bias is measured from.

    The best that people reach is the nearest to the error that nobody can avoid (*Machine Learning Yearning*, 33).
    """
    plain = "mae" if task.is_quantity else "error_rate"
    declared = [(level.metric or plain, level) for level in dataset.file.spec.human_level]
    if not declared:
        return None
    metric = declared[0][0]
    levels = [level for name, level in declared if name == metric]
    best = (min if METRICS[metric].lower_is_better else max)(levels, key=lambda level: level.value)
    said = f"{best.value:g}{f' ({best.who})' if best.who else ''}"
    others = [f"{level.who or 'another'} {level.value:g}" for level in levels if level is not best]
    return HumanLevel(
        metric=metric,
        value=best.value,
        said=f"{said}, the best of {len(levels)}: also {', '.join(others)}" if others else said,
    )


def remember(meta: Meta, row: Mapping[str, Any], found: Diagnosis | None) -> None:
    """Keep a run of a model; with its rates and gaps where it succeeded."""
    identity = {"model_run_id": row["model_run_id"]}
    meta.set_rows(RUNS, identity, [row])
    if found is None:
        return
    rates, gaps = [], []
    for of in found.metrics:
        lower = METRICS[of.metric].lower_is_better
        rates += [
            {"metric": of.metric, "split": rung, "lower_is_better": lower, **told.to_json()}
            for rung, told in of.rates.items()
        ]
        gaps += [{"metric": of.metric, **gap.to_json()} for gap in of.gaps]
    meta.set_rows(ERROR_RATES, identity, [row | {"ordinal": i} for i, row in enumerate(rates)])
    meta.set_rows(GAPS, identity, [row | {"ordinal": i} for i, row in enumerate(gaps)])


def told_models(meta: Meta, dataset: str, version: int) -> list[dict[str, Any]]:
    """The newest run of each model on a version, as `diagnose` tells them."""
    return [told_model(meta, row) for row in newest_runs(meta, dataset, version).values()]


def told_model(meta: Meta, row: Mapping[str, Any]) -> dict[str, Any]:
    """One run of a model: its ladders and gaps, the leading metric first."""
    rates = meta.rows(ERROR_RATES, model_run_id=row["model_run_id"])
    gaps = meta.rows(GAPS, model_run_id=row["model_run_id"])
    changes = told_changes(meta, row["model_run_id"])
    metrics = [
        {
            "metric": metric,
            "lower_is_better": next(bool(r["lower_is_better"]) for r in rates if r["metric"] == metric),
            "rates": {r["split"]: {name: r[name] for name in FIGURES} for r in rates if r["metric"] == metric},
            "gaps": [
                {name: g[name] for name in ("name", "value", "low", "high", "verdict", "remedy", "why")}
                | {"comes_from": changes.get((metric, g["name"]))}
                for g in gaps
                if g["metric"] == metric
            ],
        }
        for metric in dict.fromkeys(r["metric"] for r in rates)
    ]
    named = ("status", "estimator", "first_fix", "error", "hint", "model_run_id")
    told = {
        "metrics": metrics,
        "windows": windows_of(changes, {g["name"] for g in gaps}),
        "label_shares": told_shares(meta, row["model_run_id"]),
    }
    return {"name": row["model"], "version": row["version"], **{n: row[n] for n in named}, **told}
