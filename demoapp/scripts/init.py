"""`demoapp-init INI`: migrate the database that INI names, and fill it.

With `--start-over`, which a demonstration alone has, everything in it goes first: orders, accounts
and sessions. So the next class finds what the first one found.
"""

import argparse
import fcntl
import sys
import tomllib
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from alembic import command
from demoapp.db import engine_from
from demoapp.scripts import terminal
from demoapp.sessions.database import metadata as session_tables
from demoapp.sessions.ini import SettingsError
from demoapp.settings import WrongSettings, app_settings, resolve, teaches
from demoapp.shop.accounts import DEMO_NAMES, DEMO_PASSWORD
from demoapp.shop.models import Base, Category, Product, User
from demoapp.shop.security import HASHER

REFUSALS = (CommandError, DBAPIError, LookupError, SettingsError)
"""What somebody can do something about: a line will do."""
HERE = Path(__file__).resolve().parent.parent
MIGRATIONS = "demoapp:alembic"
"""Wherever the ini file is, and whatever it says: they are of this code."""


def main(argv: list[str] | None = None) -> None:
    terminal.prepare()
    parser = argparse.ArgumentParser(prog="demoapp-init", description=__doc__)
    parser.add_argument("ini", help="the ini file, such as development.ini")
    parser.add_argument(
        "--start-over",
        action="store_true",
        help="delete every order, account and session first (demo.labs = true only)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask whether that is meant")
    options = parser.parse_args(argv)
    ini = options.ini
    try:
        print(prepare(ini, start_over=options.start_over, sure=options.yes))
    except WrongSettings:
        raise SystemExit(1) from None  # the migrations have said it already
    except OSError as err:
        raise SystemExit(f"demoapp-init: {err.filename}: {err.strerror}") from err
    except REFUSALS as err:
        reason = str(getattr(err, "orig", None) or err).strip().partition("\n")[0]
        named = reason if reason.startswith(ini) else f"{ini}: {reason}"
        raise SystemExit(f"demoapp-init: {named}") from err
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def prepare(ini: str, *, start_over: bool = False, sure: bool = False) -> str:
    """Bring the database up to date; returns what to tell the user."""
    with Path(ini).open() as lock:  # Paste would ask for a section of a file that is not there
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first of two makes the tables, the second finds them
        if start_over:
            refuse_unless_meant(ini, sure)
        return _prepare(ini, start_over)


def refuse_unless_meant(ini: str, sure: bool) -> None:
    settings = resolve(app_settings(ini))
    if not teaches(settings):
        raise SettingsError("with demo.labs = false nothing is deleted: this may be a real shop")
    if sure:
        return
    where = engine_from(settings).url
    print(
        f"Every order, account and session in {where} will be deleted. Type yes: ",
        end="",
        flush=True,
    )
    if not sys.stdin.isatty() or sys.stdin.readline().strip() != "yes":
        raise SystemExit("demoapp-init: nothing was deleted; say yes, or --yes where nobody types")


def _prepare(ini: str, start_over: bool) -> str:
    settings = resolve(app_settings(ini))
    migrations = Config(ini)
    migrations.set_main_option("script_location", MIGRATIONS)
    engine = engine_from(settings)
    try:
        command.upgrade(migrations, "head")
        with Session(engine) as session, session.begin():
            if start_over:
                empty(session)
            seed(session, demo_accounts=teaches(settings))
            products = session.scalar(select(func.count()).select_from(Product))
    finally:
        engine.dispose()
    return f"demoapp-init: {products} products in {engine.url}"


def empty(session: Session) -> None:
    """Delete every row, those first that point to others."""
    for table in (*reversed(Base.metadata.sorted_tables), *session_tables.sorted_tables):
        session.execute(delete(table))


def seed(session: Session, demo_accounts: bool = True) -> None:
    """Catalogue, and accounts to try. Texts and prices are renewed, stock and passwords kept."""
    catalog: dict[str, list[dict[str, Any]]] = tomllib.loads(
        (HERE / "shop" / "catalog.toml").read_text(encoding="utf-8")
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
    for name in DEMO_NAMES if demo_accounts else ():
        if name not in names:
            session.add(User(username=name, password_hash=HASHER.hash(DEMO_PASSWORD)))


if __name__ == "__main__":
    main()
