"""Which address shows which page.

Who may ask is `guard`; what pages say is `facts_*`.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.web import pages
from pipelines.web.catalog import Catalog
from pipelines.web.render import STATIC, Links

LINKS = Links()
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
SERVED = ("gristmill.css", "gristmill.js", "htmx.min.js", "icon.svg")
FOREVER = "private, max-age=31536000, immutable"  # their address changes with their content
Show = Callable[[Catalog, Request], Response]


def make_app(catalog: Catalog) -> Starlette:
    """The pages of a catalog, not guarded yet."""

    def shown(show: Show) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            catalog.refresh()
            return show(catalog, request)

        return answer

    app = Starlette(
        # A page of thirty columns is 200 kB of pictures and tables, a seventh of it zipped. No page holds a secret.
        middleware=[Middleware(GZipMiddleware, minimum_size=1_000)],
        routes=[
            Route("/", shown(_home)),
            Route("/datasets/{name:path}", shown(_dataset)),
            Route("/runs/{name:path}", shown(_run)),
            Route("/models/{name:path}", shown(_model)),
            Route("/static/{name}", _static),
        ],
        exception_handlers={404: shown_missing(catalog), SQLAlchemyError: _unreadable},
    )
    app.router.redirect_slashes = False
    return app


def shown_missing(catalog: Catalog) -> Callable[[Request, Exception], Response]:
    """What is answered at an address that nothing stands at."""

    def answer(request: Request, _error: Exception) -> Response:
        return HTMLResponse(pages.missing_page(catalog, LINKS, "page", request.url.path), 404)

    return answer


def _unreadable(_request: Request, error: Exception) -> Response:
    """What is answered when `meta` cannot be read: it is locked, gone, or another version of Gristmill wrote it."""
    why = str(getattr(error, "orig", None) or error).splitlines()[0]
    said = f"What is known of the project cannot be read: {why}.\n`gristmill status` tells more.\n"
    return PlainTextResponse(said, 503, {"retry-after": "5"})


def _found(catalog: Catalog, html: str | None, what: str, name: str) -> Response:
    return HTMLResponse(html) if html else HTMLResponse(pages.missing_page(catalog, LINKS, what, name), 404)


def _home(catalog: Catalog, request: Request) -> Response:
    return HTMLResponse(pages.home_page(catalog, LINKS, request.query_params))


def _dataset(catalog: Catalog, request: Request) -> Response:
    name = request.path_params["name"]
    return _found(catalog, pages.dataset_page(catalog, LINKS, name, _number(request, "columns")), "dataset", name)


def _number(request: Request, parameter: str) -> int:
    """A page's number; what is no number is the first."""
    told = request.query_params.get(parameter, "1")
    return int(told) if told.isascii() and told.isdigit() and len(told) <= 6 else 1


def _run(catalog: Catalog, request: Request) -> Response:
    name = request.path_params["name"]
    return _found(catalog, pages.run_page(catalog, LINKS, name, _number(request, "page")), "run", name)


def _model(catalog: Catalog, request: Request) -> Response:
    name = request.path_params["name"]
    return _found(catalog, pages.model_page(catalog, LINKS, name), "model run", name)


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in SERVED:
        return Response(status_code=404)
    path = STATIC / name
    return Response(path.read_bytes(), headers={"content-type": TYPES[path.suffix], "cache-control": FOREVER})
