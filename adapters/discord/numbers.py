"""`/smtp-stats`: what bounced most in this server, in words and as a picture."""

import io
from typing import Any

import discord

from adapters.charting import Charts
from adapters.discord import PLATFORM
from adapters.discord.app import Handlers
from adapters.discord.sending import contents, line, without_flags
from adapters.summary import GONE, Summary, find_summary
from bot.errors import StoreError

PICTURE = "numbers.png"
NOT_HERE = "The numbers are those of a server; use the command in one."


async def show(handlers: Handlers, charts: Charts, interaction: discord.Interaction[Any]) -> None:
    """Answer the command for the asker alone, with the numbers of their server and no other."""
    async with handlers.admitted(interaction) as admitted:
        if not admitted:
            return
        if interaction.guild_id is None:
            return await handlers.respond(interaction, [line(NOT_HERE)])
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
            summary = await find_summary(
                handlers.store, handlers.telemetry, PLATFORM, str(interaction.guild_id), handlers.bot.knowledge
            )
        except StoreError:
            return await handlers.respond(interaction, [line(GONE)])
        except (discord.HTTPException, OSError) as error:
            return handlers.note_unsent(error)
        allowed = interaction.app_permissions.attach_files
        picture = await charts.draw(summary, "png", "dark") if allowed else None
        if picture is None:
            return await handlers.respond(interaction, [handlers.draw(summary.reply, False)])
        await _send(handlers, interaction, summary, picture)


async def _send(handlers: Handlers, interaction: discord.Interaction[Any], summary: Summary, picture: bytes) -> None:
    embeds = interaction.app_permissions.embed_links
    (content,) = contents([handlers.draw(summary.reply, False)], embeds, sharable=False)
    if embeds:
        content["embeds"][-1].set_image(url=f"attachment://{PICTURE}")
    file = discord.File(io.BytesIO(picture), PICTURE, description=summary.alt)
    try:
        await interaction.edit_original_response(attachments=[file], **without_flags(content))
    except (discord.HTTPException, OSError) as error:
        handlers.note_unsent(error)
