"""Behind a proxy: the visitor's address and scheme, and the path below which the shop is.

Servers differ in what they believe: gunicorn reads the scheme only, so that all visitors would
share one counter of failed logins; waitress knows one address, no network, and nothing of the
proxy at the other end of a unix socket. So neither is asked, and this decides for both:

    [app:main]
    filter-with = proxy
    [filter:proxy]
    use = call:demoapp.front.proxy:make_filter
    address = 127.0.0.1, 172.18.0.0/16      the proxies; from others the headers are dropped
    prefix = /tea                           if the shop is below a path

Who connects through a unix socket is a proxy: the rights of its file say who can. From the right,
X-Forwarded-For names who asked each proxy; the first that is no proxy of ours is the visitor. What
is further left, the visitor may have made up.
"""

import logging
import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from demoapp.sessions.ini import SettingsError
from demoapp.settings import resolve, told_in_a_line

log = logging.getLogger(__name__)

UNIX = frozenset(("", "localhost", "unix:"))
"""A unix socket's other end, as gunicorn, waitress and nginx call it."""
SCHEMES = frozenset(("http", "https"))
MONITORING = frozenset(("/healthz", "/readyz", "/metrics"))
"""Paths that a unix socket is asked for without a proxy, and where nobody logs in."""


def make_filter(global_conf: Any, **given: str) -> Callable[[Any], "BehindProxy"]:
    """For PasteDeploy."""
    with told_in_a_line():
        if unknown := given.keys() - {"address", "prefix"}:
            raise SettingsError(f"a proxy's {min(unknown)} is not one of: address, prefix")
        return behind_proxy(**{"address": "", **resolve(given)})


def behind_proxy(address: str, prefix: str = "") -> Callable[[Any], "BehindProxy"]:
    """The same for Python; raises SettingsError for what cannot be understood."""
    networks = tuple(_network(word) for word in re.split(r"[\s,]+", address) if word)
    prefix = prefix.rstrip("/")
    if not re.fullmatch(r"(/[\w.~-]+)*", prefix, re.ASCII):
        raise SettingsError(f"prefix = {prefix!r} is not a path, such as /tea")
    return lambda app: BehindProxy(app, networks, prefix)


def _network(word: str) -> Any:
    try:
        network = ip_network(word)
    except ValueError as err:
        raise SettingsError(
            f"trusted_proxy: {err}; name addresses and networks, such as 10.0.0.5, 172.18.0.0/16"
        ) from err
    if network.prefixlen == 0:
        raise SettingsError(f"trusted_proxy: {word} is everybody; name the proxies alone")
    return network


class BehindProxy:
    """WSGI: puts what the proxies tell in the place of what the server has seen."""

    def __init__(self, app: Any, networks: tuple[Any, ...], prefix: str) -> None:
        self._app = app
        self._networks = networks
        self._prefix = prefix
        self._told: set[str] = set()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self._move_below(environ)
        peer = environ.get("REMOTE_ADDR", "")
        peer = peer if _is_address(peer) else ""
        if self._networks or peer in UNIX:  # else it may be for another filter, further in
            self._believe(environ, peer)
        return self._app(environ, start_response)

    def _believe(self, environ: Any, peer: str) -> None:
        told = {name: environ.pop(name) for name in list(environ) if _by_proxies(name)}
        address, passed = self._visitor(peer, told)
        if passed:
            environ["REMOTE_ADDR"] = address
            for name in ("REMOTE_HOST", "REMOTE_PORT"):  # of the proxy
                environ.pop(name, None)
            schemes = told.get("HTTP_X_FORWARDED_PROTO", "").lower().replace(" ", "").split(",")
            if (scheme := schemes[-min(passed, len(schemes))]) in SCHEMES:
                environ["wsgi.url_scheme"] = scheme
            if not told.get("HTTP_X_FORWARDED_FOR") and (told or _by_socket(environ, peer)):
                self._warn(
                    "no X-Forwarded-For from the proxy %s: failed logins of all its visitors are "
                    "counted as one visitor's",
                    "at the unix socket" if peer in UNIX else peer,
                )

    def _visitor(self, peer: str, told: dict[str, str]) -> tuple[str, int]:
        """The address of who is no proxy, and how many proxies it was handed on by."""
        named = told.get("HTTP_X_FORWARDED_FOR", "")
        askers = [name.strip() for name in named.split(",")] if named else []
        address, passed = peer, 0
        while self._is_proxy(address):
            passed += 1
            if not askers:
                break
            if not _is_address(askers[-1]):
                self._warn("X-Forwarded-For from %s: %.80r is not an address", address, askers[-1])
                break
            address = askers.pop()
        if not passed and told:
            self._warn("X-Forwarded-* from %s is ignored: trusted_proxy does not name it", peer)
        return _plain(address), passed

    def _is_proxy(self, address: str) -> bool:
        if address in UNIX:
            return True
        ip = ip_address(_plain(address))
        return any(ip in network for network in self._networks)

    def _warn(self, text: str, *what: str) -> None:
        """Log it once: it is about the proxy's configuration, and the same with each request."""
        if text not in self._told:
            self._told.add(text)
            log.warning(text, *what)

    def _move_below(self, environ: Any) -> None:
        """Links begin with the prefix, whether the proxy has taken it off the path or not."""
        if not self._prefix:
            return
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._prefix
        path = environ.get("PATH_INFO", "")
        if f"{path}/".startswith(f"{self._prefix}/"):
            environ["PATH_INFO"] = path.removeprefix(self._prefix)


def _by_socket(environ: Any, peer: str) -> bool:
    """Whether it must be a proxy that asks; over TCP it may be any program of this machine."""
    return peer in UNIX and environ.get("PATH_INFO") not in MONITORING


def _by_proxies(name: str) -> bool:
    return name.startswith("HTTP_X_FORWARDED_") or name == "HTTP_FORWARDED"


def _is_address(text: str) -> bool:
    try:
        return text in UNIX or bool(ip_address(_plain(text)))
    except ValueError:
        return False


def _plain(text: str) -> str:
    """The address alone: some proxies add its port; a socket for both has ::ffff:192.0.2.1."""
    if text in UNIX:
        return text
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    ip: IPv4Address | IPv6Address = ip_address(text)
    return str(getattr(ip, "ipv4_mapped", None) or ip)
