"""Rows that have no unit: without an entity, or without a day. They are told, and a share of them that changed warns.

What a unit is, is decided in `checks.comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

from checks.collect import collect
from checks.column_shift import ColumnShift, place
from checks.effect import Change
from checks.proportion import exact
from checks.report import ShiftReport

if TYPE_CHECKING:
    import ibis.expr.types as ir

# One question beside the family, which may spend a twentieth of its error.
TIMES_P = 20


@dataclass(frozen=True, kw_only=True)
class Without:
    """Rows of two sides that lack what makes units.

    Attributes:
        column: What they lack.
        n_rows: All rows of the reference and of the current side.
        n_without: Those that lack it.
        is_left_out: They are not compared.
    """

    column: str
    n_rows: tuple[int, int]
    n_without: tuple[int, int]
    is_left_out: bool

    @property
    def difference(self) -> Difference:
        """How the shares of such rows differ."""
        return difference(self.n_without, self.n_rows)

    def words(self, sides: Sequence[str]) -> str:
        """In a clause.

        >>> Without(column="day", n_rows=(90, 80), n_without=(0, 3), is_left_out=True).words(["old", "new"])
        'no day in 3 of 80 rows of new: they are of no unit and were not compared'
        """
        said = [
            f"{n:,} of {of:,} rows of {side}"
            for n, of, side in zip(self.n_without, self.n_rows, sides, strict=True)
            if n
        ]
        meant = "they are of no unit and were not compared" if self.is_left_out else "they may be of any day"
        return f"no {self.column} in {' and '.join(said)}: {meant}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The share of the current side less that of the reference, row by row.

    Attributes:
        value: The difference.
        low: Lower end of the 95 % interval of its size.
        high: Upper end.
        p_value: Fisher's exact p.
    """

    value: float
    low: float
    high: float
    p_value: float

    @property
    def p_corrected(self) -> float:
        """As of one question beside the family."""
        return min(1.0, TIMES_P * self.p_value)

    def is_beyond(self, tolerance: float, alpha: float) -> bool:
        """Whether it is beyond chance and beyond the tolerance."""
        return self.p_corrected <= alpha and self.low > tolerance


def difference(cases: tuple[int, int], rows: tuple[int, int]) -> Difference:
    """How two shares differ: Fisher's exact test, and the interval of Newcombe (1998) from the exact ones of both.

    >>> difference((0, 40), (100, 100)).low > .2
    True
    """
    from scipy.stats import fisher_exact

    (k, m), (n, o) = cases, rows
    one, two = exact(k, n), exact(m, o)
    p = float(fisher_exact([[k, n - k], [m, o - m]]).pvalue)
    first, second = k / n, m / o
    (lower, low_of), (upper, high_of) = sorted([(first, one), (second, two)], key=lambda share: share[0])
    size = upper - lower
    return Difference(
        value=second - first,
        low=max(0.0, size - hypot(upper - high_of.low, low_of.high - lower)),
        high=min(1.0, size + hypot(high_of.high - upper, lower - low_of.low)),
        p_value=min(p, 1.0),
    )


def count_without(table: ir.Table, has_none: Any, column: str, *, is_left_out: bool) -> tuple[Without, ...]:
    """The rows of `table`, which has `_part`, for which `has_none`; nothing where there is none."""
    counted = collect(table.group_by("_part").agg(n_rows=table.count(), n_without=has_none.sum()))
    by_part = {row["_part"]: row for row in counted.to_dicts()}
    if not any(row["n_without"] for row in by_part.values()):
        return ()
    n_rows, n_without = (
        (_of(by_part, "reference", name), _of(by_part, "current", name)) for name in ("n_rows", "n_without")
    )
    return (Without(column=column, n_rows=n_rows, n_without=n_without, is_left_out=is_left_out),)


def _of(by_part: Mapping[str, Mapping[str, Any]], part: str, name: str) -> int:
    return int(by_part[part][name] or 0) if part in by_part else 0


def with_those_without(report: ShiftReport, told: Sequence[Without], *, alpha: float) -> ShiftReport:
    """The report that tells rows without a unit: in its note, and as a shift where their share changed."""
    for without in told:
        report = report.noted(without.words([report.reference, report.current]))
        if line := _line(without, alpha, report.tolerance):
            others = [c for c in report.columns if c.column != without.column]
            report = replace(report, columns=tuple(sorted([*others, line], key=place)))
    return report


def _line(without: Without, alpha: float, tolerance: float) -> ColumnShift | None:
    """The line of a column of which more is missing than before, beyond chance and beyond the tolerance."""
    if not all(without.n_rows):
        return None
    found = without.difference
    if not found.is_beyond(tolerance, alpha):
        return None
    return ColumnShift(
        column=without.column,
        verdict="shifted",
        why="rows without it are counted one by one",
        statistic="missing",
        p_value=found.p_value,
        p_corrected=found.p_corrected,
        effect=abs(found.value),
        low=found.low,
        high=found.high,
        unit="row",
        changes=(Change(what="share missing", value=found.value, margin=(found.high - found.low) / 2),),
    )
