"""Runs Discord: checks the token, opens the gateway for its shards, and finishes running answers at the end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import discord

from adapters.discord.app import Handlers
from adapters.discord.client import SmtpClient
from adapters.discord.files import Files
from adapters.discord.shards import IdentifyQueue, own_shards, told
from adapters.service import Service
from bot.errors import SettingsError

DRAIN = 10.0  # seconds for running answers after SIGTERM
TRIES = (1, 2, 4, 8, 15)  # seconds between attempts to reach Discord at start
# How Discord closes a connection that may not come back, and what the operator has to mend.
CLOSED = {
    4004: "Discord refuses DISCORD_TOKEN; copy it anew from the Developer Portal, Bot > Reset Token",
    4010: "Discord refuses the shards: SMTPBOT_DISCORD_SHARDS and SMTPBOT_DISCORD_ORDINAL do not go together",
    4011: "Discord asks for more shards: the bot is in too many servers for SMTPBOT_DISCORD_SHARDS",
    4013: "Discord does not know the intents this version asks for; a newer smtpbot is needed",
    4014: (
        "Discord refuses the message content intent; switch it on in the Developer Portal, "
        "Bot > Privileged Gateway Intents, or set SMTPBOT_DISCORD_MESSAGE_CONTENT=off"
    ),
}
_log = logging.getLogger("smtpbot.discord")


async def run(service: Service) -> None:
    """Serve Discord until the service stops; SettingsError for what Discord refuses."""
    service.health["discord"] = lambda: {"start": False}
    total, shards = own_shards(service.settings)
    async with Files() as files:
        handlers = Handlers(service.bot, service.store, service.telemetry, files.fetch)
        async with logged_in(service, handlers, total, shards) as client:
            if client is None:
                return
            await _prepare(client, service)
            service.health["discord"] = lambda: client.health() or {"start": False}
            await _connect(client, service)


@contextlib.asynccontextmanager
async def logged_in(
    service: Service, handlers: Handlers, total: int | None = None, shards: list[int] | None = None
) -> AsyncIterator[SmtpClient | None]:
    """A client that Discord has accepted; None where the service was stopped while Discord could not be reached."""
    for wait in (*TRIES, None):
        client = SmtpClient(handlers, service.settings.discord_message_content, total, shards)
        async with client:
            try:
                await client.login(service.settings.discord_token or "")
            except discord.LoginFailure:
                raise SettingsError(CLOSED[4004]) from None
            except (discord.HTTPException, OSError, TimeoutError) as error:
                reason = str(error.status) if isinstance(error, discord.HTTPException) else type(error).__name__
            else:
                yield client
                return
        if wait is None:
            raise SettingsError(f"Discord cannot be reached ({reason})")
        _log.warning("Discord cannot be reached (%s); trying again in %s s", reason, wait)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(service.stop.wait(), wait)
            yield None
            return


async def _prepare(client: SmtpClient, service: Service) -> None:
    """Join the queue of all processes; a bot that may not start again today does not try."""
    limits = await client.fetch_session_start_limits()
    needed = len(client.shard_ids or ()) or 1
    if limits.remaining < needed:
        hours = limits.reset_after / 3_600_000
        raise SettingsError(f"Discord lets the bot start {limits.remaining} more shards in the next {hours:.1f} hours")
    client.queue = IdentifyQueue(service.store, str(client.application_id), limits.max_concurrency)


async def _connect(client: SmtpClient, service: Service) -> None:
    connecting = asyncio.create_task(_connect_or_tell(client))
    telling = asyncio.create_task(_tell_when_connected(client, service))
    stopping = asyncio.create_task(service.stop.wait())
    try:
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        await client.handlers.drain(DRAIN)
    finally:
        for task in (telling, stopping):
            task.cancel()
        if not connecting.done():
            connecting.cancel()
        await client.close()
        await asyncio.gather(telling, stopping, return_exceptions=True)
        with contextlib.suppress(asyncio.CancelledError):
            await connecting


async def _connect_or_tell(client: SmtpClient) -> None:
    """Stay connected; SettingsError where Discord closes for a reason that only the operator can mend."""
    try:
        await client.connect()
    except discord.PrivilegedIntentsRequired:
        raise SettingsError(CLOSED[4014]) from None
    except discord.ConnectionClosed as error:
        raise SettingsError(CLOSED.get(error.code, f"Discord closed the connection ({error.code})")) from None


async def _tell_when_connected(client: SmtpClient, service: Service) -> None:
    await client.all_connected.wait()
    shards = sorted(client.connected)
    service.say(f"discord: connected, {told(shards, client.shard_count or len(shards))}")
