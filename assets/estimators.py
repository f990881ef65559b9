"""From `package.module:attribute` or `file.py:function` to an estimator that is ready to be fitted.

A project's file is loaded by its path under a private name: nothing is put on `sys.path`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from assets.errors import ModelFailed
from assets.model_files import file_of, sha256_of
from assets.model_plan import SEED, Model
from warehouse.errors import closest

# What a model's own code may raise; `sys.exit()` in it ends the model, not the run.
ITS_OWN = (Exception, SystemExit, GeneratorExit)
CLASSIFIER = "sklearn.ensemble:HistGradientBoostingClassifier"
REGRESSOR = "sklearn.ensemble:HistGradientBoostingRegressor"
# No early stopping: it would hold rows back by row, and rows of one entity know each other.
BASELINE_PARAMS = {"max_iter": 100, "early_stopping": False}


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """An estimator, not yet fitted, and where it came from.

    Attributes:
        estimator: The estimator.
        named: As the YAML names it; for the baseline, what was chosen.
        params: What it was made with.
        seed: Its `random_state`, or None when it has none.
        code_sha256: Of the file that defines it, or None when it has no file.
    """

    estimator: Any
    named: str
    params: dict[str, Any]
    seed: int | None
    code_sha256: str | None


def load_estimator(root: Path, model: Model, *, is_quantity: bool) -> Loaded:
    """The estimator of a model.

    Raises:
        ModelFailed: It cannot be imported, is not there, or refuses its params.
    """
    named, params = model.spec.estimator, dict(model.spec.params)
    if named is None:
        named, params = (REGRESSOR if is_quantity else CLASSIFIER), dict(BASELINE_PARAMS)
    place, _, attribute = named.rpartition(":")
    file = file_of(root, named)
    module = _module_of_file(model.name, file, place) if file else _module(model.name, place)
    factory = getattr(module, attribute, None)
    if factory is None:
        close = closest(attribute, [name for name in dir(module) if not name.startswith("_")])
        hint = f"did you mean {close!r}?" if close else f"define it in {place}, or name another"
        raise ModelFailed(model.name, f"{place} has no {attribute!r}", hint)
    estimator = _made(model.name, named, factory, params)
    seed = _seeded(estimator, params)
    return Loaded(estimator=estimator, named=named, params=params, seed=seed, code_sha256=_code_of(module, file))


def _module(model: str, place: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except ImportError as error:
        top = place.partition(".")[0]
        is_there = top in sys.modules or importlib.util.find_spec(top) is not None
        hint = f"look for the module in {top!r}" if is_there else f"`pip install` what gives {top!r}, or mend the name"
        raise ModelFailed(model, f"{place} cannot be imported: {error}", hint) from error


def _module_of_file(model: str, file: Path, place: str) -> ModuleType:
    if not file.is_file():
        raise ModelFailed(model, f"there is no file {place!r}", "the path is taken from the project's folder")
    name = f"_gristmill_model_{hashlib.sha256(str(file).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ModelFailed(model, f"{place!r} is no Python file", "name a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # classes that it defines are looked up there
    try:
        spec.loader.exec_module(module)
    except ITS_OWN as error:
        del sys.modules[name]
        found = f"{place} cannot be loaded: {_first_line(error)}"
        raise ModelFailed(model, found, f"`python {place}` shows where; it sees no neighbour files") from error
    return module


def _made(model: str, named: str, factory: Any, params: dict[str, Any]) -> Any:
    try:
        estimator = factory(**params)
    except TypeError as error:
        known = _parameters(factory)
        wrong = next((name for name in params if known and name not in known), None)
        close = closest(wrong, known) if wrong else None
        found = f"{named} has no parameter {wrong!r}" if wrong else f"{named} refuses its params: {error}"
        hint = f"did you mean {close!r}?" if close else f"it takes {', '.join(known) or 'no parameters'}"
        raise ModelFailed(model, found, hint) from error
    except ITS_OWN as error:
        raise ModelFailed(model, f"{named} cannot be made: {_first_line(error)}", "mend its `params`") from error
    if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")):
        found = f"{named} gives {type(estimator).__name__!r}, which has no `fit` and `predict`"
        raise ModelFailed(model, found, "name a scikit-learn estimator, or a function that returns one")
    if not hasattr(estimator, "__sklearn_tags__"):
        found = f"{named} gives {type(estimator).__name__!r}, which is no estimator of scikit-learn's kind"
        raise ModelFailed(model, found, "let its class inherit from sklearn.base.BaseEstimator")
    return estimator


def _parameters(factory: Any) -> list[str]:
    try:
        return [name for name in inspect.signature(factory).parameters if name not in {"self", "args", "kwargs"}]
    except (TypeError, ValueError):  # made in C, without a signature
        return []


def _seeded(estimator: Any, params: dict[str, Any]) -> int | None:
    """Give the estimator our seed where it takes one and nobody chose another."""
    known = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    if "random_state" not in known:
        return None
    if known["random_state"] is None and params.get("random_state") is None:
        estimator.set_params(random_state=SEED)
        return SEED
    return int(known["random_state"]) if isinstance(known["random_state"], int) else None


def _code_of(module: ModuleType, file: Path | None) -> str | None:
    source = file or (Path(str(module.__file__)) if getattr(module, "__file__", None) else None)
    return sha256_of(source) if source else None


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
