"""Every wrong value ends start-up with one readable line that names key, value and remedy."""

import pytest

from demoapp.sessions import STRATEGIES
from demoapp.sessions.ini import SettingsError
from demoapp.sessions.settings import KEYS, SessionSettings
from tests.sessions.beds import open_app
from tests.shops import SECRET

GOOD = {"session.strategy": "memory", "session.secret": SECRET}

WRONG = [
    ("session.strategy", "", "is not set"),
    ("session.strategy", "Redis", "is not one of: memory, redis, database, custom"),
    ("session.strategy", "files", "is not one of: memory, redis, database, custom"),
    ("session.secret", "", "is not set"),
    ("session.secret", "x" * 31, "has 31 characters, it needs at least 32"),
    ("session.secret", f"{SECRET}\nshort", "has 5 characters"),
    ("session.cookie_name", "a b", "may hold letters, digits, - and _ only"),
    ("session.cookie_name", "a;b", "may hold"),
    ("session.cookie_name", "세션", "may hold"),
    ("session.cookie_name", "x" * 65, "may hold"),
    ("session.cookie_secure", "yes", "is not one of: auto, true, false"),
    ("session.idle_timeout", "0", "is not a number of at least 1 seconds"),
    ("session.idle_timeout", "-5", "is not a number of at least 1 seconds"),
    ("session.idle_timeout", "20 min", "is not a number"),
    ("session.idle_timeout", "nan", "is not a number"),
    ("session.idle_timeout", "inf", "is not a number"),
    ("session.idle_timeout", "1e3", "is not a number"),
    ("session.idle_timeout", "1_200", "is not a number"),
    ("session.idle_timeout", "１２００", "is not a number"),
    ("session.idle_timeout", "9" * 13, "is not a number"),
    ("session.idle_timeout", "43201", "is longer than session.absolute_timeout = 43200"),
    ("session.absolute_timeout", "x", "is not a number"),
    ("session.absolute_timeout", "600", "session.idle_timeout = 1200 is longer than"),
    ("session.touch_interval", "-1", "is not a number of at least 0 seconds"),
    ("session.touch_interval", "1200", "must be shorter than session.idle_timeout = 1200"),
    ("session.max_bytes", "255", "is not a whole number of at least 256"),
    ("session.max_bytes", "1000.5", "is not a whole number"),
    ("session.max_bytes", "64k", "is not a whole number"),
    ("session.wait_timeout", "0", "is not a number of at least 1 seconds"),
    ("session.memory.max_sessions", "0", "is not a whole number of at least 1"),
    ("session.idel_timeout", "1200", "is not a known setting"),
    ("session.timeout", "1200", "is not a known setting"),
    ("session.migrate_from", "files", "is not one of"),
    ("session.migrate_from", "memory", "is the strategy in use"),
]


@pytest.mark.parametrize(("key", "value", "why"), WRONG)
def test_wrong_value_is_told_in_one_line_H5(key: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_app({**GOOD, key: value})
    message = str(caught.value)
    assert why in message
    assert key in message
    assert "\n" not in message
    if key == "session.secret":
        assert SECRET not in message
        assert "x" * 31 not in message
    elif value and "known" not in why:
        assert value in message or f"{float(value):g}" in message


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("session.redis.url", "localhost:6379", "cannot be used"),
        ("session.redis.url", "http://localhost", "cannot be used"),
        ("session.redis.url", "redis://localhost:port/0", "cannot be used"),
        ("session.redis.url", "redis://localhost/?no_such_option=1", "cannot be used"),
        ("session.redis.url", "redis://localhost/?socket_timeout=soon", "cannot be used"),
        ("session.redis.timeout", "0", "is not a number of at least 0.01 seconds"),
        ("session.redis.timeout", "fast", "is not a number"),
    ],
)
def test_wrong_redis_setting_is_told_in_one_line_H5(key: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError, match=key) as caught:
        open_app({**GOOD, "session.strategy": "redis", key: value})
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_password_in_a_wrong_url_is_not_told_H5() -> None:
    url = "redis://:pass-word@localhost:port/0"
    with pytest.raises(SettingsError) as caught:
        open_app({**GOOD, "session.strategy": "redis", "session.redis.url": url})
    assert "pass-word" not in str(caught.value)


def test_defaults_are_those_of_the_contract() -> None:
    settings = SessionSettings.read(GOOD, STRATEGIES)
    assert settings == SessionSettings(
        strategy="memory",
        secrets=(SECRET,),
        cookie_name="session",
        cookie_secure=None,
        idle_timeout=1200,
        absolute_timeout=43200,
        touch_interval=60,
        max_bytes=65536,
        wait_timeout=20,
        migrate_from=None,
    )


@pytest.mark.parametrize("between", ["\n", " "])
def test_values_are_read_as_an_ini_file_gives_them(between: str) -> None:
    """A variable of the environment has no line ends in it: there a blank must do."""
    other = "y" * 32
    settings = SessionSettings.read(
        {
            **GOOD,
            "session.secret": f"\n{SECRET}{between}{other}\n",
            "session.cookie_secure": " true ",
            "session.idle_timeout": " 0090.5 ",
            "session.touch_interval": "0",
        },
        STRATEGIES,
    )
    assert settings.secrets == (SECRET, other)
    assert settings.cookie_secure is True
    assert settings.idle_timeout == 90.5
    assert settings.touch_interval == 0


def test_unknown_key_lists_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        open_app({**GOOD, "session.colour": "red"})
    for key in KEYS:
        assert key in str(caught.value)


def test_keys_of_others_are_left_alone() -> None:
    open_app(
        {**GOOD, "sessions.type": "x", "redis.sessions.secret": "x", "beaker.session.type": ""}
    )
