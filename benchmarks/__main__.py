"""How fast are sessions, ours and those of the other libraries? `make bench`

All are measured in the same application, in turn, on a Redis and a PostgreSQL that are started for
it. It takes about fifteen minutes, with --quick two, and wants the machine for itself. Writes
docs/benchmarks.json, docs/img/benchmark.svg and benchmarks.md in docs/en and docs/ko (--quick:
nothing), and says of each target whether it is met.
"""

import argparse
import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import counted, growth, in_process, report, under_load
from benchmarks.contenders import CONTENDERS, LEAST, Contender, Places, make_app
from demoapp.scripts import terminal
from tests.servers import PostgresServer, RedisServer

PACKAGES = (
    "pyramid", "pyramid_tm", "pyramid_retry", "redis", "hiredis", "SQLAlchemy", "zope.sqlalchemy",
    "psycopg", "waitress", "pyramid_session_redis", "pyramid_beaker", "Beaker",
)  # fmt: skip
SHARED = ("redis", "sqlite", "postgresql")
"""What two processes share."""


def name_of(contender: Contender) -> str:
    return f"{contender.kind}: {contender.name}"


def measure(places: Places, quick: bool) -> dict[str, Any]:
    growth.create_tables(places)
    apps = {name_of(one): make_app(one, places) for one in CONTENDERS}
    result: dict[str, Any] = {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "versions": {name: version(name) for name in PACKAGES},
        "in_process": in_process.measure(apps, 4 if quick else 24, terminal.show),
    }
    terminal.end()
    with counted.counting():
        visitors = {
            name: in_process.Visitor(app) for name, app in apps.items() if "none" not in name
        }
        result["trips"] = {name: counted.trips(visitor) for name, visitor in visitors.items()}
    result["hot"] = counted.updates(places)
    result["under_load"], result["kept"] = _under_load(places, quick)
    result["bytes"] = _bytes(places, quick)
    result["growth"] = _growth(places, quick)
    return result


def _under_load(places: Places, quick: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    told, rates, kept = [places.redis, places.postgresql, str(places.folder)], {}, {}
    for number, one in enumerate(CONTENDERS):
        if one.kind == "none":
            continue
        terminal.show(number, len(CONTENDERS), f"under waitress: {name_of(one)}")
        with under_load.served(number, told) as port:
            seconds = 0.5 if quick else 2.0
            turns = [
                {act: under_load.rate(port, act, seconds) for act in ("read", "add")}
                for _ in range(1 if quick else 3)
            ]
            rates[name_of(one)] = {
                act: round(sorted(turn[act] for turn in turns)[len(turns) // 2], 1)
                for act in ("read", "add")
            }
        with under_load.served(number, told) as first, under_load.served(number, told) as second:
            ports = [first, second] if one.kind in SHARED else [first]
            kept[name_of(one)] = under_load.adds_kept(ports, clients=20, adds=200)
    terminal.end()
    return rates, kept


def _bytes(places: Places, quick: bool) -> dict[str, Any]:
    result = {}
    for one in CONTENDERS:
        if one.kind in SHARED and one.name != LEAST:
            terminal.show(0, 1, f"bytes a session: {name_of(one)}")
            many = 100_000 if one.kind == "redis" else 10_000
            result[name_of(one)] = counted.bytes_a_session(one, places, 500 if quick else many)
    terminal.end()
    return result


def _growth(places: Places, quick: bool) -> dict[str, Any]:
    ours = {name_of(one): one for one in CONTENDERS if one.ours}
    kept = {name: one for name, one in ours.items() if one.kind != "cookie"}
    counts = [10, 1_000] if quick else [10, 1_000, 100_000, 1_000_000]
    clients = [1, 8] if quick else [1, 8, 32, 128]
    told, parts = [places.redis, places.postgresql, str(places.folder)], {}
    parts["sessions"] = {
        name: growth.with_sessions(one, places, counts) for name, one in kept.items()
    }
    parts["bytes"] = {
        name: growth.with_bytes(one, places, [1_000, 16_000, 64_000]) for name, one in kept.items()
    }
    many: dict[str, Any] = {}
    for name, one in kept.items():
        terminal.show(0, 1, f"clients of one session: {name}")
        number = CONTENDERS.index(one)
        many[name] = {}
        for count in clients:
            with under_load.served(number, told, threads=32) as port:
                many[name][str(count)] = under_load.adds_kept([port], count, 10 * count)
    parts["clients"] = many
    terminal.end()
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, and nothing is written")
    quick = parser.parse_args().quick
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer() as redis,
        PostgresServer() as postgres,
    ):
        places = Places(redis.url, postgres.create_database("bench"), Path(folder))
        result = measure(places, quick)
    for line in report.lines(result):
        print(line)
    for path in [] if quick else report.save(result):
        print(f"written: {path}")


if __name__ == "__main__":
    main()
