"""The data of one picture in, SVG out: twelve shapes, drawn by ourselves.

    draw({"kind": "histogram", "title": "temp", "edges": [...], "series": {"train": [...], "dev": [...]}}) -> "<svg ..."

What is counted does not belong here, nor where a picture is shown. A picture holds no `style`, `id` or script, so it
stands under the strictest Content-Security-Policy; its colours are CSS variables with fallbacks, its text takes the
colour of the page. The same figure gives the same bytes.
"""

from __future__ import annotations

from checks.figure.picture import draw

__all__ = ["draw"]
