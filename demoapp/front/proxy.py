"""Behind a proxy: the visitor's address and scheme, believed from that proxy alone.

gunicorn reads the scheme only, so that all visitors would have the proxy's address, and share
one counter of failed logins. This is the middleware by which waitress does both.

    [app:main]
    filter-with = proxy
    [filter:proxy]
    use = call:demoapp.front.proxy:make_filter
    address = 127.0.0.1             from any other address the headers are dropped

The proxy has to set both headers itself, and not hand on what the visitor sent.
"""

from collections.abc import Callable
from typing import Any

from waitress.proxy_headers import proxy_headers_middleware


def make_filter(global_conf: Any, address: str) -> Callable[[Any], Any]:
    """For PasteDeploy."""

    def behind_proxy(app: Any) -> Any:
        return proxy_headers_middleware(
            app,
            trusted_proxy=address,
            trusted_proxy_headers={"x-forwarded-for", "x-forwarded-proto"},
        )

    return behind_proxy
