"""The session cookie: its name, its flags, and nothing else (ASVS 3.3.1 to 3.3.5)."""

from typing import Any

MOST = 50
"""Cookies of one name that are looked at. No browser has so many: it keeps one a path."""


class SessionCookie:
    """HttpOnly, SameSite=Lax, for the whole site, without Domain or Max-Age.

    `secure` is True, False, or None for "when the request came over https". A Secure cookie is
    named `__Host-…`, which browsers accept over https and from this very host only, so that
    no sibling domain can plant one.
    """

    def __init__(self, name: str, secure: bool | None) -> None:
        self._name = name
        self._secure = secure

    def secure(self, request: Any) -> bool:
        if self._secure is not None:
            return self._secure
        return bool(request.environ.get("wsgi.url_scheme") == "https")

    def name(self, request: Any) -> str:
        return f"__Host-{self._name}" if self.secure(request) else self._name

    def values(self, request: Any) -> list[str]:
        """Those that were sent under the name: over http, anyone in between may plant a second.

        Each may be a question to the store, and a header has room for thousands.
        """
        name, header = self.name(request), request.environ.get("HTTP_COOKIE")
        if header is None:  # none at all, or pyramid.testing.DummyRequest
            return [request.cookies[name]] if name in request.cookies else []
        pairs = [pair.partition("=") for pair in header.split(";")]  # RFC 6265, 4.2.1
        return [value.strip(' "') for key, _, value in pairs if key.strip() == name][:MOST]

    def read(self, request: Any) -> str | None:
        """The first of them."""
        return next(iter(self.values(request)), None)

    def write(self, request: Any, response: Any, value: str) -> None:
        """Send `value`, or take the cookie back when it is empty."""
        parts = [f"{self.name(request)}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if not value:
            parts.append("Max-Age=0")
        if self.secure(request):
            parts.append("secure")
        response.headerlist.append(("Set-Cookie", "; ".join(parts)))


def session_cookie(registry: Any) -> SessionCookie:
    """That of an application's sessions, as its settings name and flag it."""
    settings = registry["session.settings"]
    return SessionCookie(settings.cookie_name, settings.cookie_secure)
