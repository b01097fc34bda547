"""Exercise 3. Remember when somebody was here first. `since` returns a datetime, in UTC."""

from datetime import UTC, datetime


def remember(session):
    session["since"] = datetime.now(UTC)


def since(session):
    return session["since"]
