"""`make explore`: every schedule on every store; or `--schedule`, a printed one once more."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations_with_replacement as groups

from tests.explorer.operations import EXPIRE, OPERATIONS, Case
from tests.explorer.scheduler import Trail, explore
from tests.explorer.servers import Database, Redis
from tests.explorer.stores import Bed, Clock, Memory
from tests.explorer.world import Violation, World
from tests.servers import PostgresServer, RedisServer

STORES = ("memory", "redis", "sqlite", "postgresql")
NAMES = (*OPERATIONS, EXPIRE)


@contextmanager
def opened(store: str) -> Iterator[World]:
    """The store itself, its server started, with an application on it."""
    with ExitStack() as stack:
        bed: Bed = Memory()
        if store == "redis":
            bed = Redis(stack.enter_context(RedisServer()).url)
        elif store == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            bed = Database(f"sqlite:///{folder}/explorer.sqlite")
        elif store == "postgresql":
            server = stack.enter_context(PostgresServer())
            bed = Database(server.create_database("explorer"))
        world = World(bed, stack.enter_context(Clock()))
        stack.callback(world.close)
        yield world


def cases(size: int, faults: int) -> Iterator[Case]:
    """So many requests at once, of every kind, with at most so many faults."""
    for names in groups(NAMES, size):
        for start in ("guest", "member"):
            for rows in (True, False):
                yield Case(names, start, rows, faults)


def everything(store: str) -> Iterator[Case]:
    """All pairs; on memory, where it is quick, also three at once, and two faults."""
    if store == "memory":
        yield from cases(2, 2)
        yield from cases(3, 0)
    else:
        yield from cases(2, 1)


def play(world: World, case: Case) -> Iterator[Violation | None]:
    """Every schedule of it; what is wrong with it, if anything is."""
    wrong: list[Violation | None] = []

    def run(prefix: list[str]) -> Trail:
        try:
            trail = world.run(case, prefix)
        except Violation as err:
            wrong.append(err)
            return []
        wrong.append(None)
        return trail

    for _ in explore(run):
        yield wrong.pop()


def explore_store(store: str, most: int) -> int:
    """Returns how many schedules are wrong."""
    done = bad = 0
    with opened(store) as world:
        for case in everything(store):
            for err in play(world, case):
                done += 1
                bad += err is not None
                if err and bad <= most:
                    told(store, err)
    print(f"{store}: {done:,} schedules, {bad:,} violations", flush=True)
    return bad


def told(store: str, err: Violation) -> None:
    (schedule,) = err.__notes__
    print(f"{err}\n  make explore ARGS=\"--store {store} --schedule '{schedule}'\"", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make explore", description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="only this one")
    parser.add_argument("--schedule", help="one that was printed")
    parser.add_argument("--most", type=int, default=10, help="print so many violations a store")
    options = parser.parse_args()
    stores = options.store or STORES
    if options.schedule:
        return replay(stores[0], options.schedule)
    return int(sum(explore_store(store, options.most) for store in stores) > 0)


def replay(store: str, schedule: str) -> int:
    """One schedule, with what the layer has to log about it."""
    case, _, steps = schedule.partition(" / ")
    with opened(store) as world:
        world.tell = print
        try:
            world.run(Case.parse(case), steps.split())
        except Violation as err:
            print(f"violation: {err}")
            return 1
    print("no violation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
