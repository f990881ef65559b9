"""What a comparison of two sides says: one line a column, as values, JSON, a frame, text and in a notebook.

How it is computed is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checks.column_shift import AS_DECLARED, ColumnShift
from checks.distances import NAMES as DISTANCES
from checks.finding import Finding, Outcome
from checks.pair_shift import Classifier, PairShift
from checks.remedies import Seen, remedy_of
from checks.report_html import html_of
from checks.report_text import table_of
from checks.shift_figures import figures_of
from checks.words import plural

if TYPE_CHECKING:
    import polars as pl

CODE = "SHIFT6"
MOST_NAMED = 3
MOST_LINES = 40
MOST_PAIR_LINES = 8
TO_POLARS = ".to_polars()"


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
        pair_groups: Groups that were swapped of pairs, where they are others than those of the columns.
        classifier: One that tells the sides apart; None where none was asked for.
        n_groups: Groups of whole entities that were swapped, of the reference and of the current side.
        tolerance: The effect below which there was no alarm.
        code: Which question of the catalogue it answers.
        target: What a model is to predict.
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
    pair_groups: tuple[int, int] | None = None
    classifier: Classifier | None = None
    n_groups: tuple[int, int] | None = None
    tolerance: float = 0.02
    code: str = CODE
    target: str | None = None

    @property
    def by(self) -> str:
        """What was swapped, how many of them, and in how many groups."""
        groups = f", in {self.n_groups[0]:,} and {self.n_groups[1]:,} groups" if self.n_groups else ""
        return f"{self.unit}{groups}"

    @property
    def figures(self) -> list[dict[str, Any]]:
        """The data of its pictures: effects against the tolerance, the columns with the largest, pairs that shifted.

        `checks.figure.draw` makes SVG of each.
        """
        named, declared = self._sides, self.declared
        return figures_of(self.columns, self.shifted_pairs, tolerance=self.tolerance, named=named, declared=declared)

    @property
    def _sides(self) -> str:
        return f"{self.current} against {self.reference}"

    @property
    def _shifted(self) -> str:
        return AS_DECLARED if self.declared else "shifted"

    @property
    def is_shifted(self) -> bool:
        """Whether any column or pair of columns shifted, or a classifier that was asked for tells the sides apart."""
        return bool(self.shifted or self.shifted_pairs or self.told_apart)

    @property
    def told_apart(self) -> Classifier | None:
        """The classifier, where it tells the sides apart."""
        return self.classifier if self.classifier and self.classifier.verdict == "shifted" else None

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
        if not self.is_shifted:
            return [self.finding(CODE)]
        outcome: Outcome = "pass" if self.declared else "warn"
        columns = [
            Finding(code=CODE, outcome=outcome, column=c.column, seen=f"{c.column}: {c.size}", remedy=self._remedy([c]))
            for c in self.shifted
        ]
        pairs = [
            Finding(code=CODE, outcome=outcome, column=p.first, seen=p.line, remedy=self._remedy([], [p]))
            for p in self.shifted_pairs
        ]
        told = [
            Finding(code=CODE, outcome=outcome, seen=c.line, remedy=self._remedy([], (), c))
            for c in [self.told_apart]
            if c
        ]
        return [*columns, *pairs, *told]

    @property
    def remedy(self) -> str:
        """What to do about it, naming the columns and of what the current side has more; empty without a shift."""
        return self._remedy(self.shifted, self.shifted_pairs, self.told_apart)

    def _remedy(
        self, columns: Sequence[ColumnShift], pairs: Sequence[PairShift] = (), told: Classifier | None = None
    ) -> str:
        seen = Seen(
            code=self.code,
            reference=self.reference,
            current=self.current,
            columns=[c.column for c in columns],
            excesses=[c.excesses[0] for c in columns if c.excesses],
            pairs=pairs,
            leading=told.leading or ("all columns",) if told else (),
            target=self.target,
            is_declared=self.declared,
        )
        return remedy_of(seen)

    def finding(self, code: str) -> Finding:
        """The answer to one question of the catalogue, in one sentence."""
        judged = [c for c in self.columns if c.verdict != "not_applicable"]
        sides = self._sides
        if not judged:
            return Finding(code=code, outcome="not_applicable", seen=f"{sides}: {self.note or 'no column to compare'}")
        about = f"; {self.note}" if self.note else ""
        if self.is_shifted:
            seen = f"{sides}: {self._shifted}: {self._led()}; by {self.unit}{about}"
            outcome: Outcome = "pass" if self.declared else "warn"
            return Finding(code=code, outcome=outcome, seen=seen, remedy=self.remedy)
        if all(c.p_value is None for c in judged):
            return Finding(code=code, outcome="cannot_tell", seen=f"{sides}: {self.note or judged[0].why}")
        with_pairs = f" and {plural(self.n_pairs, 'pair')} of them{self._sampled()}" if self.n_pairs else ""
        n_same = sum(c.verdict == "same" for c in judged)
        rest = len(judged) - n_same
        undecided = f", {rest} cannot tell" if rest else ""
        return Finding(
            code=code,
            outcome="pass" if n_same else "cannot_tell",
            seen=f"{sides}: no shift seen in {plural(len(judged), 'column')} ({n_same} the same{undecided})"
            f"{with_pairs}; by {self.unit}{about}",
        )

    def _sampled(self) -> str:
        """Of how many rows pairs were asked, where that is not all, and in how many groups of their own."""
        if self.pair_rows in {None, (self.n_reference, self.n_current)}:
            return ""
        reference, current = self.pair_rows or (0, 0)
        groups = f", in {self.pair_groups[1]:,} and {self.pair_groups[0]:,} groups" if self.pair_groups else ""
        return f" (by {current:,} and {reference:,} of these rows{groups})"

    def _led(self) -> str:
        """The columns that shifted most, the pair, and the classifier."""
        said = [f"{c.column} ({c.size})" for c in self.shifted[:MOST_NAMED]]
        if (more := len(self.shifted) - MOST_NAMED) > 0:
            said[-1] += f" and {plural(more, 'more column')}"
        if pairs := self.shifted_pairs:
            rest = f" and {plural(len(pairs) - 1, 'more pair')}" if len(pairs) > 1 else ""
            said.append(f"{pairs[0].named} ({pairs[0].change}){rest}")
        if self.told_apart:
            said.append(self.told_apart.told)
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
            "remedy": self.remedy,
            "code": self.code,
            "target": self.target,
            "columns": [column.to_json() for column in self.columns],
            "pairs": [pair.to_json() for pair in self.pairs],
            "n_pairs": self.n_pairs,
            "pair_rows": list(self.pair_rows) if self.pair_rows else None,
            "pair_groups": list(self.pair_groups) if self.pair_groups else None,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> ShiftReport:
        """The report that `to_json` wrote."""
        columns = tuple(ColumnShift.from_json(column) for column in raw["columns"])
        told = raw.get("classifier")
        of_sides: dict[str, Any] = {n: tuple(raw[n]) for n in ("n_groups", "pair_rows", "pair_groups") if raw.get(n)}
        return cls(
            **{name: raw[name] for name in ("reference", "current", "declared", "unit", "n_reference", "n_current")},
            note=raw.get("note", ""),
            columns=columns,
            pairs=tuple(PairShift(**pair) for pair in raw.get("pairs", ())),
            n_pairs=raw.get("n_pairs", 0),
            classifier=Classifier(**told | {"leading": tuple(told["leading"])}) if told else None,
            **of_sides,
            tolerance=raw.get("tolerance", 0.02),
            code=raw.get("code", CODE),
            target=raw.get("target"),
        )

    def to_polars(self) -> pl.DataFrame:
        """One row a column."""
        import polars as pl

        rows = [
            {k: v for k, v in c.to_json().items() if k not in {"changes", "distances", "excesses", "figure"}}
            | {"change": c.said}
            | {name: c.distances.get(name) for name in DISTANCES}
            for c in self.columns
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def __str__(self) -> str:
        return "\n".join([*self.lines(), *filter(None, [self._to_do])])

    __repr__ = __str__

    @property
    def _to_do(self) -> str:
        return f"What to do: {self.remedy}" if self.remedy else ""

    def _repr_html_(self) -> str:
        """As a notebook shows it: the verdict, what to do, a line a column, and the pictures of what shifted."""
        shifted = {column.column for column in self.shifted}
        drawn = [one for one in self.figures if one["kind"] in {"effects", "pairs"} or one.get("title") in shifted]
        head, by, *_ = self._heading()
        above = [f"{head}; {by}", self.classifier.line if self.classifier else "", self._to_do]
        told = (self.columns[:MOST_LINES], self._ending(MOST_LINES, TO_POLARS))
        return html_of(self.finding(self.code).seen, above, *told, drawn, declared=self.declared)

    def lines(self, most: int = MOST_LINES, rest: str = TO_POLARS) -> list[str]:
        """The report as a table for a terminal, with at most `most` columns; `rest` gives those that are left out."""
        table = table_of(self.columns[:most], declared=self.declared)
        return [*self._heading(), *table, *self._ending(most, rest)]

    def _heading(self) -> list[str]:
        """What stands above its table."""
        sides = ((self.current, self.n_current), (self.reference, self.n_reference))
        head = " against ".join(named if f"{n:,} rows" in named else f"{named} ({n:,} rows)" for named, n in sides)
        classified = self.classifier.line if self.classifier else ""
        return [head, f"by {self.by}", *filter(None, [self.note, classified])]

    def _ending(self, most: int, rest: str) -> list[str]:
        """What stands below its table: how many columns are left out, and the pairs."""
        n_more = len(self.columns) - most
        lines = [f"and {plural(n_more, 'more column')}: `{rest}` has them all"] if n_more > 0 else []
        if self.n_pairs:
            shifted = f"{n} {self._shifted}" if (n := len(self.shifted_pairs)) else "none shifted"
            lines.append(f"{plural(self.n_pairs, 'pair')} of columns{self._sampled()}: {shifted}")
            lines += [f"  {pair.line}" for pair in self.shifted_pairs[:MOST_PAIR_LINES]]
        return lines
