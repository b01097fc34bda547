"""The first two layers: the cookie, and how it was checked."""

import base64
import binascii
import hashlib
import json
import time
from typing import Any

from demoapp.lessons.inspector.layers import Layer, Subject, cookie_bytes
from demoapp.sessions.session import State

SIGNATURE = hashlib.sha512().digest_size
"""Bytes in front of the payload of Pyramid's signed cookie."""


def cookie(of: Subject) -> Layer:
    layer = of.layer("cookie")
    if of.foreign:
        layer.intro.append(of.say("foreign", factory=of.factory))
        return layer
    layer.rows.append(of.row("name", of.cookie_name, code=True))
    flags = "HttpOnly; SameSite=Lax; Path=/" + ("; Secure" if of.secure else "")
    layer.rows.append(of.row("flags", flags, code=True))
    if of.cookie is None:
        layer.rows.append(of.row("sent", of.say("none")))
        return layer
    layer.rows.append(of.row("sent", of.mask(of.cookie), code=True))
    layer.rows.append(of.row("bytes", cookie_bytes(of.request, of.cookie)))
    if of.signed_cookie and not of.moving and (parts := opened(of.cookie)):
        signature, payload = parts
        layer.rows.append(of.row("signature", of.mask(signature.hex()), code=True))
        layer.rows.append(of.row("payload", payload, code=True))
    return layer


def opened(value: str) -> tuple[bytes, str] | None:
    """Signature and payload of a signed cookie. No secret is needed to read it, only to sign."""
    try:
        both = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        return both[:SIGNATURE], both[SIGNATURE:].decode()
    except (binascii.Error, ValueError):
        return None


def check(of: Subject) -> Layer:
    layer = of.layer("check")
    if of.foreign:
        layer.intro.append(of.say("foreign", factory=of.factory))
    elif of.cookie is None:
        layer.intro.append(of.say("no_cookie"))
    elif of.moving:
        layer.intro.append(of.say("moving", old=of.settings.migrate_from))
    elif of.signed_cookie:
        layer.intro.extend(_signed(of, of.cookie))
    else:
        layer.intro.extend(_looked_up(of))
    return layer


def _signed(of: Subject, value: str) -> list[str]:
    parts = opened(value)
    if of.session.new or parts is None:
        return [of.say("signature_wrong"), of.say("no_store")]
    renewed = int(time.time() - json.loads(parts[1])[0])
    within = of.say("within", renewed=renewed, idle=f"{of.settings.idle_timeout:g}")
    return [of.say("signature_right"), within, of.say("no_store")]


def _looked_up(of: Subject) -> list[str]:
    if not of.keys:
        return [of.say("malformed")]
    # of several secrets it may be an older one's
    key = of.record.key if of.record else of.keys[0]
    told = [of.say("well_formed"), of.say("hashed", key=of.mask(key))]
    told.append(of.say("asked", question=_question(of, of.mask(key))))
    if of.session is None:
        return [*told, of.say("down")]
    if getattr(of.session, "state", None) is State.ENDED:
        return [*told, of.say("ended")]
    return [*told, of.say("not_found" if of.session.new else "found")]


def _question(of: Subject, key: str) -> Any:
    return {
        "memory": f"records.get('{key}')",
        "redis": f"GETEX session:{{{key}}} PX …",
        "database": f"SELECT * FROM session WHERE key = '{key}'",  # noqa: S608 - shown
    }[of.settings.strategy]
