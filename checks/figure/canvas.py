"""An SVG element that is being drawn: escaped text, fixed numbers, colours by name.

What the shapes mean does not belong here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

# By name: the page's CSS variable, and the colour where no page says one. The five are told apart by brightness too.
COLORS = {
    "human": "#6b6b6b",
    "train": "#00736b",
    "train-dev": "#4d7c0f",
    "dev": "#b3400a",
    "test": "#3f3d9e",
    "bad": "#b3261e",
    "good": "#2e6b34",
    "unsure": "#6b6b6b",
    "faint": "#c9c9c4",
}
FONT = 11
UNDRAWABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\uf900-\ufffd\U00010000-\U0010fffd]")
SAFE = re.compile(r"[A-Za-z0-9 .,()#-]*")
DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def color(name: str) -> str:
    """The paint of a name: the page's variable, else our own.

    >>> color("train")
    'var(--gm-train,#00736b)'
    """
    return f"var(--gm-{name},{COLORS[name]})"


def plain(text: object) -> str:
    """`text` without control characters and what turns the direction of writing; runs of white space are one space.

    >>> plain("a\\x00b\\u202ec  d")
    'abc d'
    """
    told = str(text)
    if not (told.isascii() and told.isprintable()):  # most texts are plain already, and a page has thousands
        told = DIRECTION.sub("", UNDRAWABLE.sub("", told))
    return " ".join(told.split())


def short(text: object, most: int) -> str:
    """`text` with at most `most` characters.

    >>> short("a long name", 6)
    'a lon…'
    """
    whole = plain(text)
    return whole if len(whole) <= most else whole[: most - 1].rstrip() + "…"


def at(number: float) -> str:
    """A coordinate: one decimal, no trailing zero.

    >>> at(3.0), at(2.25), at(-0.01)
    ('3', '2.2', '0')
    """
    told = f"{number:.1f}".removesuffix(".0")
    return "0" if told == "-0" else told


def _quoted(value: str | float) -> str:
    """The value of an attribute, in quotes."""
    if not isinstance(value, str):
        return f'"{at(value)}"'
    return f'"{value}"' if SAFE.fullmatch(value) else quoteattr(plain(value))


class Canvas:
    """Marks in the order in which they are drawn. Coordinates are in CSS pixels from the top left."""

    def __init__(self, title: object, *, width: int, height: int) -> None:
        self.title, self.width, self.height = plain(title or "figure"), width, height
        self.description = ""
        self._marks: list[str] = []

    def mark(self, name: str, **attributes: str | float) -> None:
        """Any element without content; `_` in an attribute's name stands for `-`."""
        told = (f"{key.replace('_', '-')}={_quoted(value)}" for key, value in attributes.items())
        self._marks.append(f"<{name} {' '.join(told)}/>")

    def line(self, x1: float, y1: float, x2: float, y2: float, **more: str | float) -> None:
        """A straight line, in the page's colour unless `stroke` says another."""
        self.mark("path", d=f"M{at(x1)} {at(y1)}L{at(x2)} {at(y2)}", **({"stroke": "currentColor"} | more))

    def path(self, points: Sequence[tuple[float, float]], **more: str | float) -> None:
        """A line through points."""
        self.mark("path", d="M" + "L".join(f"{at(x)} {at(y)}" for x, y in points), **({"fill": "none"} | more))

    def dots(self, points: Sequence[tuple[float, float]], *, size: float, paint: str) -> None:
        """Round dots of one colour and diameter, as one mark."""
        if points:
            d = "".join(f"M{at(x)} {at(y)}h0" for x, y in points)
            self.mark("path", d=d, stroke=paint, stroke_width=size, stroke_linecap="round")

    def text(self, x: float, y: float, said: object, **more: str | float) -> None:
        """Text on its base line, in the page's colour."""
        if told := plain(said):
            given = "".join(f" {key.replace('_', '-')}={_quoted(value)}" for key, value in more.items())
            self._marks.append(f'<text x="{at(x)}" y="{at(y)}"{given}>{escape(told)}</text>')

    def empty(self, why: str = "no data") -> None:
        """Say that there is nothing to draw."""
        self.description = why
        self.text(self.width / 2, self.height / 2 + 4, why, text_anchor="middle", opacity=0.75)

    def svg(self) -> str:
        """The element."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
            f' font-family="system-ui,sans-serif" font-size="{FONT}" fill="currentColor">'
            f"<title>{escape(self.title)}</title><desc>{escape(plain(self.description))}</desc>"
            f"{''.join(self._marks)}</svg>"
        )


def number(value: object) -> float | None:
    """`value` as a finite number, else None.

    >>> number(float("nan")), number(True), number(2)
    (None, None, 2.0)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def numbers(values: object) -> list[float | None]:
    """A list of what may be numbers."""
    return [number(value) for value in values] if isinstance(values, list | tuple) else []
