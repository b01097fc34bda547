"""Labs as a visitor does them: what one sends, what one has seen, and whether it was expected."""

from collections.abc import Callable
from typing import Any

from demoapp.lessons import labs
from demoapp.lessons.labs.lab import found
from tests.shops import Visitor

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
    assert "Expected of this strategy:" not in page.text
    return str(outcome)
