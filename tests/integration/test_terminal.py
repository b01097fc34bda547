"""What a command says reaches any terminal, and no mail of a cron job has a progress bar in it."""

import io
import sys

import pytest

from demoapp.scripts import terminal


class Screen(io.StringIO):
    """A terminal, as far as who writes to it can tell."""

    def isatty(self) -> bool:
        return True


def test_a_letter_that_is_not_there_is_written_as_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bytes_of = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_of, encoding="ascii"))
    terminal.prepare()
    print("차 tea", flush=True)
    assert bytes_of.getvalue() == b"\\ucc28 tea\n"


@pytest.mark.parametrize(
    ("argument", "word"), [("민지".encode(), "민지"), (b"tea", "tea"), (b"te\xe9", "te\\xe9")]
)
def test_a_word_that_the_locale_cannot_read_is_utf_8_if_it_can_be(
    argument: bytes, word: str
) -> None:
    assert terminal.typed(argument.decode("ascii", "surrogateescape")) == word


def test_a_terminal_sees_how_far_the_work_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    terminal.show(1, 2, "sessions")
    terminal.show(0, 0)  # nothing to do is done
    terminal.end()
    half, whole = screen.getvalue().removesuffix("\n").split("\r")[1:]
    assert half == f"[{'#' * 15}{'.' * 15}]  50% sessions"
    assert whole.startswith(f"[{'#' * 30}] 100%")


def test_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", mail := io.StringIO())
    terminal.show(1, 2)
    terminal.end()
    assert mail.getvalue() == ""
