"""What /session tells of a store that is gone by now."""

from webob import Request

from demoapp.lessons.inspector.layers import Subject
from demoapp.lessons.inspector.record import record
from tests.lessons.inspector.reading import StartShop
from tests.servers import RedisServer
from tests.shops import Visitor


def test_a_store_that_goes_down_while_the_page_is_made(start_shop: StartShop) -> None:
    with RedisServer() as server:
        shop = start_shop("redis", **{"session.redis.url": server.url})
        visitor = Visitor(shop)
        visitor.send("/cart/items", sku="ujeon")
        environ = Request.blank("/session", cookies={"session": visitor.cookie()}).environ
        with shop.request_context(environ) as request:
            loaded = Subject(request, raw=False)
            server.stop()
            assert "does not answer just now" in record(loaded).intro[0]
