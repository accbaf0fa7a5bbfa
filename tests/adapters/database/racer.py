"""One of several processes that claim the same keys at once: prints those it took. racer.py URL KEYS

It says when it is ready, and begins when it is told to, so that all of them run at the same time.
"""

import asyncio
import sys

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore


async def main(url: str, keys: int) -> None:
    """Claim every key, eight at a time, and mark those that were taken."""
    store = DatabaseStore(read_url(url))
    gate = asyncio.Semaphore(8)
    taken: list[int] = []

    async def claim(number: int) -> None:
        async with gate:
            if await store.claim(f"race/{number}") == "taken":
                taken.append(number)
                await store.mark_answered(f"race/{number}")

    await store.check()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*(claim(number) for number in range(keys)))
    await store.close()
    print(*taken)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
