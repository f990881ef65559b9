"""What a comparison says of one column: verdict, evidence, size, and how both sides look.

How it is computed is `checks.shift`; what is said of all columns, `checks.report`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from checks.effect import Change, Excess

Verdict = Literal["same", "shifted", "cannot_tell", "not_applicable"]
AS_DECLARED = "shifted, as declared"


@dataclass(frozen=True, kw_only=True)
class ColumnShift:
    """What was found of one column.

    Attributes:
        column: Its name.
        verdict: `shifted`: beyond chance and beyond the tolerance. `same`: the interval lies below the tolerance.
            `cannot_tell`: neither. `not_applicable`: it has no distribution to compare.
        why: What is to be said of the verdict.
        statistic: The statistic that is most surprising.
        p_value: Of this column alone.
        p_corrected: Of the whole family of columns.
        effect: Total variation, 0 to 1, less what chance gives.
        low: Lower end of its 95 % interval.
        high: Upper end.
        unit: What was swapped.
        smallest_effect: The smallest that would be called shifted in four of five tries.
        changes: The difference in plain units.
        distances: As the field knows them (`checks.distances`): they are told and decide nothing.
        excesses: Of what the current side has more, of a column that shifted.
        figure: The data of the picture of both sides, of the columns with the largest effect.
    """

    column: str
    verdict: Verdict
    why: str = ""
    statistic: str | None = None
    p_value: float | None = None
    p_corrected: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    smallest_effect: float | None = None
    changes: tuple[Change, ...] = ()
    distances: Mapping[str, float] = field(default_factory=dict)
    excesses: tuple[Excess, ...] = ()
    figure: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        listed = {name: [asdict(one) for one in getattr(self, name)] for name in ("changes", "excesses")}
        return asdict(self) | listed

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ColumnShift:
        """The column that `to_json` wrote."""
        changes = tuple(Change(**change) for change in raw.get("changes", ()))
        excesses = tuple(Excess(**excess) for excess in raw.get("excesses", ()))
        return cls(**dict(raw) | {"changes": changes, "excesses": excesses})

    @property
    def said(self) -> str:
        """The change in plain units, in words.

        >>> ColumnShift(column="x", verdict="shifted", changes=(Change(what="mean, in sd", value=.5, margin=.1),)).said
        'mean, in sd +0.500 ± 0.100'
        """
        # Of several only those are told that are beyond their margin; one always is, or where one side has more.
        told = [c for i, c in enumerate(self.changes) if abs(c.value) > c.margin or not (i or self.grew)]
        said = [f"{change.what} {change.value:+.3f} ± {change.margin:.3f}" for change in told]
        return "; ".join([*filter(None, [self.grew]), *said])

    @property
    def seen_from(self) -> str:
        """How large a shift would have been seen, where it cannot tell.

        >>> ColumnShift(column="x", verdict="cannot_tell", effect=.03, low=0, high=.2, smallest_effect=.25).seen_from
        '0.25 would be seen'
        """
        if self.verdict != "cannot_tell" or self.smallest_effect is None:
            return ""
        return f"{self.smallest_effect:.2f} would be seen"

    @property
    def grew(self) -> str:
        """Of what there is more, where the change that is told first is within its margin: a mean may stay."""
        is_still = not self.changes or abs(self.changes[0].value) <= self.changes[0].margin
        return self.excesses[0].said if is_still and self.excesses else ""

    def verdict_said(self, *, declared: bool) -> str:
        """Its verdict in words; a shift that was declared is no surprise.

        >>> ColumnShift(column="x", verdict="shifted").verdict_said(declared=True)
        'shifted, as declared'
        """
        return AS_DECLARED if declared and self.verdict == "shifted" else self.verdict.replace("_", " ")

    @property
    def size(self) -> str:
        """The effect, the least that it surely is, and what changed most."""
        change = self.grew or (f"{self.changes[0].what} {self.changes[0].value:+.2f}" if self.changes else "")
        return f"effect {self.effect:.2f}, at least {self.low:.2f}{f'; {change}' if change else ''}"

    @property
    def named(self) -> str:
        """Its name in one line."""
        return self.column.replace("\n", "\\n").replace("\r", "\\r")


def place(column: ColumnShift) -> tuple[int, float]:
    """Where a column stands in a report: those that shifted first, by their effect."""
    order = {"shifted": 0, "cannot_tell": 1, "same": 1, "not_applicable": 2}
    return order[column.verdict], -(column.effect or 0.0)
