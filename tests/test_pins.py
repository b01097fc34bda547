"""constraints.txt names all that pip would choose, on each Python that the project is for."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"


def needed(name: str, extras: frozenset[str], python: str, known: set[str]) -> Iterator[str]:
    """Names of what a package needs, and what that needs, as far as it is installed here."""
    try:
        found = [Requirement(line) for line in requires(name) or ()]
    except PackageNotFoundError:
        return
    here = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    for one in found:
        chosen = [{**here, "extra": extra} for extra in extras | {""}]
        if one.marker and not any(one.marker.evaluate(environment) for environment in chosen):
            continue
        if str(one) not in known:
            known.add(str(one))
            yield canonicalize_name(one.name)
            yield from needed(one.name, frozenset(one.extras), python, known)


@pytest.mark.parametrize("python", ["3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0"])
def test_every_version_is_pinned(python: str) -> None:
    lines = CONSTRAINTS.read_text().splitlines()
    pinned = {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}
    asked = set(needed("demoapp", frozenset({"test"}), python, set())) - {"demoapp"}
    assert len(asked) > 80
    assert asked - pinned == set()
