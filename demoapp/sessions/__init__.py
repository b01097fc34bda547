"""Sessions for Pyramid, kept where one ini line says: `config.include("demoapp.sessions")`.

This package knows nothing of the shop around it and may be used without it. It needs
pyramid_tm and pyramid_retry, which it includes, and the `session.*` settings.

- settings.py, ini.py    the ini keys, typed and checked
- interfaces.py          the contract of a store, the record, the errors
- factory.py             where `request.session` comes from
- session.py             the session as a view meets it
- finding.py, saving.py  how it is found, from the cookie; when it is saved
- ids.py, cookie.py, text.py    ids and what binds them, the cookie, the JSON
- turns.py               first come, first served, within one process
- memory.py, redis/, database/, custom.py    one strategy each, named as in the ini file
- migration/             keeping visitors logged in when the strategy is changed
"""

from typing import Any

from demoapp.sessions.factory import at_the_start, refuse_another
from demoapp.sessions.settings import SessionSettings

STRATEGIES = {
    "memory": "demoapp.sessions.memory",
    "redis": "demoapp.sessions.redis",
    "database": "demoapp.sessions.database",
    "custom": "demoapp.sessions.custom",
}
"""The whole switch: the ini value, and the module that is included for it."""


def includeme(config: Any) -> None:
    settings = SessionSettings.read(config.registry.settings, STRATEGIES)
    config.registry["session.settings"] = settings
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    at_the_start(config.registry, refuse_another)
    config.include(STRATEGIES[settings.strategy])
    if settings.migrate_from:
        config.include("demoapp.sessions.migration")
