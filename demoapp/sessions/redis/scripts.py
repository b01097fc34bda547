"""What must not be torn apart: the scripts that lock and write a session, one round trip each.

They know its names in the order of `names_of`, and the value as `value_of` writes it (format.py).
"""

from demoapp.sessions.interfaces import ABSENT

_PATIENCE = 5000
"""Milliseconds a process may be silent: one that waits, or one whose database commits."""
_VERSION = '^{"format":%d+,"version":(%d+),'

# A queue. Nobody takes himself off it when his process is killed, so all have a deadline.
_TURNS = """
local writer = ARGV[1]
local function clock()  -- in microseconds
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function ahead()  -- how many come before, not counting the dead
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', clock() / 1000)) do
    redis.call('ZREM', KEYS[2], dead)
    redis.call('ZREM', KEYS[3], dead)
  end
  return redis.call('ZRANK', KEYS[2], writer) or redis.call('ZCARD', KEYS[2])
end
local function hold(ms)
  local now, before = clock(), tonumber(redis.call('ZSCORE', KEYS[3], writer) or 0)
  redis.call('ZADD', KEYS[2], 'NX', now, writer)
  redis.call('ZADD', KEYS[3], math.max(before, math.floor(now / 1000) + ms), writer)
  local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', KEYS[2], last)
  redis.call('PEXPIREAT', KEYS[3], last)
end
local function leave()
  redis.call('ZREM', KEYS[2], writer)
  redis.call('ZREM', KEYS[3], writer)
end
"""

LOCK = f"""{_TURNS}
-- ARGV writer, milliseconds he may hold it, milliseconds the record may live
local others = ahead()
hold(others > 0 and {_PATIENCE} or ARGV[2])
if others > 0 then return others end
return redis.call('GETEX', KEYS[1], 'PX', ARGV[3])
"""
"""Hold it, and read it and extend its idle time; or how many have to be waited for."""

WRITE = f"""{_TURNS}
-- ARGV writer, step, version, version when done, new value, its milliseconds to live
local step, value, version = ARGV[2], redis.call('GET', KEYS[1]), '{ABSENT}'
if step == 'release' then return leave() end
if value then version = string.match(value, '{_VERSION}') end
if version ~= ARGV[3] then  -- done already, if it is sent again because its answer was lost
  return redis.call('GET', KEYS[4]) == ARGV[4] and 1 or 0
end
local queue = redis.call('EXISTS', KEYS[2]) == 1
if step ~= 'commit' and queue and ahead() > 0 then return 0 end
-- a full Redis refuses a script's first write only: what was prepared, or ends, goes through
if step == 'commit' or ARGV[4] == 'ended' then redis.call('DEL', KEYS[4]) end
if step == 'prepare' then
  hold({_PATIENCE})
else
  redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
  redis.call('SET', KEYS[4], ARGV[4], 'PX', {_PATIENCE})
  if queue then leave() end
end
return 1
"""
"""Replace the record if it is still the one that was read; see to it that this can be done; or
let go of it."""

EXPIRE = """
-- ARGV value, its milliseconds to live
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
"""
"""Set when it ends, if it is still the same."""
