"""How splits look: train filled, dev a line, test dashed; told apart without colour.

Other series (two versions, a window) take the looks in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.figure.canvas import FONT, Canvas, color, number, numbers, plain, short

ORDER = ("train", "train_dev", "dev", "test")
MOST_SERIES = 4


@dataclass(frozen=True, kw_only=True)
class Series:
    """The shares of one split.

    Attributes:
        name: As the figure says it.
        look: Whose look it has.
        values: One share a bin.
        missing: The share of rows without a value, or None.
    """

    name: str
    look: str
    values: list[float | None]
    missing: float | None

    @property
    def is_filled(self) -> bool:
        """Whether it is an area; the others are lines."""
        return self.look == "train"

    @property
    def stroke(self) -> dict[str, str | float]:
        """How its line is drawn."""
        dashes = {"test": "4 2.5", "train_dev": "1.5 2.5"}.get(self.look)
        line: dict[str, str | float] = {"stroke": paint(self.look), "stroke_width": 1.6}
        return line | ({"stroke_dasharray": dashes} if dashes else {})


def paint(look: str) -> str:
    """The colour of a split."""
    return color(look.replace("_", "-"))


def series_of(figure: Mapping[str, Any]) -> list[Series]:
    """The series of a figure, those known by name first and in their order."""
    given = figure.get("series")
    missing = figure.get("missing")
    given = given if isinstance(given, Mapping) else {}
    missing = missing if isinstance(missing, Mapping) else {}
    names = [name for name in ORDER if name in given] + [name for name in given if name not in ORDER]
    free = [look for look in ("train", "dev", "test", "train_dev") if look not in given]
    series = []
    for name in names[:MOST_SERIES]:
        look = name if name in ORDER else free.pop(0)
        values = [max(value, 0.0) if value is not None else None for value in numbers(given[name])]
        series.append(Series(name=plain(name), look=look, values=values, missing=number(missing.get(name))))
    return [one for one in series if any(value is not None for value in one.values) or one.missing]


def draw_key(canvas: Canvas, series: list[Series], x: float, y: float) -> None:
    """Which look is which split, in one row that starts at `x` on the base line `y`."""
    for one in series:
        name = short(one.name, 16)
        if one.is_filled:
            canvas.mark("rect", x=x, y=y - 8, width=10, height=8, fill=paint(one.look), fill_opacity="0.35")
            canvas.line(x, y - 8, x + 10, y - 8, stroke=paint(one.look), stroke_width=1.2)
        else:
            canvas.line(x, y - 4, x + 16, y - 4, **one.stroke)
        x += 14 if one.is_filled else 20
        canvas.text(x, y, name)
        x += len(name) * FONT * 0.56 + 12
