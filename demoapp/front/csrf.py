"""Cross-site request forgery: a token in every form, and no form of another site (ASVS 3.5).

The token is in a cookie of its own, so that reading the shop begins no session.
"""

from typing import Any

from pyramid.csrf import CookieCSRFStoragePolicy
from pyramid.events import NewRequest
from pyramid.exceptions import BadCSRFOrigin
from pyramid.interfaces import ICSRFStoragePolicy
from pyramid_retry import IBeforeRetry
from zope.interface import implementer

from demoapp.front.hosts import is_same_site
from demoapp.i18n import _

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))
FOREIGN = _("The form was sent by another site, so nothing was done.")
SENT = "demoapp.front.csrf.sent"
"""Where the environ keeps the browser's Cookie header while Pyramid's policy changes it."""


@implementer(ICSRFStoragePolicy)
class CookieByScheme:
    """Pyramid's cookie policy, Secure and `__Host-` over https, plain over http."""

    def __init__(self) -> None:
        self._plain = CookieCSRFStoragePolicy(cookie_name="csrf", httponly=True)
        self._secure = CookieCSRFStoragePolicy(
            cookie_name="__Host-csrf", httponly=True, secure=True
        )

    def _policy(self, request: Any) -> Any:
        return self._secure if request.scheme == "https" else self._plain

    def new_csrf_token(self, request: Any) -> str:
        request.environ.setdefault(SENT, request.environ.get("HTTP_COOKIE", ""))
        token: str = self._policy(request).new_csrf_token(request)
        return token

    def get_csrf_token(self, request: Any) -> str:
        token: str = self._policy(request).get_csrf_token(request)
        return token

    def check_csrf_token(self, request: Any, supplied_token: str) -> bool:
        valid: bool = self._policy(request).check_csrf_token(request, supplied_token)
        return valid


def take_back(event: Any) -> None:
    """Before a replay: the form holds the token that the browser sent, not that of a lost attempt.

    Pyramid's policy puts a new token into the request's own cookies, and so into the environ,
    which the next attempt begins with.
    """
    if SENT in event.environ:
        event.environ["HTTP_COOKIE"] = event.environ.pop(SENT)


def refuse_other_sites(event: Any) -> None:
    """Raise BadCSRFOrigin for a post that another site's page has sent.

    Browsers say so in Sec-Fetch-Site; older ones name the page's Origin.
    """
    request = event.request
    if request.method in SAFE:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise BadCSRFOrigin(FOREIGN)
        return
    origin = request.headers.get("Origin")
    if origin is not None and not is_same_site(request, origin):
        raise BadCSRFOrigin(FOREIGN)


def includeme(config: Any) -> None:
    config.set_csrf_storage_policy(CookieByScheme())
    config.set_default_csrf_options(require_csrf=True, check_origin=False)
    config.add_subscriber(refuse_other_sites, NewRequest)
    config.add_subscriber(take_back, IBeforeRetry)
