"""Who may read the catalog: one browser by a token that works once, no other website, no other name, nobody who writes."""

from __future__ import annotations

from typing import Any

import pytest

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def test_the_token_works_once_and_is_exchanged_for_a_cookie(known: Any, browse: Any) -> None:
    one = browse(known, is_let_in=False)
    answer = one.client.get(one.guard.entrance, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    one.client.cookies.clear()
    again = one.client.get(one.guard.entrance)
    assert again.status_code == 403
    assert "it works once" in again.text


def test_without_token_and_cookie_nothing_is_shown_not_even_a_style(known: Any, browse: Any) -> None:
    one = browse(known, is_let_in=False)
    for address in ("/", "/datasets/churn", "/static/gristmill.css", "/?token=guessed", "/nothing"):
        answer = one.client.get(address)
        assert answer.status_code == 403
        assert "churn" not in answer.text


def test_a_token_in_the_address_of_who_is_in_is_taken_out(known: Any, browse: Any) -> None:
    one = browse(known)
    answer = one.client.get("/datasets/churn?columns=1&token=old", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/datasets/churn?columns=1")
    answer = one.client.get("//elsewhere.example/?token=old", follow_redirects=False)
    assert answer.headers.get("location", "/").startswith("/")
    assert not answer.headers.get("location", "/").startswith("//")


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", "127.0.0.1:1", "localhost:8321.elsewhere.example", ""])
def test_another_host_is_refused(known: Any, browse: Any, host: str) -> None:
    assert browse(known).client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "https://127.0.0.1:8321", "http://127.0.0.1:1"])
def test_another_origin_is_refused(known: Any, browse: Any, origin: str) -> None:
    assert browse(known).client.get("/", headers={"origin": origin}).status_code == 403


def test_its_own_names_and_origin_are_answered(known: Any, browse: Any) -> None:
    one = browse(known)
    assert one.client.get("/", headers={"origin": "http://127.0.0.1:8321"}).status_code == 200
    cookie = f"{one.guard.cookie}={one.client.cookies[one.guard.cookie]}"
    assert one.client.get("http://localhost:8321/", headers={"cookie": cookie}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_written(known: Any, browse: Any, method: str) -> None:
    assert browse(known).client.request(method, "/").status_code == 405


def test_every_answer_has_the_strict_policy(known: Any, browse: Any) -> None:
    one = browse(known)
    for address in ("/", "/datasets/churn", "/datasets/nobody", "/static/htmx.min.js", "/static/none", "/nothing"):
        headers = one.client.get(address).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
    assert one.client.get("/").headers["cache-control"] == "no-store"
    assert "immutable" in one.client.get("/static/gristmill.css").headers["cache-control"]


def test_no_file_but_the_four_is_served(known: Any, browse: Any) -> None:
    one = browse(known)
    for name in ("vendored.json", "..%2Fapp.py", "%2e%2e/app.py", "htmx.LICENSE.txt"):
        assert one.client.get(f"/static/{name}").status_code == 404
