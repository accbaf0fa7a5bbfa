"""Watched channels: where the bot speaks unasked. Anyone in a channel may switch it on or off there, and all read who did.

Whether somebody is in a channel needs no scope: `/smtp` can only be typed by who is in it, and what is sent to one
person in a channel reaches them only where they are.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.inbound import place_of
from adapters.slack.posting import QUIET
from adapters.slack.render import Payload, render_line
from bot.errors import StoreError
from bot.storage import Place

if TYPE_CHECKING:
    from adapters.slack.app import Handlers

ON, OFF = "smtp_watch_on", "smtp_watch_off"
WATCHED = (
    "I answer mail errors in <#{channel}> unasked, in their threads: pasted replies, bounces and log lines, uploaded or "
    "e-mailed reports, and questions about codes. To everything else I say nothing."
)
NOT_WATCHED = "I do not watch <#{channel}>. There I answer only who asks me, or marks a message with :mag:."
DIRECT = "Here I answer everything you send. Type `/smtp watch on` in a channel to have me answer mail errors there."
INVITE = "I am not in <#{channel}>. Type `/invite @smtpbot` there, then try again."
SWITCHED_ON = "<@{user}> switched me on here: from now on I answer mail errors unasked, in their threads. `/smtp watch off` ends it."
SWITCHED_OFF = "<@{user}> switched me off here: from now on I answer only who asks me."
UNKEPT = "The setting could not be kept: my database is out of reach. Please try again later."
_ABSENT = ("not_in_channel", "channel_not_found", "is_archived")
_log = logging.getLogger("smtpbot.slack")


async def answer_setting(
    handlers: "Handlers", setting: str, command: Mapping[str, Any], client: AsyncWebClient
) -> Payload:
    """What `/smtp settings` and `/smtp watch …` say, after doing it."""
    place = place_of(command, str(command.get("channel_id") or ""))
    if setting in ("watch on", "watch off"):
        return await switch(handlers, place, str(command.get("user_id") or ""), setting == "watch on", client)
    return await tell(handlers, place)


async def tell(handlers: "Handlers", place: Place) -> Payload:
    """Whether a channel is watched, with the button that changes it."""
    if place.channel.startswith("D"):
        return render_line(DIRECT)
    try:
        on = place.channel in await handlers.watched.channels(place.tenant)
    except StoreError:
        return render_line(UNKEPT)
    return _state(place.channel, on)


async def switch(handlers: "Handlers", place: Place, user: str, on: bool, client: AsyncWebClient) -> Payload:
    """Watch a channel, or no longer, and tell the channel who wanted it so; nothing changes where that cannot be told."""
    if place.channel.startswith("D"):
        return render_line(DIRECT)
    try:
        if (place.channel in await handlers.watched.channels(place.tenant)) is on:
            return _state(place.channel, on)
        told = (SWITCHED_ON if on else SWITCHED_OFF).replace("{user}", user)
        try:
            await client.chat_postMessage(channel=place.channel, **render_line(told), **QUIET)
        except SlackApiError as error:
            if on or error.response.get("error") not in _ABSENT:  # what nobody hears may always be switched off
                return render_line(INVITE.replace("{channel}", place.channel))
        await handlers.watched.switch(place.tenant, place.channel, on)
    except StoreError:
        return render_line(UNKEPT)
    _log.info("watching switched %s: channel %s of %s by %s", "on" if on else "off", place.channel, place.tenant, user)
    return _state(place.channel, on)


async def offer(handlers: "Handlers", place: Place, user: str, client: AsyncWebClient) -> str | None:
    """Show the setting of a channel to one person there; what to do first where that cannot be, else None."""
    drawn = await tell(handlers, place)
    try:
        await client.chat_postEphemeral(channel=place.channel, user=user, **drawn)
    except SlackApiError:
        return INVITE.replace("{channel}", place.channel)
    return None


def _state(channel: str, on: bool) -> Payload:
    action, name = (OFF, "Stop watching") if on else (ON, "Watch this channel")
    button = {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": name}, "value": channel}
    told = (WATCHED if on else NOT_WATCHED).replace("{channel}", channel)
    return render_line(told, [{"type": "actions", "elements": [button]}])
