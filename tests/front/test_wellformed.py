"""Requests that no browser sends (I1)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from webob import Request

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def shop(lasting_shop: Any) -> Any:
    """None of these requests should leave a trace."""
    return lasting_shop


def answer(shop: Any, **environ: Any) -> Any:
    """To one raw request; `body` is what is posted."""
    body = environ.pop("body", b"")
    request = Request.blank("/cart", method="POST" if body else "GET", body=body)
    request.environ.update(environ)
    response = request.get_response(shop)
    response.text  # noqa: B018 - reads, and closes, the file of a static answer
    return response


RAW: dict[str, dict[str, Any]] = {
    "path bytes": {"PATH_INFO": "/\xff\xfe"},
    "path overlong": {"PATH_INFO": "/\xc0\xaf"},
    "path NUL": {"PATH_INFO": "/products/\0"},
    "path surrogate": {"PATH_INFO": "/products/\xed\xa0\x80"},
    "query bytes": {"PATH_INFO": "/", "QUERY_STRING": "q=%ff%fe"},
    "query raw bytes": {"PATH_INFO": "/", "QUERY_STRING": "q=\xff"},
    "query name": {"PATH_INFO": "/", "QUERY_STRING": "%ff=1"},
    "no boundary": {"CONTENT_TYPE": "multipart/form-data", "body": b"x"},
    "empty boundary": {"CONTENT_TYPE": "multipart/form-data; boundary=", "body": b"x"},
    "bad boundary": {"CONTENT_TYPE": "multipart/form-data; boundary=\xff", "body": b"--\xff\r\n"},
    "unfinished part": {
        "CONTENT_TYPE": "multipart/form-data; boundary=b",
        "body": b"--b\r\nContent-Disposition: form-data; name=sku\r\n\r\nujeon",
    },
    "charset": {"CONTENT_TYPE": f"{FORM}; charset=no-such", "body": b"sku=ujeon"},
    "utf-16": {"CONTENT_TYPE": f"{FORM}; charset=utf-16", "body": "sku=ujeon".encode("utf-16")},
    "body bytes": {"CONTENT_TYPE": FORM, "body": b"sku=\xff%ff&csrf_token=\xff"},
    "deep JSON": {"CONTENT_TYPE": "application/json", "body": b"[" * 60_000},
    "too long": {"CONTENT_TYPE": FORM, "body": b"sku=" + b"x" * 70_000},
    "length": {"CONTENT_LENGTH": "five", "REQUEST_METHOD": "POST"},
    "negative length": {"CONTENT_LENGTH": "-5", "REQUEST_METHOD": "POST"},
    "form type": {"CONTENT_TYPE": "\xff/\xff", "body": b"x=1"},
}


@pytest.mark.parametrize("case", RAW)
def test_malformed_requests_are_refused_I1(shop: Any, case: str) -> None:
    refused = answer(shop, **RAW[case])
    assert 400 <= refused.status_int < 500, case
    assert "Traceback" not in refused.text
    assert "Content-Security-Policy" in refused.headers


def test_under_another_name_they_are_as_well_I1(start_shop: Callable[..., Any]) -> None:
    """The page that says so must not stumble over the same bytes: a path of bytes was a 500."""
    shop = start_shop("memory", **{"demo.hosts": "localhost"})
    for case, environ in RAW.items():
        refused = answer(shop, HTTP_HOST="evil.example", **environ)
        assert 400 <= refused.status_int < 500, case
        assert "evil.example" not in refused.text


@pytest.mark.parametrize(
    "cookie",
    [
        "session=\xff\xfe",
        "session=" + "9" * 5000,
        "session=\0; csrf=\0",
        'session="\\377\\376"; locale="\\377"',
        "session; =; ;;=x",
        "\xff=1",
        "locale=zz; session=" + "A" * 43,
        "session=../../etc/passwd",
    ],
)
def test_broken_cookies_are_no_session_I1(shop: Any, cookie: str) -> None:
    for path in ("/", "/cart", "/session.json"):
        shown = answer(shop, PATH_INFO=path, HTTP_COOKIE=cookie)
        assert shown.status_int in (200, 400), (path, cookie)
    fine = answer(shop, PATH_INFO="/session.json", HTTP_COOKIE="locale=zz; session=x")
    assert json.loads(fine.text)["handle"] is None


@pytest.mark.parametrize(
    "header",
    [
        {"HTTP_ACCEPT_LANGUAGE": "\xff;q=x,,,;;"},
        {"HTTP_ACCEPT": "\xff"},
        {"HTTP_USER_AGENT": "\xff\0"},
        {"HTTP_HOST": "\xff:99999"},
        {"HTTP_HOST": ""},
        {"HTTP_ORIGIN": "http://[", "REQUEST_METHOD": "POST"},
        {"HTTP_IF_MODIFIED_SINCE": "\xff"},
        {"HTTP_RANGE": "bytes=9-1,x", "PATH_INFO": "/static/site.css"},
        {"HTTP_X_FORWARDED_PROTO": "gopher"},
    ],
    ids=str,
)
def test_broken_headers_are_no_server_error_I1(shop: Any, header: dict[str, str]) -> None:
    assert answer(shop, **header).status_int < 500
