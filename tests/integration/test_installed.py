"""The shop as a wheel: in an environment of its own, its ini file and its folder elsewhere, and
nothing but var/ that may be written to.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
import redis

from tests.integration.client import Client
from tests.integration.conftest import ROOT
from tests.processes import answers_at, free_port, wait_until
from tests.proxy import Nginx, SecureClient, guess_until_refused
from tests.servers import PgBouncer, PostgresServer, RedisServer

PASSWORD = "a pine tree in snow"
SECRET = "Vq3-this-one-is-as-good-as-any-XW9x7"
PAGES = (
    "/",
    "/products/ujeon",
    "/cart",
    "/checkout",
    "/login",
    "/register",
    "/orders",
    "/account/sessions",
    "/session",
    "/session.json",
    "/strategies",
    "/strategies/redis",
    "/docs",
    "/docs/elsewhere",
)
MONITORING = ("/healthz", "/readyz", "/metrics")
TAUGHT = ("/labs", "/labs/race", "/labs/fixation")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the wheel; the packages that it needs are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    sources = folder / "sources"
    shutil.copytree(
        ROOT,
        sources,
        symlinks=True,
        ignore=shutil.ignore_patterns(".*", "var", "build", "*.egg-info", "__pycache__"),
    )
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(sources)]
    subprocess.run(wheel, check=True, capture_output=True, text=True)
    shutil.rmtree(sources)
    home = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(home)}))
    [built] = folder.glob("*.whl")
    install = [*pip, f"--python={home}/bin/python", "install", "--no-deps", str(built)]
    subprocess.run(install, check=True, capture_output=True, text=True)
    # the others' folder; the .pth files in it, and with them our sources, are not read
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    for path in [home, *home.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    yield home
    for path in [home, *home.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


class Place:
    """A folder with an ini file and an empty var/, which is all that may be written to."""

    def __init__(self, folder: Path, environment: Path, ini: str, **variables: str) -> None:
        self.folder, self.environment = folder, environment
        self.port = free_port()
        text = (ROOT / ini).read_text(encoding="utf-8")
        text = re.sub(r"^http_port = \d+$", f"http_port = {self.port}", text, flags=re.M)
        self.ini = folder / "etc" / "shop.ini"
        self.ini.parent.mkdir()
        self.ini.write_text(text, encoding="utf-8")
        (self.ini.parent / "var").mkdir()
        (folder / "elsewhere").mkdir()
        for path in (self.ini.parent, folder / "elsewhere"):
            path.chmod(0o555)
        self.variables = variables

    def popen(self, *command: str) -> "subprocess.Popen[str]":
        unwritable = ["setpriv", "--bounding-set=-dac_override"] if os.getuid() == 0 else []
        ours = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return subprocess.Popen(
            [*unwritable, self.environment / "bin" / command[0], *command[1:]],
            cwd=self.folder / "elsewhere",
            env=ours | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str) -> str:
        process = self.popen(*command)
        told, _ = process.communicate(timeout=60)
        assert process.returncode == 0, told
        return told


def stylesheets_and_pictures() -> list[str]:
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    assert len(files) > 50
    return [f"/{path.relative_to(ROOT)}" for path in files]


def ask_for_all(place: Place, pages: tuple[str, ...]) -> None:
    """Serve, and ask for every page and every file."""
    process = place.popen("python", "-m", "pyramid.scripts.pserve", str(place.ini))
    base_url = f"http://127.0.0.1:{place.port}"

    def answers() -> bool:
        with Client(base_url) as client:
            try:
                return client.get("/healthz").status == 200
            except OSError:
                return process.poll() is not None

    try:
        assert wait_until(answers, 30)
        assert process.poll() is None, process.stdout and process.stdout.read()
        with Client(base_url) as visitor:
            for path in (*pages, *stylesheets_and_pictures()):
                answer = visitor.get(path)
                assert answer.status in (200, 303), path
            visitor.cookies["locale"] = "ko"
            assert "장바구니" in visitor.get("/").text
    finally:
        process.terminate()
        told, _ = process.communicate(timeout=60)
    assert "Traceback" not in told


def test_a_wheel_is_all_it_takes_P1(environment: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, environment, "development.ini")
    place.run("python", "-m", "alembic", "-c", str(place.ini), "upgrade", "head")
    assert "30 products" in place.run("demoapp-init", str(place.ini))
    ask_for_all(place, (*PAGES, *MONITORING, *TAUGHT))


RIGHTS = re.compile(r"^    user teahouse on >PASSWORD (.+)$", re.MULTILINE)
"""What docs/en/production.md gives to the user of Redis."""


@pytest.fixture
def variables(
    redis_server: RedisServer, postgres_server: PostgresServer, pgbouncer: PgBouncer
) -> Iterator[dict[str, str]]:
    """Of production.ini: a user of Redis with few rights, a database behind PgBouncer."""
    [rights] = RIGHTS.findall((ROOT / "docs" / "en" / "production.md").read_text())
    postgres_server.create_database("whole")
    with redis.Redis.from_url(place := redis_server.url[:-1] + "7") as admin:
        admin.flushdb()
        admin.execute_command("ACL", "SETUSER", "teahouse", "on", ">p@ss/#1", *rights.split())
        yield {
            "SESSION_SECRET": SECRET,
            "REDIS_URL": place.replace("//", "//teahouse:p%40ss%2F%231@"),
            "DATABASE_URL": pgbouncer.url_of("whole"),
            "SHOP_HOSTS": "127.0.0.1",
        }
        admin.execute_command("ACL", "DELUSER", "teahouse")
    postgres_server.drop_database("whole")


@contextmanager
def served(place: Place, door: Path) -> Iterator[None]:
    """Until it is stopped, and without a word of complaint."""
    process = place.popen("python", "-m", "pyramid.scripts.pserve", str(place.ini))
    try:
        wait_until(
            lambda: process.poll() is not None or answers_at(door, "/readyz"), 30
        )  # as monitoring asks
        yield
    finally:
        process.terminate()
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert not re.search("Traceback|WARN|ERROR", told), told


def test_production_is_what_its_page_says_P1_P2_P3_P4(
    environment: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    """All at once: also behind nginx over a unix socket; a cart outlives the restart."""
    place = Place(tmp_path, environment, "production.ini", **variables)
    with TemporaryDirectory(prefix="teahouse-") as folder:  # tmp_path is too long for a socket
        door = Path(folder, "shop.sock")
        text = re.sub("^bind = .*", f"bind = unix:{door}", place.ini.read_text(), flags=re.M)
        place.ini.write_text(text)
        assert "30 products" in place.run("demoapp-init", str(place.ini))
        with Nginx(f"unix:{door}") as proxy, SecureClient(proxy, "127.0.0.9") as visitor:
            with served(place, door):
                fills_a_cart(visitor)
                guess_until_refused(proxy, "민지", PASSWORD)
            with served(place, door):
                orders_it(visitor)
                assert "2 sessions" in place.run("demoapp-sessions", str(place.ini), "count")


def fills_a_cart(visitor: SecureClient) -> None:
    registered = visitor.open().post("/register", username="민지", password=PASSWORD)
    session = registered.cookies_set["__Host-session"]
    flags = {part.strip() for part in session.split(";")[1:]}
    assert flags == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert visitor.add(quantity=2).status == 303


def orders_it(visitor: SecureClient) -> None:
    state = visitor.state()
    assert (state["user"], state["cart"]["quantity"]) == ("민지", 2)
    ordered = urlsplit(visitor.order(state["cart"]["id"]).location).path
    assert "민지" in visitor.get(ordered).text
    for path in (*PAGES, *stylesheets_and_pictures()):
        assert visitor.get(path).status in (200, 303), path
    assert {visitor.get(path).status for path in MONITORING} == {404}
    assert visitor.in_cart() == 0
