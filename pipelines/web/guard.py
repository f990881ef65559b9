"""Who may read, and what a page may do: one-time token, cookie, Host, Origin, methods, headers.

The server listens on loopback alone; this keeps other websites, other users of the machine and other names for it out.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
NAMES = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """Lets through what came by the token, or with the cookie that the token was exchanged for.

    Args:
        app: What is guarded.
        port: Where it listens: part of what Host and Origin must say.
    """

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app, self._hosts = app, {f"{name}:{port}" for name in NAMES}
        self._token: str | None = secrets.token_urlsafe(24)
        self._key = secrets.token_urlsafe(32)
        self.cookie = f"gristmill_{port}"  # cookies do not tell ports apart
        self.entrance = f"http://127.0.0.1:{port}/?token={self._token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no web sockets here
            return
        answer = self._refused(scope) or self._entered(scope)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refused(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("The catalog is read only.\n", 405, {"allow": "GET, HEAD"})
        if headers.get("host") not in self._hosts:
            return PlainTextResponse("The catalog answers to 127.0.0.1 and localhost alone.\n", 421)
        if (origin := headers.get("origin")) is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return PlainTextResponse("The catalog answers no other website.\n", 403)
        return None

    def _entered(self, scope: Scope) -> Response | None:
        """None for who may read; else the cookie for the token, or a refusal."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        token = dict(query).get("token")
        if token is not None and self._token is not None and _same(token, self._token):
            self._token = None
            return self._exchanged(scope, query)
        given = cookie_parser(Headers(scope=scope).get("cookie", "")).get(self.cookie, "")
        if not _same(given, self._key):
            return PlainTextResponse(NOT_KNOWN, 403)
        return self._exchanged(scope, query) if token is not None else None

    def _exchanged(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        path = "/" + scope["path"].lstrip("/")
        answer = RedirectResponse(path + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self.cookie, self._key, httponly=True, samesite="strict", path="/")
        return answer


NOT_KNOWN = (
    "This browser is not known here. Open the address that `gristmill serve` printed; it works once.\n"
    "Was it used already? Stop `gristmill serve` and start it again for a new one.\n"
)


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sent
