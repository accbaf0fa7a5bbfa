"""Which shards this process runs, and the queue in which all processes of the bot identify."""

import asyncio
import logging
from collections.abc import Sequence

from bot.errors import SettingsError, StoreError
from bot.settings import Settings
from bot.storage import Store

WINDOW = 5.0  # seconds in which Discord lets each bucket of max_concurrency identify once
MARGIN = 0.25  # seconds more, for clocks and the way to Discord
POLL = 0.1
_log = logging.getLogger("smtpbot.discord")


def own_shards(settings: Settings) -> tuple[int | None, list[int] | None]:
    """(shards in all, those of this process); (None, None) where Discord decides and one process runs them all."""
    total, processes, ordinal = settings.discord_shards, settings.discord_processes, settings.discord_ordinal
    if processes == 1:
        return (total, list(range(total))) if total else (None, None)
    if total is None or total < processes:
        raise SettingsError(f"SMTPBOT_DISCORD_SHARDS must be at least {processes}, one for each process")
    if ordinal is None or ordinal >= processes:
        raise SettingsError(f"SMTPBOT_DISCORD_ORDINAL must be 0 to {processes - 1}, another one in each process")
    return total, list(range(total * ordinal // processes, total * (ordinal + 1) // processes))


class IdentifyQueue:
    """Lets one shard of each bucket identify in five seconds, over all processes that share the store."""

    def __init__(self, store: Store, name: str, concurrency: int, window: float = WINDOW + MARGIN) -> None:
        self._store, self._name, self._concurrency, self._window = store, name, max(1, concurrency), window

    async def wait(self, shard: int) -> None:
        """Return when this shard may identify."""
        lease = f"discord/identify/{self._name}/{shard % self._concurrency}"
        try:
            while not await self._store.take_lease(lease, self._window):
                await asyncio.sleep(POLL)
        except StoreError:
            _log.warning("shard %d identifies without the queue: the store is out of reach", shard)
            await asyncio.sleep(self._window)


def told(shards: Sequence[int], total: int) -> str:
    """The shards in words: `shard 0 of 1`, `shards 0-3 of 16`."""
    if len(shards) == 1:
        return f"shard {shards[0]} of {total}"
    return f"shards {shards[0]}-{shards[-1]} of {total}"
