"""How the columns of a comparison look in a terminal: one line each, in a table.

What stands above and below the table is `checks.report`; how it looks in a notebook, `checks.report_html`.
"""

from __future__ import annotations

from collections.abc import Sequence

from checks.column_shift import ColumnShift
from checks.words import p_words


def table_of(columns: Sequence[ColumnShift], *, declared: bool) -> list[str]:
    """The titles, and a line a column.

    >>> table_of([ColumnShift(column="x", verdict="not_applicable", why="it is constant")], declared=False)[1]
    'x       not applicable  it is constant'
    """
    verdicts = [column.verdict_said(declared=declared) for column in columns]
    width, wide = max([6, *(len(column.named) for column in columns)]), max([14, *map(len, verdicts)])
    titles = f"{'column':<{width}}  {'verdict':<{wide}}  effect  interval      p (family)  what changed"
    told = zip(columns, verdicts, strict=True)
    return [titles, *(f"{c.named:<{width}}  {verdict:<{wide}}  {_evidence(c)}".rstrip() for c, verdict in told)]


def _evidence(column: ColumnShift) -> str:
    """Effect, interval, p and what changed; or why there is none."""
    if column.effect is None:
        return column.why
    interval = f"{column.effect:6.3f}  {column.low:.3f}-{column.high:.3f}"
    changed = f"{interval}   {p_words(column.p_corrected):<10}  {column.said or column.statistic}"
    return f"{changed}; {column.seen_from}" if column.seen_from else changed
