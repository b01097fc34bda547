from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, local

from visitor import same


class Shelf:
    """A store of one number. The first time, all twelve read before anybody writes."""

    def __init__(self):
        self.number, self.version, self.writes = 0, 1, 0
        self._lock, self._twelve, self._mine = Lock(), Barrier(12), local()

    def read(self):
        read = self.version, self.number
        if not hasattr(self._mine, "waited"):
            self._mine.waited = True
            self._twelve.wait(20)
        return read

    def write(self, version, number):
        with self._lock:
            if version != self.version:
                return False
            self.version, self.number = version + 1, number
            self.writes += 1
            return True


def check(answer):
    shelf = Shelf()
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(answer.add, [shelf] * 12))
    same("the number", shelf.number, 12)
    same("writes", shelf.writes, 12)
