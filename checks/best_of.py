"""What it costs to judge many models on one test set: how much wider the interval of the best of them is.

The union bound (Bonferroni's; Dunn 1961, "Multiple comparisons among means"): all k intervals hold their truth in 95 of
100 test sets when each is made at 1 - .05 / k, so that of the best one does too. It is a bound for models that were
fixed before the test set was looked at; where later ones were chosen by its answers, no count of them is enough (Dwork
et al. 2015, "The reusable holdout"; Blum & Hardt 2015, "The ladder"). Who judged what is counted elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from checks.finding import Finding
from checks.student import CONFIDENCE
from checks.words import plural

# From 10 models on, that are equally good and err independently, the plain 95 % interval of the best one misses its
# truth in 1 - .975^10 = 22 of 100 test sets.
WARN_FROM = 10


def widening(n_models: int) -> float:
    """How many times as wide the interval of the best of `n_models` is as that of one that was judged alone.

    >>> [round(widening(k), 2) for k in (1, 2, 12, 100)]
    [1.0, 1.14, 1.46, 1.78]
    """
    from scipy.special import ndtri

    tail = (1 - CONFIDENCE) / 2
    return float(ndtri(1 - tail / max(n_models, 1)) / ndtri(1 - tail))


def judged_often(n_models: int, authors: Sequence[str], since: str | None) -> Finding:
    """How many models were judged on this test set, by whom, since when, and what that costs.

    Args:
        n_models: Different models.
        authors: Who judged them.
        since: The day of the first.
    """
    if not n_models:
        return Finding(code="TEST1", outcome="not_applicable", seen="no model was judged on this test set yet")
    people = f" by {_people(authors)}" if authors else ""
    seen = f"{plural(n_models, 'model')} {'was' if n_models == 1 else 'were'} judged on this test set{people}"
    seen += f" since {since}" if since else ""
    if n_models > 1:
        seen += f": an interval of the best of them is {widening(n_models):.2f} times as wide"
    return Finding(code="TEST1", outcome="warn" if n_models >= WARN_FROM else "pass", seen=seen)


def _people(authors: Sequence[str]) -> str:
    return authors[0] if len(authors) == 1 else f"{len(authors)} people"
