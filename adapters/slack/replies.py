"""The core's replies to what is asked on Slack, drawn as messages."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.asking import Asking
from adapters.attachments import GONE, MAX_FILES, refuse
from adapters.faults import tell_fault
from adapters.slack.actions import buttons
from adapters.slack.files import NOT_ALLOWED, REFUSALS
from adapters.slack.history import find_message
from adapters.slack.inbound import Asked, Upload, read_quoted, read_upload
from adapters.slack.installs import PLATFORM
from adapters.slack.posting import code_of
from adapters.slack.render import Payload, render, render_line
from bot.app import Bot
from bot.model import Reply, Via
from bot.telemetry import Telemetry

UNSEEN = (
    "I may not read that message here. Use its menu instead: *More actions › Explain this bounce*. "
    "Or paste its text behind my name."
)
Fetch = Callable[[Upload, str], Awaitable[bytes | str]]  # the bytes, or why they cannot be had


async def fetch_nothing(upload: Upload, token: str) -> bytes | str:
    """For a bot that fetches no files."""
    return GONE


class Replies:
    """Asks the core, draws what it says, and turns a fault of ours into a line with a number."""

    def __init__(self, bot: Bot, telemetry: Telemetry, fetch: Fetch) -> None:
        self._bot, self._telemetry, self._fetch = bot, telemetry, fetch
        self._asking = Asking(bot, telemetry, PLATFORM)

    def answer_text(
        self, text: str, via: Via, tenant: str, sharable: bool = False, votable: bool = True
    ) -> list[Payload]:
        """The answer to a text for the asker alone, read at once; a line with a number where that fails."""
        begun = time.perf_counter()
        try:
            reply = self._bot.answer(text, via)
            drawn = self._draw(reply, False, sharable, votable)
        except Exception as error:
            return [self.failed(error)]
        self._telemetry.count(f"slack.{via}.{reply.kind}", time.perf_counter() - begun)
        self._note([reply], tenant, begun)
        return drawn

    async def answer_message(self, asked: Asked, client: AsyncWebClient) -> list[Payload]:
        """The answers to the files and the text of a message; a line with a number where that fails."""
        begun = time.perf_counter()
        try:
            replies = await self._find_replies(asked, client)
            if replies is None:
                return [render_line(UNSEEN)]
            self._note(replies, asked.place.tenant, begun)
            return [page for reply in replies for page in self._draw(reply, not asked.private)]
        except Exception as error:
            told = self.failed(error)
            return [] if asked.quiet else [told]

    async def answer_picked(
        self, asked: Asked, client: AsyncWebClient, sharable: bool = False, votable: bool = True
    ) -> list[Payload]:
        """The answers to a message that was picked, or to a form, for the asker alone."""
        begun = time.perf_counter()
        try:
            replies = await self._read(asked.text, asked.uploads, asked, client)
            self._note(replies, asked.place.tenant, begun)
            return [page for reply in replies for page in self._draw(reply, False, sharable, votable)]
        except Exception as error:
            return [self.failed(error)]

    async def is_mail_error(self, text: str) -> bool:
        """Whether a text that nobody addressed to the bot is one to speak up about."""
        try:
            return (await self._asking.ask_text(text, "channel")).answered
        except Exception as error:
            self.failed(error)
            return False

    def failed(self, error: Exception) -> Payload:
        """What is said where a fault of ours left something unanswered: a number, which the log has too."""
        return render_line(tell_fault(PLATFORM, error, self._telemetry))

    def _draw(self, reply: Reply, public: bool, sharable: bool = False, votable: bool = True) -> list[Payload]:
        return render(reply, public, buttons(reply, self._bot.knowledge, sharable, votable))

    def _note(self, replies: list[Reply], tenant: str, begun: float) -> None:
        for reply in replies:
            self._telemetry.note_reply(PLATFORM, tenant, reply, time.perf_counter() - begun)

    async def _find_replies(self, asked: Asked, client: AsyncWebClient) -> list[Reply] | None:
        """What is said to a message; where a mention says nothing by itself, to what its thread began with. None: unseen."""
        if asked.parent is None or asked.uploads:
            return await self._read(asked.text, asked.uploads, asked, client)
        told = await self._asking.ask_text(asked.text, asked.via) if asked.text else None
        if told and told.answered:
            return [told]
        parent = await find_message(client, asked.channel, asked.parent)
        if parent is None:
            return [told] if told else None
        text, files = read_quoted(parent)
        found = await self._read(text, files, asked, client) if text or files else []
        return found or [await self._asking.ask_text("", asked.via)]

    async def _read(self, text: str, uploads: tuple[Upload, ...], asked: Asked, client: AsyncWebClient) -> list[Reply]:
        """The replies to a text and files; what says nothing about a mail error is left out where nobody asked in words."""
        seen = [await _see(one, client) if one.unseen else one for one in uploads[: MAX_FILES + 1]]
        ask_upload = partial(self._ask_upload, via=asked.via, token=client.token or "")
        replies = await self._asking.ask_message(text, asked.via, seen, ask_upload)
        return [reply for reply in replies if reply.answered] if asked.quiet else replies

    async def _ask_upload(self, upload: Upload, via: Via, token: str) -> Reply:
        if upload.state in REFUSALS:
            return refuse(REFUSALS[upload.state], upload.name, via)
        suffix = ".eml" if upload.email else ""
        return await self._asking.ask_file(upload.name, upload.size, via, partial(self._fetch, upload, token), suffix)


async def _see(upload: Upload, client: AsyncWebClient) -> Upload:
    """A file of another organization with what Slack tells of it when asked."""
    try:
        told = await client.api_call("files.info", data={"file": upload.unseen})
    except SlackApiError as error:
        return replace(upload, state="denied" if code_of(error) in NOT_ALLOWED else "deleted", unseen=None)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return replace(upload, unseen=None)  # which has no address, and so cannot be fetched
    return read_upload({**(told.get("file") or {}), "file_access": "visible"})
