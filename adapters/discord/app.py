"""The handlers: read, ask, draw, send. What Discord delivers is claimed, answered and marked, so that it is answered once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import discord

from adapters.asking import Asking
from adapters.claims import Claims
from adapters.discord import PLATFORM
from adapters.discord.inbound import Asked, Upload, read_quoted
from adapters.discord.render import render
from adapters.discord.sending import Drawn, allows_embeds, contents, line, reply_beneath, without_flags
from adapters.faults import tell_fault
from adapters.pace import SLOW_DOWN, Pacer
from bot.app import Bot
from bot.errors import StoreError
from bot.model import Reply, Via
from bot.recalling import references_of, values_of
from bot.storage import LEASE, Store
from bot.telemetry import Telemetry, describe

RETAKE = 5.0  # seconds between looks at a message that another process has begun to answer
NOT_KEPT = "I can answer, but not now keep a setting or a vote. Please try again in a few minutes."
UNSEEN = (
    "Discord does not let me read that message. Use its menu instead: Apps › **Explain this bounce**. "
    "Or paste its text behind my name."
)
MISSING_PERMISSIONS, EMPTY_MESSAGE, NO_HISTORY = 50_013, 50_006, 160_002
_log = logging.getLogger("smtpbot.discord")


class Handlers:
    """Everything Discord can ask of the bot, and the answers still on their way."""

    def __init__(
        self, bot: Bot, store: Store, telemetry: Telemetry, fetch: Callable[[Upload], Awaitable[bytes | str]], clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self.bot, self.store, self.telemetry, self._fetch = bot, store, telemetry, fetch
        self._asking = Asking(bot, telemetry, PLATFORM)
        self._claims = Claims(store, PLATFORM)
        self.stopping = False
        self._pacer = Pacer(clock=clock)
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def answer_message(self, message: discord.Message, asked: Asked) -> None:
        """A mention, a direct message or something overheard: the answer goes beneath it, in public with addresses masked."""
        async with self._working():
            if asked.via == "channel" and not asked.uploads and not self.bot.answer(asked.text, "channel").answered:
                return
            if not await self._take(asked.key, wait=True):
                return
            pace = self._pacer.take(asked.user if asked.via == "mention" else asked.place.channel)
            drawn = await self._answer_with_quoted(message, asked) if pace == "go" else []
            if pace == "slow" and asked.via == "mention":
                drawn = [line(SLOW_DOWN)]
            if await self._send_beneath(message, drawn):
                await self._claims.mark(asked.key)
            else:
                await self._claims.release(asked.key)

    async def answer_interaction(self, interaction: discord.Interaction[Any], asked: Asked) -> None:
        """A command, a form or the message command: the answer is for the asker alone."""
        async with self.admitted(interaction) as admitted:
            if not admitted:
                return
            if not asked.uploads or await _try(interaction.response.defer(ephemeral=True, thinking=True)):
                await self.respond(interaction, await self.ask(asked))

    @asynccontextmanager
    async def admitted(self, interaction: discord.Interaction[Any]) -> AsyncIterator[bool]:
        """Whether this process is to answer the interaction, which is then done with; tells the asker where they ask too much."""
        async with self._working():
            key = f"discord/{interaction.id}"
            if self.stopping or not await self._take(key):
                yield False
                return
            pace = self._pacer.take(interaction.user.id)
            if pace != "go":  # each time: Discord says of an interaction without a response that the application failed
                await self.respond(interaction, [line(SLOW_DOWN)])
            try:
                yield pace == "go"
            except Exception as error:
                await self.respond(interaction, [self.failed(error)])
            await self._claims.mark(key)

    async def respond(
        self, interaction: discord.Interaction[Any], drawn: list[Drawn], private: bool = True, lead: str = ""
    ) -> None:
        """Send replies as the response to an interaction, all but the first as messages that follow; `lead` stands above them."""
        embeds = interaction.app_permissions.embed_links or not interaction.guild_id
        deferred = interaction.response.type is discord.InteractionResponseType.deferred_channel_message
        begun = interaction.response.is_done()
        try:
            for number, content in enumerate(contents(drawn, embeds, sharable=private, lead=lead)):
                if number == 0 and deferred:
                    await interaction.edit_original_response(**without_flags(content))
                elif number == 0 and not begun:
                    await interaction.response.send_message(ephemeral=private, **content)
                else:
                    await interaction.followup.send(ephemeral=private, **content)
        except (discord.HTTPException, OSError) as error:
            self.note_unsent(error)

    async def ask(self, asked: Asked) -> list[Drawn]:
        """The replies to the files and the text; a line with a number where that fails."""
        begun = time.perf_counter()
        ask_upload = partial(self._ask_upload, via=asked.via)
        try:
            replies = await self._asking.ask_message(asked.text, asked.via, asked.uploads, ask_upload)
            if asked.via == "channel":
                replies = [reply for reply in replies if reply.answered]
            for reply in replies:
                self.telemetry.note_reply(PLATFORM, asked.place.tenant, reply, time.perf_counter() - begun)
            return [self.draw(reply, not asked.private) for reply in replies]
        except Exception as error:
            return [self.failed(error)]

    def failed(self, error: Exception) -> Drawn:
        """What is said where a fault of ours left something undone: a number, which the log has too."""
        if isinstance(error, StoreError):  # the log has it already
            return line(NOT_KEPT)
        return line(tell_fault(PLATFORM, error, self.telemetry))

    async def drain(self, seconds: float) -> None:
        """Take nothing more, and wait for the answers still on their way."""
        self.stopping = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            _log.warning("%d answers were not finished within %s s", self._running, seconds)

    async def _answer_with_quoted(self, message: discord.Message, asked: Asked) -> list[Drawn]:
        """The answer; where a mention says nothing by itself, that to the message it replies to."""
        quoted = await self._find_quoted(message) if asked.via == "mention" and not asked.uploads else None
        if quoted is None:
            return await self.ask(asked)
        if asked.text and (await asyncio.to_thread(self.bot.answer, asked.text, "mention")).answered:
            return await self.ask(asked)
        text, files = read_quoted(quoted)
        if not text and not files:
            return [line(UNSEEN)]
        return await self.ask(Asked(text, "mention", asked.key, asked.place, asked.user, asked.private, files))

    async def _find_quoted(self, message: discord.Message) -> discord.Message | None:
        """The message that this one replies to, unless it is an answer of ours or cannot be had."""
        reference = message.reference
        if reference is None or reference.message_id is None or message.type is not discord.MessageType.reply:
            return None
        found = reference.resolved
        if found is None:
            try:
                found = await message.channel.fetch_message(reference.message_id)
            except (discord.HTTPException, OSError):
                return None
        if not isinstance(found, discord.Message):
            return None
        me = message._state.self_id
        return None if found.author.id == me else found

    async def _ask_upload(self, upload: Upload, via: Via) -> Reply:
        return await self._asking.ask_file(upload.name, upload.size, via, partial(self._fetch, upload))

    def draw(self, reply: Reply, public: bool, values: Mapping[str, str] | None = None) -> Drawn:
        """The reply as embeds and as text, with what the buttons beneath it need."""
        references = references_of(reply)
        if references and values is None:
            values = values_of(reply.answers[0], self.bot.knowledge)
        return Drawn(render(reply, public, values), render(reply, public, embeds=False), references)

    async def _send_beneath(self, message: discord.Message, drawn: list[Drawn]) -> bool:
        """Reply to a message; as text where embeds are not allowed. False where a later try may do better."""
        allowed = allows_embeds(message)
        try:
            await reply_beneath(message, drawn, allowed)
        except discord.HTTPException as error:
            if not (allowed and error.code in (MISSING_PERMISSIONS, EMPTY_MESSAGE)) and error.code != NO_HISTORY:
                self.note_unsent(error)
                return error.status < 500
            try:
                await reply_beneath(message, drawn, allowed and error.code == NO_HISTORY, error.code != NO_HISTORY)
            except (discord.HTTPException, OSError) as again:
                self.note_unsent(again)
        except OSError as error:
            self.note_unsent(error)
            return False
        return True

    def note_unsent(self, error: Exception) -> None:
        """An answer that Discord did not take: in the log and in the numbers."""
        code = f"{error.status} {error.code}" if isinstance(error, discord.HTTPException) else ""
        _log.warning("answer not sent: %s %s", describe(error), code)
        self.telemetry.count("discord.unsent")

    async def _take(self, key: str, wait: bool = False) -> bool:
        """Whether it is ours to answer. With `wait`, what another process began and never finished becomes ours."""
        until = time.monotonic() + LEASE + 2 * RETAKE
        while True:
            claim = await self._claims.claim(key)
            self.telemetry.count(f"discord.event.{claim}")
            if claim != "busy" or not wait or self.stopping or time.monotonic() > until:
                return claim == "taken"
            await asyncio.sleep(RETAKE)

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()


async def _try(sending: Awaitable[Any]) -> bool:
    """Whether it could be sent; an interaction that Discord no longer knows is nobody's anymore."""
    try:
        await sending
    except (discord.HTTPException, OSError) as error:
        _log.warning("an interaction was lost: %s", describe(error))
        return False
    return True
