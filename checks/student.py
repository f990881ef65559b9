"""Student's t, of which every 95 % interval is made."""

from __future__ import annotations

MANY_DF = 1e6
CONFIDENCE = 0.95


def quantile(df: float) -> float:
    """The .975 quantile of Student's t, of at least one degree of freedom.

    >>> round(quantile(10), 3)
    2.228
    """
    from scipy.special import stdtrit

    return float(stdtrit(min(max(df, 1.0), MANY_DF), 1 - (1 - CONFIDENCE) / 2))
