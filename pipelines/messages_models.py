"""How models look on a terminal: the ladder of error rates, the gaps with their verdicts, the first fix.

What the facts are does not belong here; that is `pipelines.views_models`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from checks.diagnosis import GAPS, LADDER
from checks.error_rates import METRICS
from pipelines import messages

TITLES = {gap.name: gap.title for gap in GAPS}
WORDS = {"problem": "problem", "fine": "fine", "cannot_tell": "cannot tell", "not_applicable": "not applicable"}
COLORS = {"problem": "warn", "fine": "pass"}


def figure(value: float | None) -> str:
    """A rate or a gap to three digits, larger numbers to four in all.

    >>> figure(0.7948), figure(1234.5), figure(None)
    ('0.795', '1234', '-')
    """
    if value is None:
        return "-"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def interval(told: Mapping[str, Any]) -> str:
    """The interval of a rate or a gap."""
    return "-" if told["low"] is None else f"{figure(told['low'])} to {figure(told['high'])}"


def diagnosis(facts: Mapping[str, Any]) -> None:
    """The ladders and gaps of every model of a dataset."""
    name = facts["dataset"]
    if facts["why_none"]:
        messages.say(f"{name}  version {facts['version']}  {facts['why_none']}")
        return
    for model in facts["models"]:
        made = model["estimator"] or "predictions made elsewhere"
        messages.say(f"{click.style(name, bold=True)}  version {facts['version']}, model {model['name']}: {made}")
        if model["status"] == "failed":
            failed(model)
            continue
        for metric in model["metrics"]:
            _ladder(metric)
        messages.say(f"First    {model['first_fix']}")
    if facts["note"]:
        messages.say(f"Note     {facts['note']}")
    n = facts["n_models_judged_on_test"]
    messages.say(f"Judged   {n} model{'' if n == 1 else 's'} on this test set")


def _ladder(metric: Mapping[str, Any]) -> None:
    title, better = METRICS[metric["metric"]].title, "lower" if metric["lower_is_better"] else "higher"
    rows = [
        {
            "split": rung,
            "estimate": figure(told["estimate"]),
            "interval": interval(told),
            "n": told["n"],
            "n_entities": told["n_entities"],
        }
        for rung in LADDER
        if (told := metric["rates"].get(rung))
    ]
    headings = {"split": f"{title} ({better} is better)", "estimate": "estimate", "interval": "95 % interval"}
    messages.table(rows, headings | {"n": "rows", "n_entities": "entities"})
    gaps = [
        {
            "name": TITLES[gap["name"]],
            "value": figure(gap["value"]),
            "interval": interval(gap),
            "verdict": WORDS[gap["verdict"]],
            "why": gap["why"],
        }
        for gap in metric["gaps"]
    ]
    messages.table(
        gaps,
        {"name": "gap", "value": "worse by", "interval": "95 % interval", "verdict": "verdict", "why": "because"},
    )


def failed(model: Mapping[str, Any]) -> None:
    """Which model failed, why, and what to do."""
    messages.note(f"  {messages.colored('failed', 'fail')}   {model['error']}")
    if model["hint"]:
        messages.note(f"  Hint: {model['hint']}")


def short(models: Sequence[Mapping[str, Any]]) -> None:
    """The same in a few lines, for the end of a run: the leading metric's ladder, what is wrong, the first fix."""
    for model in models:
        if model["status"] == "failed":
            failed(model)
            messages.note(f"  version {model['version']} stays published")
            continue
        for metric in model["metrics"][:1]:
            _short_ladder(model["name"], metric)
        messages.say(f"  first    {model['first_fix']}")


def _short_ladder(name: str, metric: Mapping[str, Any]) -> None:
    rungs = [
        f"{rung} {figure(metric['rates'][rung]['estimate'])}" for rung in LADDER if rung in metric["rates"]
    ]
    messages.say(f"  model    {name}: {METRICS[metric['metric']].title} {' · '.join(rungs)}")
    gaps = [
        f"{TITLES[gap['name']]} {messages.colored(WORDS[gap['verdict']], COLORS.get(gap['verdict'], ''))}"
        + (f" {figure(gap['value'])} ({interval(gap)})" if gap["verdict"] == "problem" else "")
        for gap in metric["gaps"]
    ]
    messages.say(f"  gaps     {' · '.join(gaps)}")


def replication(told: Mapping[str, Any]) -> None:
    """Whether a model that was judged again has the figures that it had."""
    if told["status"] == "failed":
        return
    if told["replicates"] is None:
        messages.say("Same?    there is no earlier run of this model, as it is, on this version to compare with")
    elif told["replicates"]:
        messages.say("Same?    every figure equals that of the run before, bit for bit")
    else:
        messages.say(f"Same?    {len(told['differences'])} figures differ from those of the run before:")
        for difference in told["differences"]:
            messages.say(f"           {difference}")
