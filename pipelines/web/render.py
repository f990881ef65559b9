"""Facts to HTML. Links are those of a server or of files, so that a page is the same in both.

What a page says does not belong here; the words are in `templates/`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from checks.figure import draw
from checks.figure.canvas import DIRECTION
from pipelines.web.lineage import draw_lineage
from pipelines.web.words import FILTERS, OUTCOMES, SIGNS

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_readable,
    )
    environment.filters |= FILTERS
    environment.globals |= {"signs": SIGNS, "outcomes": OUTCOMES, "figure": _figure, "lineage": _lineage}
    return environment


def _readable(found: object) -> object:
    """A text without what turns writing around: a column's name would turn all that stands behind it."""
    is_text = isinstance(found, str) and not isinstance(found, Markup) and not found.isascii()
    return DIRECTION.sub("", str(found)) if is_text else found


def _figure(figure: Mapping[str, Any]) -> Markup:
    return Markup(draw(figure))  # noqa: S704 - checks.figure escapes every text of a figure


def _lineage(name: str, reads: Collection[str], read_by: Collection[str]) -> Markup:
    return Markup(draw_lineage(name, list(reads), list(read_by)))  # noqa: S704 - as figures are


@cache
def asset(name: str) -> str:
    """The text of a static file."""
    return (STATIC / name).read_text("utf-8")


@cache
def stamp(name: str) -> str:
    """What changes when a static file does, for its address."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Links:
    """Addresses of a server."""

    is_static = False

    def home(self, **search: str) -> str:
        """The home page, searched."""
        return f"/?{urlencode(search)}" if search else "/"

    def dataset(self, name: str, *, columns: int = 1, anchor: str = "") -> str | None:
        """A dataset's page, with a page of its columns."""
        page = f"?columns={columns}" if columns > 1 else ""
        return f"/datasets/{quote(name, safe='')}{page}{f'#{anchor}' if anchor else ''}"

    def run(self, run_id: str, *, page: int = 1) -> str | None:
        """A run's page, with a page of its datasets."""
        return f"/runs/{quote(run_id, safe='')}{f'?page={page}' if page > 1 else ''}"

    def model(self, model_run_id: str) -> str | None:
        """A model run's page."""
        return f"/models/{quote(model_run_id, safe='')}"

    def asset(self, name: str) -> str:
        """A static file."""
        return f"/static/{name}?{stamp(name)}"


@dataclass(frozen=True, kw_only=True)
class FileLinks(Links):
    """Addresses among files in one folder; None for a page that is not there."""

    pages: Collection[str] = field(default_factory=frozenset)
    home_page: str | None = None
    is_static = True

    def home(self, **search: str) -> str:  # noqa: ARG002 - files cannot be searched
        """The page that lists the datasets."""
        return self.home_page or ""

    def dataset(self, name: str, *, columns: int = 1, anchor: str = "") -> str | None:
        """A dataset's file."""
        page = file_of("dataset", name, columns)
        return f"{page}{f'#{anchor}' if anchor else ''}" if page in self.pages else None

    def run(self, run_id: str, *, page: int = 1) -> str | None:
        """A run's file."""
        return file if page == 1 and (file := file_of("run", run_id)) in self.pages else None

    def model(self, model_run_id: str) -> str | None:
        """A model run's file."""
        return file if (file := file_of("model", model_run_id)) in self.pages else None


def file_of(kind: str, name: str, columns: int = 1) -> str:
    """The name of a page's file; what a file system may not like is written as a code.

    >>> file_of("dataset", "flights"), file_of("run", "../x"), file_of("dataset", "flights", 2)
    ('flights.html', 'run-%2E%2E%2Fx.html', 'flights-columns-2.html')
    >>> file_of("dataset", "index")
    'dataset-index.html'
    """
    safe = quote(name, safe="").replace(".", "%2E")
    stem = safe if kind == "dataset" and name != "index" else f"{kind}-{safe}"  # index.html lists the datasets
    return f"{stem}{f'-columns-{columns}' if columns > 1 else ''}.html"


def page(template: str, links: Links, project: str, **facts: Any) -> str:
    """A page as HTML. Facts are escaped; a name that a template needs and facts lack is an error."""
    inlined = {}
    if links.is_static:
        style, script = asset("gristmill.css"), asset("gristmill.js")
        # A file has no header: the policy names the two texts that the page brings, and nothing else may load or run.
        inlined = {
            "style": Markup(style),  # noqa: S704 - our own file
            "script": Markup(script),  # noqa: S704 - our own file
            "policy": f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}",
        }
    return _environment().get_template(template).render(links=links, project=project, inlined=inlined, **facts)
