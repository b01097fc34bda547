"""The session cookie: its name, its flags, and nothing else (ASVS 3.3.1 to 3.3.5)."""

from typing import Any


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
        return request.scheme == "https" if self._secure is None else self._secure

    def name(self, request: Any) -> str:
        return f"__Host-{self._name}" if self.secure(request) else self._name

    def read(self, request: Any) -> str | None:
        """The cookie's value. A Cookie header that is not UTF-8 counts as none at all."""
        try:
            value: str | None = request.cookies.get(self.name(request))
        except UnicodeDecodeError:  # WebOb decodes all of them at once, whenever one is asked for
            del request.environ["HTTP_COOKIE"]
            return None
        return value

    def write(self, request: Any, response: Any, value: str) -> None:
        """Send `value`, or take the cookie back when it is empty."""
        response.set_cookie(
            self.name(request),
            value or None,  # None: WebOb expires the cookie
            path="/",
            secure=self.secure(request),
            httponly=True,
            samesite="Lax",
        )
