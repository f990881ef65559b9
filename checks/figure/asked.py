"""The share of entities (or rows) that each split got, as a bar with its interval, and a mark at what was asked for.

What is asked and got is `checks.shares`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.figure.canvas import Canvas, at, number, plain, short
from checks.figure.scale import Scale, percent, top_of
from checks.figure.texture import draw_area, ordered

WIDTH, LEFT, RIGHT, TOP, ROW = 380, 66, 262, 28, 26
GOT, ASKED = 314, 376  # where the numbers end
Row = dict[str, float | None]
FIGURES = ("asked", "got", "low", "high", "n")


def draw_asked(figure: Mapping[str, Any]) -> Canvas:
    """By split the share asked, the share got and its interval."""
    rows = _rows_of(figure)
    canvas = Canvas(figure.get("title"), width=WIDTH, height=TOP + 12 + ROW * max(len(rows), 2))
    if not rows:
        canvas.empty()
        return canvas
    reach = top_of(row[name] for row in rows.values() for name in ("asked", "got", "high"))
    x = Scale(low=0, high=reach or 1.0, start=LEFT, end=RIGHT)
    thing = plain(figure.get("thing") or "entities")
    _draw_key(canvas, f"share of {thing}", has_interval=any(row["low"] is not None for row in rows.values()))
    for i, (name, row) in enumerate(rows.items()):
        _draw_row(canvas, x, TOP + ROW * i + ROW / 2, name, row)
    canvas.line(LEFT, TOP, LEFT, TOP + ROW * len(rows), stroke_opacity="0.45")
    canvas.description = f"Share of {thing} by split. {'; '.join(_told(name, row) for name, row in rows.items())}."
    return canvas


def _rows_of(figure: Mapping[str, Any]) -> dict[str, Row]:
    given = figure.get("series")
    if not isinstance(given, Mapping):
        return {}
    rows = {plain(name): row for name, row in given.items() if isinstance(row, Mapping)}
    found = {name: {key: number(rows[name].get(key)) for key in FIGURES} for name in ordered(rows)}
    return {
        name: row
        for name, row in found.items()
        if row["got"] is not None and all(0 <= (row[key] or 0) <= 1 for key in FIGURES[:4])
    }


def _draw_key(canvas: Canvas, of: str, *, has_interval: bool) -> None:
    canvas.text(LEFT, 14, f"{of}, 95 % interval" if has_interval else of, opacity=0.8)
    canvas.text(GOT, 14, "got", text_anchor="end", opacity=0.8)
    canvas.line(ASKED - 38, 4, ASKED - 38, 16, stroke_width=2)
    canvas.text(ASKED, 14, "asked", text_anchor="end", opacity=0.8)


def _draw_row(canvas: Canvas, x: Scale, y: float, name: str, row: Row) -> None:
    got, low, high, asked = (row[key] for key in ("got", "low", "high", "asked"))
    canvas.text(LEFT - 6, y + 4, short(name, 10), text_anchor="end")
    if got:
        draw_area(canvas, name, f"M{LEFT} {at(y)}H{at(x(got))}", ROW - 14)
    if low is not None and high is not None:
        ends = f"M{at(x(low))} {at(y)}H{at(x(high))}"
        caps = "".join(f"M{at(x(end))} {at(y - 3)}v6" for end in (low, high))
        canvas.mark("path", d=ends + caps, fill="none", stroke="var(--gm-paper,#fff)", stroke_width=3.6)
        canvas.mark("path", d=ends + caps, fill="none", stroke="currentColor", stroke_width=1.2)
    if asked is not None:
        canvas.line(x(asked), y - ROW / 2 + 2, x(asked), y + ROW / 2 - 2, stroke_width=2)
        canvas.text(ASKED, y + 4, percent(asked, 1), text_anchor="end")
    if got is not None:
        canvas.text(GOT, y + 4, percent(got, 1), text_anchor="end")


def _told(name: str, row: Row) -> str:
    told = f"{short(name, 14)} got {percent(row['got'] or 0.0, 1)}"
    if row["low"] is not None and row["high"] is not None:
        told += f" ({percent(row['low'], 1)} to {percent(row['high'], 1)})"
    return told + (f", asked {percent(row['asked'], 1)}" if row["asked"] is not None else "")
