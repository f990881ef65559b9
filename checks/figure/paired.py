"""Shares of the levels that changed most, two bars a level: the reference above, the current side below.

Which levels changed most is decided by whoever counted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.figure.canvas import FONT, Canvas, at, short
from checks.figure.scale import Scale, percent, top_of
from checks.figure.series import Series, paint, series_of

WIDTH, LEFT, RIGHT, TOP, ROW = 360, 112, 300, 24, 26
BAR = 8
STRENGTHS = ("0.35", "0.9")  # told apart without colour: the reference is faint
MOST_ROWS = 12


def draw_paired(figure: Mapping[str, Any]) -> Canvas:
    """Labels, and one share a label of each of two series."""
    given = figure.get("labels")
    labels = list(given)[:MOST_ROWS] if isinstance(given, list | tuple) else []
    series = [one for one in series_of(figure) if len(one.values) >= len(labels)][:2]
    n_more = figure.get("n_more")
    has_more = isinstance(n_more, int) and n_more > 0
    canvas = Canvas(figure.get("title"), width=WIDTH, height=TOP + 8 + ROW * max(len(labels), 2) + 14 * has_more)
    if not labels or len(series) < 2:
        canvas.empty()
        return canvas
    _draw_key(canvas, series)
    x = Scale(low=0, high=top_of(v for one in series for v in one.values) or 1.0, start=LEFT, end=RIGHT)
    for i, one in enumerate(series):
        _draw_bars(canvas, one, x, len(labels), TOP + 3 + i * (BAR + 1), STRENGTHS[i])
    for i, label in enumerate(labels):
        canvas.text(LEFT - 6, TOP + ROW * i + 15, short(label, 18) or "(empty)", text_anchor="end")
    canvas.line(LEFT, TOP, LEFT, TOP + ROW * len(labels), stroke_opacity="0.45")
    if has_more:
        said = f"and {n_more:,} more, which changed less"
        canvas.text(LEFT, TOP + ROW * len(labels) + 14, said, opacity=0.8, font_size=10)
    told = "; ".join(f"{short(label, 40)} {_told(series, i)}" for i, label in enumerate(labels[:3]))
    canvas.description = f"Shares of the levels that changed most. {told}."
    return canvas


def _draw_key(canvas: Canvas, series: list[Series]) -> None:
    x = 8.0
    for one, strength in zip(series, STRENGTHS, strict=True):
        name = short(one.name, 16)
        canvas.mark("rect", x=x, y=6, width=10, height=8, fill=paint(one.look), fill_opacity=strength)
        canvas.text(x + 14, 14, name)
        x += 26 + len(name) * FONT * 0.56


def _draw_bars(canvas: Canvas, one: Series, x: Scale, n: int, top: float, strength: str) -> None:
    """All bars of a side as one mark, each with its share."""
    there = [(top + ROW * i, x(value), value) for i, value in enumerate(one.values[:n]) if value is not None]
    bars = "".join(f"M{LEFT} {at(y)}h{at(place - LEFT)}v{BAR}H{LEFT}z" for y, place, _ in there)
    canvas.mark("path", d=bars, fill=paint(one.look), fill_opacity=strength)
    for y, place, value in there:
        canvas.text(place + 4, y + BAR, percent(value), opacity=0.8, font_size=9.5)


def _told(series: list[Series], i: int) -> str:
    return ", ".join(f"{one.name} {percent(value)}" for one in series if (value := one.values[i]) is not None)
