"""The Store port: what adapters keep between events, and its memory form.

Kept are claims of events, settings of places, installs, counts per day, votes and leases. Keys hold ids of platform,
tenant, channel and message; text is never kept.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

LEASE = 30.0  # seconds after which a claim that was never answered is anybody's again: its holder died
REMEMBERED = 3_600.0  # seconds an answered event stays known; Slack's last retry comes after about six minutes
MAX_CLAIMS = 100_000
MAX_COUNTS = 100_000  # rows; beyond them the memory form forgets the oldest day

Claim = Literal["taken", "busy", "answered"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where settings hold: a channel, or with an empty channel the whole tenant.

    `tenant` is the platform's own key for who is served: enterprise and workspace in Slack ("E1/T1", "/T1"), the
    server in Discord, empty on the web page.
    """

    platform: str
    tenant: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """One row of the statistics: how often something was answered on one day (UTC)."""

    day: date
    platform: str
    tenant: str
    kind: str
    cause: str = ""
    provider: str = ""
    number: int = 1


@dataclass(frozen=True, slots=True)
class Total:
    """How often something was answered over several days."""

    kind: str
    cause: str
    provider: str
    number: int


@dataclass(frozen=True, slots=True)
class Votes:
    """How many answers were marked right and wrong."""

    right: int = 0
    wrong: int = 0


class Store(Protocol):
    """What adapters keep between events. Every method may raise StoreError when the store is out of reach."""

    async def claim(self, key: str) -> Claim:
        """`taken`: the caller answers it now; `busy`: somebody does; `answered`: nothing is left to do."""
        ...

    async def mark_answered(self, key: str) -> None:
        """The answer was sent; every later delivery of the event finds `answered`."""
        ...

    async def release(self, key: str) -> None:
        """The answer could not be sent; the next delivery may take the event at once."""
        ...

    async def find_settings(self, place: Place) -> dict[str, str]:
        """The settings of one place by name; empty where none were made."""
        ...

    async def set_setting(self, place: Place, name: str, value: str | None) -> None:
        """Make one setting, or with None remove it."""
        ...

    async def find_places(self, platform: str, tenant: str, name: str) -> dict[Place, str]:
        """Every place of a tenant that has the named setting, with its value."""
        ...

    async def save_install(self, platform: str, tenant: str, secret: bytes) -> None:
        """Keep what an installation brought, already encrypted; a new one replaces the old."""
        ...

    async def find_install(self, platform: str, tenant: str) -> bytes | None:
        """The install of a tenant, still encrypted, or None."""
        ...

    async def find_installs(self, platform: str) -> dict[str, bytes]:
        """All installs of a platform by tenant, still encrypted."""
        ...

    async def forget_tenant(self, platform: str, tenant: str) -> None:
        """The tenant uninstalled the bot: its install and its settings go."""
        ...

    async def count(self, *counted: Counted) -> None:
        """Add each to the row of its day; all of them or, where StoreError is raised, none."""
        ...

    async def find_counts(self, since: date, platform: str | None = None, tenant: str | None = None) -> list[Counted]:
        """The rows from that day on, of one tenant where it is named."""
        ...

    async def find_totals(self, since: date, platform: str, tenant: str) -> list[Total]:
        """What one tenant was told from that day on, added up, the most frequent first."""
        ...

    async def vote(self, key: str, place: Place, day: date, right: bool) -> None:
        """One person's vote on one answer; the same key again changes the vote."""
        ...

    async def find_votes(self, since: date, platform: str | None = None, tenant: str | None = None) -> Votes:
        """The votes from that day on, of one tenant where it is named."""
        ...

    async def take_lease(self, name: str, seconds: float) -> bool:
        """True when nobody held the named lease; it is then the caller's for that long. There is no giving back."""
        ...

    async def check(self) -> None:
        """StoreError when the store is out of reach now; for readiness."""
        ...

    async def close(self) -> None:
        """Let go of connections; the store is not used after it."""
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
        self._held: OrderedDict[str, _Held] = OrderedDict()  # a dict, shortened at its front, is slow to find its first
        self._settings: dict[Place, dict[str, str]] = {}
        self._installs: dict[tuple[str, str], bytes] = {}
        self._counts: Counter[Counted] = Counter()
        self._votes: dict[str, tuple[Place, date, bool]] = {}
        self._leases: dict[str, float] = {}

    async def claim(self, key: str) -> Claim:
        """See Store."""
        now = self._clock()
        held = self._held.get(key)
        if held and held.expires > now:
            return "answered" if held.answered else "busy"
        self._keep(key, _Held(False, now + self._lease))
        return "taken"

    def is_held(self, key: str) -> bool:
        """Whether an event is claimed or answered here."""
        held = self._held.get(key)
        return held is not None and held.expires > self._clock()

    async def mark_answered(self, key: str) -> None:
        """See Store."""
        self._keep(key, _Held(True, self._clock() + REMEMBERED))

    async def release(self, key: str) -> None:
        """See Store."""
        held = self._held.get(key)
        if held and not held.answered:
            del self._held[key]

    async def find_settings(self, place: Place) -> dict[str, str]:
        """See Store."""
        return dict(self._settings.get(place, {}))

    async def set_setting(self, place: Place, name: str, value: str | None) -> None:
        """See Store."""
        made = self._settings.setdefault(place, {})
        if value is None:
            made.pop(name, None)
        else:
            made[name] = value
        if not made:
            del self._settings[place]

    async def find_places(self, platform: str, tenant: str, name: str) -> dict[Place, str]:
        """See Store."""
        return {
            place: made[name]
            for place, made in self._settings.items()
            if (place.platform, place.tenant) == (platform, tenant) and name in made
        }

    async def save_install(self, platform: str, tenant: str, secret: bytes) -> None:
        """See Store."""
        self._installs[platform, tenant] = secret

    async def find_install(self, platform: str, tenant: str) -> bytes | None:
        """See Store."""
        return self._installs.get((platform, tenant))

    async def find_installs(self, platform: str) -> dict[str, bytes]:
        """See Store."""
        return {tenant: secret for (name, tenant), secret in self._installs.items() if name == platform}

    async def forget_tenant(self, platform: str, tenant: str) -> None:
        """See Store."""
        self._installs.pop((platform, tenant), None)
        for place in [p for p in self._settings if (p.platform, p.tenant) == (platform, tenant)]:
            del self._settings[place]

    async def count(self, *counted: Counted) -> None:
        """See Store."""
        for one in counted:
            row = _row(one)
            if row not in self._counts and len(self._counts) >= MAX_COUNTS:
                oldest = min(kept.day for kept in self._counts)
                for kept in [kept for kept in self._counts if kept.day == oldest]:
                    del self._counts[kept]
            self._counts[row] += one.number

    async def find_counts(self, since: date, platform: str | None = None, tenant: str | None = None) -> list[Counted]:
        """See Store."""
        return [
            Counted(row.day, row.platform, row.tenant, row.kind, row.cause, row.provider, number)
            for row, number in self._counts.items()
            if row.day >= since and platform in (None, row.platform) and tenant in (None, row.tenant)
        ]

    async def find_totals(self, since: date, platform: str, tenant: str) -> list[Total]:
        """See Store."""
        added: Counter[tuple[str, str, str]] = Counter()
        for row in await self.find_counts(since, platform, tenant):
            added[row.kind, row.cause, row.provider] += row.number
        return [Total(*key, number) for key, number in sorted(added.items(), key=lambda one: (-one[1], one[0]))]

    async def vote(self, key: str, place: Place, day: date, right: bool) -> None:
        """See Store."""
        self._votes.pop(key, None)
        while len(self._votes) >= MAX_COUNTS:
            del self._votes[next(iter(self._votes))]
        self._votes[key] = (place, day, right)

    async def find_votes(self, since: date, platform: str | None = None, tenant: str | None = None) -> Votes:
        """See Store."""
        cast = [
            right
            for place, day, right in self._votes.values()
            if day >= since and platform in (None, place.platform) and tenant in (None, place.tenant)
        ]
        return Votes(sum(cast), len(cast) - sum(cast))

    async def take_lease(self, name: str, seconds: float) -> bool:
        """See Store."""
        now = self._clock()
        if self._leases.get(name, 0.0) > now:
            return False
        self._leases[name] = now + seconds
        return True

    async def check(self) -> None:
        """See Store."""

    async def close(self) -> None:
        """See Store."""

    def _keep(self, key: str, held: _Held) -> None:
        self._held.pop(key, None)  # so that the dictionary stays in the order of writing
        self._held[key] = held
        now = self._clock()
        while self._held:
            oldest = next(iter(self._held))
            if len(self._held) <= MAX_CLAIMS and self._held[oldest].expires > now:
                break
            del self._held[oldest]


def _row(counted: Counted) -> Counted:
    """The same row whatever its number, so that it serves as a key."""
    return Counted(
        counted.day, counted.platform, counted.tenant, counted.kind, counted.cause, counted.provider, number=0
    )
