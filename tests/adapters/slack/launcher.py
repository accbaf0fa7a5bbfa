"""Starts the bot as `smtpbot serve slack` does, with what the end-to-end tests need and the product must not have.

TEST_STORE: a database that outlives the process. TEST_DIE: where it kills itself, once: before-claim, after-claim,
after-send (before the mark) or after-mark. TEST_SLOW: seconds that reading a long text takes. TEST_HURRY: what
takes seconds takes tenths of them. TEST_PACED: one person may ask as fast as in the product; else as fast as tests do.
"""

import os
import signal
import sys
import time
from functools import partial

from adapters.database.engine import read_url
from adapters.database.store import DatabaseStore
from adapters.database.upgrading import upgrade
from adapters.pace import Pacer
from adapters.serve import run
from bot.app import Bot
from bot.errors import BotError
from bot.settings import Settings
from bot.storage import Claim, MemoryStore, Store

LEASE = 5.0


class DyingStore(DatabaseStore):
    """The store in a database, dying where it is told to."""

    async def claim(self, key: str) -> Claim:
        _die_at("before-claim")
        claimed = await super().claim(key)
        _die_at("after-claim")
        return claimed

    async def mark_answered(self, key: str) -> None:
        _die_at("after-send")
        await super().mark_answered(key)
        _die_at("after-mark")


def _die_at(point: str) -> None:
    if os.environ.get("TEST_DIE") == point:
        os.kill(os.getpid(), signal.SIGKILL)


async def _open_store(_: Settings) -> Store:
    if "TEST_STORE" not in os.environ:
        return MemoryStore()
    url = read_url(os.environ["TEST_STORE"])
    upgrade(url)
    return DyingStore(url, lease=LEASE)


class SlowBot(Bot):
    """Takes its time over long texts, and fails over one word."""

    def answer(self, text, via="slash", drafts=False):  # type: ignore[no-untyped-def]
        if text.startswith("boom kim@example.com"):
            raise ValueError(text)
        if len(text) > 8_000:
            time.sleep(float(os.environ.get("TEST_SLOW", "0")))
        return super().answer(text, via, drafts)


def _hurry() -> None:
    app.ANSWER_WITHIN = 0.3
    sending.RETRIES, sending.TRY_FOR = (0.05,) * 4, 5.0
    responding.AGAIN = (0.05, 0.05, 0.05)


if __name__ == "__main__":
    import adapters.serve
    from adapters.slack import app, responding, sending

    if "TEST_HURRY" in os.environ:
        _hurry()
    if "TEST_PACED" not in os.environ:
        app.Pacer = partial(Pacer, burst=1e9)  # type: ignore[misc,assignment]

    adapters.serve.Bot = SlowBot  # type: ignore[misc]
    try:
        sys.exit(run(["slack"], os.environ, _open_store))
    except BotError as error:
        print(f"smtpbot: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
