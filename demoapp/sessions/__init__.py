"""Sessions for Pyramid, kept where one ini line says: `config.include("demoapp.sessions")`.

This package knows nothing of the shop around it and may be used without it. It needs
pyramid_tm and pyramid_retry, which it includes, and the `session.*` settings.

- settings.py      the ini keys, typed and checked
- interfaces.py    the contract of a store, the record, the errors
- session.py       the session as a view meets it: Pyramid's ISession over a dict
- keeping.py       how its data is loaded when asked for, and what of it is written when
- transaction.py   its part in the request's transaction
- cookie.py, text.py, privacy.py, timing.py    the cookie, the JSON, Cache-Control, Server-Timing
- migration.py     keeping visitors logged in when the strategy is changed
- purge.py         deleting the expired rows of the database strategy
- memory.py, redis.py, database.py, custom.py    one strategy each, named as in the ini file
"""

from typing import Any

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
    # it would load the session on every request, outside the reach of exception views
    config.registry.settings.setdefault("tm.annotate_user", "false")
    config.registry.settings.setdefault("tm.manager_hook", "pyramid_tm.explicit_manager")
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    config.include(STRATEGIES[settings.strategy])
    config.add_subscriber("demoapp.sessions.privacy.keep_private", "pyramid.events.NewResponse")
    config.add_subscriber("demoapp.sessions.timing.tell", "pyramid.events.NewResponse")
