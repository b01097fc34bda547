"""`python -m demoapp.scripts.port INI`: say where the shop will be, or that its port is taken.

`make serve` asks first: pserve --reload would print a traceback and wait for a file to change.
"""

import socket
import sys

import plaster


def main(ini: str) -> None:
    """Exit with a message if another program listens where the shop would."""
    server = plaster.get_settings(ini, "server:main")
    for address in server["listen"].split():
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
                        f"listens there, or set another http_port in {ini}."
                    ) from err
        print(f"The shop will be at http://{address} (Ctrl-C stops it).", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
