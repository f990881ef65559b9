"""Rows by split in time: one stacked bar a day, week, month or year.

What is counted, and by which length of time, is `checks.timeline`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.figure.canvas import Canvas, at, color, numbers, plain, short
from checks.figure.scale import Scale, nice_step, shown, ticks
from checks.figure.texture import draw_area, draw_area_key, ordered

WIDTH, HEIGHT = 440, 178
LEFT, RIGHT, TOP, BOTTOM = 44, 432, 32, 146
MOST_BINS = 60
LARGEST = 1e15


def draw_stacks(figure: Mapping[str, Any]) -> Canvas:
    """Names of bins, and one count a bin and split."""
    canvas = Canvas(figure.get("title"), width=WIDTH, height=HEIGHT)
    names = figure.get("x")
    names = [plain(name) for name in names] if isinstance(names, list | tuple) else []
    series = _series_of(figure, len(names))
    totals = [sum(values[i] for values in series.values()) for i in range(len(names))]
    top = max(totals, default=0.0)
    if not 0 < len(names) <= MOST_BINS or not 0 < top <= LARGEST:
        canvas.empty()
        return canvas
    y = Scale(low=0, high=top, start=BOTTOM, end=TOP + 4)
    slot = (RIGHT - LEFT) / len(names)
    middles = [LEFT + slot * (i + 0.5) for i in range(len(names))]
    _draw_axis(canvas, y, top)
    below = [0.0] * len(names)
    for name, values in series.items():
        above = [a + b for a, b in zip(below, values, strict=True)]
        bars = zip(middles, below, above, strict=True)
        d = "".join(f"M{at(x)} {at(y(low))}V{at(y(high))}" for x, low, high in bars if high > low)
        if d:
            draw_area(canvas, name, d, min(max(slot - 1.5, slot * 0.7), 40))
        below = above
    canvas.line(LEFT, BOTTOM, RIGHT, BOTTOM, stroke_opacity="0.45")
    _draw_names(canvas, names, middles)
    draw_area_key(canvas, list(series), LEFT, 14)
    unit = plain(figure.get("unit") or "")
    canvas.text(LEFT, HEIGHT - 4, f"rows by {unit}" if unit else "rows", opacity=0.8, font_size=10)
    told = [f"{short(name, 14)} {sum(values):,.0f} rows{_span(names, values)}" for name, values in series.items()]
    canvas.description = f"Rows by split{f' and {unit}' if unit else ''}. {'; '.join(told)}."
    return canvas


def _series_of(figure: Mapping[str, Any], n_bins: int) -> dict[str, list[float]]:
    given = figure.get("series")
    if not isinstance(given, Mapping):
        return {}
    found = {plain(name): [max(value or 0.0, 0.0) for value in numbers(values)] for name, values in given.items()}
    kept = {name: values for name, values in found.items() if len(values) == n_bins and any(values)}
    return {name: kept[name] for name in ordered(kept)}


def _draw_axis(canvas: Canvas, y: Scale, top: float) -> None:
    step = nice_step(top, 3)
    for value in ticks(0, top, 3):
        canvas.line(LEFT, y(value), RIGHT, y(value), stroke=color("faint"), stroke_width=0.7)
        canvas.text(LEFT - 6, y(value) + 4, shown(value, step), text_anchor="end", opacity=0.8)


def _draw_names(canvas: Canvas, names: Sequence[str], middles: Sequence[float]) -> None:
    """As many names below the bars as there is room for, the first among them."""
    half = max(len(short(name, 14)) for name in names) * 3.1
    free = 0.0
    for name, middle in zip(names, middles, strict=True):
        place = min(max(middle, LEFT + half), RIGHT - half)
        if place - half >= free and (not free or abs(place - middle) < half / 2):
            canvas.text(place, BOTTOM + 15, short(name, 14), text_anchor="middle", opacity=0.8)
            free = place + half + 10


def _span(names: Sequence[str], values: Sequence[float]) -> str:
    there = [name for name, value in zip(names, values, strict=True) if value]
    return f" from {there[0]} to {there[-1]}" if len(there) > 1 else f" in {there[0]}"
