"""How a mixed table becomes the numbers that an estimator takes: by scikit-learn's transformers, fitted on train alone.

Trees that know categories get codes; any other estimator gets scaled numbers, medians for what is missing, and one
column a level. Which columns a model may see is told by the dataset's YAML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from warehouse.modelled import kind_of

MOST_CODES = 254  # a histogram has 255 bins, one of them for what is missing
MOST_LEVELS = 50
TEXT_SHARE, FEWEST_TEXTS = 0.5, 100


def is_text(n_distinct: int, n_values: int) -> bool:
    """Whether a column of texts says something new in most rows: prose or a name, and no category.

    >>> is_text(16, 200_000), is_text(900, 1_000)
    (False, True)
    """
    return n_distinct > FEWEST_TEXTS and n_distinct > TEXT_SHARE * n_values


def prepared(estimator: Any, features: Mapping[str, str]) -> Any:
    """A pipeline of the preparation of `features` (by name, their DuckDB types) and `estimator`.

    Levels beyond the limits are poured together; levels that train does not have count as missing, or as these.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    numbers = [name for name, kind in features.items() if kind_of(kind) == "number"]
    categories = [name for name, kind in features.items() if kind_of(kind) == "category"]
    knows_categories = "categorical_features" in estimator.get_params(deep=False) if _has_params(estimator) else False
    parts = _codes(numbers, categories) if knows_categories else _columns(numbers, categories)
    if knows_categories and estimator.get_params(deep=False)["categorical_features"] in (None, "from_dtype"):
        estimator.set_params(categorical_features=list(range(len(numbers), len(features))) or None)
    transformer = ColumnTransformer(parts, verbose_feature_names_out=False)
    return Pipeline([("preparation", transformer), ("estimator", estimator)])


def _has_params(estimator: Any) -> bool:
    return hasattr(estimator, "get_params")


def _codes(numbers: list[str], categories: list[str]) -> list[tuple[str, Any, list[str]]]:
    import numpy as np
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(
        max_categories=MOST_CODES,
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        dtype=np.float32,
    )
    return _present([("numbers", "passthrough", numbers), ("categories", encoder, categories)])


def _columns(numbers: list[str], categories: list[str]) -> list[tuple[str, Any, list[str]]]:
    import numpy as np
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    encoder = OneHotEncoder(
        max_categories=MOST_LEVELS, handle_unknown="infrequent_if_exist", sparse_output=False, dtype=np.float32
    )
    return _present([("numbers", scaled, numbers), ("categories", encoder, categories)])


def _present(parts: list[tuple[str, Any, list[str]]]) -> list[tuple[str, Any, list[str]]]:
    return [part for part in parts if part[2]]
