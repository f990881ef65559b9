"""The watch: the evidence of each day that the days are no longer like those before, and the line of the alarm.

Evidence is multiplied from day to day, so its axis is logarithmic. What evidence is, is `checks.watching`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from checks.figure.canvas import Canvas, color, number, numbers, plain, short
from checks.figure.scale import Scale, shown
from checks.figure.series import paint

WIDTH, HEIGHT = 680, 214
LEFT, RIGHT, TOP, BOTTOM = 50, 668, 40, 172
MOST_DAYS = 366
LOWEST, LEAST_LINE = 1e-2, 1e-6
MOST_POWERS = 5
Run = tuple[int, int]


def draw_evidence(figure: Mapping[str, Any]) -> Canvas:
    """Days, their evidence, the alarm line, and who leads where an alarm begins."""
    canvas = Canvas(figure.get("title"), width=WIDTH, height=HEIGHT)
    values = numbers(figure.get("values"))[-MOST_DAYS:]
    given, led = figure.get("x"), figure.get("leading")
    days = [plain(day) for day in given][-MOST_DAYS:] if isinstance(given, list | tuple) else []
    names = [plain(name) for name in led][-MOST_DAYS:] if isinstance(led, list | tuple) else []
    alarm_at = number(figure.get("alarm_at"))
    if not values or len(days) != len(values) or None in values or (alarm_at or 0.0) < LEAST_LINE:
        canvas.empty()
        return canvas
    told, line = [max(value or 0.0, 0.0) for value in values], alarm_at or 1.0
    highest = min(max([10 * line, *told]) * 1.2, 1e12)
    y = Scale(low=min(LOWEST, line / 10), high=highest, start=BOTTOM, end=TOP, is_log=True)
    x = Scale(low=0, high=max(len(told) - 1, 1), start=LEFT + 6, end=RIGHT - 6)
    alarms = _alarms([value >= line for value in told])
    _draw_axis(canvas, x, y, days)
    _draw_alarms(canvas, x, alarms, names)
    canvas.line(LEFT, y(line), RIGHT, y(line), stroke=color("bad"), stroke_dasharray="6 3")
    canvas.text(LEFT + 6, y(line) - 4, f"alarm at {shown(line)}", fill=color("bad"), font_weight="600")
    canvas.path([(x(i), y(value)) for i, value in enumerate(told)], stroke=paint("train"), stroke_width=1.6)
    days_of_alarm = [(x(i), y(told[i])) for first, last in alarms for i in range(first, last + 1)]
    canvas.dots(days_of_alarm, size=5, paint=color("bad"))
    canvas.text(8, 13, short(figure.get("y") or "evidence (logarithmic)", 100), opacity=0.8)
    _tell(canvas, days, told, alarms, names)
    return canvas


def _alarms(flags: Sequence[bool]) -> list[Run]:
    """The stretches of days that were alarms: first and last."""
    found: list[Run] = []
    for is_alarm, run in groupby(enumerate(flags), key=lambda pair: pair[1]):
        places = [i for i, _ in run]
        found += [(places[0], places[-1])] if is_alarm else []
    return found


def _draw_axis(canvas: Canvas, x: Scale, y: Scale, days: Sequence[str]) -> None:
    low, high = math.ceil(math.log10(y.low)), math.floor(math.log10(y.high))
    for power in range(low, high + 1, max(1, -(-(high - low) // MOST_POWERS))):
        place = y(10.0**power)
        canvas.line(LEFT, place, RIGHT, place, stroke=color("faint"), stroke_width=0.7)
        canvas.text(LEFT - 6, place + 4, shown(10.0**power), text_anchor="end", opacity=0.8)
    canvas.line(LEFT, BOTTOM, RIGHT, BOTTOM, stroke_opacity="0.45")
    every = max(1, -(-len(days) // 5))
    for i in range(0, len(days), every):
        if x(i) < RIGHT - 40:
            canvas.line(x(i), BOTTOM, x(i), BOTTOM + 4, stroke_opacity="0.45")
            anchor = "start" if x(i) < LEFT + 34 else "middle"
            canvas.text(x(i), BOTTOM + 16, short(days[i], 10), text_anchor=anchor, opacity=0.8)


def _draw_alarms(canvas: Canvas, x: Scale, alarms: Sequence[Run], names: Sequence[str]) -> None:
    """Each stretch of alarms as a shaded span; who leads stands above those that are wide enough apart."""
    free = 0.0
    for first, last in alarms:
        ends = x(first) - 2, x(last) + 2
        span = f"M{ends[0]:.1f} {TOP - 4}H{ends[1]:.1f}V{BOTTOM}H{ends[0]:.1f}z"
        canvas.mark("path", d=span, fill=color("bad"), fill_opacity="0.1")
        told = f"alarm: {short(names[first], 24)}" if first < len(names) else "alarm"
        width = len(told) * 6.0
        place = min(ends[0], RIGHT - width)
        if place >= free:
            canvas.text(place, TOP - 9, told, font_size=10)
            free = place + width + 8


def _tell(
    canvas: Canvas, days: Sequence[str], values: Sequence[float], alarms: Sequence[Run], names: Sequence[str]
) -> None:
    told = [
        f"alarm from {days[first]} to {days[last]}{f', led by {names[first]}' if first < len(names) else ''}"
        for first, last in alarms[:8]
    ]
    said = "; ".join(told) or "no alarm"
    canvas.description = (
        f"Evidence of {len(values)} days from {days[0]} to {days[-1]}; {said}; last {shown(values[-1])}."
    )
