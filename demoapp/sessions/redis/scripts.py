"""What must not be torn apart: the scripts that read and write a session, one round trip each.

They know its names in the order of `names_of`, and the value as `value_of` writes it (format.py).
"""

from demoapp.sessions.interfaces import ABSENT

_PATIENCE = 5000
"""Milliseconds a process may be silent: one that waits, or one whose database commits."""
_VERSION = '^{"format":%d+,"version":(%d+),'
_CREATED = '^{"format":%d+,"version":%d+,"created":([%d.]+),'

# A queue. Nobody takes himself off it when his process is killed, so all have a deadline.
_TURNS = """
local writer, time, now = ARGV[1]
local function ahead()  -- how many come before, not counting the dead
  time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
    redis.call('ZREM', KEYS[2], dead)
    redis.call('ZREM', KEYS[3], dead)
  end
  return redis.call('ZRANK', KEYS[2], writer) or redis.call('ZCARD', KEYS[2])
end
local function hold(ms)
  local before = tonumber(redis.call('ZSCORE', KEYS[3], writer) or 0)
  redis.call('ZADD', KEYS[2], 'NX', time[1] * 1000000 + time[2], writer)
  redis.call('ZADD', KEYS[3], math.max(before, now + ms), writer)
  local last = redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', KEYS[2], last)
  redis.call('PEXPIREAT', KEYS[3], last)
end
local function leave()
  redis.call('ZREM', KEYS[2], writer)
  redis.call('ZREM', KEYS[3], writer)
end
"""

LOAD = f"""{_TURNS}
-- ARGV writer or '', milliseconds he may hold it, now, idle and absolute time-out
if writer ~= '' then
  local others = ahead()
  hold(others > 0 and {_PATIENCE} or ARGV[2])
  if others > 0 then return others end
end
local value = redis.call('GET', KEYS[1])
local created = value and tonumber((string.match(value, '{_CREATED}')))
if created then
  local left = math.min(ARGV[4], created * 1000 + ARGV[5] - ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.floor(left))
end
return value
"""
"""Read and extend the idle time; or, with a writer, how many he has to wait for."""

WRITE = f"""{_TURNS}
-- ARGV writer, step, version, version when done, new value, its milliseconds to live
if ARGV[2] == 'release' then return leave() end
local value, version = redis.call('GET', KEYS[1]), '{ABSENT}'
-- sent again, as its answer was lost
if redis.call('GET', KEYS[4]) == ARGV[4] then return 1 end
if value then version = string.match(value, '{_VERSION}') end
if version ~= ARGV[3] or ARGV[2] ~= 'commit' and ahead() > 0 then return 0 end
-- a full Redis refuses a script's first write only: what was prepared, or ends, goes through
if ARGV[2] == 'commit' or ARGV[4] == 'ended' then redis.call('DEL', KEYS[4]) end
if ARGV[2] == 'prepare' then
  hold({_PATIENCE})
else
  redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
  redis.call('SET', KEYS[4], ARGV[4], 'PX', {_PATIENCE})
  leave()
end
return 1
"""
"""Replace the record if it is still the one that was read; see to it that this can be done; or
let go of it."""
