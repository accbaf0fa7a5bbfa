"""What `smtpbot doctor` asks Discord: whether it takes the token, what the application is set to, and what time it is."""

import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import discord
from discord.http import Route

from adapters.checks import Check, Clock, check_clock
from adapters.discord.commands import COMMANDS
from adapters.discord.run import CLOSED
from adapters.discord.shards import own_shards
from bot import __version__
from bot.errors import SettingsError
from bot.settings import Settings

CALL_WITHIN = 20  # seconds for one call to Discord
PORTAL = "discord.com/developers/applications"
# Application flags (Discord, resources/application): the intent is allowed, at once or below a hundred servers.
MESSAGE_CONTENT = 1 << 18 | 1 << 19
_AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py {discord.__version__}) smtpbot/{__version__}"


async def examine(settings: Settings, clock: Clock = time.time) -> list[Check]:
    """The checks; the first refusal ends them."""
    headers = {"Authorization": f"Bot {settings.discord_token}", "User-Agent": _AGENT}
    limit = aiohttp.ClientTimeout(total=CALL_WITHIN)
    checks: list[Check] = []
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=limit, trust_env=True) as session:
            await _examine(session, settings, clock, checks)
    except aiohttp.ClientResponseError as error:
        checks.append(_refused(error))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        mend = "check network and DNS here; a proxy is taken from HTTPS_PROXY"
        checks.append(Check("discord", "problem", f"{Route.BASE} cannot be reached ({type(error).__name__})", mend))
    return checks


async def _examine(session: aiohttp.ClientSession, settings: Settings, clock: Clock, checks: list[Check]) -> None:
    me, date = await _get(session, "/users/@me")
    checks.append(check_clock("discord clock", "Discord", date, clock))
    checks.append(Check("discord token", "ok", f"the bot {me['username']}"))
    application, _ = await _get(session, "/oauth2/applications/@me")
    checks += _examine_application(application, settings.discord_message_content)
    gateway, _ = await _get(session, "/gateway/bot")
    checks.append(_examine_shards(gateway, settings))
    registered, _ = await _get(session, f"/applications/{application['id']}/commands")
    missing = {command.name for command in COMMANDS} - {command["name"] for command in registered}
    if missing:
        told = f"not registered in all servers: {', '.join(sorted(missing))}"
        checks.append(Check("discord commands", "warning", told, "run: smtpbot discord sync"))
    else:
        checks.append(Check("discord commands", "ok", "registered"))


async def _get(session: aiohttp.ClientSession, path: str) -> tuple[Any, str | None]:
    async with session.get(Route.BASE + path) as response:
        response.raise_for_status()
        return await response.json(), response.headers.get("Date")


def _refused(error: aiohttp.ClientResponseError) -> Check:
    if error.status in (401, 403):
        told, _, mend = CLOSED[4004].partition("; ")
        return Check("discord token", "problem", told, mend)
    return Check("discord", "problem", f"Discord answers {error.status}", "try again in a few minutes")


def _examine_application(application: dict[str, Any], wants_content: bool) -> Iterator[Check]:
    allowed = bool(application.get("flags", 0) & MESSAGE_CONTENT)
    if wants_content and not allowed:
        told, _, mend = CLOSED[4014].partition("; ")
        yield Check("discord intents", "problem", told, mend)
    else:
        told = "message content is allowed" if allowed else "message content is not allowed"
        used = "and used" if wants_content else "and not needed" if not allowed else "and not used"
        yield Check("discord intents", "ok", f"{told}, {used}")
    if application.get("interactions_endpoint_url"):
        mend = f"{PORTAL} > General Information: empty the Interactions Endpoint URL"
        yield Check("discord interactions", "problem", "commands and buttons go to another address", mend)
    if application.get("bot_require_code_grant"):
        mend = f"{PORTAL} > Bot: switch off Requires OAuth2 Code Grant"
        yield Check("discord invitation", "problem", "the bot cannot be added to a server by its link", mend)


def _examine_shards(gateway: dict[str, Any], settings: Settings) -> Check:
    name, limits = "discord shards", gateway["session_start_limit"]
    try:
        total, own = own_shards(settings)
    except SettingsError as error:
        return Check(name, "problem", str(error), "`smtpbot serve --settings` says what each is for")
    needed = len(own or ()) or gateway["shards"]
    told = f"{needed} here, {total or gateway['shards']} in all, {limits['remaining']} more starts today"
    if limits["remaining"] < needed:
        hours = limits["reset_after"] / 3_600_000
        return Check(name, "problem", told, f"wait {hours:.1f} hours, and find out what starts the bot so often")
    if total and total < gateway["shards"]:
        mend = f"set SMTPBOT_DISCORD_SHARDS to {gateway['shards']}"
        return Check(name, "warning", f"{told}; Discord recommends {gateway['shards']}", mend)
    return Check(name, "ok", told)
