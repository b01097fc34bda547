"""demoapp-init: migrates and fills, again and again, and says in one line what is wrong."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from demoapp.db import make_engine
from demoapp.scripts import init
from demoapp.sessions.database import metadata as session_tables
from demoapp.shop.models import Base, Category, Order, OrderLine, Product, SavedCart, User
from tests import forks
from tests.integration.conftest import DEVELOPMENT, ROOT
from tests.processes import free_port


def ini_with(folder: Path, **settings: str) -> str:
    """A copy of development.ini whose [app:main] has these settings, `_` written for `.`."""
    lines = DEVELOPMENT.read_text().replace("%(here)s/alembic", f"{ROOT}/alembic").splitlines()
    for key, value in settings.items():
        name = key.replace("_", ".")
        lines = [f"{name} = {value}" if line.startswith(f"{name} =") else line for line in lines]
    path = folder / "shop.ini"
    path.write_text("\n".join(lines))
    return str(path)


def run(ini: str, *options: str) -> CompletedProcess[str]:
    return forks.run("demoapp.scripts.init", ini, *options)


def test_two_at_once_are_one_after_the_other_P6(tmp_path: Path) -> None:
    ini = ini_with(tmp_path, sqlalchemy_url=f"sqlite:///{tmp_path}/shop.sqlite")
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(run, [ini] * 3))
    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 3


def test_a_second_run_changes_nothing_but_texts_and_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    ini = ini_with(tmp_path, sqlalchemy_url=url)
    init.main([ini])
    engine = make_engine(url)

    def counts(session: Session) -> list[int | None]:
        return [
            session.scalar(select(func.count()).select_from(model))
            for model in (Category, Product, User)
        ]

    try:
        with Session(engine) as session, session.begin():
            before = counts(session)
            product = session.get_one(Product, "sejak")
            price, product.price, product.stock = product.price, 1, 7
            user = session.scalars(select(User).where(User.username == "demo")).one()
            user.password_hash = "changed"
            user.session_epoch = "three"
        init.main([ini])
        with Session(engine) as session:
            assert counts(session) == before
            product = session.get_one(Product, "sejak")
            assert (product.price, product.stock) == (price, 7)
            user = session.scalars(select(User).where(User.username == "demo")).one()
            assert (user.password_hash, user.session_epoch) == ("changed", "three")
    finally:
        engine.dispose()
    told = capsys.readouterr().out.splitlines()
    assert told == [f"demoapp-init: {before[1]} products in {url}"] * 2


def test_start_over_leaves_what_a_first_run_leaves(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    ini = ini_with(tmp_path, sqlalchemy_url=url)
    init.main([ini])
    engine = make_engine(url)
    tables = (*Base.metadata.sorted_tables, *session_tables.sorted_tables)

    def counts() -> dict[str, int | None]:
        with Session(engine) as session:
            return {t.name: session.scalar(select(func.count()).select_from(t)) for t in tables}

    try:
        before = counts()
        with Session(engine) as session, session.begin():
            learner = User(username="hana", password_hash="hers")
            session.add(learner)
            session.flush()
            session.add(SavedCart(user_id=learner.id, cart_id="c", lines={"sejak": 1}))
            line = OrderLine(sku="sejak", name="Sejak", unit_price=1, quantity=1)
            order = Order(number="1", cart_id="d", user_id=learner.id, lines=[line])
            order.name, order.address, order.total, order.created = "Hana", "here", 1, 1.0
            session.add(order)
            numbers = dict.fromkeys(("format", "version", "created", "last_seen"), 1)
            words = dict.fromkeys(("key", "device", "data"), "")
            session.execute(insert(session_tables.tables["session"]).values({**numbers, **words}))
            session.get_one(Product, "sejak").stock = 0
            session.scalars(select(User).where(User.username == "demo")).one().active = False
        in_use = counts()
        assert all(in_use[name] != before[name] for name in before.keys() - {"category", "product"})
        refused = run(ini, "--start-over")  # nobody says yes
        assert refused.returncode == 1
        assert "nothing was deleted" in refused.stderr
        assert url in refused.stdout
        assert counts() == in_use
        assert run(ini, "--start-over", "--yes").returncode == 0
        assert counts() == before
        with Session(engine) as session:
            assert session.get_one(Product, "sejak").stock > 0
            assert session.scalars(select(User).where(User.username == "demo")).one().active
    finally:
        engine.dispose()


def test_a_real_shop_is_not_started_over(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    result = run(ini_with(tmp_path, sqlalchemy_url=url, demo_labs="false"), "--start-over", "--yes")
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "demo.labs = false" in line
    assert not Path(tmp_path, "shop.sqlite").exists()


def test_production_gets_no_account_with_a_known_password(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shop.sqlite"
    init.main([ini_with(tmp_path, sqlalchemy_url=url, demo_labs="false")])
    engine = make_engine(url)
    try:
        with Session(engine) as session:
            assert session.scalars(select(User)).all() == []
            assert session.scalar(select(func.count()).select_from(Product))
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "sqlalchemy.url"),
        ("oracle://db/shop", "sqlalchemy.url"),
        ("", "sqlalchemy.url is not set"),
        ("${SHOP_DATABASE}", "SHOP_DATABASE"),
        ("postgresql+psycopg://shop:pass-word@127.0.0.1:{port}/shop", "Connection refused"),
        ("sqlite:////proc/none/shop.sqlite", "/proc/none"),
        ("sqlite:////dev/null", "shop.ini"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, url: str, told: str
) -> None:
    result = run(ini_with(tmp_path, sqlalchemy_url=url.replace("{port}", str(free_port()))))
    assert result.returncode == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert told in line
    assert "pass-word" not in line


def test_a_database_that_is_not_the_shops_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear customer, " * 100)
    result = run(ini_with(tmp_path, sqlalchemy_url=f"sqlite:///{path}"))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        f"demoapp-init: {tmp_path}/shop.ini: file is not a database"
    ]
    assert path.read_text().startswith("Dear customer")


@pytest.mark.parametrize("name", ["none.ini", "Makefile", "README.md", "tests"])
def test_an_ini_that_is_none_is_told_in_one_line(name: str) -> None:
    result = run(name)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert name in line


def test_an_ini_that_cannot_be_parsed_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.ini").write_text("sqlalchemy.url = without a section\n")
    result = run(str(tmp_path / "broken.ini"))
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert "broken.ini" in line
