"""Guessing takes long: attempts to log in are counted and, when there are too many, refused.

Counted are the attempts on one account from one address, and the failures of one address and of
everybody (ASVS 6.3.1). So an attacker cannot lock the rightful user out: from another address
the account still opens. Neither can a visitor who drops the cookie begin anew, because nothing
of it is in the session; nor is it part of the transaction, which a refused login aborts. So a
request that is replayed (pyramid_retry) would count once more with every attempt: what was counted
is noted in the environ, which all its attempts share.

Counters are in Redis where `session.strategy = redis`, and there for all processes together;
else in each process, where n processes allow n times as many. When Redis cannot be reached,
each process counts for itself: nobody is locked out by an outage, and nobody may guess freely.

Addresses are those of the WSGI server (REMOTE_ADDR), never what a visitor puts in a header.
Names and addresses are hashed before they become the name of a counter.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeVar

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from demoapp.sessions.redis import open_client
from demoapp.shop import text

log = logging.getLogger(__name__)

ACCOUNT = RateLimitItemPerMinute(10, 15)
"""Attempts on one account from one address in 15 minutes; a success sets them back to none."""
ADDRESS = RateLimitItemPerMinute(300, 15)
"""Failures of one address, which may try a name after the other; many people may share it."""
EVERYBODY = RateLimitItemPerMinute(300)
"""Failures of all together. A short window, because it refuses the rightful users too."""
REGISTRATIONS = RateLimitItemPerHour(600)
"""Of one address; each costs a hash and tells whether a name is taken. A school is one address."""
COUNTED = "demoapp.throttle"
"""In the environ: what was answered to this request, so that its replay hears the same."""
PAUSE_SECONDS = 1
"""How long after a failure Redis is not asked again."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counter:
    """One limit for one name."""

    limit: RateLimitItem
    name: str

    @classmethod
    def of(cls, limit: RateLimitItem, *parts: str) -> "Counter":
        # hashed: no names or addresses in Redis, and no part can pass for another
        return cls(limit, sha256("\0".join(parts).encode()).hexdigest()[:32])


class Throttle:
    """Counters that several processes may share."""

    def __init__(self, shared: Any = None) -> None:
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(shared) if shared else self._local
        self._alone_until = 0.0

    def login(self, request: Any, username: str) -> "Attempt":
        place = network(request.remote_addr)
        own = Counter.of(ACCOUNT, "login", text.key(username), place)
        wider = (Counter.of(ADDRESS, "failures", place), Counter.of(EVERYBODY, "failures"))
        return Attempt(self, request, own, wider)

    def password(self, request: Any, user_id: int) -> "Attempt":
        """Of who is logged in already, to change it: counted by user, wherever it comes from."""
        return Attempt(self, request, Counter.of(ACCOUNT, "password", str(user_id)))

    def registration(self, request: Any) -> "Attempt":
        place = network(request.remote_addr)
        return Attempt(self, request, Counter.of(REGISTRATIONS, "registration", place))

    def ask(self, question: Callable[[MovingWindowRateLimiter], T]) -> T:
        """Ask the shared counters, or our own while those cannot be reached."""
        if time.monotonic() >= self._alone_until:
            try:
                return question(self._shared)
            except StorageError as err:
                self._alone_until = time.monotonic() + PAUSE_SECONDS
                cause = type(err.storage_error).__name__
                log.error("login attempts are counted in this process alone: Redis: %s", cause)
        return question(self._local)


class Attempt:
    """One try: ask `wait()` before it, then tell how it went."""

    def __init__(
        self, throttle: Throttle, request: Any, own: Counter, wider: Sequence[Counter] = ()
    ) -> None:
        self._throttle = throttle
        self._own = own
        self._wider = wider
        self._counted: dict[Any, Any] = request.environ.setdefault(COUNTED, {})

    def wait(self) -> int:
        """Seconds until one may try; 0 is now, and the attempt is counted.

        Counted before it is made, so that a hundred at once are not all the first.
        """
        return self._once("wait", self._wait)

    def _once(self, what: str, question: Callable[[MovingWindowRateLimiter], T]) -> T:
        counted = (what, self._own)
        if counted not in self._counted:
            self._counted[counted] = self._throttle.ask(question)
        answer: T = self._counted[counted]
        return answer

    def _wait(self, limiter: MovingWindowRateLimiter) -> int:
        for counter in self._wider:
            if not limiter.test(counter.limit, counter.name):
                return _left(limiter, counter)
        if limiter.hit(self._own.limit, self._own.name):
            return 0
        return _left(limiter, self._own)

    def failed(self) -> None:
        def count(limiter: MovingWindowRateLimiter) -> None:
            for counter in self._wider:
                limiter.hit(counter.limit, counter.name)

        self._once("failed", count)

    def succeeded(self) -> None:
        self._throttle.ask(lambda limiter: limiter.clear(self._own.limit, self._own.name))


def _left(limiter: MovingWindowRateLimiter, counter: Counter) -> int:
    stats = limiter.get_window_stats(counter.limit, counter.name)
    return max(1, math.ceil(stats.reset_time - time.time()))


def network(address: str | None) -> str:
    """What counts as one address: of IPv6 the /64, which is the least that anybody gets."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return "unknown"  # such as a unix socket
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or IPv6Network((int(ip), 64), strict=False))
    return str(ip)


def _in_redis(settings: Any) -> RedisStorage:
    storage = RedisStorage("redis://", key_prefix="throttle", wrap_exceptions=True)
    # a client like that of the sessions in the place of its own: short time-outs, Sentinel, ...
    storage.storage = open_client(settings)
    storage.initialize_storage("")
    return storage


def includeme(config: Any) -> None:
    settings = config.registry.settings
    shared = _in_redis(settings) if settings["session.strategy"] == "redis" else None
    config.registry["throttle"] = Throttle(shared)
