"""The session layer of the ini file once more, with other settings, for one lab."""

from typing import Any

from pyramid.config import Configurator
from pyramid.interfaces import ISessionFactory


def another_layer(registry: Any, changes: dict[str, str]) -> Any:
    """A session factory by the same code as the shop's own, with `changes` to its settings."""
    alone = {"session.migrate_from": ""}
    config = Configurator(settings={**registry.settings, **alone, **changes})
    config.include("demoapp.sessions")
    config.commit()
    return config.registry.getUtility(ISessionFactory)
