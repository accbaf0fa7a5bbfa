"""What all tests of this folder need: free ports, and waiting for what is true in the end."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from tests.timing import WITHIN

ROOT = Path(__file__).parents[2]
FULL = os.environ.get("SCALE") == "full"  # `make scale`: nothing is shortened
LEASE = 30.0 if FULL else 6.0  # seconds after which the claim of a killed replica is anybody's


def free_port() -> int:
    """A port that no other process takes by chance: below those that the kernel gives out."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.bind(("127.0.0.1", port))
            return port


async def until(what: Callable[[], Awaitable[bool]], seconds: float = WITHIN) -> None:
    """Return when `what` is true; AssertionError when it is not in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not await what():
                await asyncio.sleep(0.05)
            return
    raise AssertionError(f"waited in vain for {what}")


async def is_ready(session: aiohttp.ClientSession, port: int) -> bool:
    """Whether a replica says that it is, its store included."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(f"http://127.0.0.1:{port}/readyz") as told:
            return told.status == 200
    return False
