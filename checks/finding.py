"""The one shape in which every check answers.

The codes and what they advise stand in `checks.catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from checks.catalogue import CATALOGUE

Outcome = Literal["pass", "warn", "fail", "cannot_tell", "not_applicable"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An answer: what was asked (`code`, `title`), what was seen, what to do.

    `fail` is exactly what blocks. `not_applicable` is an answer of its own: the question has no meaning for this table.
    `remedy` is what to do about what was seen; without it, what the catalogue advises.
    """

    code: str
    outcome: Outcome
    seen: str
    column: str | None = None
    remedy: str = ""

    @property
    def title(self) -> str:
        """The code's question in a few words.

        >>> Finding(code="LEAK1", outcome="pass", seen="none").title
        'Entities shared by splits'
        """
        return CATALOGUE[self.code].title

    @property
    def advice(self) -> str:
        """What to do about it; empty when there is nothing to do."""
        return self.remedy or (CATALOGUE[self.code].advice if self.outcome in {"warn", "fail"} else "")

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Finding:
        """The finding that `to_json` told."""
        return cls(**{name: raw[name] for name in ("code", "outcome", "seen", "column")}, remedy=raw["advice"])

    def to_json(self) -> dict[str, Any]:
        """The finding as scripts and `meta` get it; `accepted` is told of those that `meta` keeps."""
        told = {name: value for name, value in asdict(self).items() if name != "remedy"}
        return told | {"title": self.title, "advice": self.advice, "accepted": None}
