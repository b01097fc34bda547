"""The tutorial's steps do what its chapters, in both languages, say the reader sees."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from webtest import TestApp

from demoapp.sessions.interfaces import SessionNotSerializable
from tests.processes import ManagedProcess, free_port

DOCS = Path(__file__).parents[2] / "docs"
STEPS = sorted(path.parent.name for path in (DOCS / "steps").glob("*/app.py"))


def shown(chapter: str) -> list[str]:
    """The lines a chapter shows as seen on the screen; the same in both languages."""
    english, korean = (
        re.findall(r"^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for text in (page(language, chapter) for language in ("en", "ko"))
    )
    assert english == korean
    return "".join(english).splitlines()


def page(language: str, chapter: str) -> str:
    return (DOCS / language / f"{chapter}.md").read_text(encoding="utf-8")


def load(step: str, name: str = "app") -> ModuleType:
    spec = spec_from_file_location(f"{step}_{name}", DOCS / "steps" / step / f"{name}.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Step(ManagedProcess):
    """`python docs/steps/…/app.py`, from a copy that listens on a port of its own."""

    name = "step"

    def __init__(self, step: str, *arguments: str, strategy: str = "memory") -> None:
        self._step, self._arguments, self._strategy = step, arguments, strategy
        super().__init__()

    def _choose_ports(self) -> None:
        self.port = free_port()
        for file in (DOCS / "steps" / self._step).glob("*.*"):
            if file.suffix in (".py", ".ini"):
                text = file.read_text(encoding="utf-8").replace("6550", str(self.port))
                text = text.replace("strategy = memory", f"strategy = {self._strategy}")
                (self.folder / file.name).write_text(text, encoding="utf-8")

    def _command(self) -> list[str | Path]:
        return [sys.executable, self.folder / "app.py", *self._arguments]

    def get(self, path: str, cookie: str = "") -> tuple[str, str]:
        """The text of the answer, and the cookie to send with the next request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            set_cookie = answer.getheader("Set-Cookie", cookie)
            return answer.read().decode(), set_cookie.partition(";")[0]
        finally:
            connection.close()

    def _ready(self) -> bool:
        try:
            return bool(self.get("/no-such-page"))
        except (OSError, HTTPException):
            return False


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_short_and_starts_as_its_chapter_says(step: str) -> None:
    app = DOCS / "steps" / step / "app.py"
    assert len(app.read_text(encoding="utf-8").splitlines()) <= 60
    [(english, korean)] = [
        (file.read_text(encoding="utf-8"), page("ko", file.stem))
        for file in (DOCS / "en").glob(f"{step[:2]}-*.md")
    ]
    command = f"$ .venv/bin/python docs/steps/{step}/app.py\n"
    assert command in english
    assert command in korean
    with Step(step) as running:
        assert "404" in running.get("/no-such-page")[0]


def test_chapter_1_without_a_factory_there_is_no_session() -> None:
    with Step("01_no_factory") as step:
        answer, _ = step.get("/")
        *_, last = step.log.splitlines()
    seen = shown("01-twenty-lines")
    assert answer.splitlines()[0] == "Internal Server Error"
    assert answer.splitlines()[0] in seen
    assert last.startswith("AttributeError: No session factory registered")
    assert last in seen


def test_chapter_1_the_counter_counts() -> None:
    visitor = TestApp(load("01_counter").main())
    texts = [visitor.get("/").text for _ in range(3)]
    assert texts == ["visit 1", "visit 2", "visit 3"]
    assert set(texts) <= set(shown("01-twenty-lines"))
    visitor.reset()
    assert visitor.get("/").text == "visit 1"


def test_chapter_2_the_cart_is_in_the_cookie_in_clear() -> None:
    visitor, seen = TestApp(load("02_cookie").main()), shown("02-read-your-cookie")
    texts = [visitor.get(path).text for path in ("/put/green-tea", "/put/세작")]
    assert texts == ["cart: ['green-tea']", "cart: ['green-tea', '세작']"]
    assert set(texts) <= set(seen)
    told = subprocess.run(
        [sys.executable, DOCS / "steps/02_cookie/read.py", visitor.cookies["session"]],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    payload = r'\[\d{10}, \d{10}\.\d+, {"cart": \["green-tea", "\\uc138\\uc791"\]}\]'
    assert re.fullmatch(payload, told.strip())
    assert [line for line in seen if re.fullmatch(payload, line)]


def test_chapter_2_one_flipped_character_makes_it_worthless() -> None:
    visitor = TestApp(load("02_cookie").main())
    visitor.get("/put/green-tea")
    first, *rest = visitor.cookies["session"]
    visitor.set_cookie("session", "".join(["B" if first == "A" else "A", *rest]))
    assert visitor.get("/").text == "cart: []"


@pytest.mark.parametrize(("text", "fits", "too_many"), [("a", 2900, 3000), ("가", 480, 500)])
def test_chapter_2_the_cookie_ends_at_4_kilobytes(text: str, fits: int, too_many: int) -> None:
    app = load("02_cookie").main()
    # the exact number depends on the digits of the clock, which are in the cookie as well
    assert TestApp(app).get(f"/fill/{text}/{fits}").text == f"{fits} x {text}"
    with pytest.raises(ValueError, match=r"^Cookie value is too long to store \(\d{4} bytes\)$"):
        TestApp(app).get(f"/fill/{text}/{too_many}")
    assert f"{fits} x {text}" in shown("02-read-your-cookie")
    assert f"/fill/{text}/{too_many}" in page("en", "02-read-your-cookie")


class Clock:
    """Stands in for the module `time` inside pyramid.session."""

    now = 1_800_000_000.2

    def time(self) -> float:
        return self.now


def visit(app: Any, *paths: str) -> list[str]:
    visitor = TestApp(app)
    return [visitor.get(path).text for path in paths]


def test_chapter_3_a_nested_change_is_lost_on_pyramids_cookie() -> None:
    texts = visit(load("03_inside").main(), "/begin", "/nested", "/look", "/assign", "/look")
    zero, one = "cart: {'tea': 0}", "cart: {'tea': 1}"
    assert texts == [zero, one, zero, one, one]
    assert {zero, one} <= set(shown("03-the-value-that-did-not-stay"))


def test_chapter_3_and_kept_on_ours() -> None:
    step = load("03_inside")
    texts = visit(step.main(step.ours), "/begin", "/nested", "/look")
    assert texts == ["cart: {'tea': 0}", "cart: {'tea': 1}", "cart: {'tea': 1}"]


@pytest.mark.parametrize(("seconds", "kept"), [(0.5, 0), (1, 1)])
def test_chapter_3_with_reissue_time_0_it_depends_on_the_second(
    monkeypatch: pytest.MonkeyPatch, seconds: float, kept: int
) -> None:
    step, clock = load("03_inside"), Clock()
    monkeypatch.setattr("pyramid.session.time", clock)
    factory = step.SignedCookieSessionFactory("of chapter 3")
    visitor = TestApp(step.main(lambda config: config.set_session_factory(factory)))
    visitor.get("/begin")
    clock.now += seconds
    visitor.get("/nested")
    assert visitor.get("/look").text == f"cart: {{'tea': {kept}}}"


def test_chapter_3_a_datetime_is_refused_by_both() -> None:
    step, seen = load("03_inside"), shown("03-the-value-that-did-not-stay")
    for sessions, kind in ((step.pyramids, TypeError), (step.ours, SessionNotSerializable)):
        visitor = TestApp(step.main(sessions))
        visitor.get("/begin")
        with pytest.raises(kind) as refused:
            visitor.get("/date")
        name = kind.__name__ if kind is TypeError else f"{kind.__module__}.{kind.__name__}"
        assert f"{name}: {refused.value}" in seen
        assert visitor.get("/look").text == "cart: {'tea': 0}"


@pytest.mark.parametrize(("strategy", "then"), [("memory", "visit 1"), ("database", "visit 3")])
def test_chapter_4_a_restart(strategy: str, then: str) -> None:
    with Step("04_one_line", strategy=strategy) as step:
        first, cookie = step.get("/")
        second, cookie = step.get("/", cookie)
        step.kill()
        step.start()
        third, _ = step.get("/", cookie)
    assert (first, second, third) == ("visit 1", "visit 2", then)
    assert {first, second, third} <= set(shown("04-one-ini-line"))


SESSIONS = ("callback", "demoapp.sessions")


@pytest.fixture
def clicks(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The step of chapter 7, and beside it the module that it includes."""
    monkeypatch.syspath_prepend(DOCS / "steps/07_two_clicks")
    yield load("07_two_clicks")
    sys.modules.pop("callback", None)


@pytest.mark.parametrize(("sessions", "kept"), zip(SESSIONS, (1, 12), strict=True))
def test_chapter_7_twelve_clicks_at_once(
    clicks: ModuleType, monkeypatch: pytest.MonkeyPatch, sessions: str, kept: int
) -> None:
    app = clicks.main(sessions)
    visitor = TestApp(app)
    visitor.get("/add")
    twelve, first = threading.Barrier(12), threading.local()

    def wait_for_the_others(_: float) -> None:
        if not hasattr(first, "over"):  # a replay has nobody to wait for
            first.over = True
            twelve.wait(20)

    monkeypatch.setattr(clicks, "time", SimpleNamespace(sleep=wait_for_the_others))
    with ThreadPoolExecutor(12) as threads:
        cookie = {"Cookie": f"session={visitor.cookies['session']}"}
        for answer in [threads.submit(TestApp(app).get, "/add", cookie) for _ in range(12)]:
            answer.result()
    assert visitor.get("/look").text == f"clicks: {1 + kept}"
    assert f"kept: {kept} of 12" in shown("07-two-clicks-at-once")


@pytest.mark.parametrize("sessions", SESSIONS)
def test_chapter_7_a_rollback_takes_the_flash_with_it(clicks: ModuleType, sessions: str) -> None:
    visitor, seen = TestApp(clicks.main(sessions)), shown("07-two-clicks-at-once")
    visitor.get("/add")
    refused = visitor.get("/order", status=409).text
    assert refused == "Sorry, nothing was ordered."
    messages = visitor.get("/messages").text
    kept = ["Thank you for your order!"] if sessions == "callback" else []
    assert messages == f"messages: {kept}"
    assert {refused, messages} <= set(seen)


def test_chapter_7_its_commands() -> None:
    with Step("07_two_clicks", "ours") as step:
        told = subprocess.run(
            [sys.executable, step.folder / "clicks.py"], capture_output=True, text=True, check=True
        )
    assert told.stdout == "kept: 12 of 12\n"
