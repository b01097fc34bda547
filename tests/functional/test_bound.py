"""A session is worthless to an application that did not begin it (S17)."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from demoapp.shop.models import User
from tests.functional.tab import SESSION, Tab, sent_cookies
from tests.shops import STRATEGIES, copy_sqlite

HANA = {"username": "hana", "password": "a good password"}
BORA = {"username": "bora", "password": "a good password"}
SECRETS = {name: f"the-secret-of-{name}-0123456789-abcdefghijk" for name in ("a", "b", "new")}
StartShop = Callable[..., Any]


@pytest.fixture
def start_apart(start_shop: StartShop, seeded_file: Path, tmp_path: Path) -> StartShop:
    """`start_apart("redis", "a", secret)`: a shop with a database of its own; Redis is shared."""

    def start(strategy: str, name: str, secret: str = "") -> Any:
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            copy_sqlite(seeded_file, folder)
        settings = {"session.secret": secret or SECRETS[name]}
        url = f"sqlite:///{folder / 'shop.sqlite'}"
        return start_shop(strategy, **{"sqlalchemy.url": url}, **settings)

    return start


@pytest.fixture
def start_together(start_shop: StartShop, sqlite_url: str) -> StartShop:
    """Two shops in one database, and so in one table of sessions."""

    def start(*secrets: str) -> Any:
        settings = {"session.secret": "\n".join(secrets), "sqlalchemy.url": sqlite_url}
        return start_shop("database", **settings)

    return start


def registered(shop: Any, fields: dict[str, str] = HANA) -> Tab:
    """A user whose numeric id is that of the first who registers anywhere, with a cart."""
    tab = Tab(shop)
    assert tab.post("/register", **fields).status_int == 303
    tab.post("/cart/items", sku="ujeon", quantity="2")
    assert (tab.user, tab.cart) == (fields["username"], {"ujeon": 2})
    return tab


def logged_in(shop: Any) -> Tab:
    tab = Tab(shop)
    assert tab.post("/login", **HANA).status_int == 303
    return tab


def at_home(tab: Tab) -> bool:
    return (tab.user, tab.cart) == ("hana", {"ujeon": 2})


def strays(tab: Tab, shop: Any) -> Tab:
    """The same browser at the other shop: cookies know no ports, and the name is the same."""
    stray = Tab(shop, {SESSION: tab.cookies[SESSION]})
    stray.get("/cart")
    return stray


def devices(tab: Tab) -> int:
    return str(tab.get("/account/sessions").text).count("device-name")


# -- two shops, two databases, two secrets


@pytest.fixture
def here(start_apart: StartShop, strategy: str) -> Tab:
    """A visitor of shop A."""
    return registered(start_apart(strategy, "a"))


@pytest.fixture
def there(start_apart: StartShop, strategy: str) -> Any:
    """Shop B, where the third user is somebody else."""
    shop = start_apart(strategy, "b")
    registered(shop, BORA)
    return shop


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_cookie_from_elsewhere_is_a_stranger_S17(here: Tab, there: Any) -> None:
    stray = strays(here, there)
    assert (stray.user, stray.cart) == (None, {})
    assert stray.get("/account/sessions").location.startswith("http://localhost/login")
    assert at_home(here)


VISITS: dict[str, tuple[str, dict[str, str]]] = {
    "adds": ("/cart/items", {"sku": "sejak"}),
    "registers": ("/register", {"username": "dana", "password": "a good password"}),
    "logs in": ("/login", {"username": "bora", "password": "a good password"}),
    "logs out": ("/logout", {}),
    "ends others": ("/account/sessions/revoke-others", {}),
}


@pytest.mark.parametrize("visit", VISITS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_it_does_there_changes_nothing_at_home_S17(here: Tab, there: Any, visit: str) -> None:
    path, fields = VISITS[visit]
    stray = strays(here, there)
    answer = stray.press(path, **fields)
    assert answer.status_int == 303  # not 409: nobody rotated it
    assert sent_cookies(answer).get(SESSION) != here.cookies[SESSION]
    stray.take(answer)
    assert "ujeon" not in stray.cart
    assert at_home(here)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_user_name_at_both_is_two_users_S17(start_apart: StartShop, strategy: str) -> None:
    """Also two with the same number."""
    here, there = (registered(start_apart(strategy, name)) for name in ("a", "b"))
    second = logged_in(there.shop)
    if strategy != "custom":
        assert (devices(here), devices(there)) == (1, 2)
        path = f"/account/sessions/{here.state()['handle']}/revoke"
        assert there.post(path).status_int == 404
        assert at_home(here)
    assert there.post("/account/sessions/revoke-others").status_int == 303
    assert (at_home(there), second.user) == (True, None)
    assert at_home(here)


# -- two shops, one table


def test_in_one_table_a_stranger_S17(start_together: StartShop) -> None:
    here, there = registered(start_together(SECRETS["a"])), start_together(SECRETS["b"])
    stray = strays(here, there)
    assert (stray.user, stray.cart) == (None, {})
    assert stray.post("/cart/items", sku="sejak").status_int == 303
    assert stray.cart == {"sejak": 1}
    assert at_home(here)


def test_in_one_table_each_lists_its_own_S17(start_together: StartShop) -> None:
    """The users are in the same database too, so it is one user with sessions at both."""
    here, there = registered(start_together(SECRETS["a"])), start_together(SECRETS["b"])
    stranger = logged_in(there)
    assert (devices(here), devices(stranger)) == (1, 1)
    path = f"/account/sessions/{here.state()['handle']}/revoke"
    assert stranger.post(path).status_int == 404
    assert at_home(here)


def test_in_one_table_a_login_is_for_one_shop_S17(start_together: StartShop) -> None:
    here = registered(start_together(SECRETS["a"]))
    there = logged_in(start_together(SECRETS["b"]))
    assert there.cart == {}
    there.post("/cart/items", sku="sejak")
    there.post("/logout")
    assert at_home(here)


# -- a secret that is replaced


@pytest.mark.parametrize("strategy", ["redis", "database", "custom"])
def test_own_visitors_stay_with_a_newer_secret_S17(start_apart: StartShop, strategy: str) -> None:
    tab = registered(start_apart(strategy, "a"))
    both = f"{SECRETS['new']}\n{SECRETS['a']}"
    tab.shop = start_apart(strategy, "a", both)
    assert at_home(tab)
    tab.post("/cart/items/ujeon", quantity="3")
    tab.post("/cart/items/ujeon", quantity="2")
    assert at_home(tab)
    laptop = logged_in(tab.shop)
    if strategy != "custom":
        assert (devices(tab), devices(laptop)) == (2, 2)
    assert laptop.post("/account/sessions/revoke-others").status_int == 303
    assert (tab.user, laptop.user) == (None, "hana")


@pytest.mark.parametrize("strategy", ["redis", "database", "custom"])
def test_what_is_moved_to_a_newer_secret_outlives_the_old_one_S17(
    start_apart: StartShop, strategy: str
) -> None:
    """A login under both is a session of the newest."""
    tab = registered(start_apart(strategy, "a"))
    tab.shop = start_apart(strategy, "a", f"{SECRETS['new']}\n{SECRETS['a']}")
    assert tab.post("/login", **HANA).status_int == 303
    tab.shop = start_apart(strategy, "a", SECRETS["new"])
    assert at_home(tab)


RETIRED = ["redis", "database", "custom"]


@pytest.mark.parametrize("strategy", RETIRED)
def test_a_retired_secret_is_worth_nothing_S17(start_apart: StartShop, strategy: str) -> None:
    tab = registered(start_apart(strategy, "a"))
    tab.shop = start_apart(strategy, "a", SECRETS["new"])
    assert (tab.user, tab.cart) == (None, {})


@pytest.mark.parametrize("strategy", RETIRED)
def test_a_stranger_stays_one_when_the_secret_is_replaced_S17(
    start_apart: StartShop, strategy: str
) -> None:
    here = registered(start_apart(strategy, "a"))
    shop = start_apart(strategy, "a" if strategy == "database" else "b", SECRETS["b"])
    stray = strays(here, shop)
    assert (stray.user, stray.cart) == (None, {})
    here.shop = start_apart(strategy, "a", f"{SECRETS['new']}\n{SECRETS['a']}")
    assert at_home(here)
    stray = strays(here, shop)
    assert (stray.user, stray.cart) == (None, {})


# -- the number of a user, given a second time


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_a_restored_database_S17(
    start_apart: StartShop, strategy: str, seeded_file: Path, tmp_path: Path
) -> None:
    """To before the first visitor registered; the next has the same number.

    Not on memory: the restart ends all that is there.
    """
    hana = registered(start_apart(strategy, "a"))
    (tmp_path / "restored").mkdir()
    shutil.copy(seeded_file, tmp_path / "restored" / "shop.sqlite")
    restored = start_apart(strategy, "restored", SECRETS["a"])
    hana.shop = restored
    bora = registered_as_bora(restored)
    assert hana.user is None
    assert bora.user == "bora"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_number_used_again_after_its_user_was_deleted_S17(
    start_apart: StartShop, strategy: str
) -> None:
    """SQLite gives the highest number again."""
    hana = registered(start_apart(strategy, "a"))
    with hana.shop.registry["dbsession_factory"].begin() as session:
        session.execute(delete(User).where(User.username == "hana"))
    bora = registered_as_bora(hana.shop)
    assert hana.user is None
    assert bora.user == "bora"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_secret_for_two_databases_S17(start_apart: StartShop, strategy: str) -> None:
    """As in a copy of the whole installation: at least nobody is somebody else there."""
    hana = registered(start_apart(strategy, "a"))
    copy = start_apart(strategy, "b", SECRETS["a"])
    registered_as_bora(copy)
    assert strays(hana, copy).user is None


def registered_as_bora(shop: Any) -> Tab:
    tab = Tab(shop)
    assert tab.post("/register", **BORA).status_int == 303
    return tab
