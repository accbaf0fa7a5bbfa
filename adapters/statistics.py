"""What is kept of answers: day, platform, tenant, kind, cause and provider; never who asked, nor a word of it.

Answers are counted in memory (Telemetry.note_reply) and written together, so that none waits for the database.
"""

import asyncio
import contextlib
import logging
from datetime import date, timedelta
from itertools import islice

from bot.errors import StoreError
from bot.storage import Counted, Store
from bot.telemetry import Row, Telemetry

EVERY = 5.0  # seconds between writings; what a killed process loses
MAX_WRITTEN = 500  # rows in one statement
_EPOCH = date(1970, 1, 1)
_log = logging.getLogger("smtpbot")


async def write_until(stop: asyncio.Event, store: Store, telemetry: Telemetry, every: float = EVERY) -> None:
    """Write what was counted every few seconds until `stop` is set; the rest is write_rest's."""
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every)
            return
        await write(store, telemetry)


async def write(store: Store, telemetry: Telemetry) -> bool:
    """Write all that was counted; where the store is out of reach it waits on, and False comes back."""
    rows = telemetry.take_rows()
    try:
        while rows:
            some = dict(islice(rows.items(), MAX_WRITTEN))
            await store.count(*(_counted(row, number) for row, number in some.items()))
            for row in some:
                del rows[row]
    except StoreError:
        return False
    finally:
        telemetry.give_back(rows)
    return True


async def write_rest(store: Store, telemetry: Telemetry) -> None:
    """Write all that was counted, at the end; what is lost is told."""
    if not await write(store, telemetry):
        lost = sum(telemetry.take_rows().values())
        _log.error("%s answers were not counted: the store is out of reach", lost)
    if telemetry.dropped:
        _log.error("%s answers were not counted: too many waited for the store", telemetry.dropped)


def _counted(row: Row, number: int) -> Counted:
    day, platform, tenant, kind, cause, provider = row
    return Counted(_EPOCH + timedelta(days=day), platform, tenant, kind, cause, provider, number)
