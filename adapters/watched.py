"""The channels in which people let the bot speak unasked, read from the store once a minute at most."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable

from bot.storage import Place, Store

WATCH = "watch"  # the setting of a place; its value is "on"
REREAD = 60.0  # seconds after which another process's change is seen
MAX_KEPT = 5_000  # tenants


class Watched:
    """The watched channels of each tenant of one platform."""

    def __init__(self, store: Store, platform: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._platform, self._clock = store, platform, clock
        self._known: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()

    async def channels(self, tenant: str) -> frozenset[str]:
        """The ids of the channels that are watched."""
        known = self._known.get(tenant)
        if known and known[0] > self._clock():
            return known[1]
        return self._keep(tenant, await self._find(tenant))

    async def choose(self, tenant: str, chosen: Iterable[str]) -> frozenset[str]:
        """Watch these channels of a tenant and no others."""
        wanted, before = frozenset(chosen), await self._find(tenant)
        for channel in before - wanted:
            await self._set(tenant, channel, None)
        for channel in wanted - before:
            await self._set(tenant, channel, "on")
        return self._keep(tenant, wanted)

    async def switch(self, tenant: str, channel: str, on: bool) -> None:
        """Watch one channel, or no longer."""
        await self._set(tenant, channel, "on" if on else None)
        self._keep(tenant, await self._find(tenant))

    async def _set(self, tenant: str, channel: str, value: str | None) -> None:
        await self._store.set_setting(Place(self._platform, tenant, channel), WATCH, value)

    async def _find(self, tenant: str) -> frozenset[str]:
        return frozenset(place.channel for place in await self._store.find_places(self._platform, tenant, WATCH))

    def _keep(self, tenant: str, channels: frozenset[str]) -> frozenset[str]:
        self._known[tenant] = (self._clock() + REREAD, channels)
        self._known.move_to_end(tenant)
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
        return channels
