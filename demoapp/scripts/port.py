"""`python -m demoapp.scripts.port INI`: say where the shop will be, or that its port is taken.

`make serve` asks first: pserve --reload would wait for a file to change instead of ending.
"""

import sys

import plaster

from demoapp.front.serving import refuse_taken
from demoapp.scripts import terminal


def main(ini: str) -> None:
    """Exit with a message if another program listens where the shop would."""
    listen = plaster.get_settings(ini, "server:main")["listen"]
    refuse_taken(listen)
    for address in listen.split():
        print(f"The shop will be at http://{address} (Ctrl-C stops it).", flush=True)


if __name__ == "__main__":
    terminal.prepare()
    main(sys.argv[1])
