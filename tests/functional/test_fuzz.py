"""Whatever is sent or stored, no answer is a 500 (I1, S12, S14).

Some hundred cases of each kind here; `make fuzz` runs 25,000, so 100,000 on each strategy.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from webob import Request

from demoapp.sessions.ids import new_id
from demoapp.sessions.interfaces import FORMAT, ISessionStore, Record
from demoapp.sessions.redis.format import name_of
from tests.shops import Visitor

CASES = int(os.environ.get("FUZZ_CASES", "100"))
fuzz = settings(
    max_examples=CASES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

latin = st.text(st.characters(max_codepoint=255), max_size=40)
"""What WSGI hands on: bytes, as characters below 256."""
paths = st.sampled_from(
    [
        "/",
        "/cart",
        "/cart/items",
        "/cart/items/ujeon",
        "/cart/clear",
        "/products/ujeon",
        "/login",
        "/register",
        "/checkout",
        "/orders",
        "/orders/X",
        "/account/sessions",
        "/account/sessions/x/revoke",
        "/account/password",
        "/locale",
        "/session",
        "/session.json",
        "/strategies/redis",
        "/labs/race",
        "/static/site.css",
    ]
) | latin.map(lambda text: "/" + text)
names = st.sampled_from(
    ["csrf_token", "sku", "quantity", "username", "password", "next", "name", "address", "cart_id"]
)
fields = st.lists(st.tuples(names | st.text(max_size=5), st.text(max_size=40)), max_size=6)
bodies = st.binary(max_size=200) | fields
headers = st.dictionaries(
    st.sampled_from(
        [
            "HTTP_ACCEPT",
            "HTTP_ACCEPT_LANGUAGE",
            "HTTP_HOST",
            "HTTP_IF_NONE_MATCH",
            "HTTP_ORIGIN",
            "HTTP_RANGE",
            "HTTP_SEC_FETCH_SITE",
            "HTTP_USER_AGENT",
            "HTTP_X_FORWARDED_PROTO",
            "HTTP_X_REQUEST_ID",
            "CONTENT_TYPE",
        ]
    ),
    latin
    | st.sampled_from(
        ["multipart/form-data; boundary=b", "application/json", "same-origin", "*/*;q=x", "ko,en"]
    ),
    max_size=4,
)
methods = st.sampled_from(["GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "OPTIONS"])


@pytest.fixture(scope="module")
def cookies(lasting_shop: Any) -> dict[str, str]:
    """Of a visitor with a login and a cart."""
    visitor = Visitor(lasting_shop)
    visitor.log_in()
    visitor.send("/cart/items", sku="ujeon")
    return {name: str(visitor.cookie(name)) for name in ("session", "csrf")}


def status(shop: Any, method: str, path: str, body: Any, environ: dict[str, str]) -> int:
    request = Request.blank("/", method=method)
    if method == "POST":
        if isinstance(body, bytes):
            request.body = body
        else:
            request = Request.blank("/", POST=encoded(body))
    request.environ.update({"PATH_INFO": path, **environ})
    response = request.get_response(shop)
    response.body  # noqa: B018 - reads, and closes, the file of a static answer
    return int(response.status_int)


def encoded(pairs: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [tuple(part.encode("utf-8", "surrogatepass") for part in pair) for pair in pairs]  # type: ignore[misc]


@fuzz
@given(method=methods, path=paths, query=latin, body=bodies, environ=headers, tokens=st.booleans())
def test_no_request_makes_a_server_error_I1(
    lasting_shop: Any,
    cookies: dict[str, str],
    method: str,
    path: str,
    query: str,
    body: Any,
    environ: dict[str, str],
    tokens: bool,
) -> None:
    if tokens:  # past the CSRF check, to the views
        environ = {**environ, "HTTP_COOKIE": f"csrf={cookies['csrf']}"}
        if isinstance(body, list):
            body = [*body, ("csrf_token", cookies["csrf"])]
    environ = {**environ, "QUERY_STRING": query}
    assert status(lasting_shop, method, path, body, environ) < 500


@fuzz
@given(data=st.data())
def test_no_cookie_makes_a_server_error_S12(
    lasting_shop: Any, cookies: dict[str, str], data: st.DataObject
) -> None:
    valid = cookies["session"]
    cut = data.draw(st.integers(0, len(valid)))
    piece = data.draw(latin)
    value = data.draw(
        st.sampled_from([piece, valid[:cut] + piece, valid[:cut] + piece + valid[cut + 1 :]])
    )
    header = data.draw(st.sampled_from(["session={}", "session={}; csrf=x", "{}", 'session="{}"']))
    environ = {"HTTP_COOKIE": header.format(value)}
    path = data.draw(st.sampled_from(["/", "/cart", "/session.json", "/session"]))
    assert status(lasting_shop, "GET", path, b"", environ) < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
contents = st.dictionaries(
    st.sampled_from(["user", "cart", "ordered", "_f_ok", "_f_placed", "lab"]) | st.text(max_size=4),
    json_values
    | st.fixed_dictionaries({"id": json_values, "lines": json_values})
    | st.fixed_dictionaries({"id": json_values, "epoch": json_values}),
    max_size=4,
)


@fuzz
@given(raw=st.binary(max_size=80), whole=st.booleans(), version=st.integers(-3, 10**12))
def test_no_stored_record_makes_a_server_error_S14(
    lasting_shop: Any, raw: bytes, whole: bool, version: int
) -> None:
    """A foreign record under a key that a visitor knows is a fresh session."""
    store = lasting_shop.registry.queryUtility(ISessionStore)
    if store is None:
        return  # nothing is stored; test_no_cookie_makes_a_server_error_S12 is about cookies
    session_id = new_id()
    key = lasting_shop.registry["session.factory"].ids.key(session_id)
    plant(lasting_shop, store.inner, key, raw, whole, version)
    for path in ("/cart", "/session.json"):
        environ = {"HTTP_COOKIE": f"session={session_id}"}
        assert status(lasting_shop, "GET", path, b"", environ) < 500


def plant(shop: Any, store: Any, key: str, raw: bytes, whole: bool, version: int) -> None:
    strategy = shop.registry.settings["session.strategy"]
    data = raw.decode("utf-8", "replace")
    if strategy == "redis":
        head = b'{"format":%d,"version":%d,"created":1,"data":' % (FORMAT, version)
        store._redis.set(name_of(key), raw if whole else head + raw, px=10_000)
    elif strategy == "memory":
        store._records[key] = Record(key, data, version, 1e9, 4e9)
    else:
        row = {"key": key, "version": version, "data": data, "format": FORMAT if whole else 9}
        with shop.registry["dbsession_factory"].begin() as session:
            session.execute(
                text(
                    "INSERT INTO session (key, format, version, created, last_seen, device, data)"
                    " VALUES (:key, :format, :version, 1e9, 4e9, '', :data)"
                ),
                row,
            )


@fuzz
@given(content=contents, path=st.sampled_from(["/", "/cart", "/session.json", "/orders"]))
def test_no_content_of_a_session_makes_a_server_error_S14(
    lasting_shop: Any, content: dict[str, Any], path: str
) -> None:
    """Of another release of the shop, say: its own keys with values that it does not expect."""
    with lasting_shop.request_context(Request.blank("/").environ) as request:
        session = request.session
        try:
            session.update(content)
            request.add_response_callback(lambda *_: None)
            response = request.response
            request._process_response_callbacks(response)
        except (TypeError, ValueError):
            return  # JSON cannot hold it, so it cannot be stored
    cookie = response.headers.get("Set-Cookie", "").partition(";")[0]
    for page in (path, "/session", "/account/sessions"):
        assert status(lasting_shop, "GET", page, b"", {"HTTP_COOKIE": cookie}) < 500
