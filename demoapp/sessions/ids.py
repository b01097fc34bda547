"""Session ids, and what binds a session to the application that began it.

The id is in the visitor's cookie only. The store sees a digest of it that is keyed with
`session.secret`: so it leads nowhere in an application with another secret, though both
keep their sessions in one place. Of several secrets the first is used, the others still count.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Iterator

MAX_OWNER = 48
"""Characters of an owner's name; with what binds it, it must fit the column of a table."""
_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_id() -> str:
    """256 random bits as base64url (ASVS 7.2.3 asks for 128)."""
    return secrets.token_urlsafe(32)


class Ids:
    """Ids as one application sees them."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._keys = [secret.encode() for secret in secrets]
        self._tags = [_digest(key, "application")[:6].hex() for key in self._keys]

    def keys(self, request: object, shown: str) -> list[str]:
        """What the store may know a cookie's value by, none if it cannot be an id of ours."""
        if not _ID.fullmatch(shown):
            return []
        return [_digest(key, f"id {shown}").hex() for key in self._keys]

    def key(self, session_id: str) -> str:
        """What a session of ours is stored under."""
        return _digest(self._keys[0], f"id {session_id}").hex()

    # -- handing over

    def seal(self, shown: str, successor: str) -> str:
        """The successor's id, of no use to who does not have both the old one and the secret."""
        return _text(_mixed(self._keys[0], shown, _bytes(successor)))

    def opened(self, shown: str, sealed: str) -> Iterator[str]:
        """What may have been sealed: an id for each secret, none if there was no successor."""
        for key in self._keys if _ID.fullmatch(sealed) else ():
            yield _text(_mixed(key, shown, _bytes(sealed)))

    # -- owners

    def owner(self, name: str) -> str:
        """A user's name as it is stored, so that two shops that both have a user 3 differ."""
        if len(name) > MAX_OWNER:
            raise ValueError(f"the owner of a session has at most {MAX_OWNER} characters")
        return f"{name}@{self._tags[0]}"

    def owners(self, name: str) -> list[str]:
        """All that sessions of that user may be stored under."""
        return [f"{name}@{tag}" for tag in self._tags]


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(errors="surrogateescape"), "sha256")


def _mixed(key: bytes, shown: str, secret: bytes) -> bytes:
    """Mixed with a pad that is used for this one id; once more, and it is as before."""
    pad = _digest(key, f"successor of {shown}")
    return bytes(a ^ b for a, b in zip(pad, secret, strict=True))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
