"""The Store port: who answers which event. A claim is taken before the answer, marked after it, and expires."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

LEASE = 30.0  # seconds after which a claim that was never answered is anybody's again: its holder died
REMEMBERED = 3_600.0  # seconds an answered event stays known; Slack's last retry comes after about six minutes
MAX_CLAIMS = 100_000

Claim = Literal["taken", "busy", "answered"]


class Store(Protocol):
    """What adapters keep between events. Keys hold ids of platform, team, channel and message; never text."""

    async def claim(self, key: str) -> Claim:
        """`taken`: the caller answers it now; `busy`: somebody does; `answered`: nothing is left to do."""
        ...

    async def mark_answered(self, key: str) -> None:
        """The answer was sent; every later delivery of the event finds `answered`."""
        ...

    async def release(self, key: str) -> None:
        """The answer could not be sent; the next delivery may take the event at once."""
        ...


@dataclass(slots=True)
class _Held:
    answered: bool
    expires: float


class MemoryStore:
    """The Store of one process; forgets all when the process ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, lease: float = LEASE) -> None:
        self._clock = clock
        self._lease = lease
        self._held: dict[str, _Held] = {}

    async def claim(self, key: str) -> Claim:
        """See Store."""
        now = self._clock()
        held = self._held.get(key)
        if held and held.expires > now:
            return "answered" if held.answered else "busy"
        self._keep(key, _Held(False, now + self._lease))
        return "taken"

    async def mark_answered(self, key: str) -> None:
        """See Store."""
        self._keep(key, _Held(True, self._clock() + REMEMBERED))

    async def release(self, key: str) -> None:
        """See Store."""
        held = self._held.get(key)
        if held and not held.answered:
            del self._held[key]

    def _keep(self, key: str, held: _Held) -> None:
        self._held.pop(key, None)  # so that the dictionary stays in the order of writing
        self._held[key] = held
        now = self._clock()
        while self._held:
            oldest = next(iter(self._held))
            if len(self._held) <= MAX_CLAIMS and self._held[oldest].expires > now:
                break
            del self._held[oldest]
