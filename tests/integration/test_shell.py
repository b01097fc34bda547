"""`pshell`, with what somebody types."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT
from tests.processes import Shop
from tests.servers import RedisServer

TYPED = """\
print("stock", request.dbsession.get(models.Product, "ujeon").stock)
dbsession.get(models.Product, "ujeon").stock = 77
request.session["seen"] = 1
tm.commit()
tm.begin() and None
dbsession.get(models.Product, "ujeon").stock = 78
"""
"""The last change is not committed, and is gone."""


@pytest.mark.parametrize(
    ("ini", "app"), [("development.ini", "database"), ("production.ini", "main")]
)
def test_pshell_begins_a_transaction(
    ini: str,
    app: str,
    sqlite_url: str,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = {
        "SESSION_SECRET": "Vq3-this-one-is-as-good-as-any-XW9x7",
        "REDIS_URL": redis_server.url,
        "DATABASE_URL": sqlite_url,
        "SHOP_HOSTS": "shop.example.org",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    shop = Shop(ROOT / ini, app, settings={"sqlalchemy.url": sqlite_url})
    try:
        first, second = typed(shop.ini, app), typed(shop.ini, app)
    finally:
        shop.close()
    assert "tm.commit() keeps what you change" in first
    assert "stock" in first
    assert "stock 77" in second


def typed(ini: Path, app: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pyramid.scripts.pshell", f"{ini}#{app}"],
        cwd=ini.parent,
        input=TYPED,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "Error" not in done.stderr
    return done.stdout
