"""The three forms of the store, empty and ready; PostgreSQL in a database of its own."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from adapters.database.engine import read_url
from adapters.database.upgrading import upgrade

SERVER = os.environ.get("SMTPBOT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of an empty database, dropped at the end; skips, or fails where SMTPBOT_REQUIRE names postgres."""
    name = f"smtpbot_test_{secrets.token_hex(4)}"
    try:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True, connect_timeout=3) as server:
            server.execute(f"CREATE DATABASE {name}")
    except psycopg.Error as error:
        required = "postgres" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(f"no PostgreSQL at {SERVER}: {type(error).__name__}")
    yield f"{SERVER}/{name}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_empty(kind: str, request: pytest.FixtureRequest) -> URL:
    """A database of that kind without tables."""
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return read_url(f"sqlite:///{folder / 'store.sqlite3'}")
    url: str = request.getfixturevalue("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return read_url(url)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest) -> URL:
    """A database without tables."""
    return make_empty(request.param, request)


@pytest.fixture
def url(empty: URL) -> URL:
    """A database with this version's tables."""
    assert upgrade(empty)
    return empty
