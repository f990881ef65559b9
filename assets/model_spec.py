"""What a dataset's file says of its models and of people who do the same task.

The rest of the file is `assets.spec`; what is wrong with it beyond types, `assets.model_problems`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from checks.contract import OneOrMany, Strict


class WeightsSpec(Strict):
    """By what the rows of train are weighted when a model is fitted."""

    like: Literal["dev"] = Field(description="The split whose features those of train look like under the weights.")


class ModelSpec(Strict):
    """A model that is fitted here, or predictions that were made elsewhere: either way it is judged."""

    estimator: str | None = Field(
        None, description="A scikit-learn estimator: `package.module:attribute`, or `file.py:function` of the project."
    )
    params: dict[str, Any] = Field(default_factory=dict, description="What the estimator is made with.")
    predictions: OneOrMany = Field(
        (), description="Files of predictions made elsewhere: the key, and `prediction` or one `p_<class>` a class."
    )
    partial: bool = Field(False, description="Whether the predictions may lack rows.")
    weights: WeightsSpec | None = Field(
        None,
        description="Fit with weights (`sample_weight`): `{like: dev}`. They are computed once for a version and kept: "
        "`select *, _weight_dev from NAME.train`.",
    )


class HumanLevel(Strict):
    """Human-level performance: how often people are wrong on the same task."""

    metric: str | None = Field(None, description="What is measured. Default: `error_rate`, of a quantity `mae`.")
    value: float = Field(description="How much of it people reach.")
    who: str = Field("", description="Whose: one person, an expert, a crowd.")
    source: str = Field("", description="Where the figure comes from.")
