"""How fast one person may ask: a token bucket each, one "slow down", then silence until the bucket is full again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

BURST = 5  # answers at once
REFILL = 0.5  # answers per second
MAX_KEPT = 10_000  # people; the one who asked longest ago is forgotten first
SLOW_DOWN = "That was a lot at once. Ask again in ten seconds."

Pace = Literal["go", "slow", "quiet"]


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    warned: bool = False


class Pacer:
    """Buckets by key."""

    def __init__(
        self, burst: float = BURST, refill: float = REFILL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst, self._refill, self._clock = burst, refill, clock
        self._buckets: OrderedDict[int | str, _Bucket] = OrderedDict()

    def take(self, key: int | str) -> Pace:
        """`go`: answer it; `slow`: say once that it is too much; `quiet`: say nothing."""
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_KEPT:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._refill)
        bucket.at = now
        if bucket.tokens >= self._burst:
            bucket.warned = False
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return "go"
        if bucket.warned:
            return "quiet"
        bucket.warned = True
        return "slow"

    def give_back(self, key: int | str, pace: Pace) -> None:
        """Undo a `take` whose answer was not sent, so that the next try is met the same way."""
        bucket = self._buckets.get(key)
        if bucket and pace == "go":
            bucket.tokens = min(self._burst, bucket.tokens + 1)
        elif bucket and pace == "slow":
            bucket.warned = False
