"""DatabaseStore: the Store port on SQLite and PostgreSQL. Each statement is atomic, so any number of processes share it."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import URL, Executable, Row, Table, and_, delete, func, not_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.engine import STATEMENT_WITHIN, make_engine
from adapters.database.tables import CLAIMS, COUNTS, INSTALLS, LEASES, SETTINGS, VOTES
from bot.errors import StoreError
from bot.storage import LEASE, REMEMBERED, Claim, Counted, Place, Total, Votes

WITHIN = STATEMENT_WITHIN + 0.5  # seconds for one call, waiting for a connection included
PURGE_EVERY = 60.0  # seconds between removals of what has expired
KEPT_DAYS = 400  # of counts and votes
_ROW = ("day", "platform", "tenant", "kind", "cause", "provider")  # what a number in COUNTS is about


class DatabaseStore:
    """See bot.storage.Store."""

    def __init__(self, url: URL, clock: Callable[[], float] = time.time, lease: float = LEASE) -> None:
        self._engine = make_engine(url)
        self._insert: Any = sqlite.insert if url.get_backend_name() == "sqlite" else postgresql.insert
        self._clock, self._lease = clock, lease
        self._purge_at = 0.0

    async def claim(self, key: str) -> Claim:
        """See Store."""
        now = self._clock()
        await self._purge(now)
        row = {"key": key, "answered": False, "expires": now + self._lease}
        for _ in range(2):  # the row that was in the way may expire and go between the two statements
            if await self._run(self._upsert(CLAIMS, row, CLAIMS.c.expires <= now).returning(CLAIMS.c.key)):
                return "taken"
            found = await self._run(select(CLAIMS.c.answered).where(CLAIMS.c.key == key))
            if found:
                return "answered" if found[0].answered else "busy"
        return "busy"

    async def mark_answered(self, key: str) -> None:
        """See Store."""
        await self._run(
            self._upsert(CLAIMS, {"key": key, "answered": True, "expires": self._clock() + REMEMBERED}), fetch=False
        )

    async def release(self, key: str) -> None:
        """See Store."""
        await self._run(delete(CLAIMS).where(CLAIMS.c.key == key, not_(CLAIMS.c.answered)), fetch=False)

    async def find_settings(self, place: Place) -> dict[str, str]:
        """See Store."""
        rows = await self._run(select(SETTINGS.c.name, SETTINGS.c.value).where(_at(place)))
        return {row.name: row.value for row in rows}

    async def set_setting(self, place: Place, name: str, value: str | None) -> None:
        """See Store."""
        if value is None:
            await self._run(delete(SETTINGS).where(_at(place), SETTINGS.c.name == name), fetch=False)
            return
        row = {
            "platform": place.platform,
            "tenant": place.tenant,
            "channel": place.channel,
            "name": name,
            "value": value,
        }
        await self._run(self._upsert(SETTINGS, row), fetch=False)

    async def find_places(self, platform: str, tenant: str, name: str) -> dict[Place, str]:
        """See Store."""
        columns = SETTINGS.c
        rows = await self._run(
            select(columns.channel, columns.value).where(
                columns.platform == platform, columns.tenant == tenant, columns.name == name
            )
        )
        return {Place(platform, tenant, row.channel): row.value for row in rows}

    async def save_install(self, platform: str, tenant: str, secret: bytes) -> None:
        """See Store."""
        row = {"platform": platform, "tenant": tenant, "secret": secret}
        await self._run(self._upsert(INSTALLS, row), fetch=False)

    async def find_install(self, platform: str, tenant: str) -> bytes | None:
        """See Store."""
        rows = await self._run(select(INSTALLS.c.secret).where(_of(INSTALLS, platform, tenant)))
        return bytes(rows[0].secret) if rows else None

    async def find_installs(self, platform: str) -> dict[str, bytes]:
        """See Store."""
        rows = await self._run(select(INSTALLS.c.tenant, INSTALLS.c.secret).where(INSTALLS.c.platform == platform))
        return {row.tenant: bytes(row.secret) for row in rows}

    async def forget_tenant(self, platform: str, tenant: str) -> None:
        """See Store."""
        for table in (INSTALLS, SETTINGS):
            await self._run(delete(table).where(_of(table, platform, tenant)), fetch=False)

    async def count(self, *counted: Counted) -> None:
        """See Store."""
        numbers: Counter[tuple[Any, ...]] = Counter()
        for one in counted:
            numbers[tuple(getattr(one, name) for name in _ROW)] += one.number
        # One statement may touch a row once only, and all processes touch rows in one order, so that none waits in a ring.
        rows = [dict(zip(_ROW, row, strict=True)) | {"number": number} for row, number in sorted(numbers.items())]
        if rows:
            statement = self._insert(COUNTS).values(rows)
            added = {"number": COUNTS.c.number + statement.excluded.number}
            await self._run(statement.on_conflict_do_update(index_elements=list(_ROW), set_=added), fetch=False)

    async def find_counts(self, since: date, platform: str | None = None, tenant: str | None = None) -> list[Counted]:
        """See Store."""
        rows = await self._run(select(COUNTS).where(_since(COUNTS, since, platform, tenant)))
        return [Counted(**row._mapping) for row in rows]

    async def find_totals(self, since: date, platform: str, tenant: str) -> list[Total]:
        """See Store."""
        what, added = (COUNTS.c.kind, COUNTS.c.cause, COUNTS.c.provider), func.sum(COUNTS.c.number).label("number")
        wanted = select(*what, added).where(_since(COUNTS, since, platform, tenant)).group_by(*what)
        rows = await self._run(wanted)
        totals = [Total(row.kind, row.cause, row.provider, int(row.number)) for row in rows]
        return sorted(totals, key=lambda one: (-one.number, one.kind, one.cause, one.provider))

    async def vote(self, key: str, place: Place, day: date, right: bool) -> None:
        """See Store."""
        where = {"platform": place.platform, "tenant": place.tenant, "channel": place.channel}
        await self._run(self._upsert(VOTES, {"key": key, "day": day, **where, "is_right": right}), fetch=False)

    async def find_votes(self, since: date, platform: str | None = None, tenant: str | None = None) -> Votes:
        """See Store."""
        rows = await self._run(
            select(VOTES.c.is_right, func.count().label("number"))
            .where(_since(VOTES, since, platform, tenant))
            .group_by(VOTES.c.is_right)
        )
        cast = {bool(row.is_right): int(row.number) for row in rows}
        return Votes(cast.get(True, 0), cast.get(False, 0))

    async def take_lease(self, name: str, seconds: float) -> bool:
        """See Store."""
        now = self._clock()
        row = {"name": name, "expires": now + seconds}
        return bool(await self._run(self._upsert(LEASES, row, LEASES.c.expires <= now).returning(LEASES.c.name)))

    async def check(self) -> None:
        """See Store."""
        await self._run(text("SELECT 1"))

    async def close(self) -> None:
        """See Store."""
        await self._engine.dispose()

    def _upsert(self, table: Table, row: dict[str, Any], where: Any = None) -> Any:
        """An insert that replaces the row of the same key, where the old one is as `where` says."""
        keys = [column.name for column in table.primary_key]
        statement = self._insert(table).values(**row)
        changed = {name: statement.excluded[name] for name in row if name not in keys}
        return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where)

    async def _purge(self, now: float) -> None:
        if now < self._purge_at:
            return
        self._purge_at = now + PURGE_EVERY
        oldest = datetime.fromtimestamp(now, UTC).date() - timedelta(days=KEPT_DAYS)
        for table in (CLAIMS, LEASES):
            await self._run(delete(table).where(table.c.expires <= now), fetch=False)
        for table in (COUNTS, VOTES):
            await self._run(delete(table).where(table.c.day < oldest), fetch=False)

    async def _run(self, statement: Executable, fetch: bool = True) -> list[Row[Any]]:
        """The rows of one statement; StoreError where the database does not answer in time, or not at all."""
        try:
            async with asyncio.timeout(WITHIN), self._engine.connect() as connection:
                result = await connection.execute(statement)
                return list(result.all()) if fetch else []
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:  # a TimeoutError is an OSError
            raise StoreError(f"the database does not answer ({type(error).__name__})") from None


def _of(table: Table, platform: str, tenant: str) -> Any:
    return and_(table.c.platform == platform, table.c.tenant == tenant)


def _at(place: Place) -> Any:
    return and_(_of(SETTINGS, place.platform, place.tenant), SETTINGS.c.channel == place.channel)


def _since(table: Table, since: date, platform: str | None, tenant: str | None) -> Any:
    wanted = [table.c.day >= since]
    wanted += [table.c.platform == platform] if platform is not None else []
    wanted += [table.c.tenant == tenant] if tenant is not None else []
    return and_(*wanted)
