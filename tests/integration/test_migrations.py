"""The tables that migrations make are those of the models, on both databases."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import inspect

from alembic import command
from demoapp.db import make_engine
from tests.integration.conftest import DEVELOPMENT, ROOT
from tests.processes import Shop


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/folder/empty.sqlite"
    server = request.getfixturevalue("postgres_server")
    return str(server.create_database(f"empty_{tmp_path.name}"))


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_up_down_and_up_again_gives_the_models(empty_url: str) -> None:
    shop = Shop(DEVELOPMENT, settings={"sqlalchemy.url": empty_url})
    try:
        config = Config(shop.ini)
        command.upgrade(config, "head")
        first = tables(empty_url)
        assert {"product", "purchase", "session", "user_account"} <= first
        command.check(config)  # raises if the models differ
        command.downgrade(config, "base")
        assert tables(empty_url) == set()
        command.upgrade(config, "head")
        assert tables(empty_url) == first
        command.check(config)
    finally:
        shop.close()


def test_alembic_works_by_itself_from_the_folder_of_the_project(tmp_path: Path) -> None:
    shutil.copy(DEVELOPMENT, tmp_path)
    shutil.copytree(ROOT / "alembic", tmp_path / "alembic")
    subprocess.run(
        [Path(sys.prefix, "bin", "alembic"), "-c", "development.ini", "upgrade", "head"],
        cwd=tmp_path,
        check=True,
    )
    assert "session" in tables(f"sqlite:///{tmp_path}/var/demoapp.sqlite")
