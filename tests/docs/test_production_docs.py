"""docs/production.md says what is so."""

import re
from pathlib import Path

from demoapp.sessions.redis.url import address_in
from demoapp.settings import _VARIABLE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "production.md").read_text()


def test_the_proxy_is_quoted_as_it_is_tested() -> None:
    assert f"```nginx\n{(ROOT / 'docs' / 'nginx.conf').read_text()}```\n" in PAGE


def test_every_url_of_redis_can_be_read() -> None:
    urls = re.findall(r"`((?:redis|unix)[a-z+]*://[^`]+)`", PAGE)
    assert {address_in(url).kind for url in urls if not url.endswith("//")} == {
        "",
        "sentinel",
        "cluster",
    }


def test_every_variable_of_the_ini_file_is_set() -> None:
    wanted = set(_VARIABLE.findall((ROOT / "production.ini").read_text()))
    assert wanted == set(re.findall(r"^    export (\w+)=", PAGE, re.MULTILINE))


def test_every_test_that_it_names_is_there() -> None:
    names = re.findall(r"`(?:tests/integration/)?(test_\w+\.py)`", PAGE)
    assert len(names) >= 5
    assert all((ROOT / "tests" / "integration" / name).exists() for name in names)
