"""waitress, with an end: on SIGTERM it answers what has begun, then stops (exit status 0).

By itself it knows Ctrl-C alone; SIGTERM, which is what every supervisor sends, would kill it with
requests half done. In the ini file, with waitress's own options:

    [server:main]
    use = call:demoapp.front.serving:make_server
    listen = localhost:6543
"""

import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress import create_server
from waitress.wasyncore import close_all, loop

PATIENCE = 30
"""Seconds for what has begun; gunicorn's graceful_timeout in production.ini is the same."""
POLL = 0.2
"""Seconds after which a signal is noticed at the latest."""


def make_server(global_conf: Any, **options: str) -> Callable[[Any], None]:
    """For PasteDeploy."""
    refuse_taken(options.get("listen", ""))

    def serve(app: Any) -> None:
        sockets: dict[int, Any] = {}
        server = create_server(app, map=sockets, **options)
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


def refuse_taken(listen: str) -> None:
    """Exit with a line that helps if another program listens at one of these addresses."""
    for address in listen.split():
        host, _, port = address.rpartition(":")
        for family, kind, protocol, _, where in socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as waitress does
                try:
                    probe.bind(where)
                    probe.listen()
                except OSError as err:
                    raise SystemExit(
                        f"Port {port} cannot be used: {err.strerror}. Stop the program that "
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
