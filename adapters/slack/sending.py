"""One event on its way to its answer: asked, drawn, sent, and marked, so that it is answered once."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.inbound import Asked
from adapters.slack.render import STILL_READING, Payload, render_line
from bot.telemetry import describe

if TYPE_CHECKING:
    from adapters.slack.app import Handlers

RETRIES = (1.0, 4.0, 15.0, 60.0)  # seconds between tries, once Slack was told that the event is taken
UNSENT = "I could not send the answer: Slack did not take it. Please ask again."
# Errors of Slack that no second try mends; the event is done with.
_FINAL = frozenset(
    "channel_not_found not_in_channel is_archived restricted_action msg_too_long invalid_blocks no_permission "
    "thread_not_found cannot_reply_to_message message_not_found restricted_action_thread_locked ekm_access_denied "
    "restricted_action_read_only_channel account_inactive invalid_auth token_revoked".split()
)
QUIET: Payload = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
_log = logging.getLogger("smtpbot.slack")


class Answering:
    """One claimed event. `acknowledged` once Slack was told that it is taken, and will not deliver it again."""

    def __init__(self, handlers: "Handlers", asked: Asked, client: AsyncWebClient) -> None:
        self._handlers, self._asked, self._client = handlers, asked, client
        self.acknowledged = False
        self._drawn = False
        self._sent = 0
        self._notice: str | None = None
        self._notifying = asyncio.Lock()

    async def run(self) -> bool:
        """Ask, draw, send, mark; false where Slack is to deliver the event again."""
        drawn = await self._handlers.ask(self._asked, self._client)
        self._drawn = True
        waits = iter(RETRIES)
        while True:
            try:
                await self._send(drawn)
                break
            except Exception as error:
                code = error.response.get("error", "") if isinstance(error, SlackApiError) else ""
                _log.warning("answer not sent: %s %s", describe(error), code)
                self._handlers.telemetry.count("slack.unsent")
                if code in _FINAL:
                    break
            if not self.acknowledged:
                await self._handlers.release(self._asked.key)
                return False
            wait = next(waits, None)
            if wait is None or self._handlers.stopping:
                await self._give_up()
                break
            await asyncio.sleep(wait)
        await self._handlers.mark(self._asked.key)
        return True

    async def announce(self) -> None:
        """Say that the answer takes longer, unless it is already being sent."""
        if self._drawn:
            return
        async with self._notifying:
            try:
                sent = await self._post(render_line(STILL_READING))
                self._notice = str(sent["ts"])
            except Exception as error:
                _log.warning("notice not sent: %s", describe(error))

    async def _send(self, drawn: list[Payload]) -> None:
        async with self._notifying:
            if self._notice is not None and self._sent == 0 and drawn:
                await self._client.chat_update(
                    channel=self._asked.channel, ts=self._notice, parse="none", link_names=False, **drawn[0]
                )
                self._sent = 1
            while self._sent < len(drawn):
                await self._post(drawn[self._sent])
                self._sent += 1

    async def _post(self, drawn: Payload) -> Any:
        return await self._client.chat_postMessage(
            channel=self._asked.channel, thread_ts=self._asked.thread, **drawn, **QUIET
        )

    async def _give_up(self) -> None:
        """What is left: one short line, in case it was the answer that Slack did not take."""
        _log.error("an answer is lost: Slack took it at no try")
        self._handlers.telemetry.count("slack.lost")
        try:
            await self._post(render_line(UNSENT))
        except Exception as error:
            _log.warning("notice not sent: %s", describe(error))
