"""`python -m demoapp.scripts.port INI`: say where the shop will be, or that its port is taken.

`make serve` asks first: pserve --reload would wait for a file to change instead of ending.
"""

import sys

import plaster

from demoapp.front.serving import addresses, for_waitress, refuse_taken
from demoapp.scripts import terminal
from demoapp.sessions.ini import SettingsError
from demoapp.settings import readable, told_in_a_line


def main(ini: str) -> None:
    """Exit with a message if another program listens where the shop would."""
    with told_in_a_line():
        with readable(ini):
            server = plaster.get_settings(ini, "server:main")
        if not server:
            raise SettingsError(f"{ini}: it has no [server:main]")
        _, options = for_waitress(server)
        refuse_taken(options)
    for address in addresses(options):
        print(f"The shop will be at http://{address} (Ctrl-C stops it).", flush=True)


if __name__ == "__main__":
    terminal.prepare()
    main(sys.argv[1])
