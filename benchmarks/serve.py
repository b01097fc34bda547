"""`python -m benchmarks.serve NUMBER PORT THREADS REDIS POSTGRESQL FOLDER`: one contender."""

import logging
import sys
from pathlib import Path

import waitress

from benchmarks.contenders import CONTENDERS, Places, make_app

if __name__ == "__main__":
    number, port, threads, redis, postgresql, folder = sys.argv[1:]
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # more clients than threads: meant
    app = make_app(CONTENDERS[int(number)], Places(redis, postgresql, Path(folder)))
    listen = {"host": "127.0.0.1", "port": int(port), "connection_limit": 500}
    waitress.serve(app, threads=int(threads), _quiet=True, **listen)
