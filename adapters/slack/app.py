"""The handlers: read, ask, draw, send. An event is claimed, answered, marked, and only then acknowledged."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from slack_bolt import BoltResponse
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from adapters.asking import LONG_TEXT
from adapters.charting import Charts
from adapters.claims import Claims
from adapters.pace import SLOW_DOWN, Pace, Pacer
from adapters.slack.inbound import (  # fmt: skip
    STATS,
    Asked,
    place_of,
    read_command,
    read_direct,
    read_mention,
    read_overheard,
    read_setting,
)
from adapters.slack.installs import PLATFORM
from adapters.slack.numbers import answer_stats
from adapters.slack.render import STILL_READING, Payload, render_line
from adapters.slack.replies import Fetch, Replies, fetch_nothing
from adapters.slack.responding import Respond, respond_all, respond_later
from adapters.slack.sending import Answering
from adapters.slack.watch import answer_setting
from adapters.watched import Watched
from bot.app import Bot
from bot.errors import StoreError
from bot.storage import Store
from bot.telemetry import Telemetry

ANSWER_WITHIN = 2.5  # seconds; Slack waits three
NOBODY = ("", "USLACKBOT")
POLL = 0.05  # seconds between looks at an event that another process has begun to answer
_DONE, _LATER = BoltResponse(status=200, body=""), BoltResponse(status=503, body="")


class Handlers:
    """Everything Slack can ask of the bot, and the answers still on their way."""

    def __init__(self, bot: Bot, store: Store, telemetry: Telemetry, fetch: Fetch = fetch_nothing) -> None:
        self.bot, self.store, self.telemetry = bot, store, telemetry
        self.replies = Replies(bot, telemetry, fetch)
        self.claims = Claims(store, PLATFORM)
        self.watched = Watched(store, PLATFORM)
        self.charts = Charts()
        self._pacer = Pacer()
        self.stopping = False
        self._running: set[asyncio.Task[Any]] = set()

    async def answer_command(
        self, command: dict[str, Any], ack: Respond, respond: Respond, client: AsyncWebClient | None = None
    ) -> None:
        """`/smtp`: the answer is the acknowledgement, for the asker's eyes only."""
        text, tenant = read_command(command), place_of(command).tenant
        if self.take_pace(tenant, str(command.get("user_id") or "")) != "go":
            return await _acknowledge(ack, render_line(SLOW_DOWN))
        setting = read_setting(text) if client else None
        if client and setting == STATS:
            return await answer_stats(self, command, client, ack, respond)
        if client and setting:
            return await _acknowledge(ack, await answer_setting(self, setting, command, client))
        if len(text) <= LONG_TEXT:
            first, *more = self.replies.answer_text(text, "slash", tenant, sharable=True)
        else:
            reading = self.start(asyncio.to_thread(self.replies.answer_text, text, "slash", tenant, sharable=True))
            await asyncio.wait({reading}, timeout=ANSWER_WITHIN)
            if not reading.done():
                await _acknowledge(ack, render_line(STILL_READING))
                self.start(respond_later(reading, respond))
                return
            first, *more = reading.result()
        await _acknowledge(ack, first)
        if more:
            self.start(respond_all(more, respond))

    async def answer_mention(
        self, body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
    ) -> BoltResponse:
        """`@smtpbot …`: the answer goes to the thread, addresses masked."""
        return await self.answer_once(read_mention(body, context["bot_user_id"]), client)

    async def hear_message(
        self, body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
    ) -> BoltResponse:
        """A direct message, or one in a channel: that is answered where it is watched and holds a mail error."""
        me = context["bot_user_id"]
        direct = read_direct(body, me)
        if direct:
            return await self.answer_once(direct, client)
        overheard = read_overheard(body, me)
        if overheard is None or overheard.channel not in await self._find_watched(overheard.place.tenant):
            return _DONE
        if not overheard.uploads and not await self.replies.is_mail_error(overheard.text):
            return _DONE
        return await self.answer_once(overheard, client)

    async def answer_once(self, asked: Asked | None, client: AsyncWebClient) -> BoltResponse:
        """200 once the event is answered or will be; 503 where the platform should deliver it again."""
        if asked is None:
            return _DONE
        until = time.monotonic() + ANSWER_WITHIN
        claim = await self.claims.claim(asked.key)
        while claim == "busy" and time.monotonic() < until:
            await asyncio.sleep(POLL)
            claim = await self.claims.claim(asked.key)
        self.telemetry.count(f"slack.event.{claim}")
        if claim != "taken":
            return _DONE if claim == "answered" else _LATER
        answering = Answering(self, asked, client)
        task = self.start(answering.run())
        await asyncio.wait({task}, timeout=max(0.0, until - time.monotonic()))
        if task.done():
            return _DONE if task.result() else _LATER
        # From here on the answer is owed by this process alone: Slack delivers no more, and no twin may begin anew.
        answering.acknowledged = True
        await self.claims.mark(asked.key)
        if not asked.quiet:
            self.start(answering.announce())
        return _DONE

    def take_pace(self, tenant: str, user: str) -> Pace:
        """How a person's question is met. What Slack itself posts, such as e-mails to a channel, is nobody's question."""
        pace: Pace = "go" if user in NOBODY else self._pacer.take(f"{tenant}/{user}")
        if pace != "go":
            self.telemetry.count("slack.slowed")
        return pace

    def give_back(self, tenant: str, user: str, pace: Pace) -> None:
        """Undo take_pace for a question that Slack is to deliver again."""
        self._pacer.give_back(f"{tenant}/{user}", pace)

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Work that goes on by itself and is waited for at the end."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def drain(self, seconds: float) -> None:
        """Wait for the answers still on their way."""
        self.stopping = True
        while self._running and seconds > 0:
            begun = time.monotonic()
            await asyncio.wait(self._running, timeout=seconds)
            seconds -= time.monotonic() - begun

    async def _find_watched(self, tenant: str) -> frozenset[str]:
        try:
            return await self.watched.channels(tenant)
        except StoreError:
            return frozenset()


async def _acknowledge(ack: Respond, drawn: Payload) -> None:
    await ack({"response_type": "ephemeral", **drawn})
