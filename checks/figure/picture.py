"""Which shape draws which figure.

How each shape looks stands in its own module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from checks.figure.asked import draw_asked
from checks.figure.bars import draw_bars
from checks.figure.canvas import Canvas
from checks.figure.curves import draw_learning_curve, draw_line
from checks.figure.effects import draw_effects, draw_pairs
from checks.figure.evidence import draw_evidence
from checks.figure.histogram import draw_histogram
from checks.figure.ladder import draw_ladder
from checks.figure.paired import draw_paired
from checks.figure.slices import draw_slices
from checks.figure.stacks import draw_stacks

SHAPES: Mapping[str, Callable[[Mapping[str, Any]], Canvas]] = {
    "histogram": draw_histogram,
    "bars": draw_bars,
    "ladder": draw_ladder,
    "line": draw_line,
    "learning_curve": draw_learning_curve,
    "slices": draw_slices,
    "stacks": draw_stacks,
    "shares": draw_asked,
    "paired": draw_paired,
    "effects": draw_effects,
    "pairs": draw_pairs,
    "evidence": draw_evidence,
}


def draw(figure: Mapping[str, Any]) -> str:
    """The picture of a figure as one SVG element.

    A figure without a number that can be drawn gives a picture that says so; it never raises for what stands in it.

    >>> draw({"kind": "line", "title": "late", "x": [], "values": []}).count("no data")
    2
    """
    shape = SHAPES.get(str(figure.get("kind")))
    if shape is None:
        canvas = Canvas(figure.get("title"), width=320, height=60)
        canvas.empty("a figure of a kind that this version does not draw")
        return canvas.svg()
    return shape(figure).svg()
