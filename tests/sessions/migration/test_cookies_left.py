"""Sessions leave cookies behind that nobody can take back: their visitors go on all the same."""

from typing import Any

import pytest
from pyramid.request import Request

from tests.servers import RedisServer
from tests.sessions.bare import MakePlace, open_bare
from tests.sessions.visitor import Act
from tests.shops import SECRET

THEIRS = "pyramid_session_redis.session_factory_from_settings"


class Browser:
    """It keeps every cookie, whatever its name."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.cookies: dict[str, str] = {}

    def do(self, act: Act) -> Any:
        request = Request.blank("/", {"test.act": act}, cookies=self.cookies, method="POST")
        response = request.get_response(self.app)
        for header in response.headers.getall("Set-Cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        return response.json

    def put(self, **values: int) -> None:
        self.do(lambda request: [request.session.__setitem__(*pair) for pair in values.items()])

    def data(self) -> Any:
        return self.do(lambda request: dict(request.session))


ENDS: dict[str, Act] = {
    "emptied": lambda request: request.session.pop("tea"),
    "logged out": lambda request: request.session.invalidate(),
}


# pyramid_session_redis 1.8.1 calls SETEX, which redis-py 8 would like to see as SET
@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("theirs", [pytest.param(False, id="signed"), True])
@pytest.mark.parametrize("store", ["memory", "redis", "sqlite"])
def test_who_has_nothing_left_may_begin_anew_at_once(
    make_place: MakePlace, redis_server: RedisServer, store: str, theirs: bool, end: str
) -> None:
    """The end of what was in the cookie is remembered, for it can be shown again."""
    settings = {
        "redis.sessions.secret": SECRET,
        "redis.sessions.redis_url": redis_server.url,
        "redis.sessions.cookie_name": "theirs",
    }
    if theirs:
        settings["session.custom.factory"] = THEIRS
    place = make_place(store)
    browser = Browser(open_bare({**settings, "session.strategy": "custom"}))
    browser.put(tea=1)
    settings |= {**place.settings, "session.migrate_from": "custom"}
    browser.app = open_bare(settings, place.engine)
    thief = Browser(browser.app)
    thief.cookies = {**browser.cookies}
    assert browser.data() == {"tea": 1}
    browser.do(ENDS[end])
    assert (browser.data(), thief.data()) == ({}, {})
    browser.put(tea=2)
    assert (browser.data(), thief.data()) == ({"tea": 2}, {})
    thief.do(ENDS["logged out"])  # as who presses twice
    assert browser.data() == {"tea": 2}
