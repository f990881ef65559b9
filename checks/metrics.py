"""The metrics that models are judged by: a table that code reads. How each is counted is `checks.leave_one_out`.

Tolerances, and where they come from: *Machine Learning Yearning* works through gaps of error rates and acts on two
points, not on half a point (chapters 22 to 28), hence .01; .02 of an AUC or a skill and .05 of R2 or of a standard
deviation are our own choice of what nobody would act on below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One row of the table of metrics.

    Attributes:
        name: As in YAML and JSON.
        title: As people read it.
        lower_is_better: Whether less is better.
        tolerance: The gap from which on it matters; in standard deviations of the target where `is_in_sd`.
        is_base_rate_aware: Whether it stays comparable when the base rate (or the target's spread) moves.
        least: Its lower bound.
        most: Its upper bound.
        of_quantities: Whether it judges numbers, not classes.
    """

    name: str
    title: str
    lower_is_better: bool
    tolerance: float
    is_in_sd: bool = False
    is_base_rate_aware: bool = False
    least: float = -math.inf
    most: float = math.inf
    of_quantities: bool = False


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            name="auc", title="AUC", lower_is_better=False, tolerance=0.02, is_base_rate_aware=True, least=0, most=1
        ),
        Metric(
            name="log_loss_skill",
            title="log loss skill",
            lower_is_better=False,
            tolerance=0.02,
            is_base_rate_aware=True,
            most=1,
        ),
        Metric(
            name="balanced_error_rate",
            title="balanced error rate",
            lower_is_better=True,
            tolerance=0.01,
            is_base_rate_aware=True,
            least=0,
            most=1,
        ),
        Metric(name="error_rate", title="error rate", lower_is_better=True, tolerance=0.01, least=0, most=1),
        Metric(
            name="r2",
            title="R²",
            lower_is_better=False,
            tolerance=0.05,
            is_base_rate_aware=True,
            most=1,
            of_quantities=True,
        ),
        Metric(
            name="mae", title="MAE", lower_is_better=True, tolerance=0.05, is_in_sd=True, least=0, of_quantities=True
        ),
        Metric(
            name="rmse", title="RMSE", lower_is_better=True, tolerance=0.05, is_in_sd=True, least=0, of_quantities=True
        ),
    )
}
