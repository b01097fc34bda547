"""Each exercise of the course is red at its start, green at its solution, and has hints."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts import exercise

ROOT = exercise.ROOT
NUMBERS = [f"{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_start_is_red_and_its_solution_green(number: str) -> None:
    folder = exercise.EXERCISES / number
    start = exercise.mistake(number, folder / "start.py")
    assert start is not None
    # what a learner's own file would say, and not an error of the check's
    assert type(start).__name__ not in ("SyntaxError", "ImportError", "NameError", "TypeError")
    assert exercise.mistake(number, folder / "solution.py") is None


@pytest.mark.parametrize("letter", ["a", "b", "d"])
def test_each_wrong_login_is_explained(tmp_path: Path, letter: str) -> None:
    answer = tmp_path / "05.py"
    text = (exercise.EXERCISES / "05/start.py").read_text(encoding="utf-8")
    answer.write_text(text.replace('ANSWER = ""', f'ANSWER = "{letter}"'), encoding="utf-8")
    error = exercise.mistake("05", answer)
    for language in ("en", "ko"):
        hint = exercise.hints("05", language)[letter]
        assert f"`login_{letter}`" in hint
        assert exercise.next_hint("05", language, error, tmp_path / "05.tries") == hint


@pytest.mark.parametrize("number", NUMBERS)
def test_hints_are_the_same_in_both_languages(number: str) -> None:
    english, korean = (exercise.hints(number, language) for language in ("en", "ko"))
    assert list(english) == list(korean)
    assert len(english) >= 3
    for name, hint in english.items():
        assert sorted(re.findall(r"`[^`]+`", hint)) == sorted(re.findall(r"`[^`]+`", korean[name]))


def test_from_red_to_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    told = []
    for _ in range(4):
        assert exercise.main(["3"], tmp_path) == 1
        told.append(capsys.readouterr().out)
    assert [re.findall(r"Hint (\d) of 3", text) for text in told] == [["1"], ["2"], ["3"], ["3"]]
    assert "RED" in told[0]
    assert "SessionNotSerializable: session['since']" in told[0]
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    assert exercise.main(["3"], tmp_path) == 1
    assert "빨강" in capsys.readouterr().out
    mine = tmp_path / "03.py"  # which a second run does not overwrite
    mine.write_bytes((exercise.EXERCISES / "03/solution.py").read_bytes())
    assert exercise.main(["3"], tmp_path) == 0
    assert "초록" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["0"], ["11"], ["three"]])
def test_no_such_exercise(arguments: list[str], tmp_path: Path) -> None:
    assert exercise.main(arguments, tmp_path) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_error_says_which_line_of_the_answer_it_is(tmp_path: Path) -> None:
    answer = tmp_path / "01.py"
    for text, said in (("1 +\n", "SyntaxError"), ("\n\nnobody\n", "01.py, line 3: NameError")):
        answer.write_text(text)
        error = exercise.mistake("01", answer)
        assert error
        assert exercise.where(error, answer).startswith(said)


def test_make_exercise() -> None:
    """It takes the number, and a red one is no error of make's."""
    told = subprocess.run(
        ["make", "--dry-run", "exercise", "N=3"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert "scripts/exercise.py 3 ||" in told


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_has_them_all(language: str) -> None:
    text = (ROOT / f"docs/{language}/exercises.md").read_text(encoding="utf-8")
    quoted = re.findall(r"\{literalinclude\} \.\./exercises/(\d\d)/start\.py", text)
    assert quoted == NUMBERS
    assert re.findall(r"^\$ make exercise N=(\d+)", text, re.MULTILINE)[:1] == ["1"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_shows_the_first_run(
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    exercise.main(["1"], tmp_path)
    _, *told = capsys.readouterr().out.splitlines()
    text = (ROOT / f"docs/{language}/exercises.md").read_text(encoding="utf-8")
    assert "\n".join(["Yours to change: var/exercises/01.py", *told]) in text
