"""How a session looks in Redis: its names, and its value.

session:{KEY}              the record or, for a while, what is left of it; both JSON
session:{KEY}:turns        who holds the record and who waits for it: writer -> arrival
session:{KEY}:alive        until when each of these is believed to live: writer -> milliseconds
session:{KEY}:done:WRITER  the version that he has written, for some seconds
sessions-of:{OWNER}        one user's sessions: key -> when it is over at the latest
"""

import json

from demoapp.sessions.interfaces import FORMAT, CorruptRecord, Ended, Record, believed

_ENDED = ("since", "until", "successor", "writer")


def name_of(key: str) -> str:
    # the braces are a Cluster hash tag: what belongs to a record shares a slot, and a script
    return f"session:{{{key}}}"


def names_of(key: str, writer: str) -> list[str]:
    name = name_of(key)
    return [name, f"{name}:turns", f"{name}:alive", f"{name}:done:{writer}"]


def list_of(owner: str) -> str:
    return f"sessions-of:{{{owner}}}"


def value_of(kept: Record | Ended) -> str:
    if isinstance(kept, Ended):
        fields = {name: getattr(kept, name) for name in _ENDED}
        return json.dumps({"ended": FORMAT, **fields}, separators=(",", ":"))
    # written by hand, because the scripts (scripts.py) rely on this very order
    return (
        f'{{"format":{FORMAT},"version":{kept.version},"created":{kept.created!r},'
        f'"owner":{json.dumps(kept.owner)},"device":{json.dumps(kept.device)},"data":{kept.data}}}'
    )


def read_value(key: str, value: bytes, last_seen: float) -> Record | Ended:
    """Read what `value_of` wrote, and believe nothing of it before it is checked."""
    try:
        head, _, data = value.decode().partition(',"data":')
        fields = json.loads(head + "}" if data else head)
        if head.startswith(f'{{"ended":{FORMAT},'):
            return believed(Ended(key, *(fields[name] for name in _ENDED)))
        values = fields["version"], fields["created"], last_seen, fields["owner"], fields["device"]
        # the scripts look for the version there; a record without it could never be written
        if not head.startswith(f'{{"format":{FORMAT},"version":{fields["version"]},'):
            raise CorruptRecord("it was written by another release or program")
        return believed(Record(key, data.removesuffix("}"), *values))
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise CorruptRecord("it is not a session record") from err
