"""Answers for the web: asked of the bot off the event loop where a text is large, and counted once each."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from adapters.asking import LONG_TEXT
from adapters.attachments import answer_file, find_refusal, refuse
from adapters.service import Service
from adapters.web.inbound import LARGE, MAX_LARGE, Asked
from bot.model import Reply

PLATFORM, TENANT = "web", ""

_T = TypeVar("_T")
Read = Callable[[Request], Awaitable[Asked]]


class Answers:
    """The bot as the page and the API ask it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._large = asyncio.Semaphore(MAX_LARGE)

    async def answer_request(self, request: Request, read: Read, counted_as: str) -> tuple[Asked, Reply]:
        """Read a request and answer it; only a few large ones at a time, since each is held in memory."""
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:16]) <= LARGE:
            asked = await read(request)
            return asked, await self._answer(asked, counted_as)
        async with self._large:
            asked = await read(request)
            return asked, await self._answer(asked, counted_as)

    async def answer_code(self, text: str, counted_as: str) -> Reply:
        """The reply to a code or a question about codes."""
        return await self._answer(Asked(text), counted_as)

    async def _answer(self, asked: Asked, counted_as: str) -> Reply:
        begun = time.perf_counter()
        reply = await self._ask(asked)
        seconds = time.perf_counter() - begun
        self._service.telemetry.count(f"{counted_as}.{reply.kind}", seconds)
        self._service.telemetry.note_reply(PLATFORM, TENANT, reply, seconds)
        return reply

    async def _ask(self, asked: Asked) -> Reply:
        bot = self._service.bot
        if asked.raw is None:
            if len(asked.text) <= LONG_TEXT:
                return bot.answer(asked.text, drafts=True)
            return await asyncio.to_thread(bot.answer, asked.text, drafts=True)
        if not asked.name:
            return await asyncio.to_thread(bot.answer_mail, asked.raw, drafts=True)
        refusal = find_refusal(asked.name, len(asked.raw), bot)
        reply = (
            refuse(refusal, asked.name, "slash")
            if refusal
            else await asyncio.to_thread(answer_file, bot, asked.raw, asked.name, "slash", True)
        )
        if not reply.answered and asked.text.strip():
            told = await self._ask(Asked(asked.text))
            reply = told if told.answered else reply
        return reply
