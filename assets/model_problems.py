"""What is wrong with what a dataset's file says of models, as far as it can be told without importing any of them.

Labels and columns are asked when a model is fitted.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Problem
from assets.model_files import file_of, prediction_files
from assets.model_spec import ModelSpec
from assets.yaml_file import DatasetFile
from checks.metrics import METRICS
from warehouse.errors import closest

MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
KEYS = ("task", "positive", "metric", "human_level", "models")


def problems_of_models(file: DatasetFile, root: Path) -> list[Problem]:
    """Every problem of `models`, `human_level`, `metric`, `positive` and `task`."""
    spec = file.spec
    if spec.target is None:
        said = [key for key in KEYS if (key,) in file.lines and not (key == "models" and not spec.models)]
        hint = "name the column that a model is to predict as `target`, or leave it out"
        return [file.problem(key, "stands there and the dataset has no target", hint) for key in said]
    problems = [*_metric(file), *_human_level(file)]
    for name, model in (spec.models or {}).items():
        problems += _model(file, root, name, model)
    return problems


def _metric(file: DatasetFile) -> Iterator[Problem]:
    if file.spec.metric is not None:
        yield from _unknown_metric(file, "metric", file.spec.metric)


def _unknown_metric(file: DatasetFile, key: str, metric: str) -> Iterator[Problem]:
    task = file.spec.task
    known = [name for name, one in METRICS.items() if task is None or one.of_quantities == (task == "regression")]
    if metric not in known:
        close = closest(metric, known)
        found = f"is {metric!r}, which is no metric" + (f" of {file.spec.task}" if file.spec.task else "")
        yield file.problem(key, found, f"did you mean {close!r}?" if close else f"there are {', '.join(known)}")


def _human_level(file: DatasetFile) -> Iterator[Problem]:
    for i, level in enumerate(file.spec.human_level):
        key = f"human_level.{i}.value" if ("human_level", str(i)) in file.lines else "human_level.value"
        if level.metric is not None and level.metric not in METRICS:
            yield from _unknown_metric(file, key.replace("value", "metric"), level.metric)
            continue
        named = level.metric or ("mae" if file.spec.task == "regression" else "error_rate")
        metric = METRICS[named]
        if level.metric is None and file.spec.task is None and level.value > 1:
            found = f"is {level.value:g}, and a share of mistakes is between 0 and 1"
            yield file.problem(key, found, f"write {level.value / 100:g} for {level.value:g} %, or say its `metric`")
        elif not metric.least <= level.value <= metric.most:
            bounds = (
                f"between {metric.least:g} and {metric.most:g}" if metric.most < 2 else f"at least {metric.least:g}"
            )
            found = f"is {level.value:g}, and {metric.title} is {bounds}"
            hint = f"write {level.value / 100:g} for {level.value:g} %" if 1 < level.value <= 100 else "mend the figure"
            yield file.problem(key, found, hint)


def _model(file: DatasetFile, root: Path, name: str, model: ModelSpec) -> Iterator[Problem]:
    key = f"models.{name}"
    if not MODEL_NAME.fullmatch(name):
        yield file.problem(key, f"cannot be the name of a model: {name!r}", "use letters, digits, _ - and .")
    if bool(model.estimator) == bool(model.predictions):
        found = (
            "has both `estimator` and `predictions`" if model.estimator else "has neither `estimator` nor `predictions`"
        )
        yield file.problem(key, found, "keep one of the two" if model.estimator else "write one of the two")
    elif model.predictions:
        yield from _predictions(file, root, key, model)
    else:
        yield from _estimator(file, root, f"{key}.estimator", model.estimator or "")


def _predictions(file: DatasetFile, root: Path, key: str, model: ModelSpec) -> Iterator[Problem]:
    if model.params:
        yield file.problem(f"{key}.params", "stands beside `predictions`, which were made already", "leave it out")
    if model.weights:
        yield file.problem(f"{key}.weights", "stands beside `predictions`, which were made already", "leave it out")
    if not file.spec.key:
        hint = "name the columns that identify a row as `key`"
        yield file.problem(f"{key}.predictions", "is found by key, and the dataset has none", hint)
    if not prediction_files(root, model):
        found = f"names {', '.join(map(repr, model.predictions))}, and no file is there"
        hint = "the path is taken from the project's folder"
        yield file.problem(f"{key}.predictions", found, hint, is_warning=True)


def _estimator(file: DatasetFile, root: Path, key: str, estimator: str) -> Iterator[Problem]:
    place, _, attribute = estimator.rpartition(":")
    if not place or not attribute:
        dotted = estimator.rpartition(".")
        is_dotted = dotted[0] and not estimator.endswith(".py")
        hint = f"write {dotted[0]}:{dotted[2]}" if is_dotted else "write package.module:attribute, or file.py:function"
        yield file.problem(key, f"is {estimator!r}, which names nothing in a module", hint)
        return
    path = file_of(root, estimator)
    if path is None:
        top = place.partition(".")[0]
        if importlib.util.find_spec(top) is None:
            found = f"names {place!r}, and no package {top!r} is installed"
            hint = f"`pip install` what gives {top!r}, or mend the name"
            yield file.problem(key, found, hint)
    elif not path.is_file():
        yield file.problem(
            key, f"names {place!r}, and there is no such file", "the path is taken from the project's folder"
        )
    else:
        yield from _function(file, key, path, place, attribute)


def _function(file: DatasetFile, key: str, path: Path, place: str, attribute: str) -> Iterator[Problem]:
    try:
        names = _defined(ast.parse(path.read_text("utf-8")))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        where = f" on line {error.lineno}" if isinstance(error, SyntaxError) else ""
        yield file.problem(key, f"names {place!r}, which is no Python{where}", "mend it")
        return
    if attribute not in names:
        close = closest(attribute, names)
        hint = f"did you mean {close!r}?" if close else f"define {attribute!r} there"
        yield file.problem(key, f"names {attribute!r}, which {place} does not define", hint)


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module's own statements bind."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
