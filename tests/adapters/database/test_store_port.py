"""One suite for all forms of the store: memory, SQLite, PostgreSQL, and the fallback in front of SQLite."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy import URL

from adapters.database.store import DatabaseStore
from adapters.database.upgrading import upgrade
from adapters.fallback import FallbackStore
from bot.storage import LEASE, REMEMBERED, Counted, MemoryStore, Place, Store, Total, Votes
from tests.adapters.database.conftest import make_empty

DAY = date(2026, 11, 27)
CHANNEL = Place("slack", "E1/T1", "C1")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


Try = Callable[[Callable[[Store, Clock], Awaitable[None]]], None]


@pytest.fixture(params=["memory", "sqlite", "postgres", "fallback"])
def use(request: pytest.FixtureRequest) -> Try:
    """Runs a test's coroutine on an empty store and its clock."""
    url: URL | None = None
    if request.param != "memory":
        url = make_empty("postgres" if request.param == "postgres" else "sqlite", request)
        upgrade(url)

    def run(test: Callable[[Store, Clock], Awaitable[None]]) -> None:
        async def tried() -> None:
            clock = Clock()
            store: Store = MemoryStore(clock) if url is None else DatabaseStore(url, clock)
            if request.param == "fallback":
                store = FallbackStore(store, clock)
            try:
                await test(store, clock)
            finally:
                await store.close()

        asyncio.run(tried())

    return run


def test_event_is_taken_once_and_remembered(use: Try) -> None:
    """Busy while it is answered, answered after it, and another event is its own."""

    async def test(store: Store, clock: Clock) -> None:
        assert [await store.claim("a"), await store.claim("a")] == ["taken", "busy"]
        await store.mark_answered("a")
        clock.now += REMEMBERED - 1
        assert [await store.claim("a"), await store.claim("b")] == ["answered", "taken"]

    use(test)


def test_stale_claim_is_free_and_an_answer_is_forgotten_in_time(use: Try) -> None:
    """A process that died does not silence the platform's retry."""

    async def test(store: Store, clock: Clock) -> None:
        await store.claim("a")
        clock.now += LEASE + 1
        assert await store.claim("a") == "taken"
        await store.mark_answered("a")
        clock.now += REMEMBERED + 1
        assert await store.claim("a") == "taken"

    use(test)


def test_release_frees_a_claim_and_never_an_answer(use: Try) -> None:
    """For answers that could not be sent."""

    async def test(store: Store, clock: Clock) -> None:
        await store.claim("a")
        await store.release("a")
        assert await store.claim("a") == "taken"
        await store.mark_answered("a")
        await store.release("a")
        assert await store.claim("a") == "answered"

    use(test)


def test_settings_are_kept_apart_by_place(use: Try) -> None:
    """Made, changed, removed, found again by tenant."""

    async def test(store: Store, clock: Clock) -> None:
        other = Place("slack", "/T1", "C1")
        await store.set_setting(CHANNEL, "watch", "on")
        await store.set_setting(CHANNEL, "watch", "off")
        await store.set_setting(CHANNEL, "language", "en")
        await store.set_setting(other, "watch", "on")
        assert await store.find_settings(CHANNEL) == {"watch": "off", "language": "en"}
        assert await store.find_places("slack", "/T1", "watch") == {other: "on"}
        await store.set_setting(CHANNEL, "watch", None)
        await store.set_setting(CHANNEL, "never-made", None)
        assert await store.find_settings(CHANNEL) == {"language": "en"}
        assert await store.find_settings(Place("discord", "1", "2")) == {}

    use(test)


def test_installs_are_replaced_listed_and_forgotten(use: Try) -> None:
    """With the tenant its settings go; another tenant's stay."""

    async def test(store: Store, clock: Clock) -> None:
        await store.save_install("slack", "E1/T1", b"\x00one")
        await store.save_install("slack", "E1/T1", b"\x00two")
        await store.save_install("slack", "/T2", b"three")
        await store.set_setting(CHANNEL, "watch", "on")
        await store.set_setting(Place("slack", "/T2", "C"), "watch", "on")
        assert await store.find_install("slack", "E1/T1") == b"\x00two"
        assert await store.find_installs("slack") == {"E1/T1": b"\x00two", "/T2": b"three"}
        await store.forget_tenant("slack", "E1/T1")
        assert await store.find_install("slack", "E1/T1") is None
        assert await store.find_settings(CHANNEL) == {}
        assert await store.find_places("slack", "/T2", "watch")

    use(test)


def test_counts_add_up(use: Try) -> None:
    """By day, platform, tenant, kind, cause and provider."""

    async def test(store: Store, clock: Clock) -> None:
        row = Counted(DAY, "slack", "/T1", "bounce", "mailbox-full", "google")
        for counted in (row, row, Counted(DAY, "slack", "/T1", "bounce", "mailbox-full", "", 5)):
            await store.count(counted)
        await store.count(Counted(date(2026, 1, 1), "discord", "9", "code", number=3))
        found = {(one.provider, one.number) for one in await store.find_counts(DAY, "slack", "/T1")}
        assert found == {("google", 2), ("", 5)}
        assert len(await store.find_counts(date(2020, 1, 1))) == 3
        assert await store.find_counts(DAY, "slack", "/T2") == []

    use(test)


def test_counts_of_a_batch_add_up(use: Try) -> None:
    """The same row may stand in it twice; an empty one is nothing."""

    async def test(store: Store, clock: Clock) -> None:
        rows = [Counted(DAY, "slack", f"/T{number % 7}", "code", "greylisted", "", 2) for number in range(500)]
        await store.count(*rows)
        await store.count(*rows[:1])
        await store.count()
        found = {one.tenant: one.number for one in await store.find_counts(DAY)}
        assert found["/T0"] == 2 * 72 + 2 and sum(found.values()) == 1_002

    use(test)


def test_totals_are_of_one_tenant_and_the_days_asked_for(use: Try) -> None:
    """The most frequent first; days before, other workspaces and other platforms are left out."""

    async def test(store: Store, clock: Clock) -> None:
        def row(
            day: date, cause: str, provider: str, number: int, tenant: str = "/T1", platform: str = "slack"
        ) -> Counted:
            return Counted(day, platform, tenant, "bounce", cause, provider, number)

        before, week = date(2026, 10, 1), date(2026, 11, 21)
        await store.count(
            row(DAY, "mailbox-full", "google", 2),
            row(week, "mailbox-full", "google", 3),
            row(week, "greylisted", "", 9),
            row(before, "greylisted", "", 100),
            row(DAY, "mailbox-full", "google", 50, tenant="/T2"),
            row(DAY, "mailbox-full", "google", 70, platform="discord"),
            Counted(DAY, "slack", "/T1", "code", number=4),
        )
        assert await store.find_totals(week, "slack", "/T1") == [
            Total("bounce", "greylisted", "", 9),
            Total("bounce", "mailbox-full", "google", 5),
            Total("code", "", "", 4),
        ]
        assert [one.number for one in await store.find_totals(before, "slack", "/T1")] == [109, 5, 4]
        assert await store.find_totals(DAY, "slack", "") == []

    use(test)


def test_a_vote_counts_once_and_may_change(use: Try) -> None:
    """Per person and answer."""

    async def test(store: Store, clock: Clock) -> None:
        for key, right in (("a", True), ("a", False), ("b", True), ("c", True)):
            await store.vote(key, CHANNEL, DAY, right)
        assert await store.find_votes(DAY, "slack", "E1/T1") == Votes(2, 1)
        assert await store.find_votes(DAY, "slack", "other") == Votes()
        assert await store.find_votes(date(2027, 1, 1)) == Votes()

    use(test)


def test_lease_is_held_for_its_time(use: Try) -> None:
    """Nobody else gets it until then."""

    async def test(store: Store, clock: Clock) -> None:
        assert [await store.take_lease("l", 5), await store.take_lease("l", 5)] == [True, False]
        clock.now += 6
        assert await store.take_lease("l", 5)

    use(test)


def test_store_in_reach_says_so(use: Try) -> None:
    """For readiness."""

    async def test(store: Store, clock: Clock) -> None:
        await store.check()

    use(test)
