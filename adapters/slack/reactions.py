"""A magnifying glass on a message asks for an explanation of it, where the bot may read the channel's history."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.app import Handlers
from adapters.slack.history import find_message
from adapters.slack.inbound import Asked, place_of, read_quoted

ASKING = "mag"
_DONE = BoltResponse(status=200, body="")


async def answer_reaction(
    handlers: Handlers, body: Mapping[str, Any], client: AsyncWebClient, bot_user: str
) -> BoltResponse:
    """The answer in the thread of the message, once, whoever and however many ask.

    People mark messages so for other reasons too: to what is no mail error nothing is said.
    """
    event = body["event"]
    item = event.get("item") or {}
    if event.get("reaction") != ASKING or item.get("type") != "message" or event.get("user") == bot_user:
        return _DONE
    channel, ts = str(item.get("channel") or ""), str(item.get("ts") or "")
    message = await find_message(client, channel, ts)
    if message is None or message.get("user") == bot_user:
        return _DONE
    text, files = read_quoted(message)
    private = channel.startswith("D")
    thread = message.get("thread_ts") or (None if private else ts)
    seen = await handlers.seen(files, client)
    asked = Asked(
        text, "mention", place_of(body, channel), str(event.get("user") or ""), ts, thread, private, seen, quiet=True
    )
    return await handlers.answer_once(asked if text or seen else None, client)
