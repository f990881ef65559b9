"""The ladder of error rates, from human to test, with the gaps between its rungs named and judged.

One row a rung: its rate as a dot, its interval as a line. Between two rungs the gap is the step from one rate to the
next, with its name and verdict beside it. The verdicts are `checks`' own; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.figure.canvas import Canvas, color, number, plain, short
from checks.figure.scale import Scale, extent, nice_step, padded, rate, shown, ticks
from checks.figure.series import paint

WIDTH, LEFT, RIGHT, TOP = 440, 66, 252, 30
RUNG, GAP = 20, 32
RUNGS = ("human", "train", "train_dev", "dev", "test")
# Which gap ends at which rung.
ENDS = {"avoidable_bias": "train", "variance": "train_dev", "data_mismatch": "dev", "overfitting_to_dev": "test"}
LOOKS = {"problem": ("bad", 4.0, None), "fine": ("good", 2.5, None), "cannot_tell": ("unsure", 2.5, "3 2.5")}


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A rate with its interval, and where its row is."""

    name: str
    y: float
    estimate: float | None
    low: float | None
    high: float | None


def draw_ladder(figure: Mapping[str, Any]) -> Canvas:
    """Rates by split, and gaps by name."""
    gaps = _gaps(figure.get("gaps"), figure.get("rates"))
    rungs = _rungs(figure.get("rates"), gaps)
    height = rungs[-1].y + 34 if rungs else 80
    canvas = Canvas(figure.get("title"), width=WIDTH, height=int(height))
    reach = extent(value for rung in rungs for value in (rung.estimate, rung.low, rung.high))
    if reach is None:
        canvas.empty("no rate yet")
        return canvas
    low, high = padded(*reach)
    x = Scale(low=low, high=high, start=LEFT + 8, end=RIGHT)
    better = "lower" if figure.get("lower_is_better", True) else "higher"
    canvas.text(LEFT + 8, 13, f"{short(figure.get('metric') or 'rate', 24)}, {better} is better", opacity=0.8)
    _draw_axis(canvas, x, low, high, rungs[-1].y + 14)
    for before, after in zip([None, *rungs], rungs, strict=False):
        if before is not None:
            _draw_gap(canvas, x, before, after, gaps)
    for rung in rungs:
        _draw_rung(canvas, x, rung)
    canvas.description = _described(rungs, gaps)
    return canvas


def _gaps(given: object, rates: object) -> dict[str, Mapping[str, Any]]:
    """The gaps by the rung at which each ends; without train_dev, the step from train to dev is variance."""
    rows = [row for row in given if isinstance(row, Mapping)] if isinstance(given, list | tuple) else []
    found = {ENDS[row["name"]]: row for row in rows if isinstance(row.get("name"), str) and row["name"] in ENDS}
    if "train_dev" in found and not (isinstance(rates, Mapping) and isinstance(rates.get("train_dev"), Mapping)):
        found["dev"] = found.pop("train_dev")
    return found


def _rungs(given: object, gaps: Mapping[str, Mapping[str, Any]]) -> list[Rung]:
    """The rungs that there are; `human` also when a gap says that it was not declared."""
    rates = given if isinstance(given, Mapping) else {}
    names = [name for name in RUNGS if isinstance(rates.get(name), Mapping) or (name == "human" and "train" in gaps)]
    if all(name == "human" for name in names):
        names = [name for name in names if name in rates]
    rungs = []
    for i, name in enumerate(names):
        row = found if isinstance(found := rates.get(name), Mapping) else {}
        low, estimate, high = (number(row.get(key)) for key in ("low", "estimate", "high"))
        rungs.append(Rung(name=name, y=TOP + 8 + i * (RUNG + GAP), estimate=estimate, low=low, high=high))
    return rungs


def _draw_axis(canvas: Canvas, x: Scale, low: float, high: float, y: float) -> None:
    step = nice_step(high - low, 4)
    for value in ticks(low, high, 4):
        canvas.line(x(value), TOP - 6, x(value), y, stroke=color("faint"), stroke_width=0.7)
        canvas.text(x(value), y + 14, shown(value, step), text_anchor="middle", opacity=0.8)


def _draw_rung(canvas: Canvas, x: Scale, rung: Rung) -> None:
    canvas.text(LEFT, rung.y + 4, rung.name, text_anchor="end", font_weight="600")
    if rung.estimate is None:
        canvas.text(LEFT + 8, rung.y + 4, "not declared" if rung.name == "human" else "no rate", opacity=0.75)
        return
    place, mine = x(rung.estimate), paint(rung.name)
    if rung.low is not None and rung.high is not None:
        canvas.line(x(rung.low), rung.y, x(rung.high), rung.y, stroke=mine, stroke_width=1.6)
        for end in (rung.low, rung.high):
            canvas.line(x(end), rung.y - 3, x(end), rung.y + 3, stroke=mine, stroke_width=1.2)
    canvas.mark("circle", cx=place, cy=rung.y, r=4.5, fill=mine)
    canvas.text(RIGHT + 12, rung.y + 4, rate(rung.estimate), font_weight="600")


def _draw_gap(canvas: Canvas, x: Scale, before: Rung, after: Rung, gaps: Mapping[str, Mapping[str, Any]]) -> None:
    gap = gaps.get(after.name)
    if gap is None:
        return
    verdict = str(gap.get("verdict"))
    name, width, dashes = LOOKS.get(verdict, ("faint", 1.5, None))
    y = (before.y + after.y) / 2
    if before.estimate is not None and after.estimate is not None and verdict != "not_applicable":
        a, b = x(before.estimate), x(after.estimate)
        guide: dict[str, str | float] = {"stroke_opacity": "0.35", "stroke_width": 0.8}
        canvas.line(a, before.y + 6, a, y, **guide)
        canvas.line(b, y, b, after.y - 6, **guide)
        bar: dict[str, str | float] = {"stroke": color(name), "stroke_width": width}
        canvas.line(
            a, y, b if abs(a - b) >= 1 else a + 1, y, **(bar | ({"stroke_dasharray": dashes} if dashes else {}))
        )
    said = plain(gap["name"]).replace("_", " ")
    told = verdict.replace("_", " ")
    is_bad = verdict == "problem"
    canvas.mark("path", d=f"M{RIGHT + 12} {y - 11:.0f}v22", stroke=color(name), stroke_width=width, fill="none")
    canvas.text(RIGHT + 20, y - 2, f"{said}: {told}", font_weight="600" if is_bad else "400")
    canvas.text(RIGHT + 20, y + 11, _interval(gap), opacity=0.8, font_size=10)


def _interval(gap: Mapping[str, Any]) -> str:
    value, low, high = (number(gap.get(key)) for key in ("value", "low", "high"))
    if value is None:
        if gap.get("name") == "avoidable_bias":
            return "no human level to compare with"
        return "nothing to compare with" if gap.get("verdict") == "not_applicable" else "not measured"
    return f"{rate(value)}{f', {rate(low)} to {rate(high)}' if low is not None and high is not None else ''}"


def _described(rungs: list[Rung], gaps: Mapping[str, Mapping[str, Any]]) -> str:
    rates = ", ".join(
        f"{rung.name.replace('_', '-')} {rate(rung.estimate)}" for rung in rungs if rung.estimate is not None
    )
    judged = "; ".join(
        f"{plain(gap['name'])} {_interval(gap)}: {plain(gap.get('verdict'))}".replace("_", " ") for gap in gaps.values()
    )
    return f"{rates}. {judged}."
