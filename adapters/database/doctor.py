"""What `smtpbot doctor` says of the database: reachable, its tables this version's, writable, its installs readable."""

import asyncio
from collections.abc import Iterator

from sqlalchemy import URL, insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from adapters.checks import Check
from adapters.database.opening import INSTALLED, STATES, find_url
from adapters.database.store import DatabaseStore
from adapters.database.tables import LEASES
from adapters.database.upgrading import connected, find_state
from adapters.vault import Vault
from bot.errors import SettingsError, StoreError
from bot.settings import Settings

NAME = "database"
_LEASE = {"name": "doctor", "expires": 0.0}


def examine(settings: Settings) -> Iterator[Check]:
    """Its checks; nothing that is written stays."""
    try:
        url = find_url(settings)
    except SettingsError as error:
        yield Check(NAME, "problem", str(error), "give the user that runs the bot a folder it may write to")
        return
    yield from _examine_tables(url, settings.database_migrate)
    if settings.discord_processes > 1 and url.get_backend_name() == "sqlite":
        yield Check(
            NAME, "warning", "several processes share one SQLite file, which works on one machine only",
            "set SMTPBOT_DATABASE_URL to a PostgreSQL database",
        )  # fmt: skip
    if settings.slack_client_id:
        yield _examine_installs(url, settings)


def _examine_tables(url: URL, migrate: bool) -> Iterator[Check]:
    where = url.set(drivername=url.get_backend_name()).render_as_string()  # hides the password
    try:
        state = find_state(url)
        obstacle = _find_obstacle(url, state == "current") if state != "newer" else None
    except StoreError as error:
        mend = (
            "start it, or correct SMTPBOT_DATABASE_URL; `serve` answers without it, and keeps nothing lasting meanwhile"
        )
        yield Check(NAME, "problem", f"{where}: {error}", mend)
        return
    if state == "newer" or (state == "behind" and not migrate):
        told, _, mend = STATES[state].partition("; ")
        yield Check(NAME, "problem", f"{where}: {told}", mend)
    elif obstacle:
        mend = "let the bot's database user write to its tables, and make them"
        yield Check(NAME, "problem", f"{where}: cannot be written to ({obstacle})", mend)
    elif state == "behind":
        yield Check(NAME, "ok", f"{where}: writable; `serve` brings its tables up to date when it starts")
    else:
        yield Check(NAME, "ok", f"{where}: writable, the tables are those of this version")


def _find_obstacle(url: URL, has_tables: bool) -> str | None:
    """Why the store cannot be written to, or None; what is tried is rolled back."""
    with connected(url) as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            if has_tables:
                connection.execute(insert(LEASES).values(**_LEASE))
            else:
                connection.exec_driver_sql("CREATE TABLE smtpbot_doctor (number INTEGER)")
        except SQLAlchemyError as error:
            return type(error.orig if isinstance(error, DBAPIError) else error).__name__
        finally:
            connection.exec_driver_sql("ROLLBACK")
    return None


def _examine_installs(url: URL, settings: Settings) -> Check:
    name = "installs"
    try:
        vault = Vault(settings.encryption_keys)
        sealed = asyncio.run(_find_installs(url))
    except StoreError:
        return Check(name, "warning", "cannot be looked at: the database does not answer, or has no tables yet")
    except SettingsError as error:
        told, _, mend = str(error).partition("; ")
        return Check(name, "problem", told, mend)
    lost = sum(not _opens(vault, secret) for secret in sealed)
    if lost:
        mend = "put the key they were encrypted with back into SMTPBOT_ENCRYPTION_KEYS, behind the newest"
        return Check(name, "problem", f"{lost} of {len(sealed)} cannot be decrypted", mend)
    return Check(name, "ok", f"{len(sealed)}, all of them readable")


def _opens(vault: Vault, secret: bytes) -> bool:
    try:
        vault.open(secret)
    except SettingsError:
        return False
    return True


async def _find_installs(url: URL) -> list[bytes]:
    store = DatabaseStore(url)
    try:
        return [secret for platform in INSTALLED for secret in (await store.find_installs(platform)).values()]
    finally:
        await store.close()
