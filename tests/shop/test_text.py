"""Text is text, however it was typed: composed or not, wide or not, with blanks around (P5)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from sqlalchemy import insert, select

from demoapp import shop
from demoapp.shop import text
from demoapp.shop.models import Order, User
from demoapp.shop.security import HASHER
from tests.shops import Visitor, close_shop, copy_sqlite, open_shop

PASSWORD = "비밀번호는 café 아님"


@pytest.fixture(scope="module")
def memory(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One for all of them: each test has names of its own."""
    opened = open_shop("memory", copy_sqlite(seeded_file, tmp_path_factory.mktemp("text")))
    yield opened
    close_shop(opened)


def database(opened: Any) -> Any:
    return opened.registry["dbsession_factory"].begin()


def nfd(word: str) -> str:
    return normalize("NFD", word)


def found(page: Any) -> int:
    return len(page.html.select("main .card"))


@pytest.mark.parametrize(
    "typed", ["녹차", nfd("녹차"), " 녹차 ", "\u3000녹차", "제주　녹차", nfd("제주 녹차")]
)
def test_the_search_finds_a_word_however_it_was_typed_P5(memory: Any, typed: str) -> None:
    page = Visitor(memory).get("/", {"q": typed})
    expected = Visitor(memory).get("/", {"q": " ".join(normalize("NFC", typed).split())})
    assert found(page) == found(expected) >= 1
    assert page.html.find("input", {"name": "q"})["value"] == normalize("NFC", typed).strip()


@pytest.mark.parametrize("typed", ["{}café", "  {}cafe\u0301\t", "{}ＣＡＦÉ"])
def test_a_name_is_one_however_it_was_typed_P5(memory: Any, typed: str) -> None:
    first, second, name = Visitor(memory), Visitor(memory), f"민지{len(typed)}café"
    typed = typed.format(f"{nfd('민지')}{len(typed)}")
    assert first.send("/register", username=typed, password=PASSWORD).status_int == 303
    assert first.state()["user"] == name
    for again in (name, nfd(name), f" {name.upper()} "):
        taken = second.send("/register", username=again, password="another password")
        assert taken.status_int == 400
        assert "That name is taken." in taken.text
        assert second.log_in(again, PASSWORD).status_int == 303
        assert second.state()["user"] == name


@pytest.mark.parametrize("name", ["민지\u3164", "\u1160민지", "민지\uffa0"])
def test_a_name_has_no_letters_that_show_nothing_P5(memory: Any, name: str) -> None:
    assert Visitor(memory).send("/register", username=name, password=PASSWORD).status_int == 400


def test_blanks_alone_are_no_name_P5(memory: Any) -> None:
    for path in ("/login", "/register"):
        answer = Visitor(memory).send(path, username="  ", password=PASSWORD)
        assert answer.html.find(id="username-error").text.strip() == "Please fill in this field."


def test_letters_of_korean_chats_stay_what_they_are_P5(memory: Any) -> None:
    visitor = Visitor(memory)
    visitor.send("/register", username="ㅋㅋ민지", password=PASSWORD)
    assert visitor.state()["user"] == "ㅋㅋ민지"


def test_the_catalogue_is_kept_as_it_is_searched_P5() -> None:
    texts = (Path(shop.__file__).parent / "catalog.toml").read_text(encoding="utf-8")
    assert normalize("NFKC", texts) == texts


def test_every_letter_has_one_key_P5() -> None:
    """What was compared once compares the same when it is read from the database."""
    for letter in filter(str.isalnum, map(chr, range(0x110000))):
        once = text.key(letter)
        assert text.key(once) == once
        assert text.key(nfd(letter)) == once


@pytest.mark.parametrize(("name", "typed"), [("hana", PASSWORD), ("dul", nfd(PASSWORD))])
def test_a_password_is_one_however_it_was_typed_P5(memory: Any, name: str, typed: str) -> None:
    visitor = Visitor(memory)
    visitor.send("/register", username=name, password=typed)
    for again in (PASSWORD, nfd(PASSWORD)):
        assert Visitor(memory).log_in(name, again).status_int == 303
    assert Visitor(memory).log_in(name, f" {PASSWORD}").status_int == 400  # blanks count
    fields = {"current": nfd(PASSWORD), "new": nfd("새 비밀번호입니다")}
    assert visitor.send("/account/password", **fields).status_int == 303
    assert Visitor(memory).log_in(name, "새 비밀번호입니다").status_int == 303


def test_a_password_is_measured_as_it_is_kept_P5(memory: Any) -> None:
    for length, status in ((7, 400), (8, 303)):
        fields = {"username": "bom", "password": nfd("길" * length)}
        assert Visitor(memory).send("/register", **fields).status_int == status


def test_who_was_there_before_still_gets_in_P5(memory: Any) -> None:
    """A name and a password that an earlier release kept as a Mac sends them."""
    password = nfd(PASSWORD)
    with database(memory) as session:
        row = {"username": nfd("하은"), "password_hash": HASHER.hash(password), "active": True}
        session.execute(insert(User).values(**row))
    taken = Visitor(memory).send("/register", username="하은", password="another password")
    assert taken.status_int == 400
    assert Visitor(memory).log_in("하은", PASSWORD).status_int == 400
    assert Visitor(memory).log_in(nfd("하은"), password).status_int == 303
    assert Visitor(memory).log_in("하은", PASSWORD).status_int == 303  # known anew since


def test_guesses_at_one_name_are_counted_together_P5_A2(memory: Any) -> None:
    spellings = ("민지", nfd("민지"), " 민지 ")
    statuses = [Visitor(memory).log_in(spellings[n % 3], "wrong").status_int for n in range(11)]
    assert statuses == [400] * 10 + [429]


def test_an_order_goes_to_the_name_and_address_that_were_meant_P5(memory: Any) -> None:
    visitor = Visitor(memory)
    visitor.send("/cart/items", sku="ujeon")
    fields = {"name": f" {nfd('김민지')} ", "address": f"\r\n {nfd('서울')} 1\r\n길 2 \r\n"}
    placed = visitor.send("/checkout", **fields, cart_id=visitor.state()["cart"]["id"])
    assert placed.status_int == 303
    with database(memory) as session:
        order = session.scalars(select(Order)).one()
        assert (order.name, order.address) == ("김민지", "서울 1\n길 2")
