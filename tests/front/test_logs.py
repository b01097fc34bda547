"""What is in a log line, and what is not."""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from demoapp.front.logs import JsonFormatter, TextFormatter, current_id
from tests.shops import Visitor


def record(message: str, *arguments: Any, **values: Any) -> logging.LogRecord:
    made = logging.LogRecord("tea", logging.WARNING, __file__, 1, message, arguments, None)
    made.__dict__.update(values)
    return made


def test_a_line_is_one_json_object() -> None:
    formatter = JsonFormatter("%(message)s", None, "%")  # as logging.config calls it
    line = formatter.format(record("두 줄:\n%s", "차", fields={"status": 200}))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "WARNING",
        "logger": "tea",
        "request_id": "-",
        "message": "두 줄:\n차",
        "status": 200,
    }


def test_a_traceback_stays_in_its_line() -> None:
    try:
        raise ValueError("cold")
    except ValueError:
        line = JsonFormatter().format(record("tea", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("ValueError: cold")


def test_a_text_may_name_the_request() -> None:
    token = current_id.set("abc")
    try:
        assert TextFormatter("[%(request_id)s] %(message)s").format(record("tea")) == "[abc] tea"
    finally:
        current_id.reset(token)


def test_a_line_for_each_request_without_what_was_typed(
    shop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(shop)
    with caplog.at_level(logging.INFO, "demoapp.access"):
        visitor.get("/products/ujeon?q=private")
        visitor.get("/private-path")
        visitor.log_in("private-name")
    lines = [r.getMessage() for r in caplog.records if r.name == "demoapp.access"]
    assert [line.split(" ", 3)[:3] for line in lines] == [
        ["GET", "product", "200"],
        ["GET", "-", "404"],
        ["GET", "cart", "200"],
        ["POST", "login", "400"],
    ]
    assert "private" not in caplog.text


def test_after_a_request_the_thread_has_no_number(shop: Any) -> None:
    Visitor(shop).get("/cart")
    assert current_id.get() == "-"


def test_an_error_of_the_database_does_not_log_its_values_S2(
    start_shop: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    shop = start_shop("database")
    visitor = Visitor(shop)
    visitor.send("/cart/items", sku="ujeon")
    token = visitor.token()
    with shop.registry["dbsession_factory"].begin() as session:
        session.execute(text("ALTER TABLE user_account RENAME COLUMN password_hash TO other"))
    fields = {"username": "haneul", "password": "a good password", "csrf_token": token}
    assert visitor.post("/register", fields).status_int in (500, 503)
    assert "password_hash" in caplog.text  # the statement is there
    for secret in ("a good password", "haneul", "argon2"):
        assert secret not in caplog.text
