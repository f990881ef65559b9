"""How a comparison looks in a notebook: its verdict, its table and its pictures, as HTML that stands by itself.

What is said is `checks.report`'s; the pictures are `checks.figure`'s, as the catalog shows them. All text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from checks.column_shift import ColumnShift
from checks.figure import draw
from checks.figure.canvas import plain
from checks.words import p_words

# Notebooks align cells to the right, as numbers are.
LEFT = 'style="text-align:left"'
HEADINGS = ("column", "verdict", "effect (95 % interval)", "p (family)", "what changed, or why")


def html_of(
    verdict: str,
    above: Iterable[str],
    columns: Sequence[ColumnShift],
    below: Iterable[str],
    figures: Iterable[Mapping[str, Any]],
    *,
    declared: bool,
) -> str:
    """A report as HTML.

    Args:
        verdict: The whole in one sentence.
        above: What stands above the table, a line each; empty ones are left out.
        columns: Those that have a row.
        below: What stands below the table.
        figures: The data of its pictures.
        declared: The sides are meant to differ.
    """
    titles = "".join(f'<th scope="col" {LEFT}>{title}</th>' for title in HEADINGS)
    rows = "".join(_row(column, declared=declared) for column in columns)
    table = f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    drawn = "".join(draw(figure) for figure in figures)
    return f"<div><p><strong>{_text(verdict)}</strong></p>{_lines(above)}{table}{_lines(below)}<div>{drawn}</div></div>"


def _text(told: str) -> str:
    return escape(plain(told))


def _lines(told: Iterable[str]) -> str:
    return "".join(f"<p>{_text(line)}</p>" for line in told if line)


def _row(column: ColumnShift, *, declared: bool) -> str:
    changed = column.said if column.verdict == "shifted" else ""
    interval = "" if column.effect is None else f"{column.effect:.3f} ({column.low:.3f} to {column.high:.3f})"
    cells = (
        column.verdict_said(declared=declared),
        interval,
        "" if column.p_corrected is None else p_words(column.p_corrected),
        "; ".join(filter(None, [changed, column.why])),
    )
    told = "".join(f"<td {LEFT}>{_text(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row" {LEFT}>{_text(column.named)}</th>{told}</tr>'
