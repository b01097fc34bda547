"""The two servers, waitress and gunicorn, with their own options in the ini file.

    [server:main]
    use = call:demoapp.front.serving:make_server        or make_gunicorn
    listen = localhost:6543
    trusted_proxy = 127.0.0.1       as demoapp.front.proxy has it; production.ini has its filter

As in [app:main], `${NAME}` is a variable of the environment.

waitress gets an end: on SIGTERM it answers what has begun, then stops (exit status 0). By itself
it knows Ctrl-C alone; SIGTERM, which is what every supervisor sends, would kill it with requests
half done.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from waitress import create_server
from waitress.adjustments import Adjustments
from waitress.wasyncore import close_all, loop

from demoapp.front.proxy import behind_proxy
from demoapp.sessions.ini import SettingsError
from demoapp.settings import resolve, told_in_a_line

PATIENCE = 30
"""Seconds for what has begun; gunicorn's graceful_timeout in production.ini is the same."""
POLL = 0.2
"""Seconds after which a signal is noticed at the latest."""
UNBELIEVING = {"forwarded_allow_ips": "", "forwarder_headers": "", "secure_scheme_headers": {}}
"""For gunicorn: whom and what to believe is decided in demoapp.front.proxy."""
HIGHEST_PORT = 65535
READ = ("x-forwarded-for", "x-forwarded-proto")


def make_server(global_conf: Any, **given: str) -> Callable[[Any], None]:
    """waitress, for PasteDeploy."""
    with told_in_a_line():
        front, options = for_waitress(given)
        refuse_taken(options)

    def serve(app: Any) -> None:
        sockets: dict[int, Any] = {}
        with no_success(), told_in_a_line():
            try:
                server = create_server(front(app), map=sockets, **options)
            except OSError as err:  # of a unix socket; ports were tried before
                raise SettingsError(f"{addresses(options)[0]}: {err.strerror or err}") from err
        server.print_listen("Serving on http://{}:{}")
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopping.set())
        try:
            while not stopping.is_set():
                loop(POLL, map=sockets, count=1)
            finish(sockets)
        except KeyboardInterrupt:
            pass
        server.task_dispatcher.shutdown()
        close_all(sockets)

    return serve


def make_gunicorn(global_conf: Any, **given: str) -> Callable[[Any], None]:
    """gunicorn, for PasteDeploy: as `egg:gunicorn#main`, but for what is told by proxies."""
    with told_in_a_line():
        front, options = for_gunicorn(given)

    def serve(app: Any) -> None:
        from gunicorn.app import pasterapp  # where waitress serves, it is not installed

        with no_success():
            pasterapp.serve(front(app), global_conf, **options)

    return serve


@contextmanager
def no_success() -> Iterator[None]:
    """pserve would catch SystemExit and end with 0, and no supervisor start the shop again."""
    try:
        yield
    except SystemExit as ended:
        if ended.code:
            sys.stderr.flush()
            os._exit(ended.code if isinstance(ended.code, int) else 1)


def for_waitress(given: Mapping[str, str]) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """What to put around the application, and waitress's own options."""
    options = resolve({key: value for key, value in given.items() if key != "use"})
    refuse_wrong_ports(addresses(options))
    headers = options.pop("trusted_proxy_headers", "").lower().split()
    if wrong := set(headers) - set(READ):
        raise SettingsError(f"trusted_proxy_headers: {min(wrong)} is not one of: {', '.join(READ)}")
    if "trusted_proxy_count" in options:
        raise SettingsError("trusted_proxy_count is not read; name every proxy in trusted_proxy")
    front = behind(options, over_socket="unix_socket" in options)
    # they are for demoapp.front.proxy, which drops them
    options["clear_untrusted_proxy_headers"] = "false"
    return front, options


def for_gunicorn(given: Mapping[str, str]) -> tuple[Callable[[Any], Any], dict[str, Any]]:
    """The same for gunicorn."""
    options = resolve(given)
    if not (processes := os.environ.get("WEB_CONCURRENCY", "1")).isdecimal():
        raise SettingsError(f"WEB_CONCURRENCY = {processes!r} is not a whole number")
    where = options.get("bind") or options.get("host") or ""
    refuse_wrong_ports(where.split(","))
    return behind(options, over_socket="unix:" in where), {**options, **UNBELIEVING}


def behind(options: dict[str, Any], over_socket: bool) -> Callable[[Any], Any]:
    """Takes `trusted_proxy` out of the options; without it the application may have a filter."""
    trusted = options.pop("trusted_proxy", "")
    return behind_proxy(trusted) if trusted or over_socket else lambda app: app


def addresses(options: Mapping[str, str]) -> list[str]:
    """Where waitress will listen, as the ini file has it."""
    if path := options.get("unix_socket"):
        return [f"unix:{path}"]
    if listen := options.get("listen"):
        return listen.split()
    return [f"{options.get('host', '0.0.0.0')}:{options.get('port', '8080')}"]  # noqa: S104


def refuse_wrong_ports(where: Sequence[str]) -> None:
    """waitress would listen at another one, and gunicorn end in a traceback."""
    for address in where:
        port = address.rpartition(":")[2]
        if port.isdigit() and int(port) > HIGHEST_PORT:
            raise SettingsError(f"[server:main]: {port} is no port; the highest is {HIGHEST_PORT}")


def refuse_taken(options: Mapping[str, Any]) -> None:
    """Exit with a line that helps if another program listens at one of these addresses."""
    try:
        adjustments = Adjustments(**options)
    except ValueError as err:
        raise SettingsError(f"[server:main]: {err}") from err
    if adjustments.unix_socket:
        return
    for family, kind, protocol, where in adjustments.listen:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as waitress does
            try:
                probe.bind(where)
                probe.listen()
            except OSError as err:
                raise SystemExit(
                    f"Port {where[1]} cannot be used: {err.strerror}. Stop the program that "
                    "listens there, or set another http_port in the ini file."
                ) from err


def finish(sockets: dict[int, Any]) -> None:
    """Take no new connection, and close each one when it has nothing more to say."""
    for listener in [one for one in sockets.values() if one.accepting]:
        listener.del_channel()
        listener.socket.close()
    end = time.monotonic() + PATIENCE
    while (channels := _channels(sockets)) and time.monotonic() < end:
        for channel in channels:
            if not (channel.requests or channel.request or channel.total_outbufs_len):
                channel.handle_close()
        loop(POLL, map=sockets, count=1)


def _channels(sockets: dict[int, Any]) -> list[Any]:
    """The visitors' connections; the rest of the map only wakes the loop up."""
    return [one for one in sockets.values() if hasattr(one, "total_outbufs_len")]
