"""`make exercise N=3`: is exercise 3 solved? Red or green, and with red the next hint.

The first time, it copies the exercise to var/exercises/03.py, which is yours to change. In Korean
where the terminal is (LANG), or with LANG=ko.
"""

import os
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
EXERCISES = ROOT / "docs/exercises"
SAYS = {
    "en": {
        "green": "GREEN. Exercise {n} is solved.",
        "red": "RED. Exercise {n} is not solved yet.",
        "hint": "Hint {count} of {of}:",
        "yours": "Yours to change: {file}",
        "which": "Which exercise? make exercise N=1 … N=10",
    },
    "ko": {
        "green": "초록. 연습 문제 {n}번을 풀었습니다.",
        "red": "빨강. 연습 문제 {n}번을 아직 풀지 못했습니다.",
        "hint": "도움말 {count}/{of}:",
        "yours": "고칠 파일: {file}",
        "which": "몇 번 문제인가요? make exercise N=1 … N=10",
    },
}


def load(path: Path) -> ModuleType:
    """A file as a module, whatever its name. As it is now: nothing compiled is kept."""
    name = f"exercise_{path.parent.name}_{path.stem}"
    module = sys.modules[name] = ModuleType(name)  # a Configurator looks for who has called it
    module.__file__ = str(path)
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), vars(module))  # noqa: S102
    return module


def mistake(number: str, answer: Path) -> Exception | None:
    """What is wrong with an answer, if anything is."""
    try:
        load(EXERCISES / number / "check.py").check(load(answer))
    except Exception as error:  # noqa: BLE001 - any error in an answer is a mistake
        return error
    return None


def hints(number: str, language: str) -> dict[str, str]:
    """The hints of an exercise by their headings: 1, 2, ...; a word is for one mistake."""
    text = (EXERCISES / number / f"hints.{language}.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (\w+)\n", text, flags=re.MULTILINE)
    return {name: hint.strip() for name, hint in zip(parts[::2], parts[1::2], strict=True)}


def where(error: Exception, answer: Path) -> str:
    """The error, and the last line of the answer that it came through."""
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(answer)
    ]
    place = f"{answer.name}, line {lines[-1]}: " if lines else ""
    name = "" if hasattr(error, "hint") else f"{type(error).__name__}: "
    return f"{place}{name}{error}"


def next_hint(number: str, language: str, error: Any, tries: Path) -> str:
    """The one for this mistake, or the next in order; the last one stays."""
    all_of_them = hints(number, language)
    if special := all_of_them.get(getattr(error, "hint", None) or ""):
        return special
    in_order = [hint for name, hint in all_of_them.items() if name.isdigit()]
    count = int(tries.read_text()) if tries.exists() else 0
    tries.write_text(str(count + 1))
    count = min(count, len(in_order) - 1)
    says = SAYS[language]["hint"].format(count=count + 1, of=len(in_order))
    return f"{says} {in_order[count]}"


def language_of(environ: Mapping[str, str]) -> str:
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "ko" if locale.startswith("ko") else "en"


def main(arguments: list[str], folder: Path = ROOT / "var/exercises") -> int:
    """The status is 0 for green."""
    language = language_of(os.environ)
    says, number = SAYS[language], "".join(arguments).zfill(2)
    if not (EXERCISES / number / "start.py").is_file():
        print(says["which"])
        return 2
    answer = folder / f"{number}.py"
    folder.mkdir(parents=True, exist_ok=True)
    if not answer.exists():
        answer.write_bytes((EXERCISES / number / "start.py").read_bytes())
    print(says["yours"].format(file=os.path.relpath(answer)))
    error = mistake(number, answer)
    if error is None:
        print(says["green"].format(n=int(number)))
        return 0
    print(says["red"].format(n=int(number)), where(error, answer), sep="\n")
    print(next_hint(number, language, error, answer.with_suffix(".tries")))
    return 1


sys.path[:0] = [str(EXERCISES), str(ROOT)]  # the checks share visitor.py; one needs docs and tests
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
