"""Claims: taken once, remembered once answered, free again once stale or released."""

import asyncio

from bot import storage
from bot.storage import LEASE, REMEMBERED, MemoryStore, Store


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Store, Clock]:
    clock = Clock()
    return MemoryStore(clock), clock


def test_event_is_taken_once() -> None:
    """The second delivery finds it busy, and answered once it is."""

    async def run() -> list[str]:
        store, _ = made()
        first, second = await store.claim("a"), await store.claim("a")
        await store.mark_answered("a")
        return [first, second, await store.claim("a"), await store.claim("b")]

    assert asyncio.run(run()) == ["taken", "busy", "answered", "taken"]


def test_stale_claim_expires() -> None:
    """A process that died does not silence the platform's retry."""

    async def run() -> list[str]:
        store, clock = made()
        told: list[str] = [await store.claim("a")]
        clock.now += LEASE - 1
        told.append(await store.claim("a"))
        clock.now += 2
        return [*told, await store.claim("a"), await store.claim("a")]

    assert asyncio.run(run()) == ["taken", "busy", "taken", "busy"]


def test_lease_ends_before_the_second_retry_and_memory_outlasts_the_last() -> None:
    """Slack delivers again at once, after about one minute, and after about five."""
    assert LEASE < 60
    assert REMEMBERED > 6 * 60 + 60


def test_released_claim_is_free_at_once_but_an_answer_is_never_undone() -> None:
    """For answers that could not be sent."""

    async def run() -> list[str]:
        store, _ = made()
        await store.claim("a")
        await store.release("a")
        told: list[str] = [await store.claim("a")]
        await store.mark_answered("a")
        await store.release("a")
        return [*told, await store.claim("a")]

    assert asyncio.run(run()) == ["taken", "answered"]


def test_memory_is_bounded() -> None:
    """Expired claims go, and the oldest go first when there are too many."""

    async def run() -> None:
        clock = Clock()
        store = MemoryStore(clock)
        for number in range(storage.MAX_CLAIMS + 10):
            await store.mark_answered(str(number))
        assert len(store._held) == storage.MAX_CLAIMS
        assert "0" not in store._held
        clock.now += REMEMBERED + 1
        await store.claim("new")
        assert set(store._held) == {"new"}

    asyncio.run(run())
