"""Options of `session.redis.url`: each works, or stops the start."""

import pytest

from demoapp.sessions.ini import SettingsError
from tests.sessions.bare import Place, open_bare
from tests.sessions.redis.asking import listed, log_in, log_out
from tests.sessions.visitor import Visitor


@pytest.mark.parametrize(
    "option",
    [
        "decode_responses=true",
        "encoding=utf-16",  # hiredis sends UTF-8 all the same
        "encoding=latin-1",
        "encoding_errors=ignore",
        "protocol=2",
        "protocol=3",
        "health_check_interval=1",
        "retry_on_timeout=true",
        "client_name=tea",
    ],
)
def test_option_of_the_url_works_or_stops_the_start_H5_P4(place: Place, option: str) -> None:
    url = f"{place.settings['session.redis.url']}?{option}"
    try:
        visitor = Visitor(open_bare({**place.settings, "session.redis.url": url}))
    except SettingsError as err:
        assert "session.redis.url" in str(err)
        assert "\n" not in str(err)
        return
    visitor.put(tea="만두")
    log_in(visitor)
    visitor.put(b=2)
    assert visitor.data() == {"tea": "만두", "user": "7", "b": 2}
    assert listed(visitor, "7") == 1
    log_out(visitor)
    assert visitor.data() == {}
