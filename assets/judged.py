"""How many models were judged on a test set, by whom and when: from `meta` alone.

A **test set** is what counts, not a version: versions whose policies give test the same entities share it, because it
only grew. Where entities are remembered each policy places them anew, so only versions of one policy share it, and of
these not those whose cuts rolled on or whose file of splits is another.

On one version, models differ when name, estimator, code or parameters do, and also when what they scored does
(predictions made elsewhere have nothing else to be known by). One that is judged again on a later version is no new
one. What a count costs is `checks.best_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checks.best_of import judged_often, widening
from checks.finding import Finding
from checks.metrics import METRICS
from warehouse.meta import Meta
from warehouse.records import Policy, Version
from warehouse.time_cuts import DURATION

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
    details: Facts = {}
    if any(_is_rolling(one) or one.thresholds.get("predefined") for one in policies.values()):
        details = {step.step_id: step.detail for step in meta.steps(version.dataset, step="build")}

    def test_set(one: Version) -> Facts:
        return _test_set(one, policies.get(one.policy or 0), details.get(one.step_id, {}))

    its = test_set(version)
    return [one for one in meta.versions(version.dataset) if test_set(one) == its]


def _test_set(version: Version, policy: Policy | None, build: Mapping[str, Any]) -> Facts:
    """What the test set of a version is known by."""
    if policy is not None and not _is_remembered(policy):
        return _mark(policy)
    told: Facts = {"policy": version.policy}
    if policy is not None and _is_rolling(policy):
        return told | {"cut": build.get("placing", {}).get("time", {}).get(TEST, version.version)}
    return told | {"keys": build.get("parts", {}).get("keys_sha256")}


def _is_rolling(policy: Policy) -> bool:
    return bool((policy.thresholds.get("time") or {}).get("roll"))


def _is_remembered(policy: Policy) -> bool:
    """Whether another policy that says the same would give test other entities; by time, where no moment is given."""
    facts = policy.thresholds
    time = facts.get("time")
    is_found = time is not None and (not time.get(TEST) or bool(DURATION.fullmatch(time[TEST])))
    return is_found or any(facts.get(key) for key in ("stratified", "clusters", "predefined"))


def _mark(policy: Policy) -> Facts:
    """What decides which entities are in test: all of a policy but the thresholds of other splits."""
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
