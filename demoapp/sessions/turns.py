"""First come, first served, among the threads of one process."""

from collections import deque
from threading import Condition

from demoapp.sessions.interfaces import SessionConflict, SessionStoreUnavailable


class Turns:
    """Who holds a record and who waits for it, by key and in order. Each is named by its writer."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._queues: dict[str, deque[str]] = {}
        self._moved = Condition()  # its lock is reentrant

    def wait(self, key: str, writer: str) -> None:
        """Until those who came before are done; it needs no more than to be the first."""
        with self._moved:
            queue = self._queues.setdefault(key, deque())
            if writer not in queue:
                queue.append(writer)
            if not self._moved.wait_for(lambda: queue[0] == writer, self._timeout):
                self.release(key, writer)
                raise SessionStoreUnavailable("other requests hold this session for too long")

    def check(self, key: str, writer: str) -> None:
        """Without waiting: raises SessionConflict if another holds it."""
        with self._moved:
            if self._queues.get(key, [writer])[0] != writer:
                raise SessionConflict("another request holds this session")

    def take(self, key: str, writer: str) -> None:
        """Likewise, and hold it."""
        with self._moved:
            self.check(key, writer)
            self._queues.setdefault(key, deque([writer]))

    def release(self, key: str, writer: str) -> None:
        with self._moved:
            queue = self._queues.get(key)
            if queue and writer in queue:
                queue.remove(writer)
                if not queue:
                    del self._queues[key]
                self._moved.notify_all()
