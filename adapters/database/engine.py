"""A database URL -> SQLAlchemy's engine, with the time limits that keep a dead database from hanging an answer."""

import sqlite3
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import SettingsError

CONNECT_WITHIN = 2  # seconds
STATEMENT_WITHIN = 2.5  # seconds
POOL = 5  # connections kept, and as many more for a moment
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


def read_url(text: str) -> URL:
    """The URL with its driver; SettingsError for what is none, without repeating it (it may hold a password)."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError("SMTPBOT_DATABASE_URL is no database URL") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise SettingsError("SMTPBOT_DATABASE_URL must begin with sqlite:/// or postgresql://")
    return url.set(drivername=driver)


def make_engine(url: URL) -> AsyncEngine:
    """An engine whose statements each stand for themselves; nothing is connected yet."""
    options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": CONNECT_WITHIN}, **options)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine
    limits = f"-c statement_timeout={int(STATEMENT_WITHIN * 1000)} -c lock_timeout={CONNECT_WITHIN * 1000}"
    return create_async_engine(
        url, pool_size=POOL, max_overflow=POOL, pool_timeout=CONNECT_WITHIN, pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_WITHIN, "options": limits, "application_name": "smtpbot"}, **options,
    )  # fmt: skip


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # several processes read and write one file
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
