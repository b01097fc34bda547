"""What the labs remember: in cookies of their own, as a lab may well end the session."""

from typing import Any

from webob.cookies import SignedSerializer

from demoapp.sessions.cookie import SessionCookie


class Notes(dict[str, Any]):
    """The notes of the lab that the visitor is in the middle of; one lab at a time.

    Signed, so that what the page repeats is what the shop wrote. They hold figures and
    fingerprints, never an id.
    """

    name = "lab-notes"

    def __init__(self, request: Any) -> None:
        settings = request.registry["session.settings"]
        self._cookie = SessionCookie(self.name, settings.cookie_secure)
        self._serializer = SignedSerializer(
            settings.secrets[0], f"labs {settings.cookie_name}", "sha512"
        )
        try:
            super().__init__(self._serializer.loads((self._cookie.read(request) or "").encode()))
        except (ValueError, TypeError):
            super().__init__()

    def write(self, request: Any, response: Any) -> None:
        """Send them along; none takes the cookie back."""
        value = self._serializer.dumps(dict(self)).decode() if self else ""
        self._cookie.write(request, response, value)


class Progress(Notes):
    """Which labs the visitor has done, and how each prediction turned out. Starting a lab over,
    which most labs ask for, does not undo it.
    """

    name = "lab-progress"

    def done(self, request: Any, lab: str, hit: bool | None) -> None:
        """A lab was seen to its end; `hit` is None if nothing was predicted."""
        if self.get(lab, "not yet") is not hit:
            self[lab] = hit
            self.write(request, request.response)


def aside_cookie(request: Any) -> SessionCookie:
    """Keeps the value of the session cookie while a lab puts another in its place."""
    return SessionCookie("lab-aside", request.registry["session.settings"].cookie_secure)
