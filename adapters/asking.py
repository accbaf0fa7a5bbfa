"""Asks the core about the texts and files of a chat; what takes long goes to a thread, so that other answers go on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from adapters.attachments import MAX_FILE, MAX_FILES, TOO_LARGE, TOO_MANY, answer_file, find_refusal, refuse
from bot.app import Bot
from bot.model import Reply, Via
from bot.telemetry import Telemetry

LONG_TEXT = 8_000  # characters from which a text is read in a thread
Upload = TypeVar("Upload")


class Asking:
    """The core as one platform asks it, with everything counted under the platform's name."""

    def __init__(self, bot: Bot, telemetry: Telemetry, platform: str) -> None:
        self._bot, self._telemetry, self._platform = bot, telemetry, platform

    async def ask_text(self, text: str, via: Via) -> Reply:
        """The reply to a text."""
        begun = time.perf_counter()
        if len(text) > LONG_TEXT:
            reply = await asyncio.to_thread(self._bot.answer, text, via)
        else:
            reply = self._bot.answer(text, via)
        self._telemetry.count(f"{self._platform}.{via}.{reply.kind}", time.perf_counter() - begun)
        return reply

    async def ask_file(
        self, name: str, size: int, via: Via, fetch: Callable[[], Awaitable[bytes | str]], suffix: str = ""
    ) -> Reply:
        """The reply to a file, or why it is not read. `fetch` gives its bytes, or a sentence that says why they cannot be had.

        `size` in bytes, as the platform says; `suffix` is what the name lacks to tell the kind of file.
        """
        begun = time.perf_counter()
        refusal = find_refusal(name + suffix, size, self._bot)
        if refusal:
            return refuse(refusal, name, via)
        raw = await fetch()
        if isinstance(raw, str) or len(raw) > MAX_FILE:
            self._telemetry.count(f"{self._platform}.file.unread")
            return refuse(raw if isinstance(raw, str) else TOO_LARGE, name, via)
        reply = await asyncio.to_thread(answer_file, self._bot, raw, name + suffix, via)
        self._telemetry.count(f"{self._platform}.file.{reply.kind}", time.perf_counter() - begun)
        return reply

    async def ask_message(
        self, text: str, via: Via, uploads: Sequence[Upload], ask_upload: Callable[[Upload], Awaitable[Reply]]
    ) -> list[Reply]:
        """The replies to the files of a message, and to its text where no file says what happened."""
        replies = [await ask_upload(upload) for upload in uploads[:MAX_FILES]]
        if len(uploads) > MAX_FILES:
            replies.append(refuse(TOO_MANY, "", via))
        if not replies or (text and not any(reply.answered for reply in replies)):
            told = await self.ask_text(text, via)
            replies = [told] if told.answered or not replies else replies
        return replies
