"""What a code of the catalogue says of itself. The codes are `checks.catalogue`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AskedOf = Literal["source", "dataset", "model"]


@dataclass(frozen=True, kw_only=True)
class Code:
    """One row of the catalogue.

    Attributes:
        title: What is asked, in a few words.
        meaning: When it warns and when it blocks, for the reference.
        advice: The remedy.
        can_block: Whether a bad answer may stop a version.
        asked_of: A source, the dataset itself, or a model.
    """

    title: str
    meaning: str
    advice: str
    can_block: bool = False
    asked_of: AskedOf = "dataset"
