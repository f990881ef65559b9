"""How two sides are to be compared: the units, the error that is allowed, the tolerance, what is asked of pairs.

What is computed is `checks.shift`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Question:
    """How two sides are to be compared.

    Attributes:
        unit: What was sampled or assigned at random, in a word or two.
        seed: From it the assignments are drawn.
        alpha: The family-wise error that is allowed.
        tolerance: Effects below it are no alarm.
        n_common_entities: How many entities are on both sides.
        declared: The sides are meant to differ: shift is stated, not warned of.
        unlike: Why p values speak of these units alone, where the sides differ in time.
        refused: Why nothing can be told, where the caller knows that already.
        n_assignments: How many assignments are drawn.
        target: What a model is to predict: its relation to other columns is asked.
        time: The column of time: trends inside the sides are asked.
        code: Which question of the catalogue it is.
        most_drawn: Of how many columns, those of the largest effect, a picture is kept.
    """

    unit: str
    seed: str = "shift"
    alpha: float = 0.05
    tolerance: float = 0.02
    n_common_entities: int = 0
    declared: bool = False
    unlike: str = ""
    refused: str = ""
    n_assignments: int = 1_999
    target: str | None = None
    time: str | None = None
    code: str = "SHIFT6"
    most_drawn: int = 12
