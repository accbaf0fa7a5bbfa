"""What the buttons do: share, more detail, drafts, votes. All they know stands in the button and its message."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import discord

from adapters.discord import PLATFORM
from adapters.discord.actions import references_in
from adapters.discord.app import Handlers
from adapters.discord.render import read_values, render_drafts
from adapters.discord.sending import Drawn, line
from bot.storage import Place

FORGOTTEN = "I no longer have what this answer was made of. Please ask again."
SHARED_ALREADY = "This answer has been shared already."
NO_MORE = "There is no more to say about it."
NOTED = "Noted, thank you."


async def press(handlers: Handlers, interaction: discord.Interaction[Any], action: str, reference: str) -> None:
    """Do what a button says, once."""
    async with handlers.admitted(interaction) as admitted:
        if admitted and interaction.message:
            await _PRESSED[action](handlers, interaction, interaction.message, reference)


async def _share(
    handlers: Handlers, interaction: discord.Interaction[Any], message: discord.Message, reference: str
) -> None:
    """The answer for all in the channel, brought again without any word or address of the paste."""
    values = read_values(embed.to_dict() for embed in message.embeds)
    reply = handlers.bot.recall(references_in(message) or (reference,), values)
    if reply is None:
        await handlers.respond(interaction, [line(FORGOTTEN)])
    elif await handlers.store.claim(f"discord/shared/{message.id}") != "taken":
        await handlers.respond(interaction, [line(SHARED_ALREADY)])
    else:
        lead = f"-# Shared by <@{interaction.user.id}>"
        await handlers.respond(interaction, [handlers.draw(reply, True, values)], private=False, lead=lead)
        await handlers.store.mark_answered(f"discord/shared/{message.id}")


async def _detail(
    handlers: Handlers, interaction: discord.Interaction[Any], message: discord.Message, reference: str
) -> None:
    """One cause in full where several were told, what its codes mean by themselves, and all links."""
    values = read_values(embed.to_dict() for embed in message.embeds)
    reply = handlers.bot.recall((reference,), values)
    if reply is None or not reply.answers:
        return await handlers.respond(interaction, [line(FORGOTTEN)])
    told = [reply] if len(references_in(message)) > 1 else []
    failure = reply.answers[0].failure
    asked = reply.question.codes if reply.question and reply.question.codes else ()
    codes = [code for pair in asked or ((failure.reply_code, failure.enhanced_code),) for code in pair if code]
    told += [handlers.bot.answer(code) for code in dict.fromkeys(codes)]
    drawn = [handlers.draw(answer, False, {}) for answer in told if answer.answered]
    await handlers.respond(interaction, [Drawn(one.embeds, one.texts) for one in drawn] or [line(NO_MORE)])


async def _drafts(
    handlers: Handlers, interaction: discord.Interaction[Any], message: discord.Message, reference: str
) -> None:
    """Two mails ready to send; what they name is read from the message itself."""
    values = read_values(embed.to_dict() for embed in message.embeds)
    reply = handlers.bot.recall((reference,), values, drafts=True)
    if reply is None or not reply.drafts:
        return await handlers.respond(interaction, [line(FORGOTTEN)])
    await handlers.respond(interaction, [Drawn(render_drafts(reply.drafts), render_drafts(reply.drafts, embeds=False))])


async def _vote(
    handlers: Handlers, interaction: discord.Interaction[Any], message: discord.Message, right: bool
) -> None:
    place = Place(PLATFORM, str(interaction.guild_id or ""))
    key = f"discord/{message.id}/{interaction.user.id}"
    await handlers.store.vote(key, place, datetime.now(UTC).date(), right)
    handlers.telemetry.note_vote(PLATFORM, right)
    await handlers.respond(interaction, [line(NOTED)])


_PRESSED: dict[str, Callable[..., Awaitable[None]]] = {
    "share": _share,
    "detail": _detail,
    "drafts": _drafts,
    "right": lambda handlers, interaction, message, _: _vote(handlers, interaction, message, True),
    "wrong": lambda handlers, interaction, message, _: _vote(handlers, interaction, message, False),
}
