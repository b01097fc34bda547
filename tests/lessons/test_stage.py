"""The stage without a browser: what each act does in all four shops, for whom, what it refuses."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyramid.paster import get_app
from sqlalchemy import select, text

import demoapp
from demoapp.front.headers import HEADERS
from demoapp.lessons.content import content
from demoapp.lessons.stage import accounts
from demoapp.lessons.stage import house as house_of
from demoapp.lessons.stage.acts import ACTS
from demoapp.shop.accounts import DEMO_NAMES
from demoapp.shop.models import User
from tests.processes import free_port
from tests.servers import RedisServer
from tests.shops import STRATEGIES, Visitor, close_shop, copy_sqlite, open_shop

DEVELOPMENT = Path(__file__).resolve().parents[2] / "development.ini"


@pytest.fixture(scope="module")
def shop(
    redis_server: RedisServer, seeded_file: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """One for all tests: what one visitor does must not reach another."""
    url = copy_sqlite(seeded_file, tmp_path_factory.mktemp("stage"))
    shop = open_shop("memory", url, {"session.redis.url": redis_server.url})
    with closing(shop.registry["house"]):
        yield shop
    close_shop(shop)


@pytest.fixture
def visitor(shop: Any) -> Visitor:
    return Visitor(shop)


def token(visitor: Visitor) -> str:
    return str(visitor.get("/stage").html.find("input", {"name": "csrf_token"})["value"])


def play(visitor: Visitor, action: str, **fields: str) -> Any:
    form = {"csrf_token": token(visitor), "action": action, "sku": "ujeon", **fields}
    return visitor.post("/stage", form)


def columns(visitor: Visitor) -> dict[str, Any]:
    found = visitor.get("/stage").html.find_all(class_="shop")
    return {column["id"].removeprefix("shop-"): column for column in found}


def outcomes(visitor: Visitor) -> dict[str, str]:
    return {name: column.get("data-outcome") for name, column in columns(visitor).items()}


def states(visitor: Visitor) -> dict[str, str]:
    return {name: column["data-state"] for name, column in columns(visitor).items()}


def quantities(visitor: Visitor) -> list[int]:
    found = [visitor.get(f"/stage/{name}/session.json").json for name in STRATEGIES]
    return [state["cart"]["quantity"] for state in found]


def in_all(what: Any) -> dict[str, Any]:
    return dict.fromkeys(STRATEGIES, what)


def test_nothing_is_opened_before_somebody_comes(
    start_shop: Callable[..., Any], redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make serve` starts no later for it."""
    opened, make = [], demoapp.make_app

    def counted(global_config: Any, settings: Any) -> Any:
        opened.append(settings["session.strategy"])
        return make(global_config, settings)

    monkeypatch.setattr(house_of, "make_app", counted)
    shop = start_shop("memory", **{"session.redis.url": redis_server.url})
    with closing(shop.registry["house"]):
        Visitor(shop).get("/")
        assert opened == []
        Visitor(shop).get("/stage")
        assert sorted(opened) == sorted(STRATEGIES)


def test_looking_begins_no_session_S4(visitor: Visitor) -> None:
    visitor.get("/stage")
    play(visitor, "clear")
    visitor.get("/stage")
    assert [name for name in visitor.cookies if name.startswith("session")] == []
    assert states(visitor) == in_all("none")


def test_add(visitor: Visitor) -> None:
    answer = play(visitor, "add")
    assert answer.status_int == 303
    assert answer.location.endswith("/stage#told")
    assert quantities(visitor) == [1, 1, 1, 1]
    assert (outcomes(visitor), states(visitor)) == (in_all("done"), in_all("known"))
    facts = {name: column.find("dl").get_text() for name, column in columns(visitor).items()}
    trips = {name: facts[name].count("1 round trip") for name in STRATEGIES}
    assert trips == {"memory": 0, "redis": 2, "database": 2, "custom": 0}  # to read, to write
    assert "43 bytes" in facts["database"]
    assert "43 bytes" not in facts["custom"]
    play(visitor, "clear")
    assert (quantities(visitor), outcomes(visitor)) == ([0, 0, 0, 0], in_all("done"))


def test_log_in_as_oneself_S5(shop: Any, visitor: Visitor) -> None:
    """Each visitor has accounts of their own: `custom` ends all sessions of a user at once."""
    other = Visitor(shop)
    for one in (visitor, other):
        for _ in range(2):  # the first one registers
            play(one, "login")
    play(other, "logout")
    users = [visitor.get(f"/stage/{name}/session.json").json["user"] for name in STRATEGIES]
    assert [user.partition("-")[0] for user in users] == list(STRATEGIES)


def test_log_out_and_show_the_old_cookie_again_S6(visitor: Visitor) -> None:
    play(visitor, "add")
    play(visitor, "logout")
    assert outcomes(visitor) == in_all("nothing")
    assert quantities(visitor) == [0, 0, 0, 0]
    play(visitor, "login")
    assert quantities(visitor) == [1, 1, 1, 1]  # the cart was kept


def test_twelve_clicks_at_once_C1(visitor: Visitor) -> None:
    play(visitor, "race")
    assert quantities(visitor) == [13, 13, 13, 2]
    assert outcomes(visitor) == in_all("all") | {"custom": "some"}
    said = columns(visitor)["custom"].find(class_="did").get_text()
    assert said.startswith("1 of 12")


def test_fill_with_hangul_until_it_is_refused(visitor: Visitor) -> None:
    play(visitor, "add")
    before = visitor.cookie("session-custom")
    play(visitor, "fill")
    assert outcomes(visitor) == in_all("done")
    said = {name: column.find(class_="did").get_text() for name, column in columns(visitor).items()}
    most = {name: int(told.split()[0].replace(",", "")) for name, told in said.items()}
    assert all(20_000 < most[name] < 21_845 for name in STRATEGIES if name != "custom")
    assert 400 < most["custom"] < 1016
    assert visitor.cookie("session-custom") == before  # it was another guest's
    for name in STRATEGIES:
        assert "차차" not in visitor.get(f"/stage/{name}/session?raw=1").text


def test_change_a_character_of_the_cookie_S3(visitor: Visitor) -> None:
    play(visitor, "flip")
    assert outcomes(visitor) == in_all("nobody")
    assert quantities(visitor) == [1, 1, 1, 1]


def test_wait_longer_than_a_session_may_be_idle_S7(visitor: Visitor) -> None:
    play(visitor, "add")
    play(visitor, "wait")
    answer = visitor.get("/stage")
    assert outcomes(visitor) == in_all("waits")
    seconds, _, address = answer.headers["Refresh"].partition("; url=")
    assert int(seconds) in (2, 3)
    assert address.startswith("/stage?after=")  # another address, or a browser would not load it
    assert address.endswith("#told")
    time.sleep(house_of.HURRY + 0.5)
    assert outcomes(visitor) == in_all("gone")
    assert "Refresh" not in visitor.get("/stage").headers
    assert quantities(visitor) == [1, 1, 1, 1]


def test_restart_F9(shop: Any, visitor: Visitor) -> None:
    """Memory forgets this visitor alone; nobody else notices."""
    other = Visitor(shop)
    for one in (visitor, other):
        play(one, "add")
    before = {name: shop.registry["house"].shared(name, name) for name in STRATEGIES[1:]}
    play(visitor, "restart")
    assert outcomes(visitor) == in_all("kept") | {"memory": "forgotten"}
    assert (quantities(visitor), quantities(other)) == ([0, 1, 1, 1], [1, 1, 1, 1])
    for name, old in before.items():  # it was not only said
        assert shop.registry["house"].shared(name, name) is not old


def test_cut_redis_off_F1(shop: Any, visitor: Visitor) -> None:
    other = Visitor(shop)
    for one in (visitor, other):
        play(one, "add")
    kept = visitor.cookie("session-redis")
    play(visitor, "cut")
    assert outcomes(visitor) == in_all("kept") | {"redis": "cut"}
    assert states(visitor) == in_all("known") | {"redis": "down"}
    assert visitor.get("/stage/redis/cart").status_int == 503
    assert visitor.get("/stage/redis/").status_int == 200
    assert quantities(other) == [1, 1, 1, 1]
    for action in ("add", "login", "race", "fill", "flip", "wait", "restart"):
        play(visitor, action)
        assert outcomes(visitor)["redis"] == "cut", action
    assert visitor.cookie("session-redis") == kept
    play(visitor, "mend")
    assert outcomes(visitor)["redis"] == "kept"
    assert quantities(visitor)[1] == 1


def test_without_redis_the_column_says_how_to_start_it(start_shop: Callable[..., Any]) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    shop = start_shop("memory", **{"session.redis.url": nowhere})
    with closing(shop.registry["house"]):
        visitor = Visitor(shop)
        assert states(visitor) == in_all("none") | {"redis": "down"}
        assert "redis-server" in columns(visitor)["redis"].find(class_="did").get_text()
        play(visitor, "restart")
        assert outcomes(visitor) == in_all("kept") | {"memory": "forgotten", "redis": "missing"}
        assert "redis-server" in columns(visitor)["redis"].find(class_="did").get_text()


def test_each_column_has_the_map_of_its_own_session(visitor: Visitor) -> None:
    def found() -> list[str]:
        return [column.find("svg")["data-found"] for column in columns(visitor).values()]

    assert found() == ["none"] * 4
    play(visitor, "race")
    places = {name: column.find("svg") for name, column in columns(visitor).items()}
    assert found() == ["kept"] * 4
    assert [svg["data-place"] for svg in places.values()] == [
        "process",
        "store",
        "store",
        "browser",
    ]
    assert [svg.find(class_="count").get_text() for svg in places.values()] == [
        "13",
        "13",
        "13",
        "2",
    ]
    play(visitor, "restart")
    assert found() == ["gone", "kept", "kept", "kept"]
    play(visitor, "cut")
    assert found() == ["kept", "down", "kept", "kept"]


def test_there_is_a_sentence_for_each_in_both_languages(visitor: Visitor) -> None:
    words = [content("stage", locale) for locale in ("en", "ko")]
    for told in words:
        assert set(told["act"]) == set(ACTS)
        for act in told["act"].values():
            assert {"button", "told", "group", "did"} <= set(act)
            assert act["group"] in told["group"]
    visitor.extra_environ["HTTP_ACCEPT_LANGUAGE"] = "ko"
    play(visitor, "add")
    said = columns(visitor)["memory"].find(class_="did").get_text()
    assert said == words[1]["act"]["add"]["did"]["memory"]["done"]


def test_who_has_not_been_here_longest_makes_room(
    shop: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(visitor, "add")
    monkeypatch.setattr(house_of, "VISITORS", 2)
    for _ in range(2):
        play(Visitor(shop), "clear")
    assert states(visitor) == in_all("known") | {"memory": "forgotten"}


def test_who_only_looks_takes_nobodys_place(
    shop: Any, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a crawler, that keeps no cookie and is a new visitor with each look."""
    play(visitor, "add")
    monkeypatch.setattr(house_of, "VISITORS", 1)
    for path in ("/stage", "/stage/memory/", "/stage"):
        Visitor(shop).get(path)
    stranger = Visitor(shop)
    stranger.get("/stage")
    assert stranger.get("/stage/memory/cart").status_int == 200
    assert states(stranger) == in_all("none")
    assert states(visitor) == in_all("known")


def test_accounts_of_who_plays_no_more_make_room(
    start_shop: Callable[..., Any], redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = start_shop("memory", **{"session.redis.url": redis_server.url})
    monkeypatch.setattr(house_of, "VISITORS", 2)
    monkeypatch.setattr(accounts, "VISITORS", 1)
    with closing(shop.registry["house"]):
        visitors = [Visitor(shop) for _ in range(4)]
        for one in visitors:
            play(one, "login")
            play(one, "add")
            play(one, "logout")  # a cart is kept, and must go with its owner
        play(visitors[-2], "login")
        users = [visitors[-2].get(f"/stage/{n}/session.json").json["user"] for n in STRATEGIES]
        with shop.registry["dbsession_factory"]() as session:
            names = session.scalars(select(User.username).order_by(User.id)).all()
    assert names[:2] == list(DEMO_NAMES)
    assert len(names) == 2 + 4 * (2 + 1)  # two play; of the others, one is left
    assert set(users) < set(names)


def test_the_median_is_of_enough_times(visitor: Visitor) -> None:
    for expected in (0, 0, 0, 0, 4, 4):
        play(visitor, "add")
        assert visitor.get("/stage").text.count(" ms</dd>") == expected


def test_of_each_cookie_the_last_is_passed_on_with_its_flags_S10(visitor: Visitor) -> None:
    play(visitor, "add")
    sent = play(visitor, "login").headers.getall("Set-Cookie")
    names = [header.partition("=")[0] for header in sent]
    assert sorted(names) == sorted({"csrf", *(f"session-{name}" for name in STRATEGIES)})
    for header in sent:
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(header.split("; "))


def test_below_a_prefix_too(visitor: Visitor) -> None:
    visitor.extra_environ["SCRIPT_NAME"] = "/tea"
    visitor.get("/tea/stage")
    form = visitor.get("/tea/stage").html.find("form", class_="acts")
    assert form["action"] == "/tea/stage"
    fields = {"csrf_token": form.find("input")["value"], "action": "add", "sku": "ujeon"}
    assert visitor.post("/tea/stage", fields).location == "http://localhost/tea/stage#told"
    page = visitor.get("/tea/stage/redis/cart")
    assert page.html.find(class_="brand")["href"] == "/tea/stage/redis/"
    assert visitor.get("/tea/stage/redis/stage").location == "http://localhost/tea/stage"


def test_over_https_too(visitor: Visitor) -> None:
    visitor.extra_environ["wsgi.url_scheme"] = "https"
    play(visitor, "add")
    assert {"__Host-stage", *(f"__Host-session-{n}" for n in STRATEGIES)} <= set(visitor.cookies)
    assert outcomes(visitor) == in_all("done")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_shop_works_below_its_path(visitor: Visitor, strategy: str) -> None:
    visitor.get("/stage")
    home = f"/stage/{strategy}"
    visitor.get(home)
    form = visitor.get(f"{home}/").html.find("input", {"name": "csrf_token"})["value"]
    added = visitor.post(f"{home}/cart/items", {"csrf_token": form, "sku": "ujeon"})
    assert added.location == f"http://localhost{home}/cart"
    assert columns(visitor)[strategy]["data-state"] == "known"
    assert visitor.post(f"{home}/cart/clear", {"csrf_token": "x"}).status_int == 400
    assert visitor.get(f"{home}/static/site.css").content_type == "text/css"
    assert visitor.get(f"{home}/nothing").status_int == 404
    # its links to the stage lead up, and there is no stage on the stage
    assert visitor.get(f"{home}/stage").location == "http://localhost/stage"
    assert visitor.get(f"{home}/stage/memory/").status_int == 404


def test_who_has_no_stage_is_led_to_one(shop: Any) -> None:
    stranger = Visitor(shop)
    for path in ("/stage/memory/", "/stage/redis/session.json"):
        assert stranger.get(path).location == "http://localhost/stage"
    stranger.get("/stage", headers={"Cookie": "stage=x"})
    assert len(stranger.cookie("stage") or "") == 22


@pytest.mark.parametrize("path", ["/stage", "/stage/memory/", "/stage/memory/nothing"])
def test_headers_are_on_every_answer_H1_H2(visitor: Visitor, path: str) -> None:
    visitor.get("/stage")
    answer = visitor.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert len(answer.headers.getall("Content-Security-Policy")) == 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"csrf_token": ""}, {}),
        ({"csrf_token": "0" * 32}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "http://evil.example"}),
        ({"action": "steal"}, {}),
        ({"action": "\0"}, {}),
        ({"sku": "x\0"}, {}),
    ],
)
def test_what_is_refused_reaches_no_shop_S11_I1(
    visitor: Visitor, fields: Mapping[str, str], headers: dict[str, str]
) -> None:
    play(visitor, "add")
    form = {"csrf_token": token(visitor), "action": "clear", "sku": "", **fields}
    assert visitor.post("/stage", form, headers=headers).status_int == 400
    assert quantities(visitor) == [1, 1, 1, 1]


def test_a_shop_that_refuses_says_so(visitor: Visitor) -> None:
    play(visitor, "add", sku="coffee")
    assert outcomes(visitor) == in_all("refused")
    assert "400" in columns(visitor)["memory"].find(class_="did").get_text()


def test_only_where_there_are_labs(start_shop: Callable[..., Any]) -> None:
    settings = {"demo.labs": "false", "demo.hosts": "localhost"}
    visitor = Visitor(start_shop("database", **settings))
    assert visitor.get("/stage").status_int == 404
    assert "/stage" not in visitor.get("/").text + visitor.get("/strategies").text


def test_it_is_one_click_away_and_leads_back(visitor: Visitor) -> None:
    for path in ("/", "/strategies", "/labs"):
        assert visitor.get(path).html.find("a", href="/stage"), path
        assert visitor.get("/stage").html.find("a", href=path), path


def test_a_foreign_factory_stays_off_the_stage(
    start_shop: Callable[..., Any], redis_server: RedisServer
) -> None:
    factory = {"session.custom.factory": "pyramid_beaker.session_factory_from_settings"}
    shop = start_shop("custom", **factory, **{"session.redis.url": redis_server.url})
    with closing(shop.registry["house"]):
        visitor = Visitor(shop)
        play(visitor, "add")
        assert outcomes(visitor) == in_all("done")
        assert "session-custom" in visitor.cookies


@pytest.fixture
def composite(redis_server: RedisServer, sqlite_url: str, tmp_path: Any) -> Iterator[Visitor]:
    """What `pserve development.ini -n side-by-side` serves, with a cookie name changed there."""
    ini = DEVELOPMENT.read_text()
    for own, ours in {
        "redis://localhost:6379/0": redis_server.url,
        "sqlite:///%(here)s/var/demoapp.sqlite": sqlite_url,
        "session.cookie_name = session-custom": "session.cookie_name = slip",
    }.items():
        assert own in ini
        ini = ini.replace(own, ours)
    (tmp_path / "development.ini").write_text(ini)
    app = get_app(str(tmp_path / "development.ini"), "side-by-side")
    with closing(app.registry["house"]):
        yield Visitor(app)
    close_shop(app)


def test_the_composite_of_the_ini_file_goes_on_working(composite: Visitor) -> None:
    front = composite.get("/").html
    assert {found["id"] for found in front.find_all(class_="shop")} == {
        f"shop-{name}" for name in STRATEGIES
    }
    form = {"csrf_token": front.find("input", {"name": "csrf_token"})["value"], "action": "add"}
    assert composite.post("/", {**form, "sku": "ujeon"}).status_int == 303
    assert {"slip", "session-memory"} <= set(composite.cookies)
    assert "session-custom" not in composite.cookies
    for name in STRATEGIES:
        found = composite.get(f"/{name}/session.json").json
        assert (found["strategy"], found["cart"]["quantity"]) == (name, 1)
        assert composite.get(f"/{name}/").html.find("form")["action"].startswith(f"/stage/{name}/")
    for path in ("/nothing", "/memoryx", "/?q=%ff", "//memory/"):
        assert composite.get(path).status_int in (200, 400, 404)
    assert composite.get("/healthz").text == "ok\n"


def test_the_shops_share_what_is_not_their_session(shop: Any, visitor: Visitor) -> None:
    """The page itself asks nothing of the session of the shop around it."""
    play(visitor, "add")
    assert "session" not in visitor.cookies
    with shop.registry["dbsession_factory"]() as session:
        assert session.execute(text("SELECT count(*) FROM product")).scalar()
