"""The connection to Discord: intents as few as there are, nothing cached that is not needed, every event to the handlers."""

import asyncio
import logging
import sys
from typing import Any

import discord

from adapters.charting import Charts
from adapters.discord import PLATFORM
from adapters.discord.actions import Action
from adapters.discord.app import Handlers
from adapters.discord.commands import build_tree
from adapters.discord.inbound import FORM, read_form, read_interaction, read_mention, read_overheard
from adapters.discord.numbers import show
from adapters.discord.pressed import press
from adapters.discord.sending import line
from adapters.discord.shards import IdentifyQueue
from adapters.discord.suggest import Suggestions, suggestions_of
from adapters.discord.watch import INTRO, NO_CONTENT, NOT_ALLOWED, Chooser, chooser, hears, told
from adapters.watched import Watched
from bot.errors import StoreError
from bot.telemetry import describe

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody misses voice here
_log = logging.getLogger("smtpbot.discord")


def intents(message_content: bool) -> discord.Intents:
    """Servers, their messages and direct messages; the text of all messages only where channels are watched."""
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.dm_messages = True
    wanted.message_content = message_content
    return wanted


class SmtpClient(discord.AutoShardedClient):
    """The gateway's events, handed to the handlers."""

    def __init__(
        self, handlers: Handlers, message_content: bool = False, total: int | None = None, shards: list[int] | None = None
    ) -> None:  # fmt: skip
        super().__init__(
            intents=intents(message_content), allowed_mentions=discord.AllowedMentions.none(), max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(), chunk_guilds_at_startup=False, shard_count=total, shard_ids=shards,  # type: ignore[arg-type]  # None stands for all
        )  # fmt: skip
        self.handlers = handlers
        self.tree = build_tree(self)
        self.queue: IdentifyQueue | None = None
        self.connected: set[int] = set()
        self.all_connected = asyncio.Event()
        self.watched = Watched(handlers.store, PLATFORM)
        self.charts = Charts()
        self.add_dynamic_items(Action, Chooser)

    @property
    def suggestions(self) -> Suggestions:
        """The codes of the knowledge that answers now."""
        return suggestions_of(self.handlers.bot.knowledge)

    def health(self) -> dict[str, bool]:
        """Each shard of this process, and whether it has its session; empty before Discord said how many there are."""
        own = self.shard_ids or range(self.shard_count or 0)
        return {f"shard {number}": number in self.connected and not self.handlers.stopping for number in own}

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for this shard's turn among all processes."""
        if self.queue:
            await self.queue.wait(shard_id or 0)

    async def on_message(self, message: discord.Message) -> None:
        """A mention, a direct message, or something said in a watched channel."""
        if self.handlers.stopping or self.user is None:
            return
        asked = read_mention(message, self.user.id)
        if asked is None and self.intents.message_content and await self._hears(message):
            asked = read_overheard(message)
        if asked:
            await self.handlers.answer_message(message, asked)

    async def _hears(self, message: discord.Message) -> bool:
        try:
            return await hears(self.watched, message)
        except StoreError:
            return False

    async def offer_channels(self, interaction: discord.Interaction[Any]) -> None:
        """`/smtp-settings`: the channels that may be watched."""
        async with self.handlers.admitted(interaction) as admitted:
            if not admitted:
                return
            refusal = self._may_not_watch(interaction)
            if refusal:
                return await self.handlers.respond(interaction, [line(refusal)])
            watched = await self.watched.channels(str(interaction.guild_id))
            await interaction.response.send_message(INTRO, view=chooser(watched), ephemeral=True)

    async def choose(self, interaction: discord.Interaction[Any], channels: list[str]) -> None:
        """Channels were chosen in the menu."""
        async with self.handlers.admitted(interaction) as admitted:
            if not admitted:
                return
            refusal = self._may_not_watch(interaction)
            if not refusal:
                refusal = told(await self.watched.choose(str(interaction.guild_id), channels))
            await self.handlers.respond(interaction, [line(refusal)])

    def _may_not_watch(self, interaction: discord.Interaction[Any]) -> str:
        """Why this person cannot choose channels here; empty where they can."""
        if interaction.guild_id is None or not interaction.permissions.manage_guild:
            return NOT_ALLOWED
        return "" if self.intents.message_content else NO_CONTENT

    async def show_numbers(self, interaction: discord.Interaction[Any]) -> None:
        """`/smtp-stats`: what bounced most in this server."""
        await show(self.handlers, self.charts, interaction)

    async def press(self, interaction: discord.Interaction[Any], action: str, reference: str) -> None:
        """A button beneath an answer."""
        await press(self.handlers, interaction, action, reference)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A submitted form; commands and buttons have ways of their own."""
        data: dict[str, Any] = dict(interaction.data or {})
        if interaction.type is discord.InteractionType.modal_submit and data.get("custom_id") == FORM:
            text, files = read_form(data)
            await self.handlers.answer_interaction(interaction, read_interaction(interaction, text, files))

    async def on_shard_connect(self, shard_id: int) -> None:
        """The shard has its session."""
        self.connected.add(shard_id)
        if all(self.health().values()):
            self.all_connected.set()

    async def on_shard_resumed(self, shard_id: int) -> None:
        """The shard has its session again."""
        self.connected.add(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        """The shard has lost its session."""
        self.connected.discard(shard_id)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """A fault of ours outside an answer: told in the log, without content."""
        error = sys.exc_info()[1]
        _log.error("%s failed: %s", event_method, describe(error) if error else "")
