"""Which language an answer is in, and what depends on that."""

from typing import Any

import pytest

from demoapp.i18n import when
from tests.shops import Visitor


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en;q=0.8", "ko"),
        ("en-GB,ko;q=0.2", "en"),
        ("fr,de", "en"),
        ("ko;q=0", "en"),
        ("*", "en"),
        ("", "en"),
        (";;;,,q=", "en"),
        ("ko;q=9", "en"),
        ("한국어", "en"),
        ("k" * 5000, "en"),
    ],
)
def test_the_browser_is_asked_for_the_language(memory: Any, header: str, expected: str) -> None:
    raw = header.encode().decode("latin-1")
    answer = Visitor(memory).get("/", headers={"Accept-Language": raw})
    assert answer.status_int == 200
    assert answer.html.html["lang"] == expected
    assert answer.headers["Content-Language"] == expected
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


@pytest.mark.parametrize("value", ["fr", "../../etc", "KO", "ko-KR", "x" * 3000])
def test_a_locale_cookie_of_no_sense_counts_as_none(memory: Any, value: str) -> None:
    answer = Visitor(memory).get("/", headers={"Cookie": f"locale={value}"})
    assert answer.html.html["lang"] == "en"


def test_answers_of_no_language_do_not_vary_with_it(memory: Any) -> None:
    for path in ("/healthz", "/static/site.css"):
        answer = Visitor(memory).get(path)
        assert "Content-Language" not in answer.headers
        assert "Accept-Language" not in (answer.vary or ())
    missing = Visitor(memory).get("/no-such", headers={"Accept-Language": "ko"})
    assert missing.status_int == 404
    assert missing.headers["Content-Language"] == "ko"
    assert "페이지를 찾을 수 없습니다" in missing.text


def test_times_are_told_where_their_readers_live() -> None:
    new_year = 1_767_223_800  # 23:30 on 31 December 2025, in Greenwich
    assert when(new_year, "en") == "31 December 2025, 23:30 UTC"
    assert when(new_year, "ko") == "2026년 1월 1일 08:30 KST"
