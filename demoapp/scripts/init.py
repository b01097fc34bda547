"""`demoapp-init INI`: migrate the database that INI names, and fill it."""

import argparse
import tomllib
from pathlib import Path
from typing import Any

from alembic.config import Config
from pyramid.paster import get_appsettings
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from alembic import command
from demoapp.db import make_engine
from demoapp.models import Category, Product, User
from demoapp.security import HASHER
from demoapp.settings import resolve

HERE = Path(__file__).resolve().parent.parent
DEMO_PASSWORD = "pyramid tea house"  # noqa: S105 - shown on the login page


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="demoapp-init", description=__doc__)
    parser.add_argument("ini", help="the ini file, such as development.ini")
    ini = parser.parse_args(argv).ini
    if not Path(ini).is_file():
        parser.error(f"{ini} is not a file")
    settings = resolve(get_appsettings(ini))
    url = make_url(settings["sqlalchemy.url"])
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(Config(ini), "head")
    engine = make_engine(settings["sqlalchemy.url"])
    try:
        with Session(engine) as session, session.begin():
            seed(session)
    finally:
        engine.dispose()


def seed(session: Session) -> None:
    """Catalogue and demo accounts. Texts and prices are renewed, stock and passwords kept."""
    catalog: dict[str, list[dict[str, Any]]] = tomllib.loads(
        (HERE / "catalog.toml").read_text(encoding="utf-8")
    )
    for position, entry in enumerate(catalog["category"]):
        session.merge(Category(position=position, **entry))
    known = set(session.scalars(select(Product.sku)))
    for position, entry in enumerate(catalog["product"]):
        values = {**entry, "category_id": entry["category"], "position": position}
        del values["category"]
        if entry["sku"] in known:
            del values["stock"]
        session.merge(Product(**values))
    names = set(session.scalars(select(User.username)))
    for name in ("demo", "minji"):
        if name not in names:
            session.add(User(username=name, password_hash=HASHER.hash(DEMO_PASSWORD)))


if __name__ == "__main__":
    main()
