"""What the application brings along, where it brings two databases or none."""

from pathlib import Path
from typing import Any

import pytest
from pyramid.config import Configurator
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from webtest import TestApp

from demoapp.sessions.database import metadata
from tests.sessions import host
from tests.sessions.bare import add_dbsession
from tests.sessions.host import LAYER, configure, count_notes, maker_on, open_engine
from tests.shops import SECRET

MANAGER = "pyramid_tm.explicit_manager"


def two_engines(folder: Path) -> tuple[Engine, Engine]:
    first, second = (open_engine(folder / name) for name in ("one.sqlite", "two.sqlite"))
    metadata.create_all(second)
    return first, second


def test_sessions_on_the_second_of_two_engines_S18(tmp_path: Path) -> None:
    """sessionmaker(binds=...): each table has a database of its own."""
    ours, theirs = two_engines(tmp_path)
    try:
        maker_on(ours)
        binds: dict[Any, Engine] = {
            host.Rows: ours,
            **dict.fromkeys(metadata.sorted_tables, theirs),
        }
        settings = {"session.strategy": "database", "tm.manager_hook": MANAGER}
        config = configure(sessionmaker(binds=binds), ["pyramid_tm", LAYER], settings)
        add_dbsession(config, sessionmaker(binds=binds))
        config.add_view(leave, name="leave", renderer="json")
        app = config.make_wsgi_app()
        browser = TestApp(app)
        assert [browser.get("/").json["count"] for _ in range(3)] == [1, 2, 3]
        assert count_notes(ours) == 3
        browser.get("/leave")
        assert browser.get("/").json["count"] == 1
    finally:
        ours.dispose()
        theirs.dispose()


def leave(request: Any) -> dict[str, Any]:
    request.session.invalidate()
    return {}


def test_database_without_a_dbsession_does_not_start_S18() -> None:
    with pytest.raises(Exception, match=r"request\.dbsession") as caught:
        with Configurator(
            settings={"session.strategy": "database", "session.secret": SECRET}
        ) as config:
            config.include(LAYER)
        config.make_wsgi_app()
    assert "\n" not in str(caught.value)
