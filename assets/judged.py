"""How many models were judged on a test set, by whom and when: from `meta` alone.

A **test set** is what counts, not a version: versions whose policies give test the same entities share it, because it
only grew. On one version, models differ when name, estimator, code or parameters do, and also when what they scored
does (predictions made elsewhere have nothing else to be known by). One that is judged again on a later version is no
new one. What a count costs is `checks.best_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checks.best_of import judged_often, widening
from checks.finding import Finding
from checks.metrics import METRICS
from warehouse.meta import Meta
from warehouse.records import Policy, Version

Facts = dict[str, Any]
TEST = "test"


def uses_of_test(meta: Meta, version: Version) -> Facts:
    """How often the test set of a version was used to judge a model.

    Returns:
        `n_models`, `authors`, `first_at`, `last_at` and `widening` (how many times as wide an interval of the best is)
        over all versions that share the test set; `versions`, the same one a version; `best`, the best score on this
        version with its interval and the widened one, or None.
    """
    sharing = {one.version for one in _sharing(meta, version)}
    runs = [run for run in runs_of(meta.judged_on(version.dataset, TEST)) if run["version"] in sharing]
    by_version = {number: [run for run in runs if run["version"] == number] for number in sorted(sharing)}
    n_models = _n_models(by_version.values())
    here = by_version[version.version]
    return {
        "n_models": n_models,
        **_who_and_when(runs),
        "widening": widening(n_models),
        "versions": [
            {"version": number, "n_models": _n_models([found]), **_who_and_when(found)}
            for number, found in by_version.items()
            if found
        ],
        "best": _best(here, n_models) if here else None,
    }


def finding_on_test(uses: Mapping[str, Any]) -> Finding:
    """Was this test set used too often?"""
    return judged_often(uses["n_models"], uses["authors"], (uses["first_at"] or "")[:10] or None)


def runs_of(rows: Iterable[Mapping[str, Any]]) -> list[Facts]:
    """Model runs, oldest first, from one row a metric; `scores` by metric, the leading one first."""
    runs: dict[str, Facts] = {}
    for row in rows:
        run = runs.setdefault(row["model_run_id"], dict(row) | {"scores": {}})
        run["scores"][row["metric"]] = {name: row[name] for name in ("estimate", "low", "high")}
    return sorted(runs.values(), key=lambda run: (run["finished_at"], run["model_run_id"]))


def _sharing(meta: Meta, version: Version) -> list[Version]:
    """The versions whose test set has the entities of this one's, up to it and after it."""
    policies = {policy.policy: policy for policy in meta.policies(version.dataset)}
    mark = _mark(policies.get(version.policy or 0))
    return [
        one
        for one in meta.versions(version.dataset)
        if one.policy == version.policy or (mark is not None and _mark(policies.get(one.policy or 0)) == mark)
    ]


def _mark(policy: Policy | None) -> Facts | None:
    """What decides which entities are in test: all of a policy but the thresholds of other splits."""
    if policy is None:
        return None
    facts = dict(policy.thresholds)
    lines = {pool: [list(cut) for cut in line if cut[0] == TEST] for pool, line in facts.pop("lines", {}).items()}
    return {"salt": policy.salt, "entity": policy.entity, "columns": policy.columns, "lines": lines, **facts}


def _n_models(versions: Iterable[Iterable[Mapping[str, Any]]]) -> int:
    """Different models: of each that has a name, code and parameters, the most results that it had on one version."""
    most: dict[str, int] = {}
    for runs in versions:
        results: dict[str, set[str]] = {}
        for run in runs:
            model = str([run[name] for name in ("model", "estimator", "code_sha256", "params")])
            scores = {metric: score["estimate"] for metric, score in run["scores"].items()}
            results.setdefault(model, set()).add(str(sorted(scores.items())))
        for model, found in results.items():
            most[model] = max(most.get(model, 0), len(found))
    return sum(most.values())


def _who_and_when(runs: list[Facts]) -> Facts:
    times = [run["finished_at"].isoformat() + "Z" for run in runs]
    return {
        "authors": sorted({run["author"] for run in runs if run["author"]}),
        "first_at": times[0] if times else None,
        "last_at": times[-1] if times else None,
    }


def _best(runs: list[Facts], n_models: int) -> Facts | None:
    """The best score on test in the metric that leads, with its interval as that of the best of `n_models`."""
    name = next(iter(runs[-1]["scores"]))
    metric = METRICS.get(name)
    scored = [run for run in runs if run["scores"].get(name, {}).get("estimate") is not None]
    if metric is None or not scored:
        return None
    choose = min if metric.lower_is_better else max
    best = choose(scored, key=lambda run: run["scores"][name]["estimate"])
    score = best["scores"][name]
    told: Facts = {"model": best["model"], "metric": name, "title": metric.title, **score}
    told |= {"widened_low": None, "widened_high": None}
    if score["low"] is not None and score["high"] is not None:
        times, estimate = widening(n_models), score["estimate"]
        told["widened_low"] = max(metric.least, estimate - times * (estimate - score["low"]))
        told["widened_high"] = min(metric.most, estimate + times * (score["high"] - estimate))
    return told
