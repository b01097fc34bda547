"""Exercise 3. Remembers when somebody was here first. `since` returns a datetime, in UTC."""

from datetime import UTC, datetime


def remember(session):
    session["since"] = datetime.now(UTC).isoformat()


def since(session):
    return datetime.fromisoformat(session["since"])
