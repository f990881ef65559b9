"""What is known of models, as plain facts: one for the command line, `--json`, Python and pages. From `meta` alone.

How facts look does not belong here; that is `pipelines.messages_models`.
"""

from __future__ import annotations

from typing import Any

from assets.diagnose import told_models
from assets.judged import finding_on_test, uses_of_test
from assets.model_plan import models_of
from assets.project import Project
from checks.metrics import METRICS
from pipelines.views import Facts, published
from warehouse.meta import Meta

PLAIN_ERROR = "A plain error rate falls when the base rate falls, and so can hide a data mismatch"


def diagnose(project: Project, meta: Meta, name: str) -> Facts:
    """The ladder of every model on the published version of a dataset, its gaps, and the first thing to do.

    Raises:
        NotFound: There is no such dataset.
        NotPublished: It has no version.
    """
    version = published(project, meta, name)
    dataset = project.datasets.get(name)
    declared = models_of(dataset) if dataset else {}
    # One that failed and was taken out of the YAML concerns nobody any more.
    told = told_models(meta, name, version.version)
    models = [model for model in told if model["status"] == "succeeded" or model["name"] in declared]
    uses = uses_of_test(meta, version)
    return {
        "dataset": name,
        "version": version.version,
        "n_models_judged_on_test": uses["n_models"],
        "judged_on_test": uses,
        "findings": [finding_on_test(uses).to_json()],
        "note": note(models),
        "why_none": None if models else why_none(project, name),
        "models": models,
    }


def why_none(project: Project, name: str) -> str:
    """Why a dataset has no judged model, and what to do."""
    dataset = project.datasets.get(name)
    if dataset is None:
        return "its file is gone or broken"
    spec = dataset.file.spec
    if spec.target is None:
        return f"{name} has no target, so no model is judged: name one as `target` in {dataset.file.file}"
    if spec.models is not None and not spec.models:
        return f"{name} declares `models: {{}}`, so no model is judged"
    return f"no model was judged on this version yet: `gristmill run {name}`"


def note(models: list[dict[str, Any]]) -> str | None:
    """What readers of a plain error rate must know, where one is shown beside a metric that sees the base rate."""
    shown = [metric["metric"] for model in models for metric in model["metrics"]]
    aware = next((name for name in shown if METRICS[name].is_base_rate_aware), None)
    return f"{PLAIN_ERROR}: read {METRICS[aware].title} first." if aware and "error_rate" in shown else None
