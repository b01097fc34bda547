"""The session layer needs nothing of the shop: it can be copied into any application."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "demoapp" / "sessions"

BARE = """
import sys
from pyramid.config import Configurator
from pyramid.request import Request
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
import zope.sqlalchemy

settings = {"session.strategy": sys.argv[1], "session.secret": "s" * 32}
if sys.argv[1] == "redis":
    settings["session.redis.url"] = sys.argv[2]

def dbsession(request):
    session = factory()
    zope.sqlalchemy.register(session, transaction_manager=request.tm)
    return session

def view(request):
    request.session["cart"] = [*request.session.get("cart", []), 1]
    return request.session["cart"]

with Configurator(settings=settings) as config:
    config.include("demoapp.sessions")
    if sys.argv[1] == "database":
        from demoapp.sessions.database import metadata
        engine = create_engine(sys.argv[2])
        metadata.create_all(engine)
        factory = sessionmaker(engine)
        config.add_request_method(dbsession, reify=True)
    config.add_route("home", "/")
    config.add_view(view, route_name="home", renderer="json")
app = config.make_wsgi_app()
cookie = ""
for number in 1, 2, 3:
    answer = Request.blank("/", headers={"Cookie": cookie}).get_response(app)
    cookie = answer.headers.get("Set-Cookie", cookie).split(";")[0]
    assert answer.json == [1] * number, answer.text
if sys.argv[1] == "database":
    engine.dispose()
import demoapp
assert demoapp.__file__.startswith(sys.path[0]), demoapp.__file__
print("done")
"""


def test_imports_nothing_of_the_shop() -> None:
    files = list(PACKAGE.glob("*.py"))
    assert len(files) > 8
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                assert not name.startswith("demoapp") or name.startswith("demoapp.sessions"), file


@pytest.mark.parametrize("strategy", ["memory", "redis", "database", "custom"])
def test_works_copied_into_a_bare_application(
    strategy: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = ""
    if strategy == "redis":
        where = request.getfixturevalue("redis_server").url
    if strategy == "database":
        where = f"sqlite:///{tmp_path / 'x.sqlite'}"
    copy = tmp_path / "demoapp"
    shutil.copytree(PACKAGE, copy / "sessions")
    (copy / "__init__.py").touch()
    script = tmp_path / "bare.py"
    script.write_text(BARE)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, strategy, where],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
