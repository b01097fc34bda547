"""docs/en/production.md and its twin say what is so."""

import re
from pathlib import Path

import pytest

from demoapp.sessions.redis.url import address_in
from demoapp.settings import _VARIABLE

ROOT = Path(__file__).parents[2]
PAGES = [(ROOT / "docs" / locale / "production.md").read_text() for locale in ("en", "ko")]
pytestmark = pytest.mark.parametrize("page", PAGES, ids=["en", "ko"])


def test_the_proxy_is_quoted_as_it_is_tested(page: str) -> None:
    assert "```{literalinclude} ../nginx.conf\n" in page


def test_every_url_of_redis_can_be_read(page: str) -> None:
    urls = re.findall(r"`((?:redis|unix)[a-z+]*://[^`]+)`", page)
    assert {address_in(url).kind for url in urls if not url.endswith("//")} == {
        "",
        "sentinel",
        "cluster",
    }


def test_every_variable_of_the_ini_file_is_set(page: str) -> None:
    wanted = set(_VARIABLE.findall((ROOT / "production.ini").read_text()))
    assert wanted == set(re.findall(r"^    export (\w+)=", page, re.MULTILINE))


def test_every_test_that_it_names_is_there(page: str) -> None:
    names = re.findall(r"`(?:tests/integration/)?(test_\w+\.py)`", page)
    assert len(names) >= 5
    assert all((ROOT / "tests" / "integration" / name).exists() for name in names)
