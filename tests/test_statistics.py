"""Counts of answers, by cause and provider."""

import asyncio
from datetime import date

from adapters.statistics import count_reply
from bot import load
from bot.storage import Counted, MemoryStore, Place


def test_answer_is_counted_with_cause_and_provider() -> None:
    """Twice the same cause is one row with two; silence and help are not counted."""
    bot, store, place = load(), MemoryStore(), Place("slack", "/T1", "C1")

    async def run() -> list[Counted]:
        for text in ("452 4.2.2 mailbox full", "452 4.2.2 mailbox full", "help", "are you there?"):
            await count_reply(store, place, bot.answer(text))
        return await store.find_counts(date(2000, 1, 1), "slack", "/T1")

    (row,) = asyncio.run(run())
    assert (row.kind, row.cause, row.number, row.tenant) == ("bounce", "mailbox-full", 2, "/T1")


def test_counts_are_kept_apart_by_tenant() -> None:
    """No workspace sees another's numbers."""
    store = MemoryStore()

    async def run() -> list[Counted]:
        await count_reply(store, Place("slack", "/T1"), load().answer("550 5.1.1 no such user here"))
        return await store.find_counts(date(2000, 1, 1), "slack", "/T2")

    assert asyncio.run(run()) == []
