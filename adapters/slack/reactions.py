"""A magnifying glass on a message asks for an explanation of it, where the bot may read the channel's history."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slack_bolt import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.history import find_message
from adapters.slack.inbound import Asked, place_of, read_quoted

if TYPE_CHECKING:
    from adapters.slack.app import Handlers

ASKING = "mag"
_DONE = BoltResponse(status=200, body="")


async def answer_reaction(
    handlers: "Handlers", body: Mapping[str, Any], client: AsyncWebClient, bot_user: str
) -> BoltResponse:
    """The answer in the thread of the message, once, whoever and however many ask.

    People mark messages so for other reasons too: to what is no mail error nothing is said.
    """
    event = body["event"]
    item = event.get("item") or {}
    if event.get("reaction") != ASKING or item.get("type") != "message" or bot_user in (event.get("user"), event.get("item_user")):  # fmt: skip
        return _DONE
    channel, ts, user = str(item.get("channel") or ""), str(item.get("ts") or ""), str(event.get("user") or "")
    private = channel.startswith("D")
    asked = Asked("", "mention", place_of(body, channel), user, ts, None, private, quiet=True, marked=True)
    return await handlers.answer_once(asked, client)


async def read_marked(asked: Asked, client: AsyncWebClient) -> Asked | None:
    """What the marked message asks; None where it is gone or may not be read."""
    message = await find_message(client, asked.channel, asked.ts)
    if message is None:
        return None
    text, files = read_quoted(message)
    thread = message.get("thread_ts") or (None if asked.private else asked.ts)
    return replace(asked, text=text, uploads=files, thread=thread, marked=False)
