"""Reads the channel's history, where the bot may: what somebody points at, and what was answered to a message."""

import itertools
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

ANSWER = "smtpbot_answer"  # what the bot's messages say of themselves: to which message, and which part of the answer
MAX_THREAD = 15  # messages; what Slack gives to apps outside its marketplace
_ERRORS = (SlackApiError, aiohttp.ClientError, OSError, TimeoutError)


def part_of_answer(ts: str, part: int) -> dict[str, Any]:
    """The metadata of a message, which nobody sees, by which another process finds it."""
    return {"event_type": ANSWER, "event_payload": {"to": ts, "part": part}}


async def count_answered(client: AsyncWebClient, channel: str, thread: str | None, ts: str) -> int:
    """How many messages of an answer stand there already; 0 also where the history may not be read."""
    asked = {"channel": channel, "oldest": ts, "limit": 100, "include_all_metadata": "true"}
    try:
        if thread:
            told = await client.api_call("conversations.replies", data={**asked, "ts": thread})
        else:
            told = await client.api_call("conversations.history", data=asked)
    except _ERRORS:
        return 0
    kept = [message.get("metadata") or {} for message in told.get("messages") or ()]
    payloads = [one.get("event_payload") or {} for one in kept if one.get("event_type") == ANSWER]
    parts = {payload.get("part") for payload in payloads if payload.get("to") == ts}
    return next(part for part in itertools.count() if part not in parts)


async def find_message(client: AsyncWebClient, channel: str, ts: str) -> dict[str, Any] | None:
    """The message with that timestamp, of a thread or not; None where it is gone or may not be read."""
    asked = {"channel": channel, "ts": ts, "latest": ts, "oldest": ts, "inclusive": "true", "limit": 1}
    return next((message for message in await _find(client, asked) if message.get("ts") == ts), None)


async def find_thread(client: AsyncWebClient, channel: str, ts: str, before: str) -> list[dict[str, Any]]:
    """The message a thread began with and those that follow up to another, oldest first, as far as one call brings them."""
    asked = {"channel": channel, "ts": ts, "latest": before, "limit": MAX_THREAD}
    return [message for message in await _find(client, asked) if str(message.get("ts") or "") < before]


async def _find(client: AsyncWebClient, asked: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        told = await client.api_call("conversations.replies", data=asked)
    except _ERRORS:
        return []
    return [dict(message) for message in told.get("messages") or ()]
