"""Passwords: how they are kept, and what an answer tells of the names that there are."""

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from sqlalchemy import select, update

from demoapp.shop import security
from demoapp.shop.models import User
from demoapp.shop.views import account, login
from tests.passwords import REAL
from tests.shops import Visitor


def users(shop: Any) -> dict[str, str]:
    with shop.registry["dbsession_factory"]() as session:
        return {user.username: user.password_hash for user in session.scalars(select(User))}


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as the shop makes them, and not in no time."""
    for module in (security, account, login):
        monkeypatch.setattr(module, "HASHER", REAL)
    monkeypatch.setattr(security, "NOBODY", REAL.hash("nobody's password"))


@pytest.mark.usefixtures("real")
def test_passwords_are_kept_as_argon2id_with_the_parameters_of_owasp_A1(memory: Any) -> None:
    long = "비밀" * 100 + "x" * 500
    visitor = Visitor(memory)
    assert visitor.send("/register", username="sora", password=long).status_int == 303
    kept = users(memory)["sora"]
    parameters = extract_parameters(kept)
    assert parameters.type is Type.ID
    assert parameters.memory_cost >= 19456  # KiB
    assert parameters.time_cost >= 2
    assert long not in Path(memory.registry["dbsession_factory"].kw["bind"].url.database).read_text(
        errors="replace"
    )
    assert Visitor(memory).log_in("sora", long).status_int == 303
    assert Visitor(memory).log_in("sora", long[:-1]).status_int == 400
    assert Visitor(memory).send("/register", username="x2", password="short").status_int == 400


@pytest.mark.usefixtures("real")
def test_a_weaker_hash_is_renewed_at_login_A1(memory: Any) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("a good password")
    with memory.registry["dbsession_factory"].begin() as session:
        session.execute(update(User).where(User.username == "demo").values(password_hash=weak))
    assert Visitor(memory).log_in("demo", "wrong password").status_int == 400
    assert users(memory)["demo"] == weak
    assert Visitor(memory).log_in("demo", "a good password").status_int == 303
    assert extract_parameters(users(memory)["demo"]).memory_cost >= 19456
    assert Visitor(memory).log_in("demo", "a good password").status_int == 303


@pytest.mark.usefixtures("real")
def test_an_unknown_name_is_not_told_from_a_wrong_password_A3(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are alike, and so is the work for them, which is nearly all of the time."""
    with memory.registry["dbsession_factory"].begin() as session:
        kept = REAL.hash("a good password")
        session.execute(update(User).where(User.username == "minji").values(password_hash=kept))
    visitor = Visitor(memory)
    work: list[Any] = []

    class Noting(PasswordHasher):
        def verify(self, hashed: str | bytes, password: str | bytes) -> Any:
            work.append(extract_parameters(str(hashed)))
            return super().verify(hashed, password)

    monkeypatch.setattr(security, "HASHER", Noting(time_cost=2, memory_cost=19456, parallelism=1))
    done, bodies = {}, set()
    for name in ("minji", "nobody"):
        answer = visitor.send("/login", username=name, password="wrong password")
        assert answer.status_int == 400
        bodies.add(answer.text.replace(f'value="{name}"', ""))
        done[name] = work[:]
        work.clear()
    assert len(bodies) == 1
    assert done["minji"] == done["nobody"] != []
