"""The handlers: read, ask, draw, send. An event is claimed, answered, marked, and only then acknowledged."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
from slack_bolt import BoltResponse
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.attachments import GONE, MAX_FILE, MAX_FILES, TOO_LARGE, TOO_MANY, answer_file, find_refusal, refuse
from adapters.charting import Charts
from adapters.slack.actions import buttons
from adapters.slack.files import NOT_ALLOWED, REFUSALS
from adapters.slack.history import find_message
from adapters.slack.inbound import (
    STATS,
    Asked,
    Upload,
    place_of,
    read_command,
    read_direct,
    read_mention,
    read_overheard,
    read_quoted,
    read_setting,
    read_upload,
)
from adapters.slack.installs import PLATFORM
from adapters.slack.numbers import answer_stats
from adapters.slack.posting import code_of, respond_patiently
from adapters.slack.render import STILL_READING, Payload, fitted, render, render_line
from adapters.slack.sending import Answering
from adapters.slack.watch import answer_setting
from adapters.watched import Watched
from bot.app import Bot
from bot.errors import StoreError
from bot.model import Reply, Via
from bot.storage import Store
from bot.telemetry import Telemetry, describe

ANSWER_WITHIN = 2.5  # seconds; Slack waits three
POLL = 0.05
MAX_RESPONSES = 4  # a response URL works five times, and one is kept for the line that says to wait
LONG_TEXT = 8_000  # characters from which a text is read in a thread, so that other answers go on
FAILED = "Something went wrong here. If it happens again, tell whoever runs this bot the number {id}."
UNSEEN = (
    "I may not read that message here. Use its menu instead: *More actions › Explain this bounce*. "
    "Or paste its text behind my name."
)
_DONE, _LATER = BoltResponse(status=200, body=""), BoltResponse(status=503, body="")
Respond = Callable[..., Awaitable[Any]]
Fetch = Callable[[Upload, str], Awaitable[bytes | str]]  # the bytes, or why they cannot be had
_log = logging.getLogger("smtpbot.slack")


async def _fetch_nothing(upload: Upload, token: str) -> bytes | str:
    return GONE


class Handlers:
    """Everything Slack can ask of the bot, and the answers still on their way."""

    def __init__(self, bot: Bot, store: Store, telemetry: Telemetry, fetch: Fetch = _fetch_nothing) -> None:
        self.bot, self.store, self.telemetry, self._fetch = bot, store, telemetry, fetch
        self.watched = Watched(store, PLATFORM)
        self.charts = Charts()
        self.stopping = False
        self._running: set[asyncio.Task[Any]] = set()

    async def answer_command(
        self, command: dict[str, Any], ack: Respond, respond: Respond, client: AsyncWebClient | None = None
    ) -> None:
        """`/smtp`: the answer is the acknowledgement, for the asker's eyes only."""
        text, tenant = read_command(command), place_of(command).tenant
        setting = read_setting(text) if client else None
        if client and setting == STATS:
            return await answer_stats(self, command, client, ack, respond)
        if client and setting:
            await ack({"response_type": "ephemeral", **await answer_setting(self, setting, command, client)})
            return
        if len(text) <= LONG_TEXT:
            first, *more = self.answer_safely(text, "slash", tenant, sharable=True)
        else:
            reading = self.start(asyncio.to_thread(self.answer_safely, text, "slash", tenant, sharable=True))
            await asyncio.wait({reading}, timeout=ANSWER_WITHIN)
            if not reading.done():
                await ack({"response_type": "ephemeral", **render_line(STILL_READING)})
                self.start(_respond_later(reading, respond))
                return
            first, *more = reading.result()
        await ack({"response_type": "ephemeral", **first})
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
        if not overheard.uploads and not await self._is_mail_error(overheard.text):
            return _DONE
        return await self.answer_once(overheard, client)

    async def answer_once(self, asked: Asked | None, client: AsyncWebClient) -> BoltResponse:
        """200 once the event is answered or will be; 503 where the platform should deliver it again."""
        if asked is None:
            return _DONE
        until = time.monotonic() + ANSWER_WITHIN
        claim = await self.claim(asked.key)
        while claim == "busy" and time.monotonic() < until:
            await asyncio.sleep(POLL)
            claim = await self.claim(asked.key)
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
        await self.mark(asked.key)
        if not asked.quiet:
            self.start(answering.announce())
        return _DONE

    async def ask(self, asked: Asked, client: AsyncWebClient) -> list[Payload]:
        """The answers to the files and the text of a message, as messages; a line with an id where that fails."""
        begun = time.perf_counter()
        try:
            replies = await self._find_replies(asked, client)
            if replies is None:
                return [render_line(UNSEEN)]
            self.note(replies, asked.place.tenant, begun)
            return [page for reply in replies for page in self.draw(reply, not asked.private)]
        except Exception as error:
            told = self.failed(error)
            return [] if asked.quiet else [told]

    def note(self, replies: list[Reply], tenant: str, begun: float) -> None:
        """Count replies that were given."""
        for reply in replies:
            self.telemetry.note_reply(PLATFORM, tenant, reply, time.perf_counter() - begun)

    def answer_safely(
        self, text: str, via: Via, tenant: str, sharable: bool = False, votable: bool = True
    ) -> list[Payload]:
        """What the bot says to a text for the asker alone; a line with an id where it fails, and the same id in the log."""
        begun = time.perf_counter()
        try:
            reply = self.bot.answer(text, via)
            drawn = self.draw(reply, False, sharable, votable)
        except Exception as error:  # the one place where a fault of ours is caught
            return [self.failed(error)]
        seconds = time.perf_counter() - begun
        self.telemetry.count(f"slack.{via}.{reply.kind}", seconds)
        self.telemetry.note_reply(PLATFORM, tenant, reply, seconds)
        return drawn

    async def answer_quoted(self, text: str, uploads: tuple[Upload, ...], asked: Asked, token: str) -> list[Reply]:
        """The replies to the files and the text of a message."""
        replies = [await self._ask_file(upload, asked.via, token) for upload in uploads[:MAX_FILES]]
        if len(uploads) > MAX_FILES:
            replies.append(refuse(TOO_MANY, "", asked.via))
        if not replies or (text and not any(reply.answered for reply in replies)):
            told = await self._ask_text(text, asked.via)
            replies = [told] if told.answered or not replies else replies
        return [reply for reply in replies if reply.answered] if asked.quiet else replies

    def draw(self, reply: Reply, public: bool, sharable: bool = False, votable: bool = True) -> list[Payload]:
        """The reply as messages, with its buttons."""
        return render(reply, public, buttons(reply, self.bot.knowledge, sharable, votable))

    def failed(self, error: Exception) -> Payload:
        """What is said where a fault of ours left something unanswered: a number, which the log has too."""
        identifier = secrets.token_hex(4)
        _log.error("no answer, id %s: %s", identifier, describe(error))
        self.telemetry.count("slack.failed")
        return render_line(FAILED.replace("{id}", identifier))

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

    async def mark(self, key: str) -> None:
        """Record that an event is answered; where that cannot be recorded, the answer still stands."""
        try:
            await self.store.mark_answered(key)
        except StoreError:
            _log.warning("an answer could not be recorded: the store is out of reach")

    async def release(self, key: str) -> None:
        """Give a claim back."""
        try:
            await self.store.release(key)
        except StoreError:
            _log.warning("a claim could not be given back: the store is out of reach")

    async def claim(self, key: str) -> str:
        """See Store; where the store is out of reach an event is answered unclaimed, since silence is worse."""
        try:
            return await self.store.claim(key)
        except StoreError:
            _log.warning("an event is answered unclaimed: the store is out of reach")
            return "taken"

    async def _find_watched(self, tenant: str) -> frozenset[str]:
        try:
            return await self.watched.channels(tenant)
        except StoreError:
            return frozenset()

    async def _is_mail_error(self, text: str) -> bool:
        try:
            return (await self._ask_text(text, "channel")).answered
        except Exception as error:
            self.failed(error)
            return False

    async def _find_replies(self, asked: Asked, client: AsyncWebClient) -> list[Reply] | None:
        """What is said to a message; where a mention says nothing by itself, to what its thread began with. None: unseen."""
        token = client.token or ""
        if asked.parent is None or asked.uploads:
            return await self.answer_quoted(asked.text, await self.seen(asked.uploads, client), asked, token)
        told = await self._ask_text(asked.text, asked.via) if asked.text else None
        if told and told.answered:
            return [told]
        parent = await find_message(client, asked.channel, asked.parent)
        if parent is None:
            return [told] if told else None
        text, files = read_quoted(parent)
        found = await self.answer_quoted(text, await self.seen(files, client), asked, token) if text or files else []
        return found or [await self._ask_text("", asked.via)]

    async def seen(self, uploads: tuple[Upload, ...], client: AsyncWebClient) -> tuple[Upload, ...]:
        """The files, those of another organization with what Slack tells of them when asked."""
        return tuple([await self._see(one, client) if one.unseen else one for one in uploads[: MAX_FILES + 1]])

    async def _see(self, upload: Upload, client: AsyncWebClient) -> Upload:
        try:
            told = await client.api_call("files.info", data={"file": upload.unseen})
        except SlackApiError as error:
            return replace(upload, state="denied" if code_of(error) in NOT_ALLOWED else "deleted", unseen=None)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return replace(upload, unseen=None)  # which has no address, and so cannot be fetched
        return read_upload({**(told.get("file") or {}), "file_access": "visible"})

    async def _ask_text(self, text: str, via: Via) -> Reply:
        begun = time.perf_counter()
        if len(text) > LONG_TEXT:
            reply = await asyncio.to_thread(self.bot.answer, text, via)
        else:
            reply = self.bot.answer(text, via)
        self.telemetry.count(f"slack.{via}.{reply.kind}", time.perf_counter() - begun)
        return reply

    async def _ask_file(self, upload: Upload, via: Via, token: str) -> Reply:
        begun = time.perf_counter()
        name = f"{upload.name}.eml" if upload.email else upload.name
        refusal = REFUSALS.get(upload.state) or find_refusal(name, upload.size, self.bot)
        if refusal:
            return refuse(refusal, upload.name, via)
        raw = await self._fetch(upload, token)
        if isinstance(raw, str) or len(raw) > MAX_FILE:
            self.telemetry.count("slack.file.unread")
            return refuse(raw if isinstance(raw, str) else TOO_LARGE, upload.name, via)
        reply = await asyncio.to_thread(answer_file, self.bot, raw, name, via)
        self.telemetry.count(f"slack.file.{reply.kind}", time.perf_counter() - begun)
        return reply


async def respond_all(drawn: list[Payload], respond: Respond) -> None:
    """Further messages for the asker alone, as many as a response URL takes."""
    for page in fitted(drawn, MAX_RESPONSES):
        await _try(respond, response_type="ephemeral", replace_original=False, **page)


def in_thread(body: Mapping[str, Any], respond: Respond) -> Respond:
    """Responds where the message stands that was pressed or picked: Slack would else leave its thread for the channel."""
    message = {**(body.get("container") or {}), **(body.get("message") or {})}
    thread, ts = message.get("thread_ts"), message.get("ts") or message.get("message_ts")
    return partial(respond, thread_ts=thread) if thread and thread != ts else respond


async def _respond_later(reading: asyncio.Task[list[Payload]], respond: Respond) -> None:
    first, *more = await reading
    await _try(respond, response_type="ephemeral", replace_original=True, **first)
    await respond_all(more, respond)


async def _try(respond: Respond, **message: Any) -> None:
    """Send to a response URL, several times where need be, since Slack delivers nothing again."""
    try:
        await respond_patiently(lambda: respond(**message))
    except Exception as error:
        _log.error("an answer is lost: %s %s", describe(error), error if type(error) is OSError else "")
