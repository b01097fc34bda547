"""What the next page says about what was just done: one message, in the visitor's language."""

from typing import Any

from translationstring import TranslationString

DONE = "ok"
"""Pyramid's flash queue that the layout shows; see `demoapp.shop.page`."""


def told(session: Any, queue: str) -> list[str]:
    """The messages of a queue, unread or not; what is no text was left by another release."""
    messages = session.peek_flash(queue)
    if not isinstance(messages, list):
        return []
    return [text.encode(errors="replace").decode() for text in messages if isinstance(text, str)]


def tell(request: Any, text: TranslationString, **mapping: Any) -> None:
    """Keep `text` for the next page, its `${...}` filled in from `mapping`.

    It takes the place of a message that nobody has read: a client that never looks at a page
    would otherwise fill its session, and a session in a cookie holds only 4 KB.
    """
    session = request.session
    session.pop_flash(DONE)
    told = TranslationString(text, mapping=mapping)
    session.flash(request.localizer.translate(told), DONE)
