"""Was a column scaled over all rows, dev and test included, before it came (LEAK15)?

Whoever centres, scales or ranks a table before it is split has read dev and test. Our own models are prepared on train
alone; this is asked of what was done elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.collect import one_row
from checks.finding import Finding
from checks.words import plural

if TYPE_CHECKING:
    import ibis.expr.types as ir

FEWEST_ROWS = 60
BY_CHANCE = 1e-3  # of what chance leaves between the rows' mean and 0, or between their spread and 1
EXACT, ROUNDED = 1e-9, 1e-12
FLOATS = ("float32", "float64")
RANKED = "ranked"


def scaled_over_all(table: ir.Table, features: Sequence[str]) -> list[Finding]:
    """The findings LEAK15, one a kind of scaling.

    *Standardised*: over all rows the mean is 0 and the standard deviation 1 (or the sum of squares), a thousand times
    nearer than chance leaves them, and over the rows of train it is not. *Brought to 0 to 1*: the least of all rows is
    0 and the largest 1, each in one row, and train lacks one of them. *Ranked*: the values are evenly
    spaced in steps of 1/n. It warns.

    Args:
        table: All rows, with `_split` and the features.
        features: The columns that a model would see; floats are judged.
    """
    floats = [name for name in features if str(table.schema()[name]).lstrip("!") in FLOATS]
    if not floats:
        return [Finding(code="LEAK15", outcome="not_applicable", seen="no feature is a float")]
    row = one_row(table.aggregate(**_moments(table, floats)))
    n_rows, n_train = int(row["n"]), int(row["n_train"])
    if min(n_rows, n_train) < FEWEST_ROWS:
        return [Finding(code="LEAK15", outcome="cannot_tell", seen=f"train has {plural(n_train, 'row')}")]
    if n_rows == n_train:
        return [Finding(code="LEAK15", outcome="not_applicable", seen="all rows are in train")]
    asked = {name: kind for i, name in enumerate(floats) if (kind := _kind(row, i)) is not None}
    train = table.filter(table["_split"] == "train")
    of_train = one_row(train.aggregate(**_moments(train, tuple(asked)))) if asked else {}
    kinds = {name: kind for i, (name, kind) in enumerate(asked.items()) if kind == RANKED or _kind(of_train, i) != kind}
    if not kinds:
        seen = f"no feature of {plural(len(floats), 'float')} is scaled over exactly the {n_rows:,} rows"
        return [Finding(code="LEAK15", outcome="pass", seen=seen)]
    return [
        _told([name for name in kinds if kinds[name] == kind], kind, n_rows) for kind in dict.fromkeys(kinds.values())
    ]


def _told(names: Sequence[str], kind: str, n_rows: int) -> Finding:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    seen = f"{shown}: {kind} over all {n_rows:,} rows, dev and test among them, and not over train"
    return Finding(code="LEAK15", outcome="warn", column=names[0] if len(names) == 1 else None, seen=seen)


def _moments(table: ir.Table, floats: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {"n": table.count(), "n_train": (table["_split"] == "train").sum().fill_null(0)}
    for i, name in enumerate(floats):
        x = table[name].cast("float64")
        x = (~x.isnan() & ~x.isinf()).ifelse(x, None)
        told |= {
            f"n_{i}": x.count(),
            f"mean_{i}": x.mean(),
            f"sd_{i}": x.std(),
            f"min_{i}": x.min(),
            f"max_{i}": x.max(),
        }
        told |= {f"at_min_{i}": (x.abs() <= ROUNDED).sum(), f"at_max_{i}": ((x - 1).abs() <= ROUNDED).sum()}
    return told


def _kind(row: Mapping[str, Any], i: int) -> str | None:
    told = {key: row[f"{key}_{i}"] for key in ("n", "mean", "sd", "min", "max", "at_min", "at_max")}
    if told["n"] < FEWEST_ROWS or not told["sd"]:
        return None
    if _is_ranked(told):
        return RANKED
    if _is_standard(told):
        return "standardised"
    are_ends = abs(told["min"]) <= ROUNDED and abs(told["max"] - 1) <= ROUNDED
    is_unit = are_ends and (told["at_min"], told["at_max"]) == (1, 1)
    return "brought to 0 to 1" if is_unit else None


def _is_standard(told: Mapping[str, Any]) -> bool:
    n, sd = int(told["n"]), float(told["sd"])
    if abs(told["mean"]) > max(BY_CHANCE * sd / np.sqrt(n), EXACT * sd):
        return False
    spreads = (sd, sd * np.sqrt((n - 1) / n), sd * np.sqrt(n - 1), sd * np.sqrt(n))
    return bool(min(abs(spread - 1) for spread in spreads) <= max(BY_CHANCE / np.sqrt(2 * n), EXACT))


def _is_ranked(told: Mapping[str, Any]) -> bool:
    """Whether n values run evenly spaced from end to end, in steps of 1/n, 1/(n - 1) or 1/(n + 1)."""
    n, low, high = int(told["n"]), float(told["min"]), float(told["max"])
    step = (high - low) / (n - 1)
    if not 0 <= low <= high <= 1 or min(abs(step * m - 1) for m in (n - 1, n, n + 1)) > EXACT:
        return False
    is_centred = abs(told["mean"] - (low + high) / 2) <= EXACT
    return bool(is_centred and abs(told["sd"] / (step * np.sqrt(n * (n + 1) / 12)) - 1) <= EXACT)
