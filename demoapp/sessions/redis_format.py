"""How a session looks in Redis: its names, its value, and the scripts that compare it.

session:{KEY}           the record, JSON: format, version, writer, created, owner, device, data
session:{KEY}:lock      the writer that holds it, for some seconds
session:{KEY}:ended     the writer that has deleted it, for some seconds
sessions-of:{OWNER}     the keys of one user's sessions, a set
"""

import json

from demoapp.sessions.interfaces import ABSENT, FORMAT, CorruptRecord, Record, believed

_HEAD = '^{"format":%d+,"version":(%d+),"writer":"([^"]*)"'

PREPARE = f"""
-- KEYS record, lock; ARGV version, writer, lock milliseconds
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
local value = redis.call('GET', KEYS[1])
if (value and string.match(value, '{_HEAD}') or '{ABSENT}') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""
"""Compare the version, and hold the record while the database commits."""

WRITE = f"""
-- KEYS record, lock, ended; ARGV version, writer, new value or '', its milliseconds to live,
-- milliseconds for which a repetition is recognised
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
local value = redis.call('GET', KEYS[1])
local version, writer = '{ABSENT}'
if value then version, writer = string.match(value, '{_HEAD}') end
-- sent again: it was done the first time
if writer == ARGV[2] or redis.call('GET', KEYS[3]) == ARGV[2] then return 1 end
if version ~= ARGV[1] then return 0 end  -- changed, or gone: what was logged out stays so
if ARGV[3] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[5])
else
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
if holder then redis.call('DEL', KEYS[2]) end
return 1
"""
"""Replace or delete the record, if it is still the one that was read."""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


def name_of(key: str) -> str:
    # the braces are a Cluster hash tag: record and lock share a slot, so one script has both
    return f"session:{{{key}}}"


def lock_of(key: str) -> str:
    return f"session:{{{key}}}:lock"


def mark_of(key: str) -> str:
    return f"session:{{{key}}}:ended"


def list_of(owner: str) -> str:
    return f"sessions-of:{{{owner}}}"


def value_of(record: Record, writer: str) -> str:
    # written by hand, because the scripts above rely on this very order
    return (
        f'{{"format":{FORMAT},"version":{record.version},"writer":"{writer}",'
        f'"created":{record.created!r},"owner":{json.dumps(record.owner)},'
        f'"device":{json.dumps(record.device)},"data":{record.data}}}'
    )


def record_of(key: str, value: bytes, last_seen: float) -> Record:
    """Read what `value_of` wrote, and believe nothing of it before it is checked."""
    try:
        head, found, data = value.decode().partition(',"data":')
        fields = json.loads(head + "}")
        record = Record(
            key,
            data.removesuffix("}"),
            fields["version"],
            fields["created"],
            last_seen,
            fields["owner"],
            fields["device"],
        )
        # the scripts look for the version there; a record without it could never be written
        ours = f'{{"format":{FORMAT},"version":{record.version},"writer":"'
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise CorruptRecord("it is not a session record") from err
    if not found or not head.startswith(ours):
        raise CorruptRecord("it was written by another release or program")
    return believed(record)
