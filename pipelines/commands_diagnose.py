"""The command `diagnose`, and `run --model`: what is wrong with models, and whether one is the same a second time.

What is shown is `pipelines.views_models`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from assets.model_plan import models_of
from assets.project import Project
from assets.result import DatasetResult
from assets.step import Run
from pipelines import messages, messages_models, views_models
from pipelines.commands_look import as_json_option, opened
from warehouse.client import Warehouse
from warehouse.names import version_of


@click.command()
@click.argument("name")
@as_json_option
def diagnose(name: str, *, as_json: bool) -> int:
    """What is wrong with the models of a dataset, and the first thing to do. Exit code 1 when one has failed.

    \b
    Example: gristmill diagnose flights
    """
    with opened() as (project, warehouse):
        facts = views_models.diagnose(project, warehouse.meta, name)
    if as_json:
        messages.say_json(facts)
    else:
        messages_models.diagnosis(facts)
    return int(any(model["status"] == "failed" for model in facts["models"]))


def run_model(
    root: Path, names: tuple[str, ...], model: str, version: int | None, *, author: str, as_json: bool
) -> int:
    """Judge one model again on one version, and say whether its figures are those of before.

    Raises:
        NotFound: There is no such dataset, version or model.
    """
    from assets.judge import refit
    from assets.stages import timed

    project = Project.open(root)
    name = _dataset_of(project, names, model)
    with Warehouse(project.settings) as warehouse, messages.progress(is_quiet=as_json) as listen:
        run = Run(project=project, warehouse=warehouse, author=author, listen=listen)
        dataset, result = project.dataset(name), DatasetResult(name=name)
        found = version_of(warehouse, name if version is None else f"{name}@{version}")
        with warehouse.lock(name):
            told = refit(run, dataset, found, model, timed=partial(timed, run, dataset, result))
    _say(name, told, as_json=as_json)
    return int(told["status"] == "failed" or told["replicates"] is False)


def _say(name: str, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        messages.say_json({"dataset": name, "model": told})
        return
    messages.say(f"{click.style(name, bold=True)}  v{told['version']}")
    messages_models.short([told])
    messages_models.replication(told)


def _dataset_of(project: Project, names: tuple[str, ...], model: str) -> str:
    """The dataset whose model is meant."""
    having = [name for name, dataset in project.datasets.items() if model in models_of(dataset)]
    meant = list(names) or having
    if len(meant) != 1:
        said = f"{len(meant)} datasets have a model {model!r}" if meant else f"no dataset has a model {model!r}"
        raise click.UsageError(f"{said}; name one: `gristmill run NAME --model {model}`")
    return meant[0]


COMMANDS = {"diagnose": diagnose}
