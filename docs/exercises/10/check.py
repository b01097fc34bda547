import subprocess
import sys
from pathlib import Path

from visitor import Red

ROOT = Path(__file__).parents[3]


def check(answer):
    """What the contract's own suite says of `purge`."""
    factory = ".".join(Path(answer.__file__).relative_to(ROOT).with_suffix("").parts)
    command = "-m pytest -q -p no:cacheprovider tests/sessions/test_contract.py -k purge"
    suite = [sys.executable, *command.split(), "--store", f"{factory}.in_files"]
    told = subprocess.run(suite, check=False, cwd=ROOT, capture_output=True, text=True).stdout
    failed = [line for line in told.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if failed:
        raise Red("\n".join(failed))
    if "no purge() of its own" in told:
        raise Red("the store has no purge() of its own")
    if " passed" not in told:
        raise Red(told)
