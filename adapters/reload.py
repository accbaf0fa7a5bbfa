"""The bot that answers now, and how another takes its place on SIGHUP: built and warmed in a thread, then swapped at once.

An answer under way ends with the knowledge it began with. Knowledge that cannot be read changes nothing.
"""

import asyncio
import ctypes
import gc
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.app import Bot
from bot.errors import DataError
from bot.knowledge import Knowledge
from bot.model import Reply, Via
from bot.ours import Ours
from bot.settings import Settings
from bot.telemetry import describe

# Together they build every index that is made at its first use, the readers of pastes and mails among them.
_WARMING = ("451", "mailbox full", "gmail 4.7.28", "550 5.1.1 <a@example.org>: User unknown")
_log = logging.getLogger("smtpbot")


class LiveBot(Bot):
    """Asks the bot that answers now."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    @property
    def knowledge(self) -> Knowledge:
        """What it knows now."""
        return self._bot.knowledge

    @property
    def ours(self) -> Ours | None:
        """See Bot."""
        return self._bot.ours

    def answer(self, text: str, via: Via = "slash", drafts: bool = False) -> Reply:
        """See Bot."""
        return self._bot.answer(text, via, drafts)

    def answer_mail(self, raw: bytes, via: Via = "slash", drafts: bool = False) -> Reply:
        """See Bot."""
        return self._bot.answer_mail(raw, via, drafts)

    def recall(self, references: Sequence[str], values: Mapping[str, str], drafts: bool = False) -> Reply | None:
        """See Bot."""
        return self._bot.recall(references, values, drafts)

    def renew(self, settings: Settings) -> None:
        """Read all knowledge anew and go on with it; DataError where it cannot be read, and nothing is changed."""
        made = type(self._bot).from_settings(settings)
        warm(made)
        self._bot = made


def warm(bot: Bot) -> None:
    """Build what the bot would build while somebody waits for its first answers."""
    for text in _WARMING:
        bot.answer(text, drafts=True)
    bot.answer_mail(b"Subject: x\n\n" + _WARMING[-1].encode())


@dataclass(slots=True)
class Reloads:
    """How often the knowledge was read anew, how often it was refused, and when it was last read (Unix time)."""

    done: int = 0
    refused: int = 0
    read_at: float = field(default_factory=time.time)


def _give_back() -> None:
    """Return to the system what the knowledge before took; elsewhere than on glibc nothing is done."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class Reloader:
    """Reads the knowledge anew when it is asked to, one reading at a time."""

    def __init__(self, bot: LiveBot, settings: Settings, reloads: Reloads) -> None:
        self._bot, self._settings, self._reloads = bot, settings, reloads
        self._wanted = asyncio.Event()

    def request(self) -> None:
        """Read it anew soon; what is asked for during a reading is done after it, once."""
        self._wanted.set()

    async def run(self) -> None:
        """Serve requests until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._reload()

    async def _reload(self) -> None:
        began, begun = time.time(), time.perf_counter()
        try:
            await asyncio.to_thread(self._bot.renew, self._settings)
        except Exception as error:  # whatever is wrong with the files, the bot goes on
            self._reloads.refused += 1
            told = str(error) if isinstance(error, DataError) else describe(error)
            _log.error("the knowledge was not read anew, the one before goes on answering: %s", told)
            return
        await asyncio.to_thread(_give_back)
        self._reloads.done += 1
        self._reloads.read_at = began
        _log.info("the knowledge was read anew in %.1f s", time.perf_counter() - begun)
