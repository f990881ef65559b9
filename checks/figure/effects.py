"""How far each column moved, with its interval, against the tolerance; and how far pairs of columns came apart.

Verdicts are words beside the marks, never colours alone. What is measured is `checks.shift`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from checks.figure.canvas import Canvas, color, number, short
from checks.figure.scale import Scale, nice_step, rate, shown, ticks, top_of
from checks.figure.series import paint

WIDTH, LEFT, RIGHT, TOP, ROW = 410, 108, 292, 30, 20
WIDE, LONG = 456, 14  # where a verdict has more letters
MOST_ROWS = 12
PAIR_WIDTH, PAIR_LEFT, PAIR_RIGHT, PAIR_ROW = 410, 180, 398, 32
Row = dict[str, Any]


def draw_effects(figure: Mapping[str, Any]) -> Canvas:
    """Rows of `label`, `estimate`, `low`, `high` and `verdict`, and the tolerance."""
    rows = [row for row in _rows_of(figure) if number(row.get("estimate")) is not None][:MOST_ROWS]
    tolerance = number(figure.get("tolerance"))
    is_wide = any(len(short(row.get("verdict"), LONG + 1)) > LONG for row in rows)
    canvas = Canvas(figure.get("title"), width=WIDE if is_wide else WIDTH, height=TOP + 22 + ROW * max(len(rows), 1))
    if not rows:
        canvas.empty()
        return canvas
    top = top_of(
        (number(row.get(key)) for row in rows for key in ("estimate", "high")), max(2 * (tolerance or 0.0), 0.0)
    )
    x = Scale(low=0, high=min(top, 1.0) or 1.0, start=LEFT + 6, end=RIGHT)
    bottom = TOP + ROW * len(rows)
    _draw_axis(canvas, x, bottom, tolerance)
    for i, row in enumerate(rows):
        _draw_effect(canvas, x, TOP + ROW * i + ROW / 2, row, tolerance)
    told = "; ".join(f"{short(row.get('label'), 30)} {_effect_words(row)}" for row in rows)
    canvas.description = (
        f"Effect by column, largest first{f', tolerance {shown(tolerance)}' if tolerance else ''}: {told}."
    )
    return canvas


def _rows_of(figure: Mapping[str, Any]) -> list[Row]:
    given = figure.get("rows")
    return [dict(row) for row in given if isinstance(row, Mapping)] if isinstance(given, list | tuple) else []


def _draw_axis(canvas: Canvas, x: Scale, bottom: float, tolerance: float | None) -> None:
    if tolerance is not None:
        band = f"M{LEFT + 6} {TOP - 4}H{x(tolerance):.1f}V{bottom}H{LEFT + 6}z"
        canvas.mark("path", d=band, fill=color("good"), fill_opacity="0.12")
        canvas.line(x(tolerance), TOP - 6, x(tolerance), bottom, stroke=color("good"), stroke_dasharray="6 3")
        canvas.text(x(tolerance) + 4, TOP - 8, f"tolerance {shown(tolerance)}")
    for value in ticks(x.low, x.high, 4):
        canvas.line(x(value), bottom, x(value), bottom + 4, stroke_opacity="0.45")
        canvas.text(x(value), bottom + 16, shown(value, nice_step(x.high, 4)), text_anchor="middle", opacity=0.8)
    canvas.line(LEFT + 6, bottom, RIGHT, bottom, stroke_opacity="0.45")
    canvas.text(RIGHT + 10, TOP - 8, "effect, verdict", opacity=0.8)


def _draw_effect(canvas: Canvas, x: Scale, y: float, row: Row, tolerance: float | None) -> None:
    estimate, low, high = (number(row.get(key)) for key in ("estimate", "low", "high"))
    is_beyond = tolerance is not None and (low if low is not None else estimate or 0.0) > tolerance
    look = paint("dev") if is_beyond else color("unsure")
    canvas.text(LEFT, y + 4, short(row.get("label"), 18), text_anchor="end")
    if low is not None and high is not None:
        canvas.line(x(low), y, x(high), y, stroke=look, stroke_width=2)
    canvas.mark("circle", cx=x(estimate or 0.0), cy=y, r=3.6, fill=look)
    canvas.text(RIGHT + 10, y + 4, f"{rate(estimate or 0.0)} {short(row.get('verdict'), 20)}")


def _effect_words(row: Row) -> str:
    low, high = number(row.get("low")), number(row.get("high"))
    interval = f" ({rate(low)} to {rate(high)})" if low is not None and high is not None else ""
    return f"{rate(float(row['estimate']))}{interval} {short(row.get('verdict'), 24)}"


def draw_pairs(figure: Mapping[str, Any]) -> Canvas:
    """Rows of `label`, `meaning`, `reference` and `current`: the correlation of two columns on both sides."""
    rows = [row for row in _rows_of(figure) if None not in _ends(row)][:MOST_ROWS]
    canvas = Canvas(figure.get("title"), width=PAIR_WIDTH, height=TOP + 24 + PAIR_ROW * max(len(rows), 1))
    if not rows:
        canvas.empty()
        return canvas
    x = Scale(low=-1, high=1, start=PAIR_LEFT + 10, end=PAIR_RIGHT)
    bottom = TOP + PAIR_ROW * len(rows)
    for value in (-1.0, -0.5, 0.0, 0.5, 1.0):
        canvas.line(x(value), TOP - 2, x(value), bottom, stroke=color("faint"), stroke_width=0.7)
        canvas.text(x(value), bottom + 14, shown(value, 0.5), text_anchor="middle", opacity=0.8)
    _draw_pair_key(canvas)
    for i, row in enumerate(rows):
        _draw_pair(canvas, x, TOP + PAIR_ROW * i + PAIR_ROW / 2, row)
    told = [f"{short(row.get('label'), 60)}, {short(row.get('meaning'), 40)}: {_pair_words(row)}" for row in rows]
    canvas.description = f"Correlations in the reference and in the current side. {'; '.join(told)}."
    return canvas


def _ends(row: Row) -> tuple[float | None, float | None]:
    return number(row.get("reference")), number(row.get("current"))


def _draw_pair_key(canvas: Canvas) -> None:
    canvas.mark("circle", cx=14, cy=12, r=3.6, fill="none", stroke=paint("train"), stroke_width=1.6)
    canvas.text(22, 16, "reference")
    canvas.mark("circle", cx=90, cy=12, r=4.2, fill=paint("dev"))
    canvas.text(98, 16, "current")
    canvas.text(PAIR_RIGHT, 16, "rank correlation", text_anchor="end", opacity=0.8)


def _draw_pair(canvas: Canvas, x: Scale, y: float, row: Row) -> None:
    ends: Sequence[float] = [x(end or 0.0) for end in _ends(row)]
    canvas.text(PAIR_LEFT, y - 1, short(row.get("label"), 32), text_anchor="end")
    canvas.text(PAIR_LEFT, y + 11, short(row.get("meaning"), 34), text_anchor="end", opacity=0.8, font_size=10)
    canvas.line(ends[0], y, ends[1], y, stroke=paint("dev"), stroke_width=1.4)
    canvas.mark("circle", cx=ends[0], cy=y, r=3.6, fill="var(--gm-paper,#fff)", stroke=paint("train"), stroke_width=1.6)
    canvas.mark("circle", cx=ends[1], cy=y, r=4.2, fill=paint("dev"))


def _pair_words(row: Row) -> str:
    before, now = _ends(row)
    return f"{rate(before or 0.0)} before, {rate(now or 0.0)} now"
