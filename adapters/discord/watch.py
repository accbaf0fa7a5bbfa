"""Watched channels: where the bot speaks unasked, as the people who manage the server chose."""

from collections.abc import Iterable
from typing import Any, Self

import discord
from discord import ui

from adapters.discord.inbound import tenant_of
from adapters.watched import Watched

MAX_WATCHED = 25  # channels a menu of Discord's can name
CHOOSE = "smtp:watch"
KINDS = [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum]

INTRO = "In these channels, their threads and posts I answer mail errors unasked, and say nothing to anything else:"
NO_CONTENT = (
    "This bot does not read what is not written to it, so it cannot watch channels. Whoever runs it can allow that: "
    "the message content intent in Discord's Developer Portal, and `SMTPBOT_DISCORD_MESSAGE_CONTENT=on`."
)
NOT_ALLOWED = "Only who may manage the server can choose the channels."


async def hears(watched: Watched, message: discord.Message) -> bool:
    """Whether a message stands in a watched channel, or in a thread or post of one."""
    tenant = tenant_of(message)
    if not tenant:
        return False
    channels = await watched.channels(tenant)
    parent = getattr(message.channel, "parent_id", None) if isinstance(message.channel, discord.Thread) else None
    return str(message.channel.id) in channels or str(parent) in channels


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
