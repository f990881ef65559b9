"""Are the copies across splits, or within a side, as many as independent draws of the columns give?

Things that are told by few columns look alike by chance, as two small blue shirts do. How copies are found is
`checks.leakage` and `checks.row_units`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from checks.collect import one_row

if TYPE_CHECKING:
    import ibis.expr.types as ir

CHANCE, AT_MOST = 0.01, 2.0


def pairs_by_chance(placed: ir.Table, columns: Sequence[str]) -> tuple[int, float | None]:
    """How many pairs of rows of two splits are equal in all columns, and how many chance gives.

    Were the columns independent, two rows would be equal with the product of the probabilities that they are equal in
    each. None stands where far more are equal: columns that follow one another make more copies than this tells, so
    twice as many are still taken for chance.

    Args:
        placed: Rows that have a `_split`.
        columns: What is compared.
    """
    n_rows = placed.group_by("_split").agg(_n=placed.count())
    total = _squares(n_rows.mutate(_all=0), ["_all"])
    n_equal = _equal_pairs(placed, columns)
    expected = total
    for name in columns:
        expected *= _equal_pairs(placed, [name]) / max(total, 1.0)
        if not _is_enough(n_equal, expected):
            return round(n_equal), None
    return round(n_equal), expected


def are_repeated(sides: ir.Table, columns: Sequence[str]) -> bool:
    """Whether rows of one side are equal in all columns more often than chance gives, by the same rule.

    Args:
        sides: Rows that have a `_part`, and `_entity`: one for rows that are equal in all columns.
        columns: What is compared.
    """
    total, n_equal = _pairs_within(sides, []), _pairs_within(sides, ["_entity"])
    expected = total
    for name in columns:
        expected *= _pairs_within(sides, [name]) / max(total, 1.0)
        if not _is_enough(n_equal, expected):
            return True
    return False


def _pairs_within(sides: ir.Table, columns: Sequence[str]) -> float:
    """The pairs of rows of one side that are equal in `columns`."""
    counts = sides.group_by([*columns, "_part"]).agg(_n=sides.count())
    n = counts["_n"].cast("float64")
    return float(one_row(counts.aggregate(pairs=(n * (n - 1)).sum()))["pairs"] or 0) / 2


def _is_enough(n_equal: float, expected: float) -> bool:
    from scipy.stats import poisson

    return n_equal <= AT_MOST * expected or bool(poisson.sf(n_equal - 1, expected) >= CHANCE)


def _equal_pairs(placed: ir.Table, columns: Sequence[str]) -> float:
    return _squares(placed.group_by([*columns, "_split"]).agg(_n=placed.count()), columns)


def _squares(counts: ir.Table, columns: Sequence[str]) -> float:
    """The pairs of rows of two splits, of counts by value and split."""
    n = counts["_n"].cast("float64")
    per_value = counts.group_by(list(columns)).agg(_total=n.sum(), _within=(n * n).sum())
    pairs = (per_value["_total"] * per_value["_total"] - per_value["_within"]).sum()
    return float(one_row(per_value.aggregate(pairs=pairs))["pairs"] or 0) / 2
