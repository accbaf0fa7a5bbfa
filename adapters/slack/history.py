"""Reads one message that somebody points at, where the bot may read the channel's history."""

from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient


async def find_message(client: AsyncWebClient, channel: str, ts: str) -> dict[str, Any] | None:
    """The message with that timestamp, of a thread or not; None where it is gone or may not be read."""
    asked = {"channel": channel, "ts": ts, "latest": ts, "oldest": ts, "inclusive": True, "limit": 1}
    try:
        told = await client.api_call("conversations.replies", data=asked)
    except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError):
        return None
    messages = told.get("messages") or ()
    return next((dict(message) for message in messages if message.get("ts") == ts), None)
