"""Counts of answers: in memory at once, in the store a little later, none lost on the way."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from adapters import statistics
from adapters.statistics import write, write_rest, write_until
from bot import telemetry as measured
from bot.app import Bot
from bot.errors import StoreError
from bot.storage import Counted, MemoryStore, Total
from bot.telemetry import Telemetry

LONG_AGO = date(2000, 1, 1)


class Gone(MemoryStore):
    """A store that is out of reach from some writing on."""

    def __init__(self, good: int = 0) -> None:
        super().__init__()
        self.good = good

    async def count(self, *counted: Counted) -> None:
        if not self.good:
            raise StoreError("gone")
        self.good -= 1
        await super().count(*counted)


def noted(bot: Bot, *texts: str, tenant: str = "/T1") -> Telemetry:
    telemetry = Telemetry()
    for text in texts:
        telemetry.note_reply("slack", tenant, bot.answer(text), 0.001)
    return telemetry


def test_answer_is_counted_with_cause_and_provider(bot: Bot) -> None:
    """Twice the same cause is one row with two; silence and help are not counted."""
    telemetry, store = (
        noted(bot, "452 4.2.2 mailbox full", "452 4.2.2 mailbox full", "help", "are you there?"),
        MemoryStore(),
    )

    async def run() -> list[Counted]:
        assert await write(store, telemetry) and await write(store, telemetry)
        return await store.find_counts(LONG_AGO, "slack", "/T1")

    today = datetime.now(UTC).date()
    assert asyncio.run(run()) == [Counted(today, "slack", "/T1", "bounce", "mailbox-full", "", 2)]


def test_counts_are_kept_apart_by_tenant(bot: Bot) -> None:
    """No workspace sees another's numbers."""
    telemetry, store = noted(bot, "550 5.1.1 no such user here"), MemoryStore()

    async def run() -> list[Total]:
        await write(store, telemetry)
        return await store.find_totals(LONG_AGO, "slack", "/T2")

    assert asyncio.run(run()) == []


def test_recipients_of_one_bounce_count_once_for_each_cause(bot: Bot) -> None:
    """Forty addresses of one list are one answer."""
    lines = [f"<user{number}@example.org>: 550 5.1.1 User unknown" for number in range(3)]
    told = noted(bot, "\n".join([*lines, "<kim@example.org>: 452 4.2.2 mailbox full"])).replies()[0]
    assert sorted((cause, number) for (_, _, cause, _), number in told.items()) == [
        ("mailbox-full", 1),
        ("mailbox-not-found", 1),
    ]


def test_what_cannot_be_written_waits_and_is_written_once(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the store goes in the middle of a batch."""
    monkeypatch.setattr(statistics, "MAX_WRITTEN", 1)
    telemetry, store = noted(bot, "451", "452", "554 5.7.1 rejected", "451"), Gone(good=1)

    async def run() -> int:
        assert not await write(store, telemetry)
        telemetry.note_reply("slack", "/T1", bot.answer("451"), 0.001)
        store.good = 100
        assert await write(store, telemetry)
        return sum(total.number for total in await store.find_totals(LONG_AGO, "slack", "/T1"))

    assert asyncio.run(run()) == 5


def test_what_waits_is_bounded_and_told_at_the_end(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A row that waits already is still added to."""
    monkeypatch.setattr(measured, "MAX_WAITING", 2)
    telemetry, reply = Telemetry(), bot.answer("452 4.2.2 mailbox full")
    for tenant in ("/T1", "/T2", "/T3", "/T1"):
        telemetry.note_reply("slack", tenant, reply, 0.001)
    asyncio.run(write_rest(Gone(), telemetry))
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "3 answers were not counted",
        "1 answers were not counted",
    ]


def test_it_is_written_every_so_often_until_the_end(bot: Bot) -> None:
    """The store has it while the program goes on."""

    class Telling(MemoryStore):
        written = asyncio.Event()

        async def count(self, *counted: Counted) -> None:
            await super().count(*counted)
            self.written.set()

    async def run() -> None:
        store, stop = Telling(), asyncio.Event()
        writing = asyncio.create_task(write_until(stop, store, noted(bot, "451"), every=0.01))
        await asyncio.wait_for(store.written.wait(), 10)
        stop.set()
        await asyncio.wait_for(writing, 10)

    asyncio.run(run())


def test_durations_fall_into_their_classes(bot: Bot) -> None:
    """Each bound is the upper end of its class; what takes longer than all is in the last."""
    telemetry, reply = Telemetry(), bot.answer("are you there?")
    for seconds in (0.0, 0.0001, 0.00011, 60.0):
        telemetry.note_reply("web", "", reply, seconds)
    ((key, taken),) = telemetry.replies()[1].items()
    assert key == ("web", "none") and taken.seconds == pytest.approx(60.00021)
    assert (taken.counts[0], taken.counts[1], taken.counts[-1], sum(taken.counts)) == (2, 1, 1, 4)
