"""Which process answers an event, as far as the store can tell: where it is out of reach, answering goes on without it."""

import logging

from bot.errors import StoreError
from bot.storage import Claim, Store


class Claims:
    """The claims of one platform, kept in the store that all its processes share."""

    def __init__(self, store: Store, platform: str) -> None:
        self._store = store
        self._log = logging.getLogger(f"smtpbot.{platform}")

    async def claim(self, key: str) -> Claim:
        """See Store; `taken` where the store is out of reach, since silence is worse than a second answer."""
        try:
            return await self._store.claim(key)
        except StoreError:
            self._log.warning("an event is answered unclaimed: the store is out of reach")
            return "taken"

    async def mark(self, key: str) -> None:
        """Record that an event is answered; where that cannot be recorded, the answer still stands."""
        try:
            await self._store.mark_answered(key)
        except StoreError:
            self._log.warning("an answer could not be recorded: the store is out of reach")

    async def release(self, key: str) -> None:
        """Give a claim back, so that the event may be answered at another delivery."""
        try:
            await self._store.release(key)
        except StoreError:
            self._log.warning("a claim could not be given back: the store is out of reach")
