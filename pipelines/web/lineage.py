"""Where a dataset's rows come from and who reads them, one step each way, as a picture.

graphlay finds the places; the marks are our own, as those of figures are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from checks.figure.canvas import Canvas, color, short

NODE_HEIGHT = 30
LETTER = 6.9
MARGIN = 8
MOST = 14


def draw_lineage(name: str, reads: Sequence[str], read_by: Sequence[str]) -> str:
    """The picture of what `name` reads and what reads it; a few of them when there are many."""
    return _drawn(name, tuple(reads), tuple(read_by))


@lru_cache(maxsize=512)
def _drawn(name: str, reads: tuple[str, ...], read_by: tuple[str, ...]) -> str:
    import graphlay

    nodes = {f"in {up}": up for up in _few(reads)} | {"me": name} | {f"out {down}": down for down in _few(read_by)}
    graph = graphlay.Graph()
    widths = {node: len(short(label, 28)) * LETTER + 22 for node, label in nodes.items()}
    for node in nodes:
        graph.node(node, width=widths[node], height=NODE_HEIGHT)
    for node in nodes:
        if node != "me":
            graph.edge(*((node, "me") if node.startswith("in ") else ("me", node)))
    laid = graphlay.layout(graph)
    places = laid.positions()
    left = min(x - widths[node] / 2 for node, (x, _) in places.items()) - MARGIN
    top = min(y for _, y in places.values()) - NODE_HEIGHT / 2 - MARGIN
    right = max(x + widths[node] / 2 for node, (x, _) in places.items()) + MARGIN
    bottom = max(y for _, y in places.values()) + NODE_HEIGHT / 2 + MARGIN
    canvas = Canvas(f"Lineage of {name}", width=int(right - left) + 1, height=int(bottom - top) + 1)
    for edge in laid.edges:
        points = [(point["x"] - left, point["y"] - top) for point in edge["points"]]
        canvas.path(points, stroke="currentColor", stroke_opacity="0.55")
        x, y = points[-1]
        canvas.path([(x - 6, y - 3.5), (x, y), (x - 6, y + 3.5)], fill="currentColor", fill_opacity="0.7")
    for node, label in nodes.items():
        x, y = places[node][0] - left, places[node][1] - top
        mine: dict[str, str | float] = {"stroke": color("train"), "stroke_width": 2.2} if node == "me" else {}
        box: dict[str, str | float] = {"fill": "var(--gm-card,#fff)", "stroke": "currentColor", "stroke_width": 1}
        canvas.mark(
            "rect", x=x - widths[node] / 2, y=y - NODE_HEIGHT / 2, width=widths[node], height=NODE_HEIGHT, rx=6, **(box | mine)
        )
        weight = "700" if node == "me" else "400"
        canvas.text(x, y + 4, short(label, 28), text_anchor="middle", font_weight=weight)
    canvas.description = f"reads {', '.join(reads) or 'no dataset'}; is read by {', '.join(read_by) or 'none'}"
    return canvas.svg()


def _few(names: tuple[str, ...]) -> list[str]:
    return list(names) if len(names) <= MOST else [*names[: MOST - 1], f"{len(names) - MOST + 1} more"]
