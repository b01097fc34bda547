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
    waitress.serve(app, host="127.0.0.1", port=int(port), threads=int(threads), _quiet=True)
