"""How splits look as areas: each with a texture of its own, so that they are told apart without colour.

A bar is a line as wide as the bar; its dashes are the stripes. How splits look as lines is `checks.figure.series`.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.figure.canvas import FONT, Canvas, color, plain, short
from checks.figure.series import ORDER, paint

UNUSED = "unused"
Layers = tuple[dict[str, str | float], ...]
# By split, from below to above: how strong, and its stripes.
LAYERS: Mapping[str, Layers] = {
    "train": ({"stroke_opacity": "0.35"},),
    "train_dev": ({"stroke_opacity": "0.15"}, {"stroke_opacity": "0.9", "stroke_dasharray": "1 3"}),
    "dev": ({"stroke_opacity": "0.9"},),
    "test": ({"stroke_opacity": "0.25"}, {"stroke_opacity": "0.95", "stroke_dasharray": "2.5 1.5"}),
}
OTHERS: Layers = ({"stroke_opacity": "0.9"},)


def draw_area(canvas: Canvas, split: str, d: str, width: float) -> None:
    """Bars of one split: `d` runs along their middle, `width` is across."""
    look = paint(split) if split in ORDER else color("faint")
    for layer in LAYERS.get(split, OTHERS):
        canvas.mark("path", d=d, fill="none", stroke=look, stroke_width=width, **layer)


def ordered(names: Mapping[str, object]) -> list[str]:
    """The splits in their order; what is unused, and names that are not known, last."""
    return [name for name in ORDER if name in names] + [name for name in names if name not in ORDER][:1]


def draw_area_key(canvas: Canvas, names: list[str], x: float, y: float) -> None:
    """Which texture is which split, in one row that starts at `x` on the base line `y`."""
    for name in names:
        draw_area(canvas, name, f"M{x + 5:g} {y - 8:g}V{y + 1:g}", 10)
        told = short(plain(name), 14)
        canvas.text(x + 14, y, told)
        x += 14 + len(told) * FONT * 0.56 + 12
