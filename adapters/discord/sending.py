"""What is drawn -> what discord.py sends: embeds or text, buttons, where it goes."""

from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord.actions import buttons
from adapters.discord.render import Payload, render_line


@dataclass(frozen=True, slots=True)
class Drawn:
    """One reply, drawn as embeds and as text, with what its buttons refer to."""

    embeds: tuple[Payload, ...]
    texts: tuple[Payload, ...]
    references: tuple[str, ...] = ()  # of the buttons beneath it; none where it cannot be brought again


def line(text: str) -> Drawn:
    """One sentence of our own."""
    return Drawn((render_line(text),), (render_line(text),))


def allows_embeds(message: discord.Message) -> bool:
    """Whether the channel lets us send embeds; where that is not known, it is tried."""
    guild, channel = message.guild, message.channel
    if guild is None or guild.me is None or not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return True
    try:
        return channel.permissions_for(guild.me).embed_links
    except discord.ClientException:  # the parent of a thread is not known
        return True


def contents(drawn: list[Drawn], embeds: bool, sharable: bool, lead: str = "") -> list[dict[str, Any]]:
    """What discord.py sends for each message: text or embeds, and the buttons beneath the last of each reply."""
    sent: list[dict[str, Any]] = []
    for reply in drawn:
        payloads = reply.embeds if embeds else reply.texts
        for number, payload in enumerate(payloads, 1):
            content: dict[str, Any] = {}
            if "embeds" in payload:
                content["embeds"] = [discord.Embed.from_dict(embed) for embed in payload["embeds"]]
            else:
                content |= {"content": payload["content"], "suppress_embeds": True}
            view = buttons(reply.references, sharable) if number == len(payloads) else None
            sent.append(content | ({"view": view} if view else {}))
    if lead and sent and "embeds" in sent[0]:
        sent[0]["content"] = lead
    elif lead:
        sent.insert(0, {"content": lead})
    return sent


def without_flags(content: dict[str, Any]) -> dict[str, Any]:
    """An edit cannot change how links are shown."""
    return {name: value for name, value in content.items() if name != "suppress_embeds"}


async def reply_beneath(message: discord.Message, drawn: list[Drawn], embeds: bool, quoting: bool = True) -> None:
    """Send beneath a message; the first quotes it, and pings nobody.

    Discord posts each nonce once within some minutes, so that what a process had sent before it died, another one that
    takes the message up does not say again.
    """
    for number, content in enumerate(contents(drawn, embeds, sharable=False)):
        reference: dict[str, Any] = {
            "reference": message.to_reference(fail_if_not_exists=False),
            "mention_author": False,
        }
        await message.channel.send(
            **content, nonce=f"{message.id}-{number}", **(reference if quoting and not number else {})
        )
