"""Settings -> the Store that `serve` uses, its tables brought up to date; and the commands about the database."""

import asyncio
import logging
from typing import TextIO

from sqlalchemy import URL

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import State, find_state, upgrade
from adapters.fallback import FallbackStore
from adapters.vault import Vault, rotate
from bot.errors import SettingsError, StoreError, UsageError
from bot.settings import Settings
from bot.storage import Store

AGAIN = 2.0  # seconds between tries to reach a database that was gone at start
INSTALLED = ("slack",)  # platforms whose workspaces install the bot
STATES: dict[State, str] = {
    "behind": "the database has older tables than this version; run: smtpbot database upgrade",
    "newer": "the database has newer tables than this version; install the newer smtpbot again",
}
_log = logging.getLogger("smtpbot")


def find_url(settings: Settings) -> URL:
    """Where the store is: the setting, or a file in the state folder, which is made for this user alone."""
    if settings.database_url:
        return read_url(settings.database_url)
    folder = settings.state_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"SMTPBOT_STATE_DIR: {folder} cannot be made: {error.strerror}") from None
    return URL.create("sqlite+aiosqlite", database=str(folder / "smtpbot.sqlite3"))


async def open_store(settings: Settings) -> Store:
    """The store, ready to use. A database out of reach is no reason not to start: it is waited for beside the answers."""
    url = find_url(settings)
    store = FallbackStore(DatabaseStore(url))
    try:
        await asyncio.to_thread(_prepare, url, settings.database_migrate)
    except StoreError as error:
        if url.get_backend_name() == "sqlite":
            raise SettingsError(f"{url.database}: {error}; is the folder writable, and the disk not full?") from None
        _log.error("%s; starting without it", error)
        store.start_without(_prepare_later(url, settings.database_migrate))
    return store


def _prepare(url: URL, migrate: bool) -> None:
    if migrate and upgrade(url):
        _log.info("the database has this version's tables now")
    state = find_state(url)
    if state != "current":
        raise SettingsError(STATES[state])


async def _prepare_later(url: URL, migrate: bool) -> None:
    while True:
        await asyncio.sleep(AGAIN)
        try:
            await asyncio.to_thread(_prepare, url, migrate)
            return
        except StoreError:
            continue
        except SettingsError as error:
            _log.error("%s", error)


def run(action: str, settings: Settings, out: TextIO) -> int:
    """`smtpbot database upgrade|check|rotate-keys`; 0, or BotError with what to mend."""
    url = find_url(settings)
    if action == "upgrade":
        out.write("upgraded\n" if upgrade(url) else "nothing to do\n")
    if action in ("upgrade", "check"):
        state = find_state(url)
        if state != "current":
            raise SettingsError(STATES[state])
        out.write(f"{url.render_as_string()}: the tables are those of this version\n" if action == "check" else "")
        return 0
    if action != "rotate-keys":
        raise UsageError(f"there is no database command {action}")
    return asyncio.run(_rotate(url, settings, out))


async def _rotate(url: URL, settings: Settings, out: TextIO) -> int:
    store, vault = DatabaseStore(url), Vault(settings.encryption_keys)
    try:
        for platform in INSTALLED:
            out.write(f"{platform}: {await rotate(store, vault, platform)} installs encrypted with the first key\n")
    finally:
        await store.close()
    return 0
