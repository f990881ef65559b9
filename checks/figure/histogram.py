"""A histogram of one column with its splits laid over each other.

Bars of equal width show shares. Bins of different width are drawn to scale and show density, so that equal areas are
equal shares; where their widths differ more than fiftyfold, each bin has one slot and its edges are written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from checks.figure.canvas import Canvas, at, numbers
from checks.figure.scale import Scale, nice_step, percent, shown, shown_whole, ticks, top_of, whole_ticks
from checks.figure.series import Series, draw_key, paint, series_of

WIDTH, HEIGHT = 360, 156
LEFT, RIGHT, TOP, BOTTOM = 8, 352, 30, 122
MOST_BINS = 80
MOST_UNEQUAL = 50.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86400.0
SPANS = ((5 * 365 * DAY, "%Y"), (120 * DAY, "%Y-%m"), (2 * DAY, "%Y-%m-%d"))


def draw_histogram(figure: Mapping[str, Any]) -> Canvas:
    """Edges and one share a bin and split."""
    canvas = Canvas(figure.get("title"), width=WIDTH, height=HEIGHT)
    moments = _moments(figure.get("edges"))
    edges, series = _whole(numbers(figure.get("edges")) if moments is None else moments), series_of(figure)
    n_bins = len(edges) - 1
    fitting = [one for one in series if len(one.values) == n_bins]
    if n_bins < 1 or n_bins > MOST_BINS or not fitting:
        canvas.empty()
        return canvas
    places, densities = _layout(edges)
    heights = [[(value or 0.0) / by for value, by in zip(one.values, densities, strict=True)] for one in fitting]
    top = top_of(value for row in heights for value in row)
    y = Scale(low=0, high=top or 1.0, start=BOTTOM, end=TOP + 4)
    for one, row in zip(fitting, heights, strict=True):
        _draw_steps(canvas, one, places, [y(value) for value in row])
    canvas.line(LEFT, BOTTOM, RIGHT, BOTTOM, stroke_opacity="0.45")
    if moments is None:
        _draw_ticks(canvas, edges, places, is_whole=bool(figure.get("is_whole")))
    else:
        _draw_moments(canvas, edges, places)
    is_to_share = len(set(densities)) == 1
    if is_to_share and top > 0:
        canvas.text(RIGHT, TOP, f"tallest {percent(top)}", text_anchor="end", opacity=0.8)
    draw_key(canvas, fitting, LEFT, 14)
    _draw_missing(canvas, fitting)
    canvas.description = _described(figure, edges, fitting, shown if moments is None else _date)
    return canvas


def _moments(edges: object) -> list[float | None] | None:
    """The edges of a column of time, in seconds; None when they are no moments."""
    if not isinstance(edges, list | tuple) or not edges or not all(isinstance(edge, str) for edge in edges):
        return None
    try:
        found = [datetime.fromisoformat(edge) for edge in edges]
    except ValueError:
        return None
    return [(moment.replace(tzinfo=UTC) - EPOCH).total_seconds() for moment in found]


def _date(seconds: float, span: float = 86400.0 * 300) -> str:
    """A moment as the width of its axis asks: year, month, day or minute."""
    pattern = next((told for least, told in SPANS if span >= least), "%H:%M")
    return (EPOCH + timedelta(seconds=seconds)).strftime(pattern)


def _whole(edges: list[float | None]) -> list[float]:
    """Edges that rise, an open end closed by the width of its neighbour; none when they are no edges."""
    inner = [edge for edge in edges if edge is not None]
    if len(edges) < 3 and len(inner) != len(edges):
        return []
    if len(inner) >= 2:
        if edges[0] is None:
            inner = [2 * inner[0] - inner[1], *inner]
        if edges[-1] is None:
            inner = [*inner, 2 * inner[-1] - inner[-2]]
    rises = all(a <= b for a, b in pairwise(inner))
    return inner if len(inner) == len(edges) and rises and all(abs(edge) < 1.7e308 for edge in inner) else []


def _layout(edges: Sequence[float]) -> tuple[list[float], list[float]]:
    """Where each edge stands, and by what each bin's share is divided."""
    half = [b / 2 - a / 2 for a, b in pairwise(edges)]
    n_bins = len(half)
    slots = [LEFT + (RIGHT - LEFT) * i / n_bins for i in range(n_bins + 1)]
    narrow, wide = min(half), max(half)
    if wide <= narrow * (1 + 1e-6) or narrow <= 0 or wide / narrow > MOST_UNEQUAL:
        return slots, [1.0] * n_bins
    x = Scale(low=edges[0], high=edges[-1], start=LEFT, end=RIGHT)
    return [x(edge) for edge in edges], [width / wide for width in half]


def _draw_steps(canvas: Canvas, one: Series, places: Sequence[float], tops: Sequence[float]) -> None:
    steps = "".join(f"V{at(top)}H{at(right)}" for right, top in zip(places[1:], tops, strict=True))
    d = f"M{at(places[0])} {BOTTOM}{steps}V{BOTTOM}"
    if one.is_filled:
        canvas.mark("path", d=d, fill=paint(one.look), fill_opacity="0.35", stroke=paint(one.look), stroke_width=0.8)
    else:
        canvas.mark("path", d=d, fill="none", stroke_linejoin="round", **one.stroke)


def _draw_ticks(canvas: Canvas, edges: Sequence[float], places: Sequence[float], *, is_whole: bool) -> None:
    widths = [b / 2 - a / 2 for a, b in pairwise(edges)]
    is_linear = max(widths) <= min(widths) * MOST_UNEQUAL and min(widths) > 0
    x = Scale(low=edges[0], high=edges[-1], start=LEFT, end=RIGHT)
    if is_linear and is_whole:
        marked = [(x(value), shown_whole(value)) for value in whole_ticks(edges[0], edges[-1], 5)]
    elif is_linear:
        step = nice_step(edges[-1] - edges[0], 5)
        marked = [(x(value), shown(value, step)) for value in ticks(edges[0], edges[-1], 5)]
    else:
        every = max(1, (len(edges) - 1) // 4)
        marked = [(places[i], shown(edges[i])) for i in range(0, len(edges), every)]
    _draw_marks(canvas, [place for place, _ in marked])
    for place, told in marked:
        anchor = "start" if place < LEFT + 14 else "end" if place > RIGHT - 14 else "middle"
        canvas.text(place, BOTTOM + 15, told, text_anchor=anchor)


def _draw_marks(canvas: Canvas, places: Sequence[float]) -> None:
    """The marks of the axis, as one: a page has dozens of histograms."""
    canvas.mark("path", d="".join(f"M{at(x)} {BOTTOM}v4" for x in places), stroke="currentColor", stroke_opacity="0.45")


def _draw_moments(canvas: Canvas, edges: Sequence[float], places: Sequence[float]) -> None:
    every = max(1, (len(edges) - 1) // 4)
    _draw_marks(canvas, places[::every])
    for i in range(0, len(edges), every):
        anchor = "start" if places[i] < LEFT + 26 else "end" if places[i] > RIGHT - 26 else "middle"
        canvas.text(places[i], BOTTOM + 15, _date(edges[i], edges[-1] - edges[0]), text_anchor=anchor)


def _draw_missing(canvas: Canvas, series: Sequence[Series]) -> None:
    if any(one.missing for one in series):
        told = " · ".join(f"{one.name.replace('_', '-')} {percent(one.missing or 0.0)}" for one in series)
        canvas.text(LEFT, HEIGHT - 4, f"missing: {told}", opacity=0.8, font_size=10)


def _described(
    figure: Mapping[str, Any], edges: Sequence[float], series: Sequence[Series], told_as: Callable[[float], str]
) -> str:
    told = []
    for one in series:
        mode = max(range(len(one.values)), key=lambda i: one.values[i] or 0.0)
        share = percent(one.values[mode] or 0.0)
        told.append(f"{one.name}: most between {told_as(edges[mode])} and {told_as(edges[mode + 1])} ({share})")
    name = figure.get("x")
    return (
        f"Histogram{f' of {name}' if name else ''} from {told_as(edges[0])} to {told_as(edges[-1])}. {'; '.join(told)}."
    )
