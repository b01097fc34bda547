"""A module's tests are found by its path, and a file of tests says by its own what it is about."""

from collections.abc import Iterator
from pathlib import Path, PurePath

TESTS = Path(__file__).resolve().parent
PACKAGE = TESTS.parent / "demoapp"
ROOMS = ("db", "front", "lessons", "sessions", "shop")
"""Each has a folder of its own in tests/, and in there each of its folders may have one."""
COMMANDS = PurePath("scripts")
"""They are run, in processes: each has its tests in tests/integration/."""
ELSEWHERE = {
    # what needs processes or servers of its own
    "db/postgresql": "integration/test_databases.py",
    "db/ready": "integration/test_not_migrated.py",
    "scripts/port": "integration/test_serve.py",
    "sessions/database/purge": "integration/test_purge.py",
    "sessions/redis/sentinel": "integration/test_redis_sentinel.py",
    "shop/models": "integration/test_migrations.py",
    # what is a part of something that is tested as a whole
    "lessons/labs/layer": "lessons/labs/test_expire.py",
    "lessons/labs/restart": "lessons/labs/test_elsewhere.py",
    "sessions/factory": "sessions/test_saving_late.py",
    "sessions/interfaces": "sessions/test_contract.py",
    "sessions/redis/breaker": "sessions/test_outage.py",
    "sessions/redis/scripts": "sessions/test_contract.py",
    "shop/globals": "shop/test_page.py",
}
OF_NO_MODULE = {
    ".": ("mirror", "package_data", "pins", "rooms"),
    "sessions": ("alone", "contract", "guest", "machine", "outage", "starter", "trips"),
}
"""Files about the project, or about all stores."""


def modules() -> Iterator[PurePath]:
    """A package by the name of its folder. What is in folders that are linked is not among them."""
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).with_suffix("")
        if name == PurePath("__init__"):
            yield PurePath(PACKAGE.name)
        elif file.stat().st_size:
            yield name.parent if name.name == "__init__" else name


def found(module: PurePath) -> Iterator[Path]:
    """Beside one another; of a package without a folder in tests/, in one file for all of it."""
    folder = TESTS / ("integration" if module.parent == COMMANDS else module.parent)
    yield from folder.glob(f"test_{module.name}.py")
    yield from folder.glob(f"test_{module.name}_*.py")
    yield from (TESTS / module).glob("test_*.py")
    if not folder.is_dir():
        yield from found(module.parent)


def is_elsewhere(module: PurePath) -> bool:
    return any(str(path) in ELSEWHERE for path in (module, *module.parents))


def test_every_module_has_its_tests_where_its_path_says() -> None:
    assert [str(m) for m in modules() if not is_elsewhere(m) and not any(found(m))] == []


def test_what_is_elsewhere_is_there() -> None:
    assert [file for file in ELSEWHERE.values() if not (TESTS / file).is_file()] == []
    assert [name for name in ELSEWHERE if PurePath(name) not in set(modules())] == []
    assert [name for name in ELSEWHERE if any(found(PurePath(name)))] == []


def test_every_file_names_a_module_that_is_there() -> None:
    files = [*TESTS.glob("test_*.py")]
    files += [file for room in ROOMS for file in (TESTS / room).rglob("test_*.py")]
    known = set(modules())
    strangers = []
    for file in files:
        folder, name = file.relative_to(TESTS).parent, file.stem.removeprefix("test_")
        words = name.split("_")
        named = {folder / "_".join(words[:n]) for n in range(1, len(words) + 1)}
        whole = name == folder.name or name in OF_NO_MODULE.get(str(folder), ())
        if not whole and not named & known:
            strangers.append(str(file.relative_to(TESTS)))
    assert strangers == []
