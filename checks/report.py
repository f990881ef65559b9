"""What a comparison of two sides says: one line a column, as values, JSON, a frame and text.

How it is computed is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from checks.distances import NAMES as DISTANCES
from checks.effect import Change
from checks.finding import Finding, Outcome
from checks.pair_shift import Classifier, PairShift
from checks.words import p_words, plural

if TYPE_CHECKING:
    import polars as pl

Verdict = Literal["same", "shifted", "cannot_tell", "not_applicable"]
MOST_NAMED = 3
MOST_LINES = 40
MOST_PAIR_LINES = 8


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

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self) | {"changes": [asdict(change) for change in self.changes]}

    @property
    def said(self) -> str:
        """The change in plain units, in words.

        >>> ColumnShift(column="x", verdict="shifted", changes=(Change(what="mean, in sd", value=.5, margin=.1),)).said
        'mean, in sd +0.500 ± 0.100'
        """
        # Of several only those are told that are beyond their margin; one always is.
        told = [c for i, c in enumerate(self.changes) if not i or abs(c.value) > c.margin]
        return "; ".join(f"{change.what} {change.value:+.3f} ± {change.margin:.3f}" for change in told)


@dataclass(frozen=True, kw_only=True)
class ShiftReport:
    """A comparison of two sides.

    Attributes:
        reference: What was compared with.
        current: What was compared.
        declared: The sides are meant to differ.
        unit: What was swapped, and how many.
        n_reference: Rows of the reference.
        n_current: Rows of the current side.
        columns: One line a column, those that shifted first, by their effect.
        note: What is to be said of the whole.
        pairs: Pairs of columns: all that shifted, then the least likely of the others.
        n_pairs: How many pairs were asked.
        pair_rows: Of how many rows of the reference and of the current side; None where no pair was asked.
        classifier: One that tells the sides apart; None where none was asked for.
        n_groups: Groups of whole entities that were swapped, of the reference and of the current side.
        tolerance: The effect below which there was no alarm.
    """

    reference: str
    current: str
    declared: bool
    unit: str
    n_reference: int
    n_current: int
    columns: tuple[ColumnShift, ...]
    note: str = ""
    pairs: tuple[PairShift, ...] = ()
    n_pairs: int = 0
    pair_rows: tuple[int, int] | None = None
    classifier: Classifier | None = None
    n_groups: tuple[int, int] | None = None
    tolerance: float = 0.02

    @property
    def is_shifted(self) -> bool:
        """Whether any column or pair of columns shifted."""
        return bool(self.shifted or self.shifted_pairs)

    @property
    def shifted(self) -> tuple[ColumnShift, ...]:
        """The columns that shifted, largest effect first."""
        return tuple(column for column in self.columns if column.verdict == "shifted")

    @property
    def shifted_pairs(self) -> tuple[PairShift, ...]:
        """The pairs that shifted, largest effect first."""
        return tuple(sorted((p for p in self.pairs if p.verdict == "shifted"), key=lambda p: -p.effect))

    def noted(self, *said: str) -> ShiftReport:
        """The report with more to be said of the whole."""
        return replace(self, note="; ".join(filter(None, [self.note, *said])))

    @property
    def findings(self) -> list[Finding]:
        """One finding a column or pair that shifted, or one that says that none did; and that of a classifier."""
        told = []
        if self.classifier and self.classifier.verdict == "shifted":
            told = [Finding(code="SHIFT6", outcome="pass" if self.declared else "warn", seen=self.classifier.line)]
        if not self.is_shifted:
            return [self.finding("SHIFT6"), *told]
        outcome: Outcome = "pass" if self.declared else "warn"
        columns = [
            Finding(code="SHIFT6", outcome=outcome, column=c.column, seen=f"{c.column}: {_size(c)}")
            for c in self.shifted
        ]
        pairs = [Finding(code="SHIFT6", outcome=outcome, column=p.first, seen=p.line) for p in self.shifted_pairs]
        return [*columns, *pairs, *told]

    def finding(self, code: str) -> Finding:
        """The answer to one question of the catalogue, in one sentence."""
        judged = [c for c in self.columns if c.verdict != "not_applicable"]
        sides = f"{self.current} against {self.reference}"
        if not judged:
            return Finding(code=code, outcome="not_applicable", seen=f"{sides}: {self.note or 'no column to compare'}")
        about = f"; {self.note}" if self.note else ""
        if self.is_shifted:
            led = self._led()
            said = "shifted, as declared" if self.declared else "shifted"
            seen = f"{sides}: {said}: {led}; by {self.unit}{about}"
            return Finding(code=code, outcome="pass" if self.declared else "warn", seen=seen)
        if all(c.p_value is None for c in judged):
            return Finding(code=code, outcome="cannot_tell", seen=f"{sides}: {self.note or judged[0].why}")
        with_pairs = f" and {plural(self.n_pairs, 'pair')} of them{self._sampled()}" if self.n_pairs else ""
        n_same = sum(c.verdict == "same" for c in judged)
        rest = len(judged) - n_same
        undecided = f", {rest} cannot tell" if rest else ""
        return Finding(
            code=code,
            outcome="pass" if n_same else "cannot_tell",
            seen=f"{sides}: no shift in {plural(len(judged), 'column')} ({n_same} the same{undecided}){with_pairs};"
            f" by {self.unit}{about}",
        )

    def _sampled(self) -> str:
        """Of how many rows pairs were asked, where that is not all."""
        if self.pair_rows in {None, (self.n_reference, self.n_current)}:
            return ""
        reference, current = self.pair_rows or (0, 0)
        return f" (by {current:,} and {reference:,} of these rows)"

    def _led(self) -> str:
        """The columns that shifted most, and the pair."""
        said = [f"{c.column} ({_size(c)})" for c in self.shifted[:MOST_NAMED]]
        if (more := len(self.shifted) - MOST_NAMED) > 0:
            said[-1] += f" and {plural(more, 'more column')}"
        if pairs := self.shifted_pairs:
            rest = f" and {plural(len(pairs) - 1, 'more pair')}" if len(pairs) > 1 else ""
            said.append(f"{pairs[0].named} ({pairs[0].change}){rest}")
        return ", ".join(said)

    def to_json(self) -> dict[str, Any]:
        """As JSON types, as `meta.comparisons` keeps it."""
        whole = {name: getattr(self, name) for name in ("reference", "current", "is_shifted", "declared")}
        return {
            **whole,
            "classifier": self.classifier.to_json() if self.classifier else None,
            "unit": self.unit,
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "n_groups": list(self.n_groups) if self.n_groups else None,
            "note": self.note,
            "tolerance": self.tolerance,
            "columns": [column.to_json() for column in self.columns],
            "pairs": [pair.to_json() for pair in self.pairs],
            "n_pairs": self.n_pairs,
            "pair_rows": list(self.pair_rows) if self.pair_rows else None,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ShiftReport:
        """The report that `to_json` wrote."""
        columns = tuple(
            ColumnShift(**dict(c) | {"changes": tuple(Change(**change) for change in c.get("changes", ()))})
            for c in raw["columns"]
        )
        told, n_groups, pair_rows = raw.get("classifier"), raw.get("n_groups"), raw.get("pair_rows")
        return cls(
            **{name: raw[name] for name in ("reference", "current", "declared", "unit", "n_reference", "n_current")},
            note=raw.get("note", ""),
            columns=columns,
            pairs=tuple(PairShift(**pair) for pair in raw.get("pairs", ())),
            n_pairs=raw.get("n_pairs", 0),
            pair_rows=tuple(pair_rows) if pair_rows else None,
            classifier=Classifier(**told | {"leading": tuple(told["leading"])}) if told else None,
            n_groups=tuple(n_groups) if n_groups else None,
            tolerance=raw.get("tolerance", 0.02),
        )

    def to_polars(self) -> pl.DataFrame:
        """One row a column."""
        import polars as pl

        rows = [
            {k: v for k, v in c.to_json().items() if k not in {"changes", "distances"}}
            | {"change": c.said}
            | {name: c.distances.get(name) for name in DISTANCES}
            for c in self.columns
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__

    def lines(self, most: int = MOST_LINES, rest: str = ".to_polars()") -> list[str]:
        """The report as a table for a terminal, with at most `most` columns; `rest` gives those that are left out."""
        head = f"{self.current} ({self.n_current:,} rows) against {self.reference} ({self.n_reference:,} rows)"
        width = max([6, *(len(_shown(c.column)) for c in self.columns[:most])])
        lines = [head, f"by {self.unit}", *([self.note] if self.note else [])]
        lines += [self.classifier.line] if self.classifier else []
        lines.append(f"{'column':<{width}}  {'verdict':<14}  effect  interval      p (family)  what changed")
        lines += [_line(column, width) for column in self.columns[:most]]
        if (more := len(self.columns) - most) > 0:
            lines.append(f"and {plural(more, 'more column')}: `{rest}` has them all")
        if self.n_pairs:
            n_shifted = len(self.shifted_pairs) or "none"
            lines.append(f"{plural(self.n_pairs, 'pair')} of columns{self._sampled()}: {n_shifted} shifted")
            lines += [f"  {pair.line}" for pair in self.shifted_pairs[:MOST_PAIR_LINES]]
        return lines


def place(column: ColumnShift) -> tuple[int, float]:
    """Where a column stands in a report: those that shifted first, by their effect."""
    order = {"shifted": 0, "cannot_tell": 1, "same": 1, "not_applicable": 2}
    return order[column.verdict], -(column.effect or 0.0)


def _line(c: ColumnShift, width: int) -> str:
    verdict = c.verdict.replace("_", " ")
    if c.effect is None:
        return f"{_shown(c.column):<{width}}  {verdict:<14}  {c.why}".rstrip()
    said = c.said or c.statistic
    return (
        f"{_shown(c.column):<{width}}  {verdict:<14}  {c.effect:6.3f}  {c.low:.3f}-{c.high:.3f}"
        f"   {p_words(c.p_corrected):<10}  {said}"
    ).rstrip()


def _shown(column: str) -> str:
    """A name in one line."""
    return column.replace("\n", "\\n").replace("\r", "\\r")


def _size(c: ColumnShift) -> str:
    change = f"; {c.changes[0].what} {c.changes[0].value:+.2f}" if c.changes else ""
    return f"effect {c.effect:.2f}, at least {c.low:.2f}{change}"
