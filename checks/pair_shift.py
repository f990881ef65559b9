"""What a comparison says of two columns together, and of a classifier that tells the sides apart: values and text.

How pairs are judged is `checks.pairs`; the classifier, `checks.two_sample_classifier`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from checks.words import p_words

Meaning = Literal[
    "relation to the target", "trend within the window", "missing together", "pattern of missing values", "correlation"
]


@dataclass(frozen=True, kw_only=True)
class PairShift:
    """What was found of two columns together.

    Attributes:
        first: A column.
        second: The other; the target, the time or what is missing of a column stands second.
        meaning: What it says when they are related otherwise than before.
        verdict: As of `checks.column_shift.ColumnShift`; an effect here is a difference of correlations.
        reference: Their rank correlation in the reference, -1 to 1.
        current: The same in the current side.
        p_value: Of this pair alone.
        p_corrected: Of the whole family of columns and pairs.
        effect: `current` less `reference`, its size.
        low: Lower end of the 95 % interval of `effect`, at least 0.
        high: Upper end.
    """

    first: str
    second: str
    meaning: Meaning
    verdict: Literal["same", "shifted", "cannot_tell"]
    reference: float
    current: float
    p_value: float
    p_corrected: float
    effect: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self)

    @property
    def named(self) -> str:
        """Both columns.

        >>> PairShift(first="a", second="b", meaning="correlation", verdict="same", reference=.8, current=.79,
        ...           p_value=.5, p_corrected=1., effect=.01, low=0., high=.03).named
        'a and b'
        """
        return f"{self.first} and {self.second}"

    @property
    def change(self) -> str:
        """What it means, and both correlations."""
        return f"{self.meaning} {self.reference:+.2f} before, {self.current:+.2f} now"

    @property
    def line(self) -> str:
        """In one line: the pair, its change with the interval, p."""
        interval = f"differing by {self.low:.2f} to {self.high:.2f}"
        return f"{self.named}: {self.change}, {interval}, p {p_words(self.p_corrected)}"


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """What a classifier that tells the sides apart found.

    Attributes:
        auc: Of telling a row of the current side from one of the reference, on rows it was not fitted on; .5 is chance.
        low: Lower end of its 95 % interval; None where entities are too few to tell one.
        high: Upper end.
        p_value: That it is as high by chance, units exchanged within each fold.
        n_rows: Rows that it was asked of.
        unit: What was exchanged, in words.
        leading: The columns that tell most, first the one that tells most.
        verdict: `shifted`: beyond chance, and the interval above what a shift of the tolerance gives.
    """

    auc: float
    low: float | None
    high: float | None
    p_value: float
    n_rows: int
    unit: str
    leading: tuple[str, ...] = ()
    verdict: Literal["shifted", "cannot_tell"] = "cannot_tell"

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return asdict(self) | {"leading": list(self.leading)}

    @property
    def line(self) -> str:
        """In one line.

        >>> Classifier(auc=.7, low=None, high=None, p_value=.02, n_rows=90, unit="shop").line
        'classifier: AUC 0.700 (cannot tell how sure: too few of shop), p .020, 90 rows'
        """
        led = f", led by {', '.join(self.leading)}" if self.leading else ""
        interval = f"cannot tell how sure: too few of {self.unit}"
        if self.low is not None and self.high is not None:
            interval = f"{self.low:.3f}-{self.high:.3f}"
        return f"classifier: AUC {self.auc:.3f} ({interval}), p {p_words(self.p_value)}, {self.n_rows:,} rows{led}"

    @property
    def told(self) -> str:
        """That it tells the sides apart.

        >>> Classifier(auc=.7, low=.652, high=.75, p_value=.02, n_rows=90, unit="shop", leading=("x", "y")).told
        'a classifier tells them apart by x, y (AUC 0.70, at least 0.65)'
        """
        by = f" by {', '.join(self.leading)}" if self.leading else ""
        surely = f", at least {self.low:.2f}" if self.low is not None else ""
        return f"a classifier tells them apart{by} (AUC {self.auc:.2f}{surely})"
