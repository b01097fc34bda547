"""What a browser does, for what plays one: labs' visits, stage errands, demoapp-compare."""

from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode

from pyramid.csrf import get_csrf_token


def keep(cookies: dict[str, str], header: str) -> None:
    """Mind a Set-Cookie."""
    try:
        sent = SimpleCookie(header)
    except CookieError:
        return
    for name, morsel in sent.items():
        if morsel["max-age"] == "0":
            cookies.pop(name, None)
        else:
            cookies[name] = morsel.value


def fill_in(ask: Any, cookies: dict[str, str], fields: dict[str, str] | None) -> None:
    """Put the cookies into a request; and make it that of a form if there are fields."""
    for name, value in cookies.items():
        ask.cookies[name] = value
    if fields is not None:
        ask.method, ask.content_type = "POST", "application/x-www-form-urlencoded"
        ask.body = urlencode({**fields, "csrf_token": get_csrf_token(ask)}).encode()
