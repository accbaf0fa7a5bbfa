"""Discord's messages and interactions -> what is asked, who may read the answer, and the key all deliveries share."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import discord

from adapters.discord import PLATFORM
from bot.model import Via
from bot.storage import Place

FORM = "smtp:form"  # the modal, its text and its file
FORM_TEXT, FORM_FILE = "text", "file"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that stands at an address of Discord's."""

    name: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be answered."""

    text: str
    via: Via
    key: str  # one per message or interaction, however often and to whomever it is delivered
    place: Place
    user: int
    private: bool  # nobody but the asker reads the answer
    uploads: tuple[Upload, ...] = ()


def read_mention(message: discord.Message, me: int) -> Asked | None:
    """What a mention or a direct message asks, without the mention; None where it is neither, or a bot wrote it."""
    direct = is_direct(message)
    if not written_by_a_person(message) or not (direct or any(user.id == me for user in message.mentions)):
        return None
    text, files = read_quoted(message) if direct else (message.content, uploads(message.attachments))
    return _asked(message, "mention", re.sub(rf"<@!?{me}>[:,]?", " ", text).strip(), files, direct)


def read_overheard(message: discord.Message) -> Asked | None:
    """A message of a watched channel; None where a bot wrote it."""
    if not written_by_a_person(message):
        return None
    return _asked(message, "channel", message.content, uploads(message.attachments), False)


def read_quoted(message: discord.Message) -> tuple[str, tuple[Upload, ...]]:
    """All text of a message that somebody points at, embeds and forwarded messages included, and its files."""
    texts, files = [message.content], list(message.attachments)
    embeds = list(message.embeds)
    for forwarded in message.message_snapshots:
        texts.append(forwarded.content)
        files += forwarded.attachments
        embeds += forwarded.embeds
    for embed in embeds:
        texts += [embed.title or "", embed.description or ""]
        texts += [f"{field.name}: {field.value}" for field in embed.fields]
    return "\n".join(filter(None, texts)), uploads(files)


def read_interaction(interaction: discord.Interaction[Any], text: str, files: tuple[Upload, ...] = ()) -> Asked:
    """What a command, a form or the message command asks; its answer is for the asker alone."""
    tenant, channel = str(interaction.guild_id or ""), str(interaction.channel_id or "")
    place = Place(PLATFORM, tenant, channel if tenant else "")
    return Asked(text.strip(), "slash", f"discord/{interaction.id}", place, interaction.user.id, True, files)


def read_form(data: Mapping[str, Any]) -> tuple[str, tuple[Upload, ...]]:
    """Text and files of the submitted form, from the interaction's data, so that no form has to be remembered."""
    text, wanted = "", list[str]()
    for row in data.get("components", ()):
        field = row.get("component") or {}
        if field.get("custom_id") == FORM_TEXT:
            text = str(field.get("value") or "")
        elif field.get("custom_id") == FORM_FILE:
            wanted += [str(value) for value in field.get("values", ())]
    given: Mapping[str, Any] = (data.get("resolved") or {}).get("attachments") or {}
    files = [given[name] for name in wanted if name in given]
    return text, tuple(Upload(str(file["filename"]), int(file["size"]), str(file["url"])) for file in files)


def uploads(attachments: Iterable[discord.Attachment]) -> tuple[Upload, ...]:
    """The files of a message."""
    return tuple(Upload(file.filename, file.size, file.url) for file in attachments)


def is_direct(message: discord.Message) -> bool:
    """Whether it was written to the bot alone. A server that is not known yet is not taken for a direct message."""
    return isinstance(message.channel, discord.DMChannel)


def written_by_a_person(message: discord.Message) -> bool:
    """Neither a bot, nor a webhook, nor Discord itself."""
    written = message.type in (discord.MessageType.default, discord.MessageType.reply)
    return written and not message.author.bot and not message.webhook_id


def tenant_of(message: discord.Message) -> str:
    """The server's id, empty for direct messages."""
    if message.guild:
        return str(message.guild.id)
    return str(getattr(message.channel, "guild_id", None) or "")


def _asked(message: discord.Message, via: Via, text: str, files: tuple[Upload, ...], private: bool) -> Asked:
    tenant = tenant_of(message)
    place = Place(PLATFORM, tenant, str(message.channel.id) if tenant else "")
    return Asked(text, via, f"discord/{message.id}", place, message.author.id, private, files)
