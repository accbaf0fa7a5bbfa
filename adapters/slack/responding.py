"""What is sent to a response URL: for one person's eyes, beneath what they typed, picked or pressed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import aiohttp

from adapters.slack.posting import read_pause
from adapters.slack.render import Payload, fitted
from bot.telemetry import describe

MAX_RESPONSES = 4  # a response URL works five times, and one is kept for the line that says to wait
AGAIN = (1.0, 4.0, 15.0)  # seconds between tries
Respond = Callable[..., Awaitable[Any]]  # Bolt's `ack` and `respond`
_log = logging.getLogger("smtpbot.slack")


async def respond_all(drawn: list[Payload], respond: Respond) -> None:
    """Further messages for the asker alone, as many as a response URL takes."""
    for page in fitted(drawn, MAX_RESPONSES):
        await _try(respond, response_type="ephemeral", replace_original=False, **page)


async def respond_later(reading: asyncio.Task[list[Payload]], respond: Respond) -> None:
    """The answer in place of the line that said to wait, once it is there."""
    first, *more = await reading
    await _try(respond, response_type="ephemeral", replace_original=True, **first)
    await respond_all(more, respond)


def in_thread(body: Mapping[str, Any], respond: Respond) -> Respond:
    """Responds where the message stands that was pressed or picked: Slack would else leave its thread for the channel."""
    message = {**(body.get("container") or {}), **(body.get("message") or {})}
    thread, ts = message.get("thread_ts"), message.get("ts") or message.get("message_ts")
    return partial(respond, thread_ts=thread) if thread and thread != ts else respond


async def _try(respond: Respond, **message: Any) -> None:
    """Send several times where need be, since Slack delivers nothing again."""
    try:
        await _respond_patiently(lambda: respond(**message))
    except Exception as error:
        _log.error("an answer is lost: %s %s", describe(error), error if type(error) is OSError else "")


async def _respond_patiently(respond: Callable[[], Awaitable[Any]]) -> None:
    """Send to a response URL, again where that may help; OSError where it did not."""
    for pause in (*AGAIN, None):
        try:
            answer = await respond()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            told = type(error).__name__
        else:
            if answer.status_code == 200:
                return
            told = f"status {answer.status_code}"
            if answer.status_code == 429:
                pause = read_pause(answer.headers) if pause else None
            elif answer.status_code < 500:
                pause = None
        if pause is None:
            raise OSError(told)
        await asyncio.sleep(pause)
