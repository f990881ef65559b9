"""Shares of the levels of a category, one row a level: train a filled bar, the other splits strokes across it.

Which levels are shown is decided by whoever counted them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.figure.canvas import Canvas, at, short
from checks.figure.scale import Scale, percent, top_of
from checks.figure.series import Series, draw_key, paint, series_of

WIDTH, LEFT, RIGHT, TOP, ROW = 360, 104, 316, 24, 18
MOST_ROWS = 12
Row = tuple[str, list[float | None]]


def draw_bars(figure: Mapping[str, Any]) -> Canvas:
    """Labels and one share a label and split."""
    labels = figure.get("labels")
    labels = list(labels) if isinstance(labels, list | tuple) else []
    series = [one for one in series_of(figure) if len(one.values) == len(labels)]
    rows = _rows(labels, series)
    canvas = Canvas(figure.get("title"), width=WIDTH, height=TOP + 8 + ROW * max(len(rows), 2))
    if not rows:
        canvas.empty()
        return canvas
    draw_key(canvas, series, 8, 14)
    x = Scale(low=0, high=top_of(v for _, values in rows for v in values) or 1.0, start=LEFT, end=RIGHT)
    for i, one in enumerate(series):
        _draw_series(canvas, one, x, [values[i] for _, values in rows])
    for i, (label, values) in enumerate(rows):
        canvas.text(LEFT - 6, TOP + ROW * i + 13, label, text_anchor="end")
        if (first := next((value for value in values if value is not None), None)) is not None:
            canvas.text(WIDTH - 4, TOP + ROW * i + 13, percent(first), text_anchor="end", opacity=0.8)
    canvas.line(LEFT, TOP, LEFT, TOP + ROW * len(rows), stroke_opacity="0.45")
    told = "; ".join(f"{label} {_told(series, values)}" for label, values in rows[:3])
    canvas.description = f"Shares by level. {told}."
    return canvas


def _rows(labels: Sequence[object], series: Sequence[Series]) -> list[Row]:
    """What is drawn: the first levels, the others poured together, and what is missing."""
    if not labels and not any(one.missing for one in series):
        return []
    n_shown = len(labels) if len(labels) <= MOST_ROWS else MOST_ROWS - 1
    rows: list[Row] = [
        (short(label if label is not None else "null", 17) or "(empty)", [one.values[i] for one in series])
        for i, label in enumerate(labels[:n_shown])
    ]
    if n_shown < len(labels):
        rest: list[float | None] = [sum(value or 0.0 for value in one.values[n_shown:]) for one in series]
        rows.append((f"{len(labels) - n_shown} more", rest))
    if any(one.missing for one in series):
        rows.append(("(missing)", [one.missing for one in series]))
    return rows if series else []


def _draw_series(canvas: Canvas, one: Series, x: Scale, values: Sequence[float | None]) -> None:
    """One mark for all rows: a picture of many levels stays small."""
    there = [(TOP + ROW * i, x(value)) for i, value in enumerate(values) if value is not None]
    if one.is_filled:
        bars = "".join(f"M{LEFT} {top + 4}h{at(place - LEFT)}v{ROW - 7}H{LEFT}z" for top, place in there)
        canvas.mark("path", d=bars, fill=paint(one.look), fill_opacity="0.35")
    else:
        ticks = "".join(f"M{at(place)} {top + 1}v{ROW - 2}" for top, place in there)
        canvas.mark("path", d=ticks, **(one.stroke | {"stroke_width": 2}))


def _told(series: Sequence[Series], values: Sequence[float | None]) -> str:
    pairs = zip(series, values, strict=True)
    return ", ".join(f"{one.name} {percent(value)}" for one, value in pairs if value is not None)
