"""The page served by a real uvicorn on a port of its own, for tests and pictures."""

import asyncio
import contextlib
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn

from adapters.service import Service
from adapters.web.app import make_app
from bot.app import Bot
from bot.settings import Settings
from bot.storage import Counted, MemoryStore
from tests.timing import WITHIN

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Site:
    """A running page: where it is, and what it runs on."""

    url: str
    service: Service
    store: MemoryStore = field(default_factory=MemoryStore)


@contextlib.contextmanager
def open_site(bot: Bot, per_minute: int = 100_000) -> Iterator[Site]:
    """Serve the page until the end of the block."""
    store = MemoryStore()
    service = Service(Settings(), bot, store)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        make_app(service, per_minute), lifespan="off", ws="none", access_log=False, log_config=None, server_header=False, proxy_headers=False,  # type: ignore[arg-type]
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", service, store)
    finally:
        server.should_exit = True
        thread.join(WITHIN)
        listening.close()


def fill_numbers(store: MemoryStore) -> None:
    """What a page that is asked a lot has counted; in a thread, since a caller may have a running loop."""
    today = datetime.now(UTC).date()
    counted = [
        Counted(today - timedelta(days=days), "web", "", "bounce", cause, provider, number)
        for days, cause, provider, number in (
            (0, "mailbox-not-found", "google", 31), (9, "mailbox-not-found", "microsoft", 83),
            (2, "authentication-failed", "google", 40), (20, "authentication-failed", "yahoo", 22),
            (12, "recipient-restricted", "microsoft", 31), (12, "sender-blocklisted", "spamhaus", 20),
            (3, "spam-content", "apple", 9), (1, "greylisted", "", 3), (40, "virus-detected", "cisco", 999),
        )
    ]  # fmt: skip
    counted += [
        Counted(today, "web", "", "code", number=14),
        Counted(today, "slack", "/T1", "bounce", "complaint", number=500),
    ]
    filling = threading.Thread(target=lambda: asyncio.run(store.count(*counted)))
    filling.start()
    filling.join()


def find_chromium() -> Path | None:
    """Debian's Chromium, or None."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return Path(found) if found else None


def need_chromium() -> Path:
    """Chromium; skips, or fails where SMTPBOT_REQUIRE names browser."""
    found = find_chromium()
    if found is None:
        required = "browser" in os.environ.get("SMTPBOT_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)("chromium is not installed (Debian: apt install chromium)")
    return found
