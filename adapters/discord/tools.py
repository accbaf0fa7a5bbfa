"""`smtpbot discord sync` and `smtpbot discord invite`: done once by whoever sets the bot up, never at a start."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import discord

from adapters.discord import find_reason_off
from adapters.discord.app import Handlers
from adapters.discord.client import SmtpClient
from adapters.discord.files import Files
from adapters.discord.run import logged_in
from adapters.discord.words import Words
from adapters.service import Service
from bot.app import Bot
from bot.errors import SettingsError
from bot.settings import read_settings
from bot.storage import MemoryStore
from bot.telemetry import start_logging

# What the bot asks a server for, and why; README.md says the same.
PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, send_messages_in_threads=True, embed_links=True, attach_files=True,
    read_message_history=True,
)  # fmt: skip
SCOPES = ("bot", "applications.commands")


def run(action: str, guild: int | None, remove: bool, environ: Mapping[str, str]) -> int:
    """Do one of the actions with the token of the settings; SettingsError for what Discord refuses."""
    settings = read_settings(environ)
    start_logging(settings.log_level, settings.log_format, settings.secrets)
    reason = find_reason_off(settings)
    if reason:
        raise SettingsError(reason)
    service = Service(settings, Bot.from_settings(settings), MemoryStore())
    doing: Callable[[SmtpClient], Awaitable[str]] = (
        _invite if action == "invite" else lambda client: _sync(client, guild, remove)
    )
    print(asyncio.run(_with_client(service, doing)))
    return 0


async def _with_client(service: Service, doing: Callable[[SmtpClient], Awaitable[str]]) -> str:
    async with Files() as files:
        handlers = Handlers(service.bot, service.store, service.telemetry, files.fetch)
        async with logged_in(service, handlers) as client:
            if client is None:
                return ""
            try:
                return await doing(client)
            except discord.HTTPException as error:
                raise SettingsError(f"Discord refuses it: {error.status} {error.text}") from None


async def _sync(client: SmtpClient, guild: int | None, remove: bool) -> str:
    """Register the commands everywhere, or in one server, where they are there at once."""
    await client.tree.set_translator(Words())
    home = discord.Object(guild) if guild else None
    if home and not remove:
        client.tree.copy_global_to(guild=home)
    elif remove and not home:
        client.tree.clear_commands(guild=None)
    synced = await client.tree.sync(guild=home)
    where = f"in the server {guild}" if guild else "in all servers and direct messages"
    names = ", ".join(command.name for command in synced)
    return f"registered {where}: {names}" if synced else f"removed all commands {where}"


async def _invite(client: SmtpClient) -> str:
    """The links that add the bot to a server and to an account."""
    number = client.application_id or 0
    server = discord.utils.oauth_url(number, permissions=PERMISSIONS, scopes=SCOPES)
    account = discord.utils.oauth_url(number, scopes=SCOPES[1:])
    return f"to a server: {server}&integration_type=0\nto your account: {account}&integration_type=1"
