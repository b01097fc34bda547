"""The seeded shop as a WSGI application, and a visitor who uses it through its forms."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from webtest import TestApp

from demoapp import main
from demoapp.db import make_engine
from demoapp.db.ready import migrations
from demoapp.scripts.init import seed
from demoapp.sessions.database import metadata as session_tables
from demoapp.shop.accounts import DEMO_PASSWORD
from demoapp.shop.models import Base

STRATEGIES = ("memory", "redis", "database", "custom")
TOKEN = re.compile('name="csrf_token" value="([^"]+)"')
SECRET = "a-secret-of-the-tests-0123456789abcdef"


def fill(url: str) -> None:
    """Tables and catalogue, as migrations and demoapp-init would make them."""
    engine = make_engine(url)
    try:
        Base.metadata.create_all(engine)
        session_tables.create_all(engine)
        with Session(engine) as session, session.begin():
            seed(session)
            session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            session.execute(text(f"INSERT INTO alembic_version VALUES ('{migrations()[-1]}')"))
    finally:
        engine.dispose()


def copy_sqlite(template: Path, folder: Path) -> str:
    """The URL of a database of one's own."""
    return f"sqlite:///{shutil.copy(template, folder / 'shop.sqlite')}"


def open_shop(strategy: str, database_url: str, settings: Mapping[str, str] | None = None) -> Any:
    return main(
        {},
        **{
            "session.strategy": strategy,
            "session.secret": SECRET,
            "sqlalchemy.url": database_url,
            "demo.labs": "true",
            **(settings or {}),
        },
    )


def close_shop(shop: Any) -> None:
    shop.registry["dbsession_factory"].kw["bind"].dispose()


class Visitor(TestApp):
    """A browser with its cookies. Answers of 4xx and 5xx are returned, not raised."""

    __test__ = False

    def do_request(self, req: Any, status: Any = None, expect_errors: Any = None) -> Any:
        return super().do_request(req, status, expect_errors=True)

    def token(self) -> str:
        [token] = set(TOKEN.findall(self.get("/cart").text))  # to parse the page takes longer
        return str(token)

    def send(self, path: str, /, **fields: str) -> Any:
        """Post a form."""
        return self.post(path, {"csrf_token": self.token(), **fields})

    def log_in(self, username: str = "demo", password: str = DEMO_PASSWORD) -> Any:
        return self.send("/login", username=username, password=password)

    def state(self) -> Any:
        return self.get("/session.json").json

    def cookie_header(self) -> str:
        return "; ".join(f"{name}={self.cookie(name)}" for name in self.cookies)

    def cookie(self, name: str = "session") -> str | None:
        value = self.cookies.get(name)
        return value.strip('"') if value else None


def order_of(visitor: Visitor, **fields: str) -> dict[str, str]:
    """What a visitor fills in to order the cart."""
    cart_id = visitor.state()["cart"]["id"]
    return {"name": "김민지", "address": "서울", "cart_id": cart_id, **fields}
