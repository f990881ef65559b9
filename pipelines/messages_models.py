"""How models look on a terminal: the ladder of error rates, the gaps with their verdicts, the first fix.

What the facts are does not belong here; that is `pipelines.views_models`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from checks.diagnosis import LADDER
from checks.metrics import METRICS
from checks.words import figure
from pipelines import messages
from pipelines.model_lines import TITLES, WORDS, failed_lines, interval, short_lines


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
            for line in failed_lines(model):
                messages.note(line)
            continue
        for metric in model["metrics"]:
            _ladder(metric)
        _further(model)
        if model["hint"]:
            messages.say(f"Hint     {model['hint']}")
        messages.say(f"First    {model['first_fix']}")
    if facts["note"]:
        messages.say(f"Note     {facts['note']}")
    _judged(facts)


def _further(model: Mapping[str, Any]) -> None:
    """What is known beside the ladder: the last month, and the classes of rows without a label."""
    for window in model["windows"]:
        _comes_from(window["name"], window)
    if shares := model["label_shares"]:
        messages.say(f"Labels   {shares['line']}{'. ' if shares['remedy'] else ''}{shares['remedy']}")


def _judged(facts: Mapping[str, Any]) -> None:
    """How often the test set was used, and what that costs the best score."""
    uses, finding = facts["judged_on_test"], facts["findings"][0]
    said = finding["seen"][0].upper() + finding["seen"][1:]
    messages.say(f"Judged   {messages.colored(said, finding['outcome']) if finding['advice'] else said}")
    best = uses["best"]
    if best and uses["n_models"] > 1 and best["low"] is not None:
        widened = {"low": best["widened_low"], "high": best["widened_high"]}
        told = f"{METRICS[best['metric']].title} {figure(best['estimate'])} ({interval(best)})"
        messages.say(f"         best on test is {best['model']}: {told}, as the best of all {interval(widened)}")
    if finding["advice"]:
        messages.say(f"         {finding['advice']}")


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
    for gap in metric["gaps"]:
        if gap["comes_from"]:
            _comes_from(TITLES[gap["name"]], gap["comes_from"])


def _comes_from(named: str, change: Mapping[str, Any]) -> None:
    """What a change of the loss comes from, and what to do about it."""
    messages.say(f"{named}: {change['line']}")
    if change["remedy"]:
        messages.say(f"  {change['remedy']}")


def short(models: Sequence[Mapping[str, Any]]) -> None:
    """The same in a few lines."""
    for line, is_failure in short_lines(models):
        (messages.note if is_failure else messages.say)(line)


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
