"""Text is text, however it was typed.

One word can be several strings: macOS keeps names decomposed (NFD, ㅁ + ㅣ + ㄴ ...), the other
systems composed (NFC, 민); a Korean or Japanese keyboard may be at full width; a paste brings
blanks along. They look alike, so they are made alike here, before they are measured, compared,
kept or hashed.
"""

import re
from unicodedata import decomposition, normalize

FILLERS = "\u115f\u1160\u3164"
"""Letters of Hangul that show nothing: two names would look the same."""


def composed(text: str) -> str:
    """To be kept and shown: what was typed, without the blanks around it."""
    return normalize("NFC", text).strip()


def key(text: str) -> str:
    """To be compared: usernames, and words to search for.

    The rules of RFC 8265 for names. Not NFKC, which tears ㅋㅋ into what no font shows.
    """
    narrow = "".join(map(_of_usual_width, normalize("NFC", text)))
    return normalize("NFC", narrow.casefold()).strip()


def _of_usual_width(character: str) -> str:
    kind, _, code = decomposition(character).partition(" ")
    return chr(int(code, 16)) if kind in ("<wide>", "<narrow>") else character


def password(text: str) -> str:
    """To be hashed (NIST SP 800-63B); blanks count. It is never shown, so any form will do."""
    return normalize("NFKC", text)


def lines(text: str) -> str:
    """Line ends as the browser counts them for maxlength: it sends two characters for one."""
    return re.sub(r"\r\n?", "\n", text)
