"""Lines: a quantity over months with its tolerance, and what more data brings (the learning curve).

Intervals are a faint band. A value whose whole interval lies beyond the tolerance is a filled dot, the others are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from checks.figure.canvas import Canvas, at, color, number, numbers, plain, short
from checks.figure.scale import Scale, extent, labelled, nice_step, padded, rate, shown, ticks
from checks.figure.series import Series, paint

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 396, 26, 148
MOST_POINTS = 60


def draw_line(figure: Mapping[str, Any]) -> Canvas:
    """Values in time, their intervals, and a tolerance if there is one."""
    canvas = Canvas(figure.get("title"), width=WIDTH, height=HEIGHT)
    names = figure.get("x")
    values = numbers(figure.get("values"))[-MOST_POINTS:]
    names = [plain(name) for name in names][-MOST_POINTS:] if isinstance(names, list | tuple) else []
    low, high = (_fitting(figure.get(key), len(values)) for key in ("low", "high"))
    tolerance = number(figure.get("tolerance"))
    reach = extent([*values, *low, *high, tolerance, *([0.0] if tolerance is not None else [])])
    if all(value is None for value in values) or len(names) != len(values) or reach is None:
        canvas.empty()
        return canvas
    bottom, top = padded(*reach, 0.04)
    bottom = 0.0 if reach[0] >= 0 and tolerance is not None else bottom
    y = Scale(low=bottom, high=top, start=BOTTOM, end=TOP)
    x = Scale(low=0, high=max(len(values) - 1, 1), start=LEFT + 8, end=RIGHT)
    _draw_axis(canvas, y, bottom, top)
    _draw_names(canvas, x, names)
    if tolerance is not None:
        if tolerance > bottom:
            within = f"M{LEFT} {at(y(bottom))}H{RIGHT + 8}V{at(y(tolerance))}H{LEFT}z"
            canvas.mark("path", d=within, fill=color("good"), fill_opacity="0.1")
        canvas.line(LEFT, y(tolerance), RIGHT + 8, y(tolerance), stroke=color("bad"), stroke_dasharray="6 3")
        place = min(y(tolerance), BOTTOM - 12)  # clear of the name of the last month
        canvas.text(RIGHT + 14, place - 1, "tolerance")
        canvas.text(RIGHT + 14, place + 11, shown(tolerance))
    _draw_band(canvas, y, [x(i) for i in range(len(values))], low, high)
    for run in _runs(values):
        canvas.path([(x(i), y(value)) for i, value in run], stroke=paint("train"), stroke_width=1.6)
    _draw_dots(canvas, x, y, values, _beyond(values, low, tolerance))
    canvas.text(8, 13, short(figure.get("y") or "", 72), opacity=0.8)
    _tell(canvas, names, values, low, tolerance)
    return canvas


def draw_learning_curve(figure: Mapping[str, Any]) -> Canvas:
    """Rates on train and dev by the number of rows that were learned from."""
    canvas = Canvas(figure.get("title"), width=WIDTH, height=HEIGHT)
    n_rows = numbers(figure.get("n"))
    curves = {name: _rates(figure.get(name), len(n_rows)) for name in ("train", "dev")}
    sizes = [n for n in n_rows if n is not None and n > 0]
    reach = extent(value for rows in curves.values() for row in rows for value in row)
    if not sizes or len(sizes) != len(n_rows) or reach is None:
        canvas.empty()
        return canvas
    bottom, top = padded(*reach)
    y = Scale(low=bottom, high=top, start=BOTTOM, end=TOP)
    is_log = min(sizes) > 0 and max(sizes) / min(sizes) > 10
    x = Scale(low=min(sizes), high=max(sizes), start=LEFT + 12, end=RIGHT, is_log=is_log)
    _draw_axis(canvas, y, bottom, top)
    _draw_names(canvas, Scale(low=0, high=1, start=0, end=1), [shown(n) for n in sizes], [x(n) for n in sizes])
    ends: list[tuple[str, float]] = []
    for name, rows in curves.items():
        look = Series(name=name, look=name, values=[], missing=None)
        _draw_band(canvas, y, [x(n) for n in sizes], [row[1] for row in rows], [row[2] for row in rows], name)
        points = [(x(n), y(row[0])) for n, row in zip(sizes, rows, strict=True) if row[0] is not None]
        canvas.path(points, **look.stroke) if points else None
        ends += [(name, points[-1][1])] if points else []
    for (name, _), place in zip(ends, labelled([place for _, place in ends], 13), strict=True):
        last = next(row[0] for row in reversed(curves[name]) if row[0] is not None)
        canvas.text(RIGHT + 10, place + 4, f"{name} {rate(last)}", fill=paint(name), font_weight="600")
    canvas.text(8, 13, "rate by rows learned from" + (" (logarithmic)" if is_log else ""), opacity=0.8)
    canvas.description = "; ".join(
        f"{name} from {rate(found[0])} to {rate(found[-1])}"
        for name, rows in curves.items()
        if (found := [row[0] for row in rows if row[0] is not None])
    )
    return canvas


def _fitting(values: object, n: int) -> list[float | None]:
    found = numbers(values)[-MOST_POINTS:]
    return found if len(found) == n else [None] * n


def _rates(given: object, n: int) -> list[tuple[float | None, float | None, float | None]]:
    listed = given if isinstance(given, list | tuple) and len(given) == n else [None] * n
    rows: list[Mapping[str, Any]] = [row if isinstance(row, Mapping) else {} for row in listed]
    return [(number(row.get("estimate")), number(row.get("low")), number(row.get("high"))) for row in rows]


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a hole: a month without a value breaks the line."""
    runs = []
    for is_there, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if is_there:
            runs.append([(i, value) for i, value in run if value is not None])
    return runs


def _draw_axis(canvas: Canvas, y: Scale, low: float, high: float) -> None:
    step = nice_step(high - low, 3)
    for value in ticks(low, high, 3):
        canvas.line(LEFT, y(value), RIGHT + 8, y(value), stroke=color("faint"), stroke_width=0.7)
        canvas.text(LEFT - 6, y(value) + 4, shown(value, step), text_anchor="end", opacity=0.8)


def _draw_names(canvas: Canvas, x: Scale, names: Sequence[str], places: Sequence[float] = ()) -> None:
    """As many names below the axis as there is room for, the last one among them."""
    at_places = list(places) or [x(i) for i in range(len(names))]
    width = max(len(name) for name in names) * 6.2 + 8
    free = float("inf")
    for name, place in zip(reversed(names), reversed(at_places), strict=True):
        if free - place >= width:
            canvas.text(place, BOTTOM + 16, short(name, 14), text_anchor="middle", opacity=0.8)
            free = place


def _draw_band(
    canvas: Canvas,
    y: Scale,
    places: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    name: str = "train",
) -> None:
    rows = zip(places, low, high, strict=True)
    there = [(place, y(a), y(b)) for place, a, b in rows if a is not None and b is not None]
    if there:
        around = [(place, a) for place, a, _ in there] + [(place, b) for place, _, b in reversed(there)]
        canvas.path(around, fill=paint(name), fill_opacity="0.14")


def _beyond(values: Sequence[float | None], low: Sequence[float | None], tolerance: float | None) -> list[bool]:
    """Whether each value lies beyond the tolerance with its whole interval."""
    pairs = zip(values, low, strict=True)
    return [
        tolerance is not None and value is not None and (least if least is not None else value) > tolerance
        for value, least in pairs
    ]


def _draw_dots(canvas: Canvas, x: Scale, y: Scale, values: Sequence[float | None], beyond: Sequence[bool]) -> None:
    places = [
        (x(i), y(value), is_beyond)
        for i, (value, is_beyond) in enumerate(zip(values, beyond, strict=True))
        if value is not None
    ]
    within = [(a, b) for a, b, is_beyond in places if not is_beyond]
    canvas.dots(within, size=7.2, paint=paint("train"))
    canvas.dots(within, size=4.4, paint="var(--gm-paper,#fff)")
    canvas.dots([(a, b) for a, b, is_beyond in places if is_beyond], size=7.2, paint=color("bad"))


def _tell(
    canvas: Canvas,
    names: Sequence[str],
    values: Sequence[float | None],
    low: Sequence[float | None],
    tolerance: float | None,
) -> None:
    there = [(value, name) for name, value in zip(names, values, strict=True) if value is not None]
    told = f"{len(there)} values from {names[0]} to {names[-1]}; highest {shown(max(there)[0])} in {max(there)[1]}"
    if tolerance is not None:
        beyond = [name for name, is_it in zip(names, _beyond(values, low, tolerance), strict=True) if is_it]
        told += f"; beyond the tolerance of {shown(tolerance)}: {', '.join(beyond) or 'none'}"
    canvas.description = f"{told}."
