"""Rates by slice, each with its interval, against the rate of all rows.

Which slices there are is decided by whoever counted them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.figure.canvas import Canvas, color, number, short
from checks.figure.scale import Scale, extent, nice_step, padded, rate, shown, ticks
from checks.figure.series import paint

WIDTH, LEFT, RIGHT, TOP, ROW = 440, 118, 312, 30, 19
MOST_ROWS = 24


def draw_slices(figure: Mapping[str, Any]) -> Canvas:
    """Labels, and by label an estimate, its interval and the number of rows."""
    labels, rows = figure.get("labels"), figure.get("estimates")
    labels = list(labels)[:MOST_ROWS] if isinstance(labels, list | tuple) else []
    rows = list(rows)[: len(labels)] if isinstance(rows, list | tuple) else []
    rows = [row if isinstance(row, Mapping) else {} for row in rows]
    overall = number(figure.get("overall"))
    found = [tuple(number(row.get(key)) for key in ("estimate", "low", "high", "n")) for row in rows]
    canvas = Canvas(figure.get("title"), width=WIDTH, height=TOP + 26 + ROW * max(len(rows), 1))
    reach = extent([overall, *(value for row in found for value in row[:3])])
    if reach is None or len(rows) != len(labels) or all(row[0] is None for row in found):
        canvas.empty()
        return canvas
    low, high = padded(*reach)
    x = Scale(low=low, high=high, start=LEFT + 8, end=RIGHT)
    bottom = TOP + ROW * len(rows)
    step = nice_step(high - low, 4)
    for value in ticks(low, high, 4):
        canvas.line(x(value), TOP - 4, x(value), bottom, stroke=color("faint"), stroke_width=0.7)
        canvas.text(x(value), bottom + 14, shown(value, step), text_anchor="middle", opacity=0.8)
    if overall is not None:
        canvas.line(x(overall), TOP - 6, x(overall), bottom, stroke_dasharray="5 3", stroke_opacity="0.8")
        canvas.text(x(overall), TOP - 10, f"all {rate(overall)}", text_anchor="middle")
    canvas.text(WIDTH - 4, TOP - 10, "rows", text_anchor="end", opacity=0.8)
    for i, (label, row) in enumerate(zip(labels, found, strict=True)):
        _draw_row(canvas, x, TOP + ROW * i + ROW / 2, short(label, 20), row)
    told = [f"{short(label, 40)} {rate(row[0])}" for label, row in zip(labels, found, strict=True) if row[0] is not None]
    canvas.description = f"{'; '.join(told[:8])}{f'; all {rate(overall)}' if overall is not None else ''}."
    return canvas


def _draw_row(canvas: Canvas, x: Scale, y: float, label: str, row: tuple[float | None, ...]) -> None:
    estimate, low, high, n_rows = row
    canvas.text(LEFT, y + 4, label, text_anchor="end")
    if estimate is None:
        canvas.text(LEFT + 8, y + 4, "cannot tell", opacity=0.75)
    else:
        if low is not None and high is not None:
            canvas.line(x(low), y, x(high), y, stroke=paint("dev"), stroke_width=1.6)
        canvas.mark("circle", cx=x(estimate), cy=y, r=3.5, fill=paint("dev"))
        canvas.text(RIGHT + 10, y + 4, rate(estimate))
    if n_rows is not None:
        canvas.text(WIDTH - 4, y + 4, f"{n_rows:,.0f}" if abs(n_rows) < 1e15 else "", text_anchor="end", opacity=0.8)
