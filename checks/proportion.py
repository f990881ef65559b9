"""The interval of a share: exact where cases are independent, at the size that clusters leave where they are not.

Clopper & Pearson (1934) for independent cases; Korn & Graubard (1998) for rows of entities: the same interval at the
effective number of cases, p (1 - p) over the variance of p by the jackknife over buckets of whole entities. What is
counted does not belong here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checks.student import CONFIDENCE, MANY_DF, quantile

Floats = NDArray[np.float64]
FEWEST_ENTITIES = 5


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float

    def to_json(self) -> list[float]:
        """Both ends, to seven digits: more would differ from machine to machine."""
        return [float(f"{self.low:.7g}"), float(f"{self.high:.7g}")]


def exact(k: float, n: float) -> Interval:
    """The interval of k cases of n independent ones, by Clopper & Pearson (1934): it holds the truth in at least 95 %.

    `k` and `n` need not be whole.

    >>> exact(10, 20).to_json()
    [0.2719578, 0.7280422]
    """
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0
    return Interval(low=low, high=high)


def of_clusters(cases: Floats, rows: Floats, n_entities: int) -> Interval | None:
    """The interval of the share of `cases` among `rows`, both summed by bucket of whole entities.

    Korn & Graubard (1998), with the degrees of freedom of `checks.error_rates`: few when few buckets carry the
    variance. A share of 0 or 1 has no variance to measure: then each entity is one case. At most `rows` cases.

    Returns:
        None under 5 entities or 2 buckets with rows.
    """
    total = float(rows.sum())
    here = rows > 0
    if n_entities < FEWEST_ENTITIES or int(here.sum()) < 2:
        return None
    share = float(cases.sum()) / total
    if not 0 < share < 1:
        return exact(share * n_entities, n_entities)
    variance, df = jackknife(cases[here], rows[here])
    if variance <= 0:
        return exact(share * total, total)
    t = quantile(df) / quantile(MANY_DF)
    n = min(share * (1 - share) / (variance * t**2), total)
    return exact(share * n, n)


def mean_of_clusters(sums: Floats, rows: Floats, n_entities: int) -> Interval | None:
    """The interval of a mean, from sums by bucket of whole entities: Student's t with the jackknife's variance."""
    here = rows > 0
    if n_entities < FEWEST_ENTITIES or int(here.sum()) < 2:
        return None
    mean = float(sums.sum() / rows.sum())
    variance, df = jackknife(sums[here], rows[here])
    half = quantile(df) * math.sqrt(variance)
    return Interval(low=mean - half, high=mean + half) if math.isfinite(half) else None


def jackknife(sums: Floats, rows: Floats) -> tuple[float, float]:
    """Variance and degrees of freedom of sum(sums) / sum(rows), each bucket left out once (Efron & Stein 1981)."""
    left = (sums.sum() - sums) / (rows.sum() - rows)
    w = (left - left.mean()) ** 2
    m = len(left)
    total = float(w.sum())
    df = total**2 / float((w**2).sum()) if total > 0 else MANY_DF
    return (m - 1) / m * total, df


def told(interval: Interval | None) -> list[float] | None:
    """An interval as it is kept."""
    return interval.to_json() if interval else None
