"""Starts the bot as `smtpbot serve slack` does, with what the end-to-end tests need and the product must not have.

TEST_STORE: a file that outlives the process. TEST_DIE: where it kills itself, once: before-claim, after-claim,
after-send (before the mark) or after-mark. TEST_SLOW: seconds that reading a long text takes.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from adapters.serve import run
from bot.app import Bot
from bot.errors import BotError
from bot.storage import Claim, MemoryStore, Store

LEASE = 5.0


class FileStore:
    """The Store in a file, dying where it is told to."""

    def __init__(self) -> None:
        self._path, self._die = Path(os.environ["TEST_STORE"]), os.environ.get("TEST_DIE")

    def _read(self) -> dict[str, list[float]]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def _write(self, key: str, value: list[float] | None) -> None:
        held = self._read()
        held.pop(key, None)
        self._path.write_text(json.dumps(held if value is None else held | {key: value}))

    def _die_at(self, point: str) -> None:
        if self._die == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async def claim(self, key: str) -> Claim:
        self._die_at("before-claim")
        answered, expires = self._read().get(key, [0, 0])
        if expires > time.time():
            return "answered" if answered else "busy"
        self._write(key, [0, time.time() + LEASE])
        self._die_at("after-claim")
        return "taken"

    async def mark_answered(self, key: str) -> None:
        self._die_at("after-send")
        self._write(key, [1, time.time() + 600])
        self._die_at("after-mark")

    async def release(self, key: str) -> None:
        self._write(key, None)


def _make_store() -> Store:
    return FileStore() if "TEST_STORE" in os.environ else MemoryStore()


class SlowBot(Bot):
    """Takes its time over long texts, and fails over one word."""

    def answer(self, text, via="slash", drafts=False):  # type: ignore[no-untyped-def]
        if text.startswith("boom kim@example.com"):
            raise ValueError(text)
        if len(text) > 8_000:
            time.sleep(float(os.environ.get("TEST_SLOW", "0")))
        return super().answer(text, via, drafts)


if __name__ == "__main__":
    import adapters.serve

    adapters.serve.Bot = SlowBot  # type: ignore[misc]
    try:
        sys.exit(run(["slack"], os.environ, _make_store))
    except BotError as error:
        print(f"smtpbot: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
