"""PostgreSQL, where a test needs a database that several processes share; and time to draw a chart on a busy machine."""

import os
import secrets
from collections.abc import Iterator

import psycopg
import pytest

from adapters import charting
from tests.timing import WITHIN

SERVER = os.environ.get("SMTPBOT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chart may take as long as a test waits."""
    monkeypatch.setattr(charting, "WITHIN", WITHIN)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty database, dropped at the end; skips, or fails where SMTPBOT_REQUIRE names postgres."""
    name = f"smtpbot_test_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=10) as server:
            server.execute(f"CREATE DATABASE {name}")
    except psycopg.Error as error:
        required = "postgres" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(f"no PostgreSQL at {SERVER}: {type(error).__name__}")
    yield f"{SERVER}/{name}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
