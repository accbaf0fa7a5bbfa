"""The three forms of the store, empty and ready; PostgreSQL in a database of its own."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from adapters.database.engine import read_url
from adapters.database.upgrading import upgrade


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
