"""What every template can use: the page's frame, links, and localised figures."""

from datetime import UTC, datetime
from typing import Any

from pyramid.events import BeforeRender

from demoapp.i18n import when, won
from demoapp.shop.page import Page


def add_globals(event: Any) -> None:
    request = event["request"]
    locale = request.locale_name

    def url(name: str, /, **kw: Any) -> str:
        return str(request.route_path(name, **kw))

    event.update(
        locale=locale,
        url=url,
        asset=request.asset,
        page=Page(request),
        won=lambda amount: won(amount, locale),
        when=lambda seconds: when(seconds, locale),
        iso=lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds"),
    )


def includeme(config: Any) -> None:
    config.add_subscriber(add_globals, BeforeRender)
