"""Measure the four strategies on this machine, one after another in many short rounds.

The shop is called in this process, without a web server, so the figures are those of the
session and not of the network. Each round asks every strategy for the same requests, so that
a busy moment of the machine falls on all of them alike; the medians count. The session's own
time is what the shop reports in its Server-Timing header; the COMMIT of the request's database
transaction is not in there, but it is in the time of the whole request.

A strategy whose server cannot be reached is named as missing. Redis is the one that
`session.redis.url` of INI names, the database is that of `sqlalchemy.url`; run
`demoapp-init INI` first. The visits end with a logout, so nothing of them is kept.

Writes figures.json and plot.svg to var/compare/ beside INI, and the page /strategies shows them.
"""

import argparse
import logging
import platform
import re
import time
from collections import defaultdict
from importlib.metadata import version
from statistics import median
from typing import Any

from pyramid.request import Request

from demoapp import make_app
from demoapp.front.hosts import names_in
from demoapp.lessons.jar import fill_in, keep
from demoapp.lessons.strategies import figures
from demoapp.scripts import terminal
from demoapp.sessions.custom import DEFAULT
from demoapp.sessions.ini import SettingsError
from demoapp.settings import app_settings, resolve, told_in_a_line
from demoapp.shop.strategies import NAMES

ROUNDS, REQUESTS = 12, 15
SKU = "ujeon"
Samples = dict[tuple[str, str], list[tuple[float, float, int]]]
"""(strategy, act) -> (session ms, request ms, trips) of each request."""


class Unreachable(Exception):
    """Its server does not answer, or it cannot be set up as INI says."""


class Visit:
    """A visitor with a cart, on a shop of their own."""

    def __init__(self, strategy: str, settings: dict[str, Any]) -> None:
        # what INI plugs in as custom may be anything; here it is the signed cookie
        only = {"session.strategy": strategy, "session.custom.factory": DEFAULT}
        try:
            self._app = make_app({}, {**settings, **only, "session.migrate_from": ""})
        except SettingsError as err:
            raise Unreachable(str(err)) from err
        self._cookies: dict[str, str] = {}
        self._host = next(iter(names_in(self._app.registry.settings)), "localhost")
        try:
            ready = self.ask("/readyz")
            if ready.status_int != 200:
                raise Unreachable(f"{', '.join(ready.json['failing'])} cannot be reached")
            added = self.ask("/cart/items", sku=SKU)
            if added.status_int != 303:
                raise Unreachable("the shop has no products; run demoapp-init first")
        except Unreachable:
            self.close()
            raise

    def ask(self, path: str, **fields: str) -> Any:
        """A GET, or with fields a form that is posted."""
        request = Request.blank(path, base_url=f"http://{self._host}")
        request.registry = self._app.registry
        fill_in(request, self._cookies, fields or None)
        response = request.get_response(self._app)
        for header in response.headers.getall("Set-Cookie"):
            keep(self._cookies, header)
        return response

    def sample(self, act: str, number: int) -> tuple[float, float, int]:
        begun = time.perf_counter()
        if act == "read":
            answer = self.ask("/session.json")
        else:
            answer = self.ask(f"/cart/items/{SKU}", quantity=str(number % 9 + 1))
        whole = (time.perf_counter() - begun) * 1000
        header = answer.headers["Server-Timing"]
        spent = sum(float(ms) for ms in re.findall(r"dur=([0-9.]+)", header))
        return spent, whole, sum(int(count) for count in re.findall(r'"(\d+) trip', header))

    def leave(self) -> None:
        self.ask("/logout", leave="yes")
        self.close()

    def close(self) -> None:
        self._app.registry["dbsession_factory"].kw["bind"].dispose()


def measure(visits: dict[str, Visit]) -> Samples:
    samples: Samples = defaultdict(list)
    done, total = 0, ROUNDS * len(visits)
    for turn in range(ROUNDS):
        for name, visit in visits.items():
            for act in figures.ACTS:
                visit.sample(act, turn)  # warm up: the other strategies have had the caches
                samples[name, act] += [visit.sample(act, turn + n + 1) for n in range(REQUESTS)]
            done += 1
            terminal.show(done, total, name)
    terminal.end()
    return samples


def summary(samples: Samples, name: str) -> dict[str, Any]:
    result = {}
    for act in figures.ACTS:
        session, request, trips = zip(*samples[name, act], strict=True)
        result[act] = {
            "session_ms": round(median(session), 4),
            "request_ms": round(median(request), 4),
            "trips": int(median(trips)),
        }
    return result


def compare(settings: dict[str, Any]) -> dict[str, Any]:
    visits, missing = {}, {}
    for name in NAMES:
        try:
            visits[name] = Visit(name, settings)
        except Unreachable as err:
            missing[name] = {"missing": str(err)}
    try:
        samples = measure(visits)
    finally:
        for visit in visits.values():
            visit.leave()
    return {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(),
        "pyramid": version("pyramid"),
        "requests": ROUNDS * REQUESTS,
        "strategies": {name: missing.get(name) or summary(samples, name) for name in NAMES},
    }


def main(argv: list[str] | None = None) -> None:
    terminal.prepare()
    parser = argparse.ArgumentParser(
        prog="demoapp-compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ini", help="the ini file, such as development.ini")
    ini = parser.parse_args(argv).ini
    with told_in_a_line():
        resolve(settings := app_settings(ini))  # a variable that is missing is none of a strategy's
    logging.disable(logging.ERROR)  # a server that is missing is said below, once
    try:
        result = compare(settings)
    finally:
        logging.disable(logging.NOTSET)
    print("             read                change      session ms (whole request), round trips")
    for name, measured in result["strategies"].items():
        if "missing" in measured:
            print(f"{name:9}  missing: {measured['missing']}")
            continue
        cells = (
            f"{m['session_ms']:6.3f} ({m['request_ms']:6.2f}) {m['trips']}"
            for m in (measured[act] for act in figures.ACTS)
        )
        print(f"{name:9} ", "   ".join(cells))
    with told_in_a_line():
        for path in figures.save(result, ini):
            print(f"written: {path}")


if __name__ == "__main__":
    main()
