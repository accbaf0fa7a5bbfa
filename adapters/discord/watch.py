"""Watched channels: where the bot speaks unasked, as the people who manage the server chose."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Self

import discord
from discord import ui

from adapters.discord.inbound import tenant_of
from bot.storage import Place, Store

WATCH = "watch"  # the setting of a place; its value is "on"
MAX_WATCHED = 25  # channels a menu of Discord's can name
REREAD = 60.0  # seconds after which another process's change is seen
MAX_KEPT = 5_000  # servers
CHOOSE = "smtp:watch"
KINDS = [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum]

INTRO = "In these channels, their threads and posts I answer mail errors unasked, and say nothing to anything else:"
NO_CONTENT = (
    "This bot does not read what is not written to it, so it cannot watch channels. Whoever runs it can allow that: "
    "the message content intent in Discord's Developer Portal, and `SMTPBOT_DISCORD_MESSAGE_CONTENT=on`."
)
NOT_ALLOWED = "Only who may manage the server can choose the channels."


class Watched:
    """The watched channels of each server, read from the store once a minute at most."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._known: OrderedDict[str, tuple[float, frozenset[str]]] = OrderedDict()

    async def channels(self, tenant: str) -> frozenset[str]:
        """The ids of the channels that are watched in a server."""
        known = self._known.get(tenant)
        if known and known[0] > self._clock():
            return known[1]
        return self._keep(tenant, await self._find(tenant))

    async def choose(self, tenant: str, chosen: Iterable[str]) -> frozenset[str]:
        """Watch these channels of a server and no others."""
        wanted, before = frozenset(chosen), await self._find(tenant)
        for channel in before - wanted:
            await self._store.set_setting(Place("discord", tenant, channel), WATCH, None)
        for channel in wanted - before:
            await self._store.set_setting(Place("discord", tenant, channel), WATCH, "on")
        return self._keep(tenant, wanted)

    async def hears(self, message: discord.Message) -> bool:
        """Whether a message stands in a watched channel, or in a thread or post of one."""
        tenant = tenant_of(message)
        if not tenant:
            return False
        watched = await self.channels(tenant)
        parent = getattr(message.channel, "parent_id", None) if isinstance(message.channel, discord.Thread) else None
        return str(message.channel.id) in watched or str(parent) in watched

    async def _find(self, tenant: str) -> frozenset[str]:
        return frozenset(place.channel for place in await self._store.find_places("discord", tenant, WATCH))

    def _keep(self, tenant: str, channels: frozenset[str]) -> frozenset[str]:
        self._known[tenant] = (self._clock() + REREAD, channels)
        self._known.move_to_end(tenant)
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
        return channels


class Chooser(ui.DynamicItem[ui.ChannelSelect[ui.View]], template=CHOOSE):
    """The menu of `/smtp-settings`, made again from its custom_id whenever it is used."""

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: object, /) -> Self:
        """See DynamicItem."""
        if not isinstance(item, ui.ChannelSelect):
            raise TypeError("the menu of watched channels is no menu of channels")
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand what was chosen to the client."""
        await interaction.client.choose(interaction, [str(channel.id) for channel in self.item.values])


def chooser(watched: Iterable[str]) -> ui.View:
    """The menu, with the watched channels chosen."""
    kind = discord.SelectDefaultValueType.channel
    chosen = [discord.SelectDefaultValue(id=int(channel), type=kind) for channel in sorted(watched)[:MAX_WATCHED]]
    select: ui.ChannelSelect[ui.View] = ui.ChannelSelect(
        custom_id=CHOOSE, channel_types=KINDS, min_values=0, max_values=MAX_WATCHED, default_values=chosen,
        placeholder="Channels to watch",
    )  # fmt: skip
    view = ui.View(timeout=None)
    view.add_item(Chooser(select))
    return view


def told(watched: Iterable[str]) -> str:
    """The watched channels in a sentence."""
    names = ", ".join(f"<#{channel}>" for channel in sorted(watched))
    return f"Watched now: {names}." if names else "No channel is watched now."
