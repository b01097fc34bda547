"""Every lab is run as its page says, on every strategy, against what its page expects."""

import re
from base64 import urlsafe_b64decode as b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from demoapp.lessons import labs
from demoapp.lessons.labs import expire
from demoapp.lessons.labs.crowd import AT_ONCE, place
from demoapp.lessons.labs.lab import found
from demoapp.lessons.labs.views import NEEDS
from demoapp.lessons.quoting import quoted
from demoapp.sessions import STRATEGIES
from tests.shops import Visitor, open_shop

ROOT = Path(__file__).resolve().parents[2]
LABS = found(labs.__path__)
LOCALES = ("en", "ko")
StartShop = Callable[..., Any]


def sends(visitor: Visitor, lab: str, action: str, **fields: str) -> Any:
    answer = visitor.send(f"/labs/{lab}", action=action, **fields)
    assert answer.status_int == 303, answer.text
    return answer


def seen(page: Any) -> str | None:
    """The sentence under "Observed" on a lab's page, if the lab is over."""
    assert page.status_int in (200, 400)
    verdict = page.html.find(class_="verdict")
    return str(verdict.tbody.td.get_text()) if verdict else None


def observed(page: Any, lab: str) -> str | None:
    """The outcome by its name."""
    sentence = seen(page)
    names = {text: name for name, text in LABS[lab].texts("en")["outcome"].items()}
    return names[sentence] if sentence else None


def is_as_expected(visitor: Visitor, lab: str, strategy: str) -> str:
    """The page says so, and the table does."""
    page = visitor.get(f"/labs/{lab}")
    outcome = observed(page, lab)
    allowed = LABS[lab].texts("en")["expected"][strategy]
    assert outcome in ([allowed] if isinstance(allowed, str) else allowed)
    assert "This is how the strategy works." in page.text
    assert "Not as expected." not in page.text
    return str(outcome)


# -- the folders

TEXTS = """
order = 0
title = { en = "Added", ko = "더한 것" }
summary = { en = "Added here", ko = "여기에 더한 것" }
question = { en = "Is it there?", ko = "있습니까?" }
why = { en = "Its folder is.", ko = "폴더가 있기 때문입니다." }
expected = { memory = "yes", redis = "yes", database = "yes", custom = "yes" }
steps = [{ en = "Look.", ko = "보십시오." }]
outcome.yes = { en = "It is there.", ko = "있습니다." }
action.look = { en = "Look", ko = "보기" }
label = {}
"""
CODE = """
from demoapp.lessons.labs.bench import Observation

ACTIONS, NEXT = {"look": lambda bench: None}, {"": ("look",), "look": ()}

def observe(bench):
    return Observation("yes")
"""


def test_who_adds_a_folder_adds_a_lab(
    start_shop: StartShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "added_here"
    folder.mkdir()
    (folder / "lab.toml").write_text(TEXTS, encoding="utf-8")
    (folder / "picture.svg").write_text("<svg/>")
    (folder / "__init__.py").write_text(CODE)
    monkeypatch.setattr(labs, "__path__", [*labs.__path__, str(tmp_path)])
    visitor = Visitor(start_shop("memory"))
    listed = [link["href"] for link in visitor.get("/labs").html.select(".labs a")]
    assert listed == ["/labs/added-here", *(f"/labs/{name}" for name in LABS)]
    assert visitor.get("/labs/added-here/picture.svg").text == "<svg/>"
    sends(visitor, "added-here", "look")
    page = visitor.get("/labs/added-here")
    assert seen(page) == "It is there."
    assert "This is how the strategy works." in page.text


@pytest.mark.parametrize("lab", LABS)
def test_what_a_lab_rests_on_is_there(lab: str) -> None:
    rests_on = LABS[lab].texts("en")["rests_on"]
    assert rests_on.keys() == {"sources", "tests"}
    assert all((ROOT / source).is_file() for source in rests_on["sources"]), rests_on
    run_by = []
    for named in rests_on["tests"]:
        file, _, name = named.partition("::")
        _, found, test = (ROOT / file).read_text(encoding="utf-8").partition(f"def {name}(")
        assert found, named
        run_by += [name] if f'"{lab}"' in test.partition("\ndef ")[0] else []
    assert rests_on["sources"] and run_by, "no test of them runs the lab"


@pytest.mark.parametrize("lab", LABS)
def test_nothing_that_the_labs_share_is_about_one_of_them(lab: str) -> None:
    common = [*Path(*labs.__path__).glob("*.py"), *(ROOT / "demoapp/templates").glob("lab*.pt")]
    module = LABS[lab].folder.name
    for file in common:
        text = file.read_text(encoding="utf-8")
        for name in (f'"{lab}"', f"'{lab}'", f"={lab}", f"labs.{module} ", f"labs/{lab}"):
            assert name not in text, file


def test_pictures_are_kept_by_the_browser_and_are_for_everybody(shop: Any) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    for lab in LABS:
        answer = visitor.get(f"/labs/{lab}/picture.svg")
        assert answer.content_type == "image/svg+xml"
        assert b'id="picture"' in answer.body
        assert "max-age" in answer.headers["Cache-Control"]
        assert "Cookie" not in answer.headers.get("Vary", "")
    assert visitor.get("/labs/nothing/picture.svg").status_int == 404


# -- the texts


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_its_texts_in_both_languages(lab: str) -> None:
    told_to_nobody = {"order", "our_cookie", "expected", "rests_on", "needs"}
    english, korean = (
        {key: text for key, text in LABS[lab].texts(locale).items() if key not in told_to_nobody}
        for locale in LOCALES
    )

    def compare(one: Any, other: Any, path: str) -> None:
        assert type(one) is type(other), path
        if isinstance(one, dict):
            assert one.keys() == other.keys(), path
            for key in one:
                compare(one[key], other[key], f"{path}.{key}")
        elif isinstance(one, list):
            for index, pair in enumerate(zip(one, other, strict=True)):
                compare(*pair, f"{path}[{index}]")
        elif not path.endswith(".command") and len(one) > 12:
            assert one.strip() and other.strip(), path
            assert one != other, path
            if ".link" not in path:
                assert any("가" <= c <= "힣" for c in other), path

    compare(english, korean, lab)
    for name in ("title", "summary", "question", "why", "more", "steps", "outcome", "action"):
        assert english[name], name
    assert english["label"] and english["takes"]


@pytest.mark.parametrize("lab", LABS)
def test_a_title_asks_and_the_reason_is_one_sentence(lab: str) -> None:
    for locale, question in (("en", "?"), ("ko", "까요?")):
        texts = LABS[lab].texts(locale)
        assert texts["title"].endswith("?")
        assert texts["question"].endswith(question)
        assert texts["why"].count(".") - texts["why"].count(".migrate") <= 2, texts["why"]
        assert len(texts["why"].split()) <= 35
    # 내, not 손님 or 당신; -하세요, not -십시오
    korean = (LABS[lab].folder / "lab.toml").read_text(encoding="utf-8")
    assert not re.search("손님|당신|십시오|니까[?]|아이디|세션 id", korean)


@pytest.mark.parametrize("lab", LABS)
def test_every_action_has_its_step(lab: str) -> None:
    texts, module = LABS[lab].texts("en"), LABS[lab].module
    done = [action for step in texts["steps"] if "does" in step for action in step["does"]]
    assert sorted(done) == sorted(module.ACTIONS)
    assert set(texts.get("needs", ())) <= set(NEEDS)


@pytest.mark.parametrize("lab", LABS)
def test_the_lines_that_ran_are_those_of_the_source(lab: str) -> None:
    ran = LABS[lab].module.RAN
    assert ran.keys() == STRATEGIES.keys()
    for function in {function for functions in ran.values() for function in functions}:
        quote = quoted(function)
        lines = (ROOT / quote.path).read_text(encoding="utf-8").splitlines()[quote.line - 1 :]
        shown = quote.text.splitlines()
        assert [line.strip() for line in shown] == [x.strip() for x in lines[: len(shown)]]
        assert len(shown) <= 22, f"not a few lines: {quote.path}:{quote.line}"


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_expects_something_of_every_strategy(lab: str) -> None:
    texts = LABS[lab].texts("en")
    assert texts["expected"].keys() == STRATEGIES.keys()
    for outcomes in texts["expected"].values():
        assert set([outcomes] if isinstance(outcomes, str) else outcomes) <= set(texts["outcome"])


@pytest.mark.parametrize("locale", LOCALES)
def test_every_lab_answers_and_none_begins_a_session_S4(shop: Any, locale: str) -> None:
    visitor = Visitor(shop)
    visitor.set_cookie("locale", locale)
    listing = visitor.get("/labs")
    for lab in LABS:
        assert f'href="/labs/{lab}"' in listing.text
        page = visitor.get(f"/labs/{lab}")
        assert page.status_int == 200
        assert LABS[lab].texts(locale)["title"] in page.text
        assert seen(page) is None
    assert visitor.cookie() is None


def test_unknown_labs_and_steps_are_refused(shop: Any) -> None:
    visitor = Visitor(shop)
    assert visitor.get("/labs/nothing").status_int == 404
    assert visitor.send("/labs/nothing", action="run").status_int == 404
    assert visitor.send("/labs/tamper", action="nothing").status_int == 400
    assert visitor.send("/labs/tamper").status_int == 400
    assert visitor.post("/labs/tamper", {"action": "mark"}).status_int == 400  # no token
    sends(visitor, "tamper", "flip")  # not offered yet: nothing happens
    assert visitor.cookie() is None


def test_without_demo_labs_there_are_none(start_shop: StartShop) -> None:
    secret = uuid4().hex + uuid4().hex
    settings = {"demo.labs": "false", "demo.hosts": "localhost", "session.secret": secret}
    visitor = Visitor(start_shop("memory", **settings))
    for path in ("/labs", "/labs/race/picture.svg", *(f"/labs/{lab}" for lab in LABS)):
        assert visitor.get(path).status_int == 404
    assert visitor.send("/labs/restart", action="mark").status_int == 404
    for path in ("/", "/strategies", "/session"):
        assert 'href="/labs' not in visitor.get(path).text


def test_labs_over_https_use_cookies_of_this_host_only_S10(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop, extra_environ={"wsgi.url_scheme": "https"})
    visitor.send("/cart/items", sku="ujeon")
    sends(visitor, "tamper", "mark")
    flipped = sends(visitor, "tamper", "flip").headers.getall("Set-Cookie")
    assert {cookie.partition("-")[0] for cookie in flipped} == {"__Host"}
    for cookie in flipped:
        assert {"HttpOnly", "SameSite=Lax", "Path=/", "secure"} <= set(cookie.split("; "))
        assert len(cookie) < 4096
    is_as_expected(visitor, "tamper", strategy)
    sends(visitor, "tamper", "reset")
    assert visitor.state()["cart"]["quantity"] == 1


# -- predict, act, observe


def test_a_prediction_is_asked_for_before_and_the_result_comes_first(shop: Any) -> None:
    visitor = Visitor(shop)
    page = visitor.get("/labs/nested-change").html
    assert len(page.select(".predict input[type=radio]")) == 3
    assert [step["data-state"] for step in page.select(".steps li")] == ["now", "later"]
    assert page.find(id="observed") is None
    sends(visitor, "nested-change", "store", prediction="kept")
    page = visitor.get("/labs/nested-change").html
    assert page.select(".predict") == []
    assert [step["data-state"] for step in page.select(".steps li")] == ["done", "now"]
    assert [button["value"] for button in page.select(".steps button")] == ["change"]
    assert page.find(class_="act").has_attr("autofocus")
    sends(visitor, "nested-change", "change")
    page = visitor.get("/labs/nested-change").html
    result = page.find(class_="lab-parts").find()
    assert (result["id"], result["tabindex"]) == ("observed", "-1")
    assert len(page.select("[autofocus]")) == 1 and result.has_attr("autofocus")
    right = page.find(class_="verdict").tbody.td.get_text() == "Yes: x is 1."
    assert result["data-hit"] == ("yes" if right else "no")
    assert page.select("details[open] pre")[0].get_text().startswith("def change(bench")
    assert page.select(".act") == []


def test_the_prediction_is_asked_for_but_not_forced(shop: Any) -> None:
    visitor = Visitor(shop)
    sends(visitor, "first-write", "run")
    page = visitor.get("/labs/first-write").html
    assert page.find(id="observed").h2.get_text(strip=True) == "What happened"
    assert not page.find(id="observed").has_attr("data-hit")
    assert len(page.select(".verdict tr")) == 1


@pytest.mark.parametrize("lab", ["devices", "replay"])
def test_who_must_log_in_is_asked_for_that_first(shop: Any, lab: str) -> None:
    """A prediction that was made before would be forgotten on the way."""
    visitor = Visitor(shop)
    page = visitor.get(f"/labs/{lab}").html
    assert page.select(".predict, .steps button") == []
    assert page.select_one(".steps a")["href"].startswith("/login?next=")
    visitor.log_in()
    page = visitor.get(f"/labs/{lab}").html
    assert page.select(".predict") and page.select(".steps button")
    assert page.select(".steps a") == []


def test_all_labs_tell_how_far_one_has_come(shop: Any) -> None:
    visitor = Visitor(shop)

    def states() -> list[str]:
        page = visitor.get("/labs").html
        assert page.find("progress")["value"] == str(len(page.select("li[data-state=miss]")))
        return [li["data-state"] for li in page.select(".labs li")]

    rest = [""] * (len(LABS) - 2)
    assert states() == ["next", "", *rest]
    sends(visitor, "tamper", "mark")
    assert "begun" in states()
    sends(visitor, "tamper", "reset")
    sends(visitor, "first-write", "run", prediction="never")
    assert states() == ["begun", "next", *rest]
    visitor.get("/labs/first-write")
    assert states() == ["miss", "next", *rest]
    sends(visitor, "first-write", "reset")
    assert states() == ["miss", "next", *rest]
    side = visitor.get("/labs/restart").html.select(".lab-list li")
    assert [li["data-state"] for li in side] == ["miss", "next", *rest]
    visitor = Visitor(shop)
    visitor.set_cookie("lab-progress", "forged")
    assert states() == ["next", "", *rest]


def test_a_worksheet_asks_everything_and_tells_nothing(shop: Any) -> None:
    visitor = Visitor(shop)
    before = visitor.get("/labs/first-write").html.find(class_="on-paper").get_text()
    sends(visitor, "first-write", "run")
    page = visitor.get("/labs/first-write").html
    assert page.find(class_="on-paper").get_text() == before
    texts = LABS["first-write"].texts("en")
    for text in (texts["question"], *texts["outcome"].values(), *STRATEGIES):
        assert text in before
    assert texts["why"] not in before


# -- one by one


def test_first_write(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "first-write", "run", prediction="with-read")
    is_as_expected(visitor, "first-write", strategy)
    assert "Not what you predicted." in visitor.get("/labs/first-write").text
    assert visitor.cookie() is None  # the guest was another one


@pytest.mark.parametrize("lab", ["restart", "two-ports"])
def test_restart_and_two_ports(start_shop: StartShop, strategy: str, lab: str) -> None:
    first, second = _two_processes(start_shop, strategy)
    visitor = Visitor(first)
    sends(visitor, lab, "mark")
    assert seen(visitor.get(f"/labs/{lab}")) is None
    visitor.app = second
    is_as_expected(visitor, lab, strategy)
    visitor.app = first  # had it lived on, the mark would still be there
    assert seen(visitor.get(f"/labs/{lab}")) is None
    assert visitor.state()["handle"]


def _two_processes(start_shop: StartShop, strategy: str) -> Iterator[Any]:
    url = start_shop("memory").registry["dbsession_factory"].kw["bind"].url
    database = url.render_as_string(hide_password=False)
    return (start_shop(strategy, **{"sqlalchemy.url": database}) for _ in range(2))


@pytest.mark.parametrize("moving", [False, True])
def test_migrate(start_shop: StartShop, strategy: str, moving: bool) -> None:
    before = "database" if strategy == "redis" else "redis"
    extra = {"session.migrate_from": before} if moving else {}
    old = start_shop(before, **({"session.redis.url": "redis://"} if before == "database" else {}))
    url = old.registry["dbsession_factory"].kw["bind"].url.render_as_string(hide_password=False)
    if before == "redis":
        extra["session.redis.url"] = old.registry.settings["session.redis.url"]
    new = start_shop(strategy, **{"sqlalchemy.url": url}, **extra)
    visitor = Visitor(old)
    sends(visitor, "migrate", "mark")
    assert seen(visitor.get("/labs/migrate")) is None
    visitor.app = new
    if moving:
        assert observed(visitor.get("/labs/migrate"), "migrate") == "kept"
        assert "This is how the strategy works." in visitor.get("/labs/migrate").text
    else:
        is_as_expected(visitor, "migrate", strategy)


def test_nested_change(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "nested-change", "store")
    assert seen(visitor.get("/labs/nested-change")) is None
    sends(visitor, "nested-change", "change")
    outcome = is_as_expected(visitor, "nested-change", strategy)
    assert outcome == ("lost" if strategy == "custom" else "kept")


def test_nested_change_is_kept_late_in_a_cookie(
    start_shop: StartShop, pass_time: Callable[[float], None]
) -> None:
    visitor = Visitor(start_shop("custom", **{"session.touch_interval": "1"}))
    sends(visitor, "nested-change", "store")
    form = {"csrf_token": visitor.token(), "action": "change"}
    pass_time(2.1)  # Pyramid compares whole seconds
    visitor.post("/labs/nested-change", form)
    assert is_as_expected(visitor, "nested-change", "custom") == "late"


def test_race(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "race", "begin")
    tabs = [Visitor(shop) for _ in range(6)]
    for tab in tabs:
        for cookie in visitor.cookiejar:
            tab.cookiejar.set_cookie(cookie)
    token = visitor.token()
    form = {"csrf_token": token, "action": "add", "quick": "yes"}
    with ThreadPoolExecutor(len(tabs)) as pool:
        answers = list(pool.map(lambda tab: tab.post("/labs/race", form), tabs))
    assert {answer.status_int for answer in answers} == {303}
    visitor = tabs[-1]  # the last answer is what a browser keeps
    sends(visitor, "race", "count", sent=str(len(tabs)))
    is_as_expected(visitor, "race", strategy)


def test_labs_leave_threads_for_other_visitors(start_shop: StartShop) -> None:
    """A step that waits holds a thread: seven at once are refused one, in words."""
    visitor = Visitor(start_shop("memory"))
    visitor.set_cookie("locale", "ko")
    sends(visitor, "race", "begin")
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(place())
        refused = visitor.send("/labs/race", action="add", quick="yes")
        assert refused.status_int == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "실습 자리가 모두 찼습니다" in refused.text
        sends(Visitor(visitor.app), "overflow", "run")  # which does not wait, whoever else does
        assert visitor.get("/labs/race").status_int == 200
        assert visitor.send("/labs/race", action="reset").status_int == 303
    sends(visitor, "race", "begin")
    sends(visitor, "race", "add", quick="yes")
    with pytest.raises(ZeroDivisionError), place():
        raise ZeroDivisionError
    with ExitStack() as stack:  # all are free again
        for _ in range(AT_ONCE):
            stack.enter_context(place())


def test_overflow(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    before = visitor.state()["cart"]
    sends(visitor, "overflow", "run")
    is_as_expected(visitor, "overflow", strategy)
    figures = visitor.get("/labs/overflow").html.find(id="observed").find_all("dd")
    letters, hangul, status = (int(figure.get_text()) for figure in figures)
    assert 2.5 * hangul < letters < 3.5 * hangul
    assert (2000 < letters < 4096) if strategy == "custom" else (64000 < letters <= 65536)
    assert status == 413
    assert visitor.state()["cart"] == before
    assert len(visitor.cookie() or "") < 600


def test_tamper(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    sends(visitor, "tamper", "mark")
    before = visitor.cookie()
    sends(visitor, "tamper", "flip")
    assert visitor.cookie() != before
    is_as_expected(visitor, "tamper", strategy)
    assert visitor.state()["cart"]["quantity"] == 0
    # another lab waits until this one has brought the session back
    assert "/labs/tamper" in visitor.get("/labs/restart").html.find(class_="notice").a["href"]
    sends(visitor, "restart", "mark")
    assert visitor.state()["handle"] is None
    sends(visitor, "tamper", "reset")
    assert visitor.state()["cart"]["quantity"] == 1
    assert visitor.cookie("lab-aside") is None
    assert seen(visitor.get("/labs/tamper")) is None


def test_a_lab_leaves_nothing_in_the_session(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "tamper", "mark")
    record = visitor.state()["handle"]
    sends(visitor, "tamper", "flip")
    kept = Visitor(shop)
    kept.set_cookie("session", visitor.cookie("lab-aside"))
    assert kept.state()["handle"] == record
    sends(visitor, "tamper", "reset")
    if strategy == "custom":
        assert b'"lab"' not in b64decode(str(visitor.cookie()) + "==")
    else:  # there was nothing else in it, so it is gone
        assert visitor.cookie() is None
        assert kept.state()["handle"] is None


@pytest.fixture
def short_sessions(
    start_shop: StartShop, pass_time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> dict[str, Visitor]:
    """A visitor of every strategy."""
    monkeypatch.setattr(expire, "IDLE", 100)
    monkeypatch.setattr(expire, "ABSOLUTE", 250)
    visitors = {strategy: Visitor(start_shop(strategy)) for strategy in STRATEGIES}
    for visitor in visitors.values():
        sends(visitor, "expire", "begin")
        sends(visitor, "expire", "look")
        page = visitor.get("/labs/expire")
        assert seen(page) is None
        assert "data-lab-ends" in page.text
        assert visitor.cookie() is None  # the visitor's own session has nothing to do with it
    return visitors


def test_expire_by_the_idle_limit_S8(
    short_sessions: dict[str, Visitor], pass_time: Callable[[float], None]
) -> None:
    pass_time(102)
    for strategy, visitor in short_sessions.items():
        sends(visitor, "expire", "look")
        assert is_as_expected(visitor, "expire", strategy) == "idle"
        sends(visitor, "expire", "reset")
        sends(visitor, "expire", "begin")
        sends(visitor, "expire", "look")
        assert seen(visitor.get("/labs/expire")) is None


def test_expire_by_the_absolute_limit_S8(
    short_sessions: dict[str, Visitor], pass_time: Callable[[float], None]
) -> None:
    for _ in range(4):
        pass_time(60)
        for visitor in short_sessions.values():
            token = visitor.cookie("csrf")
            visitor.post("/labs/expire", {"csrf_token": token, "action": "look"})
            assert seen(visitor.get("/labs/expire")) is None
    pass_time(60)
    for strategy, visitor in short_sessions.items():
        sends(visitor, "expire", "look")
        assert is_as_expected(visitor, "expire", strategy) == "absolute"


def test_fixation(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    own = visitor.state()["handle"]
    sends(visitor, "fixation", "plant")
    chosen = visitor.cookie()
    assert visitor.state()["cart"]["quantity"] == 0
    sends(visitor, "fixation", "write")
    assert visitor.cookie() != chosen
    assert seen(visitor.get("/labs/fixation")) is None
    assert sends(visitor, "fixation", "log-in").location.endswith("/login?next=%2Flabs%2Ffixation")
    visitor.log_in()
    is_as_expected(visitor, "fixation", strategy)
    left_behind = Visitor(shop)
    left_behind.set_cookie("session", visitor.cookie())
    assert left_behind.state()["user"] == "demo"
    sends(visitor, "fixation", "reset")
    if strategy != "custom":  # of a signed cookie nobody can end a single copy
        assert left_behind.state()["user"] is None
    state = visitor.state()
    assert (state["handle"], state["user"], state["cart"]["quantity"]) == (own, None, 1)


def test_fixation_leaves_a_visitor_without_a_session_as_it_was(shop: Any) -> None:
    visitor = Visitor(shop)
    sends(visitor, "fixation", "plant")
    sends(visitor, "fixation", "write")
    visitor.log_in()
    sends(visitor, "fixation", "reset")
    assert visitor.cookie() is None


def test_replay(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "replay", "mark")  # a guest has nothing to log out of
    assert visitor.cookie() is None
    visitor.log_in()
    sends(visitor, "replay", "mark")
    copy = visitor.cookie()
    sends(visitor, "replay", "copy")
    assert visitor.cookie() != copy
    assert visitor.state()["user"] is None
    assert seen(visitor.get("/labs/replay")) is None
    sends(visitor, "replay", "put-back")
    assert visitor.cookie() == copy
    is_as_expected(visitor, "replay", strategy)
    sends(visitor, "replay", "reset")
    assert visitor.cookie("lab-aside") is None
    assert visitor.cookie("lab-notes") is None


def test_csrf_tabs(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    sends(visitor, "csrf-tabs", "send")
    assert observed(visitor.get("/labs/csrf-tabs"), "csrf-tabs") == "accepted"
    stale = visitor.token()
    visitor.log_in()
    form = {"csrf_token": stale, "action": "send", "prediction": "refused"}
    answer = visitor.post("/labs/csrf-tabs", form)
    assert answer.status_int == 400
    assert observed(answer, "csrf-tabs") == LABS["csrf-tabs"].texts("en")["expected"][strategy]
    assert "This is how the strategy works." in answer.text
    assert "was right" in answer.text


def test_devices(shop: Any, strategy: str) -> None:
    laptop, phone = Visitor(shop), Visitor(shop)
    laptop.log_in()
    phone.log_in()
    sends(phone, "devices", "other")
    assert seen(phone.get("/labs/devices")) is None
    sends(laptop, "devices", "end-others")
    is_as_expected(phone, "devices", strategy)
    page = laptop.get("/labs/devices")
    assert laptop.state()["user"] == "demo"
    listed = page.html.find(id="observed").find_all("dd")[1].get_text()
    assert listed == ("cannot be listed with this strategy" if strategy == "custom" else "1")


def test_what_the_shop_tells_a_lab_is_in_the_visitors_language(shop: Any, strategy: str) -> None:
    visitor = Visitor(shop)
    visitor.extra_environ["HTTP_ACCEPT_LANGUAGE"] = "ko"
    visitor.log_in()
    visitor.get("/")
    sends(visitor, "devices", "end-others")
    assert "다른 기기에서 모두 로그아웃했습니다." in visitor.get("/labs/devices").text


@pytest.mark.parametrize(
    ("host", "other"),
    [
        ("localhost:6543", "localhost:6544"),
        ("pc:6544", "pc:6543"),
        ("tea.example", "tea.example:6544"),
    ],
)
def test_the_second_shop_is_at_the_port_beside_this_one(
    start_shop: StartShop, host: str, other: str
) -> None:
    visitor = Visitor(start_shop("memory"), extra_environ={"HTTP_HOST": host})
    page = visitor.get("/labs/two-ports").text
    assert f"http_port = {other.rpartition(':')[2]}/" in page
    assert f"http://{other}/labs/two-ports" in page


@pytest.mark.parametrize("how", ["refuse", "hang"])
def test_redis_down(shop: Any, strategy: str, how: str, waited: list[tuple[int, float]]) -> None:
    visitor, neighbour = Visitor(shop), Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    neighbour.send("/cart/items", sku="ujeon")
    sends(visitor, "redis-down", how)
    is_as_expected(visitor, "redis-down", strategy)
    assert sum(seconds for _, seconds in waited) < 3
    assert bool(waited) == (strategy == "redis" and how == "hang")
    outcome = LABS["redis-down"].texts("en")["expected"][strategy]
    assert visitor.get("/").status_int == (503 if outcome == "none" else 200)
    assert visitor.get("/cart").status_int == (200 if outcome == "all" else 503)
    assert neighbour.get("/cart").status_int == neighbour.get("/").status_int == 200
    visitor.post("/labs/redis-down", {"csrf_token": neighbour.token(), "action": "reset"})
    assert visitor.cookie("lab-notes")  # another's token
    token = visitor.get("/labs/redis-down").html.find("input", {"name": "csrf_token"})["value"]
    visitor.post("/labs/redis-down", {"csrf_token": token, "action": "reset"})
    assert visitor.state()["cart"]["quantity"] == 1


def test_notes_that_were_not_written_by_the_shop_are_ignored(shop: Any) -> None:
    visitor = Visitor(shop)
    for forged in ("x", "e30", "A" * 400, "한글".encode().hex()):
        visitor.set_cookie("lab-notes", forged)
        for lab in ("restart", "overflow", "redis-down"):
            page = visitor.get(f"/labs/{lab}")
            assert page.status_int == 200
            assert seen(page) is None


def test_a_foreign_session_factory_is_met_with_no_expectation(sqlite_url: str) -> None:
    factory = "pyramid_beaker.session_factory_from_settings"
    shop = open_shop("custom", sqlite_url, {"session.custom.factory": factory})
    visitor = Visitor(shop)
    for lab in LABS:
        page = visitor.get(f"/labs/{lab}")
        assert "not its own" in page.text
    sends(visitor, "nested-change", "store")
    sends(visitor, "nested-change", "change")
    page = visitor.get("/labs/nested-change")
    assert seen(page)
    assert "Not known" in page.text
    sends(visitor, "tamper", "mark")
    assert seen(visitor.get("/labs/tamper")) is None
