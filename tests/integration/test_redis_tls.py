"""The shop and Redis over TLS, with a certificate authority of one's own (`rediss://`)."""

from pathlib import Path

from tests.integration.client import Client
from tests.integration.conftest import DEVELOPMENT
from tests.processes import Shop
from tests.servers import RedisServer
from tests.shops import copy_sqlite


def shop_at(url: str, seeded_file: Path, tmp_path: Path) -> Shop:
    settings = {"session.redis.url": url, "sqlalchemy.url": copy_sqlite(seeded_file, tmp_path)}
    return Shop(DEVELOPMENT, "redis", settings=settings)


def test_sessions_over_tls_F11(
    redis_server: RedisServer, seeded_file: Path, tmp_path: Path
) -> None:
    url = f"{redis_server.tls_url}?ssl_ca_certs={redis_server.ca_file}"
    with shop_at(url, seeded_file, tmp_path) as shop, Client(shop.base_url).open() as visitor:
        assert visitor.add(quantity=2).status == 303
        assert visitor.log_in().status == 303
        state = visitor.state()
        assert (state["user"], state["cart"]["quantity"]) == ("demo", 2)
        warned = [line for line in shop.log.splitlines() if "WARN" in line]
        assert [line for line in warned if "waitress.queue" not in line] == []  # a busy machine


def test_a_certificate_that_nobody_vouches_for_is_an_outage(
    redis_server: RedisServer, seeded_file: Path, tmp_path: Path
) -> None:
    """Refused, and not silently trusted: the default of redis-py is to check."""
    shop = shop_at(redis_server.tls_url, seeded_file, tmp_path)
    with shop, Client(shop.base_url).open() as visitor:
        assert visitor.add().status == 503
        assert visitor.get("/").status == 200
        assert "CERTIFICATE_VERIFY_FAILED" in shop.log
