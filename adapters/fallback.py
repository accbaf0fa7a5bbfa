"""FallbackStore: the bot answers when the database is gone, and recovers by itself.

While the database is out of reach, events are claimed in this process alone, settings are the last ones known, counts
and votes wait in memory, within bounds. No answer waits for it then: a task looks for it, and `check`, which keeps telling
the truth, so that readiness says so.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Any, TypeVar

from bot.errors import StoreError
from bot.storage import Claim, Counted, MemoryStore, Place, Store, Total, Votes

PATIENCE = 1.0  # seconds for one call; Discord and Slack wait three for an answer, which may need several
RETRY = 2.0  # seconds between looks for a database that is gone
MAX_KNOWN = 10_000  # settings and installs that are remembered
MAX_WAITING = 10_000  # rows of counts and votes each that wait to be written
MAX_WRITTEN = 500  # rows written at once

_T = TypeVar("_T")
_log = logging.getLogger("smtpbot")


class FallbackStore:
    """See bot.storage.Store; `lasting` is asked first."""

    def __init__(self, lasting: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasting = lasting
        self._memory = MemoryStore(clock)
        self._looking: asyncio.Task[None] | None = None  # while the database is gone
        self._left: set[asyncio.Future[Any]] = set()
        self._preparing: asyncio.Task[None] | None = None  # its tables, where it was gone at start
        self._settings: dict[Place, dict[str, str]] = {}
        self._places: dict[tuple[str, str, str], dict[Place, str]] = {}
        self._installs: dict[tuple[str, str], bytes | None] = {}
        self._counts: Counter[Counted] = Counter()
        self._dropped = 0
        self._votes: dict[str, tuple[Place, date, bool]] = {}

    def start_without(self, prepare: Coroutine[None, None, None]) -> None:
        """The database is gone from the start on; it is not used before `prepare` has made its tables."""
        self._preparing = asyncio.create_task(prepare)
        self._looking = asyncio.create_task(self._look())

    async def claim(self, key: str) -> Claim:
        """See Store."""
        if self._memory.is_held(key):  # claimed while the database was gone
            return await self._memory.claim(key)
        return await self._or_else(lambda: self._lasting.claim(key), lambda: self._memory.claim(key))

    async def mark_answered(self, key: str) -> None:
        """See Store."""
        if self._memory.is_held(key):
            await self._memory.mark_answered(key)
        await self._or_else(lambda: self._lasting.mark_answered(key), lambda: self._memory.mark_answered(key))

    async def release(self, key: str) -> None:
        """See Store."""
        await self._memory.release(key)
        await self._or_else(lambda: self._lasting.release(key), lambda: self._memory.release(key))

    async def find_settings(self, place: Place) -> dict[str, str]:
        """See Store."""
        found = await self._or(lambda: self._lasting.find_settings(place), None)
        if found is None:
            return dict(self._settings.get(place, {}))
        _remember(self._settings, place, found)
        return found

    async def set_setting(self, place: Place, name: str, value: str | None) -> None:
        """See Store; StoreError while the database is gone, since nobody would keep it."""
        await self._lasting.set_setting(place, name, value)
        self._settings.pop(place, None)

    async def find_places(self, platform: str, tenant: str, name: str) -> dict[Place, str]:
        """See Store."""
        found = await self._or(lambda: self._lasting.find_places(platform, tenant, name), None)
        if found is None:
            return dict(self._places.get((platform, tenant, name), {}))
        _remember(self._places, (platform, tenant, name), found)
        return found

    async def save_install(self, platform: str, tenant: str, secret: bytes) -> None:
        """See Store; StoreError while the database is gone."""
        await self._lasting.save_install(platform, tenant, secret)
        _remember(self._installs, (platform, tenant), secret)

    async def find_install(self, platform: str, tenant: str) -> bytes | None:
        """See Store."""
        try:
            found = await self._tried(lambda: self._lasting.find_install(platform, tenant))
        except StoreError:
            if (platform, tenant) not in self._installs:
                raise
            return self._installs[platform, tenant]
        _remember(self._installs, (platform, tenant), found)
        return found

    async def find_installs(self, platform: str) -> dict[str, bytes]:
        """See Store; StoreError while the database is gone."""
        return await self._lasting.find_installs(platform)

    async def forget_tenant(self, platform: str, tenant: str) -> None:
        """See Store; StoreError while the database is gone."""
        self._installs.pop((platform, tenant), None)
        for place in [place for place in self._settings if (place.platform, place.tenant) == (platform, tenant)]:
            del self._settings[place]
        for asked in [asked for asked in self._places if asked[:2] == (platform, tenant)]:
            del self._places[asked]
        await self._lasting.forget_tenant(platform, tenant)

    async def count(self, *counted: Counted) -> None:
        """See Store."""
        try:
            await self._tried(lambda: self._lasting.count(*counted))
        except StoreError:
            for one in counted:
                row = replace(one, number=0)
                if row in self._counts or len(self._counts) < MAX_WAITING:
                    self._counts[row] += one.number
                else:
                    self._dropped += one.number

    async def find_counts(self, since: date, platform: str | None = None, tenant: str | None = None) -> list[Counted]:
        """See Store; StoreError while the database is gone."""
        return await self._lasting.find_counts(since, platform, tenant)

    async def find_totals(self, since: date, platform: str, tenant: str) -> list[Total]:
        """See Store; StoreError while the database is gone."""
        return await self._tried(lambda: self._lasting.find_totals(since, platform, tenant))

    async def vote(self, key: str, place: Place, day: date, right: bool) -> None:
        """See Store."""
        try:
            await self._tried(lambda: self._lasting.vote(key, place, day, right))
        except StoreError:
            if key in self._votes or len(self._votes) < MAX_WAITING:
                self._votes[key] = (place, day, right)
            else:
                self._dropped += 1

    async def find_votes(self, since: date, platform: str | None = None, tenant: str | None = None) -> Votes:
        """See Store; StoreError while the database is gone."""
        return await self._lasting.find_votes(since, platform, tenant)

    async def take_lease(self, name: str, seconds: float) -> bool:
        """See Store; while the database is gone, among the tasks of this process."""
        return await self._or_else(
            lambda: self._lasting.take_lease(name, seconds), lambda: self._memory.take_lease(name, seconds)
        )

    async def check(self) -> None:
        """See Store; what waits is written when the database is back."""
        if self._preparing and not self._preparing.done():
            raise StoreError("the database has not been reached since the start")
        try:
            await self._lasting.check()
        except StoreError as error:
            self._give_up(error)
            raise
        await self._come_back()

    async def close(self) -> None:
        """See Store."""
        for task in (self._preparing, self._looking):
            if task:
                task.cancel()
        if self._counts or self._votes:
            await self._write_waiting()
        lost = self._counts.total() + len(self._votes)
        if lost:
            _log.error("%s counts and votes were never written: the database stayed gone", lost)
        await self._lasting.close()

    async def _or(self, ask: Callable[[], Awaitable[_T]], otherwise: _T | None) -> _T | None:
        try:
            return await self._tried(ask)
        except StoreError:
            return otherwise

    async def _or_else(self, ask: Callable[[], Awaitable[_T]], instead: Callable[[], Awaitable[_T]]) -> _T:
        try:
            return await self._tried(ask)
        except StoreError:
            return await instead()

    async def _tried(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """What the database says; it is left alone while it is gone, so that answers do not wait for it."""
        if self._looking:
            raise StoreError("the database is out of reach")
        asking = asyncio.ensure_future(ask())
        try:
            done, _ = await asyncio.wait({asking}, timeout=PATIENCE)
            if not done:
                raise StoreError(f"the database does not answer within {PATIENCE:g} s")
            return asking.result()
        except StoreError as error:
            self._give_up(error)
            raise
        finally:
            self._leave(asking)

    def _leave(self, asking: asyncio.Future[Any]) -> None:
        """Cancel what is not done; its driver may take seconds to end it, and nobody waits for that."""
        if not asking.done():
            self._left.add(asking)
            asking.add_done_callback(self._left.discard)
            asking.add_done_callback(lambda left: left.cancelled() or left.exception())
            asking.cancel()

    def _give_up(self, error: StoreError) -> None:
        if self._looking is None:
            _log.error("%s; answering without it: settings as last known, events claimed in this process only", error)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Until the database is back."""
        while True:
            await asyncio.sleep(RETRY)
            with contextlib.suppress(StoreError):
                return await self.check()

    async def _come_back(self) -> None:
        if self._looking is None:
            return
        if self._looking is not asyncio.current_task():
            self._looking.cancel()
        self._looking = None
        counts, votes = len(self._counts), len(self._votes)
        _log.warning("the database is back; writing %s counts and %s votes that waited", counts, votes)
        await self._write_waiting()

    async def _write_waiting(self) -> None:
        """What was counted meanwhile goes to the database; what cannot be written now waits on."""
        if self._dropped:
            _log.warning("%s counts and votes were dropped: too many waited", self._dropped)
            self._dropped = 0
        try:
            while self._counts:
                waiting = dict(islice(self._counts.items(), MAX_WRITTEN))
                self._counts.subtract(waiting)  # before the writing, during which more may come to wait
                self._counts = +self._counts
                try:
                    await self._lasting.count(*(replace(row, number=number) for row, number in waiting.items()))
                except StoreError:
                    self._counts.update(waiting)
                    raise
            while self._votes:
                key, vote = self._votes.popitem()  # likewise
                try:
                    await self._lasting.vote(key, *vote)
                except StoreError:
                    self._votes.setdefault(key, vote)
                    raise
        except StoreError as error:
            self._give_up(error)


_K = TypeVar("_K")
_V = TypeVar("_V")


def _remember(known: dict[_K, _V], key: _K, value: _V) -> None:
    known.pop(key, None)
    known[key] = value
    while len(known) > MAX_KNOWN:
        del known[next(iter(known))]
