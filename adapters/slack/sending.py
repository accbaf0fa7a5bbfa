"""One event on its way to its answer: asked, drawn, sent, and marked, so that it is answered once."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from slack_sdk.web.async_client import AsyncWebClient

from adapters.pace import SLOW_DOWN, Pace
from adapters.slack.history import count_answered
from adapters.slack.inbound import Asked
from adapters.slack.posting import Poster, code_of, find_pause, is_final, is_limited, is_unshown
from adapters.slack.reactions import read_marked
from adapters.slack.render import STILL_READING, Payload, render_line
from bot.storage import LEASE, REMEMBERED
from bot.telemetry import describe

if TYPE_CHECKING:
    from adapters.slack.app import Handlers

OLD = LEASE / 2  # seconds since a message was written, by two clocks
TRY_FOR = 180.0  # seconds from the first try to the last
RETRIES = (1.0, 4.0, 15.0, 60.0)  # seconds between tries, once Slack was told that the event is taken
UNSENT = "I could not send the answer: Slack did not take it. Please ask again."
_log = logging.getLogger("smtpbot.slack")


class Answering:
    """One claimed event. `acknowledged` once Slack was told that it is taken, and will not deliver it again."""

    def __init__(self, handlers: "Handlers", asked: Asked, client: AsyncWebClient) -> None:
        self._handlers, self._asked, self._client = handlers, asked, client
        self._poster = Poster(client, asked.channel, asked.thread, asked.ts)
        self._drawn = False
        self._pace: Pace = "go"
        self._until = time.monotonic() + TRY_FOR
        self.acknowledged = False

    async def run(self) -> bool:
        """Ask, draw, send, mark; false where Slack is to deliver the event again."""
        drawn = await self._ask()
        self._drawn = True
        if drawn and self._may_be_taken_over():
            self._poster.sent = await count_answered(
                self._client, self._asked.channel, self._poster.thread, self._asked.ts
            )
        if not await self._send(drawn):
            self._handlers.give_back(self._asked.place.tenant, self._asked.user, self._pace)
            await self._handlers.claims.release(self._asked.key)
            return False
        # What was not answered may still be asked about.
        answered = drawn and self._pace == "go"
        await (self._handlers.claims.mark if answered else self._handlers.claims.release)(self._asked.key)
        return True

    async def _send(self, drawn: list[Payload]) -> bool:
        """Whether the event is done with: all is sent, or as much as ever can be."""
        waits = iter(RETRIES)
        while True:
            try:
                await self._poster.send(drawn)
                return True
            except Exception as error:
                self._note(error)
                if is_final(error):
                    return True
                limited = is_limited(error)
                wait = None if is_unshown(error) else find_pause(error) if limited else next(waits, None)
                if not (self._is_owed() or is_unshown(error) or (limited and wait and not self._handlers.stopping)):
                    return False
            if wait is None or self._handlers.stopping or time.monotonic() + wait > self._until:
                await self._give_up()
                return True
            await asyncio.sleep(wait)

    async def _ask(self) -> list[Payload]:
        asked = await read_marked(self._asked, self._client) if self._asked.marked else self._asked
        if asked is None or not (asked.text or asked.uploads or not asked.quiet):
            return []
        self._poster.thread = asked.thread
        answer = self._handlers.replies.answer_message
        # Most of what is overheard or marked is no mail error, and does not count.
        drawn = await answer(asked, self._client) if asked.quiet else []
        if asked.quiet and not drawn:
            return []
        self._pace = self._handlers.take_pace(asked.place.tenant, asked.user)
        if self._pace == "go":
            return drawn or await answer(asked, self._client)
        return [render_line(SLOW_DOWN)] if self._pace == "slow" else []

    def _may_be_taken_over(self) -> bool:
        """Whether a process may have died over it, which may have sent the answer: it is as old as a claim gets."""
        try:
            return OLD <= time.time() - float(self._asked.ts) <= REMEMBERED
        except ValueError:
            return False

    async def announce(self) -> None:
        """Say that the answer takes longer, unless it is already being sent."""
        try:
            await self._poster.announce(render_line(STILL_READING), lambda: not self._drawn)
        except Exception as error:
            _log.warning("notice not sent: %s", describe(error))

    def _is_owed(self) -> bool:
        """Whether Slack delivers the event no more, or another answer would repeat a part of this one."""
        return self.acknowledged or self._poster.sent > 0

    async def _give_up(self) -> None:
        """What is left: one short line, in case it was the answer that Slack did not take."""
        _log.error("an answer is lost: Slack did not take it")
        self._handlers.telemetry.count("slack.lost")
        self._poster.sent = 0
        try:
            await self._poster.send([render_line(UNSENT)])
        except Exception as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        _log.warning("answer not sent: %s %s", describe(error), code_of(error))
        self._handlers.telemetry.count("slack.unsent")
