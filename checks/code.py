"""What a code of the catalogue says of itself. The codes are `checks.catalogue`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AskedOf = Literal["source", "dataset", "model", "tables"]


@dataclass(frozen=True, kw_only=True)
class Code:
    """One row of the catalogue.

    Attributes:
        title: What is asked, in a few words.
        meaning: When it warns and when it blocks, for the reference.
        advice: The remedy.
        can_block: Whether a bad answer may stop a version.
        can_warn: Whether a bad answer may warn; what only blocks, or only tells, does not.
        asked_of: A source, the dataset itself, a model, or any two tables.
    """

    title: str
    meaning: str
    advice: str
    can_block: bool = False
    can_warn: bool = True
    asked_of: AskedOf = "dataset"
