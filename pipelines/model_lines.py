"""Models in a few lines of text, for the end of a run: the ladder, what is wrong, the first fix; or why one failed.

Tables of models are `pipelines.messages_models`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.diagnosis import GAPS, LADDER
from checks.metrics import METRICS
from checks.words import figure

TITLES = {gap.name: gap.title for gap in GAPS}
WORDS = {"problem": "problem", "fine": "fine", "cannot_tell": "cannot tell", "not_applicable": "not applicable"}


def interval(told: Mapping[str, Any]) -> str:
    """The interval of a rate or a gap."""
    return "-" if told["low"] is None else f"{figure(told['low'])} to {figure(told['high'])}"


def failed_lines(model: Mapping[str, Any]) -> Iterator[str]:
    """Which model failed, why, and what to do."""
    yield f"  failed   {model['error']}"
    if model["hint"]:
        yield f"  Hint: {model['hint']}"


def short_lines(models: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Every model's lines, each with whether it tells of a failure."""
    for model in models:
        if model["status"] == "failed":
            yield from ((line, True) for line in failed_lines(model))
            yield f"  version {model['version']} stays published", True
            continue
        for metric in model["metrics"][:1]:
            yield from ((line, False) for line in _ladder(model["name"], metric))
        if model["hint"]:
            yield f"  hint     {model['hint']}", False
        yield f"  first    {model['first_fix']}", False


def _ladder(name: str, metric: Mapping[str, Any]) -> Iterator[str]:
    rungs = [f"{rung} {figure(metric['rates'][rung]['estimate'])}" for rung in LADDER if rung in metric["rates"]]
    yield f"  model    {name}: {METRICS[metric['metric']].title} {' · '.join(rungs)}"
    gaps = [
        f"{TITLES[gap['name']]} {WORDS[gap['verdict']]}"
        + (f" {figure(gap['value'])} ({interval(gap)})" if gap["verdict"] == "problem" else "")
        for gap in metric["gaps"]
    ]
    yield f"  gaps     {' · '.join(gaps)}"
